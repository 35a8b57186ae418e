//! Points in time and lengths of time as whole numbers, so that every engine stores and compares them alike.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z by one named clock. Which clock is part of a field's documentation:
/// times by different clocks are never compared (leases: the database's).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This point moved later by `by`; saturating.
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; zero if it is not after.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC with microseconds: `2026-11-21T03:38:06.000000Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.0.div_euclid(86_400_000_000);
        let micros = self.0.rem_euclid(86_400_000_000);
        let (year, month, day) = civil_from_days(days);
        let seconds = micros / 1_000_000;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}Z",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            micros % 1_000_000
        )
    }
}

/// A text that is no time as [`Timestamp`] writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a time such as 2026-11-21T03:38:06.000000Z")]
pub struct NoTime;

impl std::str::FromStr for Timestamp {
    type Err = NoTime;

    /// Reads what `Display` writes, and nothing else: it is for our own answers, not for people's input.
    fn from_str(text: &str) -> Result<Self, NoTime> {
        let part = |from: usize, to: usize| -> Result<i64, NoTime> {
            let digits = text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|part| part.parse().ok()).ok_or(NoTime)
        };
        let days = days_from_civil(part(0, 4)?, part(5, 7)?, part(8, 10)?);
        let seconds = part(11, 13)? * 3600 + part(14, 16)? * 60 + part(17, 19)?;
        let read = Self(days * 86_400_000_000 + seconds * 1_000_000 + part(20, 26)?);
        // Whatever else stands there, or a date that there is none of, reads otherwise when it is written again.
        if read.to_string() == text { Ok(read) } else { Err(NoTime) }
    }
}

/// The inverse of [`civil_from_days`].
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    era * DAYS_PER_400_YEARS + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year
        - FROM_0000_03_01_TO_1970_01_01
}

const DAYS_PER_400_YEARS: i64 = 146_097;
const FROM_0000_03_01_TO_1970_01_01: i64 = 719_468;

/// The proleptic Gregorian date of a day number counted from 1970-01-01. Years are counted from March, so that
/// the leap day is the last day of a year and month lengths follow one linear rule.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + FROM_0000_03_01_TO_1970_01_01;
    let era = shifted.div_euclid(DAYS_PER_400_YEARS);
    let day_of_era = shifted.rem_euclid(DAYS_PER_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_read_as_rfc_3339() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (1_795_232_286_000_001, "2026-11-21T03:38:06.000001Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(Timestamp(micros).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(micros)));
        }
    }

    #[test]
    fn what_is_not_written_so_is_no_time() {
        for text in [
            "",
            "now",
            "1970-01-01",
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.000000+00:00",
            "1970-01-01 00:00:00.000000Z",
            "1970-02-30T00:00:00.000000Z",
            "1970-13-01T00:00:00.000000Z",
            "1970-01-01T24:00:00.000000Z",
            "+970-01-01T00:00:00.000000Z",
            "1970-01-01T00:00:00.000000Zz",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(NoTime), "{text}");
        }
    }

    #[test]
    fn since_never_goes_below_zero() {
        assert_eq!(Timestamp(5).since(Timestamp(7)), Duration::ZERO);
        assert_eq!(Timestamp(7).since(Timestamp(5)), Duration::from_micros(2));
    }
}

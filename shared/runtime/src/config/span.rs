//! Lengths of time as people write them: `200ms`, `5s`, `2m`, `1h30m`.
//!
//! A bare number is refused: whoever writes `5` may have meant seconds, milliseconds or minutes. Deliberately
//! absent: longer ones (they differ in length by the calendar's whim) and fractions. A day is 24 hours.

use serde::{Deserialize, Deserializer, Serializer};
use std::time::Duration;

const UNITS: [(&str, u64); 6] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

/// Reads one or more `<whole number><unit>` with the units `us`, `ms`, `s`, `m`, `h`, `d`; `0` alone needs no unit.
pub fn parse(text: &str) -> Result<Duration, String> {
    let fault = || {
        format!(
            "{text:?} is not a length of time: write a whole number and a unit, as in \"200ms\", \"5s\" or \"1h30m\""
        )
    };
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text.trim();
    let mut micros = 0_u64;
    if rest.is_empty() {
        return Err(fault());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(fault)?;
        let count: u64 = rest[..digits].parse().map_err(|_| fault())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = UNITS.iter().find(|(name, _)| *name == &rest[..letters]).ok_or_else(fault)?.1;
        rest = &rest[letters..];
        micros = count.checked_mul(unit).and_then(|part| micros.checked_add(part)).ok_or_else(fault)?;
    }
    Ok(Duration::from_micros(micros))
}

/// Writes what [`parse`] reads, in the largest units that lose nothing.
pub fn print(span: Duration) -> String {
    let mut micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (name, unit) in UNITS.iter().rev() {
        let count = micros / unit;
        micros %= unit;
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

pub(super) fn serialize<S: Serializer>(span: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&print(*span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_of_time_are_read_with_their_units() {
        for (text, millis) in [
            ("5s", 5_000),
            ("200ms", 200),
            ("2m", 120_000),
            ("1h30m", 5_400_000),
            ("0", 0),
            ("0s", 0),
            ("2d", 172_800_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "5", "s", "5 s", "-5s", "1.5s", "5w", "5S", "99999999999999999999s", "9999999999999h", "5s!"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(micros in 0_u64..10_000_000_000_000) {
            let span = Duration::from_micros(micros);
            prop_assert_eq!(parse(&print(span)), Ok(span));
        }
    }
}

//! Retry schedules: exponential backoff with jitter, as a function of how often it was tried.
//!
//! The one module that names `backoff`. That crate is unmaintained (RUSTSEC-2025-0012) but wanted by the
//! project's owner; it does the arithmetic only, with randomisation factor 0 and no clock of its own in play,
//! and our entropy brings the jitter, so that replacing it is replacing this file.

use backoff::backoff::Backoff;
use std::time::Duration;

/// How the pauses between tries grow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    /// The pause after the first failure.
    pub initial: Duration,
    /// The longest pause, before jitter.
    pub max: Duration,
    /// Each pause is this many times the one before.
    pub multiplier: f64,
    /// A pause is drawn from `[1 - jitter, 1 + jitter]` times its nominal length; 0 to 1.
    pub jitter: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { initial: Duration::from_secs(1), max: Duration::from_secs(180), multiplier: 2.0, jitter: 0.5 }
    }
}

impl Schedule {
    /// The pause after failure number `tries` (0: the first), with `jitter` uniform over 64 bits.
    pub fn interval(&self, tries: u32, jitter: u64) -> Duration {
        let mut steps = backoff::ExponentialBackoffBuilder::new()
            .with_initial_interval(self.initial)
            .with_max_interval(self.max)
            .with_multiplier(self.multiplier)
            .with_randomization_factor(0.0)
            .with_max_elapsed_time(None)
            .build();
        let mut nominal = self.initial;
        // Any schedule that grows at all has reached its maximum by then.
        for _ in 0..=tries.min(128) {
            nominal = steps.next_backoff().unwrap_or(self.max);
        }
        let unit = jitter as f64 / u64::MAX as f64;
        nominal.mul_f64(1.0 - self.jitter + 2.0 * self.jitter * unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDDLE: u64 = u64::MAX / 2;

    #[test]
    fn pauses_double_up_to_the_maximum() {
        let schedule = Schedule { max: Duration::from_secs(5), ..Schedule::default() };
        let pauses: Vec<u64> =
            (0..6).map(|n| schedule.interval(n, MIDDLE).as_millis().div_ceil(10) as u64).collect();
        assert_eq!(pauses, [100, 200, 400, 500, 500, 500]);
    }

    #[test]
    fn jitter_spans_the_stated_range_and_no_more() {
        let schedule = Schedule::default();
        assert_eq!(schedule.interval(0, 0), Duration::from_millis(500));
        assert_eq!(schedule.interval(0, u64::MAX), Duration::from_millis(1500));
        assert!(schedule.interval(u32::MAX, u64::MAX) <= schedule.max.mul_f64(1.5));
    }
}

//! When calls are due: at once (closed loop), or at times that were fixed before the first one was sent (open loop).
//!
//! In the open loop a call's time is measured from when it was due, whether or not a connection was free then: a
//! system that stalls does not get away with the calls that nobody could send meanwhile. Pure.

use std::time::Duration;
use wanlink_runtime::entropy::Entropy;

/// How arrivals of the open loop are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrivals {
    /// Independently of each other, as many clients that know nothing of each other
    #[default]
    Poisson,
    /// Evenly
    Uniform,
}

/// The due times of an open loop, from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Schedule {
    /// `count` calls at `rate` a second. The same source of randomness gives the same times.
    pub fn new(count: usize, rate: f64, arrivals: Arrivals, entropy: &dyn Entropy) -> Self {
        let mut at = 0.0;
        let due = (0..count).map(|n| {
            match arrivals {
                Arrivals::Uniform => at = from_count(n) / rate,
                Arrivals::Poisson => at += exponential(entropy.bits()) / rate,
            }
            Duration::try_from_secs_f64(at).unwrap_or(Duration::MAX)
        });
        Self(due.collect())
    }

    pub fn due(&self, n: usize) -> Option<Duration> {
        self.0.get(n).copied()
    }
}

/// A pause of mean 1 from uniform bits.
fn exponential(bits: u64) -> f64 {
    // 53 bits are what a double holds; the half keeps it off 0 and 1.
    let uniform = (from_bits(bits >> 11) + 0.5) / from_bits(1 << 53);
    -uniform.ln()
}

/// Exact up to 53 bits.
fn from_bits(bits: u64) -> f64 {
    bits as f64
}

fn from_count(count: usize) -> f64 {
    from_bits(u64::try_from(count).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_runtime::entropy::SeededEntropy;

    #[test]
    fn uniform_arrivals_are_evenly_spaced_from_zero() {
        let schedule = Schedule::new(4, 1_000.0, Arrivals::Uniform, &SeededEntropy::new(0));
        let due: Vec<_> = (0..5).map(|n| schedule.due(n)).collect();
        let millis = |n| Some(Duration::from_millis(n));
        assert_eq!(due, [millis(0), millis(1), millis(2), millis(3), None]);
    }

    #[test]
    fn poisson_arrivals_never_go_back_and_keep_the_rate() {
        let of = |seed| Schedule::new(20_000, 1_000.0, Arrivals::Poisson, &SeededEntropy::new(seed));
        let schedule = of(7);
        assert!(schedule.0.is_sorted());
        let last = schedule.due(19_999).expect("the last one").as_secs_f64();
        // The sum of 20,000 independent pauses: its deviation is 0.7 %.
        assert!((last - 20.0).abs() < 1.0, "{last}");
        let bursts =
            schedule.0.windows(2).filter(|pair| pair[1] - pair[0] < Duration::from_micros(100)).count();
        assert!(
            (1_500..2_300).contains(&bursts),
            "a tenth of the pauses is below a tenth of the mean: {bursts}"
        );
        assert_eq!(schedule, of(7));
        assert_ne!(schedule, of(8));
    }
}

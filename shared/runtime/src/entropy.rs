//! Ids and randomness, behind one trait, so that a simulation draws them all from one seed.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::sync::{Mutex, PoisonError};
use uuid::Uuid;
use wanlink_domain::time::Timestamp;

/// A source of randomness.
pub trait Entropy: Send + Sync + 'static {
    /// Sixty-four uniform bits.
    fn bits(&self) -> u64;

    /// A UUIDv7 (RFC 9562, section 5.7) for the given wall-clock time: sortable by it.
    fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.0 / 1000).unwrap_or(0);
        let mut random = [0_u8; 10];
        random[..8].copy_from_slice(&self.bits().to_be_bytes());
        random[8..].copy_from_slice(&self.bits().to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// The operating system's randomness, through a fast generator seeded from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that draws randomness")]
    fn bits(&self) -> u64 {
        rand::random()
    }
}

/// A repeatable source: the same seed gives the same ids and the same jitter. For simulations and tests; a secret
/// drawn from it is none.
#[derive(Debug)]
pub struct SeededEntropy(Mutex<StdRng>);

impl SeededEntropy {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl Entropy for SeededEntropy {
    fn bits(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_of_version_7_and_sort_by_their_milliseconds() {
        let now = Timestamp(1_795_232_286_000_001);
        let (first, second) = (SystemEntropy.uuid_v7(now), SystemEntropy.uuid_v7(Timestamp(now.0 + 1_000)));
        assert_eq!((first.get_version_num(), first.get_variant()), (7, uuid::Variant::RFC4122));
        assert!(first < second);
        assert_eq!(first.as_u128() >> 80, 1_795_232_286_000);
        assert_ne!(SystemEntropy.uuid_v7(now), SystemEntropy.uuid_v7(now));
    }

    #[test]
    fn a_seed_repeats_everything() {
        let draw = |seed| {
            let entropy = SeededEntropy::new(seed);
            (entropy.bits(), entropy.uuid_v7(Timestamp(0)))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}

//! Ids and randomness, behind one trait, so that a simulation draws them all from one seed.

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

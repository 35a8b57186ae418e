//! The two clocks, behind one trait, so that role code runs under virtual time as well.

use std::time::Duration;
use wanlink_domain::time::Timestamp;

/// A process's view of time. Sleeping is tokio's (`tokio::time`), which a simulation pauses.
pub trait Clock: Send + Sync + 'static {
    /// Wall-clock time: for stamps that people read and for accepted order. Never for leases.
    fn wall(&self) -> Timestamp;

    /// Time since an arbitrary start that never goes back and counts suspension: for leases and deadlines.
    fn mono(&self) -> Duration;
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn wall(&self) -> Timestamp {
        let since = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn mono(&self) -> Duration {
        // CLOCK_BOOTTIME goes on while the machine is suspended; CLOCK_MONOTONIC does not, and a lease that
        // slept through its end must not look alive (design 5).
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
    }
}

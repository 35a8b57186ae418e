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
        let since =
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }

    fn mono(&self) -> Duration {
        // CLOCK_BOOTTIME goes on while the machine is suspended; CLOCK_MONOTONIC does not, and a lease that
        // slept through its end must not look alive (design 5).
        let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
    }
}

/// Time as tokio sees it: in a runtime whose time is paused, both clocks move only when it is advanced, so that a
/// simulated day takes no longer than its work.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    wall_at_start: Timestamp,
    start: tokio::time::Instant,
}

impl VirtualClock {
    /// Starts both clocks now, the wall clock at `wall`. Must be called inside the runtime.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads tokio's clock")]
    pub fn starting_at(wall: Timestamp) -> Self {
        Self { wall_at_start: wall, start: tokio::time::Instant::now() }
    }
}

impl Clock for VirtualClock {
    fn wall(&self) -> Timestamp {
        self.wall_at_start.after(self.mono())
    }

    fn mono(&self) -> Duration {
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_s_clocks_run_forwards() {
        let before = (SystemClock.wall(), SystemClock.mono());
        assert!(before.0 > Timestamp(1_700_000_000_000_000), "after 2023: the unit is microseconds");
        while SystemClock.mono() == before.1 {
            std::hint::spin_loop();
        }
        assert!(SystemClock.mono() > before.1);
    }

    #[tokio::test(start_paused = true)]
    async fn virtual_time_moves_only_when_it_is_advanced() {
        let clock = VirtualClock::starting_at(Timestamp(5));
        assert_eq!((clock.wall(), clock.mono()), (Timestamp(5), Duration::ZERO));
        tokio::time::advance(Duration::from_secs(86_400)).await;
        assert_eq!((clock.wall(), clock.mono()), (Timestamp(86_400_000_005), Duration::from_secs(86_400)));
    }
}

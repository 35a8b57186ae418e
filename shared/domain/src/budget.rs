//! How long and how often anything may be waited for or tried (design 4, "Every wait has a budget").

use crate::retry::Schedule;
use std::time::Duration;

/// The limits that decisions use; filled from the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Budgets {
    /// A prompt that nobody claimed is sent again after this long, doubling up to `dispatch_max`.
    pub dispatch_after: Duration,
    pub dispatch_max: Duration,
    /// An attempt's whole time, worker side.
    pub attempt: Duration,
    /// What the conductor allows beyond it before it calls the attempt lost.
    pub attempt_grace: Duration,
    /// Claims without a report before an action is called poisonous.
    pub attempts_max: i32,
    /// Retries after definite answers.
    pub failures_max: i32,
    /// The whole time in which an action may be retried.
    pub retry: Duration,
    pub retry_after_max: Duration,
    pub schedule: Schedule,
    /// The longest pause between polls of a link that is being built.
    pub build_poll: Duration,
    /// The whole time a link may be built.
    pub build: Duration,
    /// The whole time an action may wait for its networks.
    pub networks: Duration,
    /// Between observations of a settled link.
    pub refresh: Duration,
}

impl Budgets {
    /// When a running attempt is called lost.
    pub fn attempt_deadline(&self) -> Duration {
        self.attempt + self.attempt_grace
    }

    /// The pause before a link is polled that has been building for `elapsed`: as long again, so that a quick
    /// controller is seen to be quick and a slow one is not asked all the time; at most `build_poll`.
    pub fn build_pause(&self, elapsed: Duration) -> Duration {
        let shortest = (self.build_poll / 20).max(Duration::from_millis(100));
        elapsed.max(shortest).min(self.build_poll)
    }

    /// The pause after the prompt number `dispatches` (1: the first): doubling, bounded.
    pub fn dispatch_pause(&self, dispatches: i32) -> Duration {
        let doublings = u32::try_from(dispatches.saturating_sub(1)).unwrap_or(0).min(16);
        self.dispatch_after.saturating_mul(1 << doublings).min(self.dispatch_max)
    }
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            dispatch_after: Duration::from_secs(5),
            dispatch_max: Duration::from_secs(300),
            attempt: Duration::from_secs(60),
            attempt_grace: Duration::from_secs(10),
            attempts_max: 8,
            failures_max: 20,
            retry: Duration::from_secs(3600),
            retry_after_max: Duration::from_secs(300),
            schedule: Schedule::default(),
            build_poll: Duration::from_secs(10),
            build: Duration::from_secs(3600),
            networks: Duration::from_secs(3600),
            refresh: Duration::from_secs(60),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polls_of_a_building_link_come_quickly_first_and_then_every_period() {
        let budgets = Budgets::default();
        let mut elapsed = Duration::ZERO;
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let pause = budgets.build_pause(elapsed);
            pauses.push(pause.as_millis());
            elapsed += pause;
        }
        assert_eq!(pauses, [500, 500, 1_000, 2_000, 4_000, 8_000, 10_000]);
    }
}

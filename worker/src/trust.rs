//! The trust window: until when, by this process's own monotonic clock, a held account may be acted for.
//!
//! A lease ends for the conductors `ttl` after they recorded a renewal. This side cannot know that moment, but it
//! knows one before it: when it sent that renewal. Counting `ttl - margin` from there, it always stops first
//! (design 5). Deliberately absent: wall clocks, and any comparison with another process's time.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wanlink_runtime::clock::Clock;

/// The longest that a timer is trusted: tokio's do not count suspension, the clock does.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A window of trust. Times are readings of one [`Clock::mono`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trust {
    until: Duration,
}

impl Trust {
    /// The window that an answered renewal opens: `term` (ttl - margin) from its sending, not from its answer.
    pub fn mint(sent_at: Duration, term: Duration) -> Self {
        Self { until: sent_at.saturating_add(term) }
    }

    /// The window after one more answer. A late answer to an earlier renewal never shortens it, and never
    /// lengthens it beyond what its own sending allows.
    pub fn extend(self, sent_at: Duration, term: Duration) -> Self {
        Self { until: self.until.max(Self::mint(sent_at, term).until) }
    }

    /// Whether a side effect may start at `now`.
    pub fn is_live(self, now: Duration) -> bool {
        now < self.until
    }

    /// What is left of it at `now`.
    pub fn left(self, now: Duration) -> Duration {
        self.until.saturating_sub(now)
    }
}

/// One account's window as its session sees it: renewals move it along meanwhile.
#[derive(Clone)]
pub(crate) struct TrustView {
    window: watch::Receiver<Trust>,
    clock: Arc<dyn Clock>,
}

impl TrustView {
    pub fn new(window: watch::Receiver<Trust>, clock: Arc<dyn Clock>) -> Self {
        Self { window, clock }
    }

    pub fn is_live(&self) -> bool {
        self.window.borrow().is_live(self.clock.mono())
    }

    /// Ends when the window is over.
    pub async fn expired(&self) {
        let mut window = self.window.clone();
        loop {
            let left = window.borrow_and_update().left(self.clock.mono());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                biased;
                changed = window.changed() => if changed.is_err() {
                    // Nobody renews any more: what is left is all there will be.
                    tokio::time::sleep(left.min(LOOK_AGAIN)).await;
                },
                () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
            }
        }
    }

    /// Ends when the window is open; at once, if it is. Never, if nobody renews any more.
    pub async fn live(&self) {
        let mut window = self.window.clone();
        while !window.borrow_and_update().is_live(self.clock.mono()) {
            if window.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_domain::time::Timestamp;
    use wanlink_runtime::clock::VirtualClock;

    const TERM: Duration = Duration::from_secs(18);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn trust_counts_from_the_sending_and_ends_with_its_last_instant() {
        let trust = Trust::mint(at(10), TERM);
        for (now, live, left) in [(10, true, 18), (27, true, 1), (28, false, 0), (99, false, 0)] {
            assert_eq!((trust.is_live(at(now)), trust.left(at(now))), (live, at(left)), "at {now} s");
        }
    }

    #[test]
    fn a_late_answer_never_extends_beyond_its_own_sending() {
        let trust = Trust::mint(at(10), TERM);
        assert_eq!(trust.extend(at(15), TERM), Trust::mint(at(15), TERM));
        assert_eq!(trust.extend(at(15), TERM).extend(at(12), TERM), Trust::mint(at(15), TERM));
        assert_eq!(trust.extend(at(5), TERM), trust, "an answer to an earlier renewal does not shorten it");
    }

    #[test]
    fn an_answer_later_than_the_whole_term_gives_nothing() {
        assert!(!Trust::mint(at(10), TERM).is_live(at(10) + TERM));
        assert!(
            !Trust::mint(at(10), Duration::ZERO).is_live(at(10)),
            "a margin as long as the ttl trusts nothing"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_view_follows_renewals() {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp(0)));
        let (window, seen) = watch::channel(Trust::mint(Duration::ZERO, at(3)));
        let view = TrustView::new(seen, clock.clone());
        view.live().await;
        window.send_modify(|trust| *trust = trust.extend(at(4), at(3)));
        view.expired().await;
        assert_eq!(clock.mono(), at(7));
        assert!(!view.is_live());
    }
}

//! Early refusal (design 6, P11): when the journal's word stays away, nothing more is accepted.
//!
//! A message that waits in the journal costs the broker memory, and a client that waits for its word costs us a
//! call. While words are missing, one call per period is let through to find out whether they come again, so that
//! acceptance resumes even where the missing words themselves were lost with their connection.

use crate::problem::Problem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use wanlink_domain::reason::Code;

#[derive(Debug, Default)]
struct State {
    /// Requests that are waiting for their word now.
    waiting: usize,
    /// Since when a word has been missing; `None`: none is.
    missing_since: Option<Duration>,
    /// When a call was last let through to find out.
    tried_at: Option<Duration>,
}

/// Watches the journal's word. All times are those of [`wanlink_runtime::clock::Clock::mono`].
#[derive(Debug)]
pub struct JournalWatch {
    missing_max: Duration,
    state: Mutex<State>,
}

impl JournalWatch {
    pub fn new(missing_max: Duration) -> Self {
        Self { missing_max, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// May a request be accepted now?
    pub fn admit(&self, now: Duration) -> Result<(), Problem> {
        let mut state = self.lock();
        let missing = state.missing_since.map_or(Duration::ZERO, |since| now.saturating_sub(since));
        if missing <= self.missing_max {
            return Ok(());
        }
        let tried = state.tried_at.is_some_and(|at| now.saturating_sub(at) < self.missing_max);
        if tried {
            let seconds = missing.as_secs();
            return Err(Problem::new(
                Code::Overloaded,
                format!("accepted requests have not been recorded for {seconds} s: come back later"),
            )
            .retry_after(self.missing_max.as_secs().max(1)));
        }
        state.tried_at = Some(now);
        Ok(())
    }

    /// A request was published and waits; until the guard is dropped it counts as waiting.
    pub fn begin(&self, now: Duration) -> WordAwaited<'_> {
        let mut state = self.lock();
        state.waiting += 1;
        state.missing_since.get_or_insert(now);
        WordAwaited { watch: self }
    }

    /// A word came, for whomever: the journal is being worked on.
    pub fn heard(&self, now: Duration) {
        let mut state = self.lock();
        state.missing_since = (state.waiting > 0).then_some(now);
        state.tried_at = None;
    }

    /// The answers on their way were lost with their connection: the count begins anew.
    pub fn reconnected(&self, now: Duration) {
        self.heard(now);
    }
}

/// One request that waits for its word.
pub struct WordAwaited<'a> {
    watch: &'a JournalWatch,
}

impl WordAwaited<'_> {
    /// Its word came.
    pub fn came(self) {
        let mut state = self.watch.lock();
        if state.waiting <= 1 {
            state.missing_since = None;
        }
    }
}

impl Drop for WordAwaited<'_> {
    fn drop(&mut self) {
        let mut state = self.watch.lock();
        state.waiting = state.waiting.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn acceptance_stops_when_words_are_missing_and_resumes_with_the_first() {
        let watch = JournalWatch::new(at(10));
        drop(watch.begin(at(0)));
        assert!(watch.admit(at(10)).is_ok());
        // The first beyond finds out, the next ones are refused.
        assert!(watch.admit(at(11)).is_ok());
        assert!(watch.admit(at(12)).is_err_and(|problem| problem.cause == Code::Overloaded.into()));
        assert!(watch.admit(at(21)).is_ok());
        assert!(watch.admit(at(22)).is_err());
        watch.heard(at(23));
        assert!(watch.admit(at(24)).is_ok() && watch.admit(at(60)).is_ok());
    }

    #[test]
    fn a_pause_between_requests_is_no_missing_word() {
        let watch = JournalWatch::new(at(10));
        watch.begin(at(0)).came();
        assert!(watch.admit(at(100)).is_ok() && watch.admit(at(101)).is_ok());
        let (first, second) = (watch.begin(at(200)), watch.begin(at(201)));
        watch.heard(at(202));
        first.came();
        assert!(watch.admit(at(212)).is_ok());
        assert!(watch.admit(at(213)).is_ok() && watch.admit(at(214)).is_err(), "the second still waits");
        drop(second);
    }
}

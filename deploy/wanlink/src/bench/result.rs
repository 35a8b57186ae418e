//! What a run of load came to: sums, rates and quantiles, and whether everything went well. Pure.
//!
//! `deploy/docs/benchmarks.md` defines each figure; it and this file must say the same.

use super::load::{Call, Outcome};
use super::settle::Ended;
use crate::quantile;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;
use wanlink_domain::time::Timestamp;

/// The state of an action that was done.
const DONE: &str = "DONE";

/// Durations in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spans(Vec<Duration>);

impl Spans {
    fn new(mut spans: Vec<Duration>) -> Self {
        spans.sort_unstable();
        Self(spans)
    }

    fn view(&self) -> Value {
        let at = |permille| quantile::of(&self.0, permille).map(millis);
        json!({"p50": at(500), "p99": at(990), "p99.9": at(999), "max": at(1_000)})
    }
}

/// A run's figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// Links asked for.
    pub asked: usize,
    /// Actions whose call was answered 202.
    pub accepted: usize,
    /// Actions that ended DONE.
    pub settled: usize,
    /// Actions that ended otherwise, by state and reason.
    pub failed: BTreeMap<String, usize>,
    /// Links whose call had another answer, or none, by what it was.
    pub refused: BTreeMap<String, usize>,
    /// Accepted actions without an end on record.
    pub lost: usize,
    /// Attempts beyond the first of each action.
    pub repeats: u64,
    /// Sendings that the api could not take and that were made again.
    pub put_off: usize,
    /// Actions whose 202 came without the word that they are recorded.
    pub unjournaled: usize,
    accepted_within: Duration,
    settled_within: Duration,
    accept_to_settled: Spans,
    due_to_settled: Spans,
    calls: Spans,
}

impl Outcomes {
    /// From all calls, the first of which was due at `start`, and the ends of their actions.
    pub fn new(start: Timestamp, calls: &[Call], ends: &BTreeMap<Uuid, Ended>) -> Self {
        let mut out = Self::default();
        let (mut by_accept, mut by_due) = (Vec::new(), Vec::new());
        let (mut first_accept, mut last_end, mut last_answer) = (None::<Timestamp>, None::<Timestamp>, start);
        for call in calls {
            out.asked += call.links;
            out.put_off += call.put_off;
            let accepted = match &call.outcome {
                Outcome::Failed(what) => {
                    *out.refused.entry(what.clone()).or_default() += call.links;
                    continue;
                }
                Outcome::Accepted(accepted) => accepted,
            };
            out.accepted += accepted.actions.len();
            out.unjournaled += if accepted.journaled { 0 } else { accepted.actions.len() };
            last_answer = last_answer.max(call.answered);
            first_accept = Some(first_accept.map_or(accepted.at, |at| at.min(accepted.at)));
            for action in &accepted.actions {
                let Some(end) = ends.get(action) else {
                    out.lost += 1;
                    continue;
                };
                out.repeats += end.repeats;
                last_end = Some(last_end.map_or(end.at, |at| at.max(end.at)));
                if end.state != DONE {
                    let reason = end.reason.as_deref().unwrap_or("without a reason");
                    *out.failed.entry(format!("{}, {reason}", end.state)).or_default() += 1;
                    continue;
                }
                out.settled += 1;
                by_accept.push(end.at.since(accepted.at));
                by_due.push(end.at.since(call.due));
            }
        }
        out.accepted_within = last_answer.since(start);
        out.settled_within =
            first_accept.zip(last_end).map_or(Duration::ZERO, |(first, last)| last.since(first));
        out.calls = Spans::new(calls.iter().map(|call| call.answered.since(call.due)).collect());
        out.accept_to_settled = Spans::new(by_accept);
        out.due_to_settled = Spans::new(by_due);
        out
    }

    pub fn settled_per_second(&self) -> Option<f64> {
        rate(self.settled, self.settled_within)
    }

    /// What went wrong, if anything did.
    pub fn fault(&self) -> Option<String> {
        let refused = self.refused.values().sum::<usize>();
        let failed = self.failed.values().sum::<usize>();
        let faults: Vec<String> = [
            (refused, "were not accepted"),
            (failed, "did not end DONE"),
            (self.lost, "are lost: accepted and without an end"),
            (self.asked - refused - self.accepted.min(self.asked - refused), "have no action"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} of {} links {what}", self.asked))
        .collect();
        (!faults.is_empty()).then(|| faults.join("; "))
    }

    pub fn view(&self) -> Value {
        json!({
            "links": self.asked,
            "accepted": self.accepted,
            "settled": self.settled,
            "failed": self.failed,
            "refused": self.refused,
            "lost": self.lost,
            "repeats": self.repeats,
            "put_off": self.put_off,
            "without_word": self.unjournaled,
            "accepted_per_s": rate(self.accepted, self.accepted_within).map(tenths),
            "settled_per_s": self.settled_per_second().map(tenths),
            "accept_to_settled_ms": self.accept_to_settled.view(),
            "due_to_settled_ms": self.due_to_settled.view(),
            "call_ms": self.calls.view(),
        })
    }
}

fn rate(count: usize, within: Duration) -> Option<f64> {
    let count = f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    (!within.is_zero()).then(|| count / within.as_secs_f64())
}

/// Milliseconds with two digits behind the point.
fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 100_000.0).round() / 100.0
}

pub fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::load::Accepted;

    const fn ms(millis: i64) -> Timestamp {
        Timestamp(millis * 1_000)
    }

    fn accepted(id: u128, due: i64, at: i64, answered: i64) -> Call {
        let outcome = Outcome::Accepted(Accepted {
            request: Uuid::from_u128(id),
            at: ms(at),
            journaled: true,
            actions: vec![Uuid::from_u128(id)],
        });
        Call { account: 0, links: 1, due: ms(due), answered: ms(answered), put_off: 0, outcome }
    }

    fn end(id: u128, state: &str, at: i64) -> (Uuid, Ended) {
        let reason = (state != DONE).then(|| "x: because".to_owned());
        (Uuid::from_u128(id), Ended { state: state.to_owned(), at: ms(at), repeats: 0, reason })
    }

    #[test]
    fn rates_and_spans_are_those_of_the_definitions() {
        let calls = [accepted(1, 1_000, 1_002, 1_010), accepted(2, 1_100, 1_150, 1_200)];
        let ends = BTreeMap::from([end(1, DONE, 1_042), end(2, DONE, 1_502)]);
        let found = Outcomes::new(ms(1_000), &calls, &ends);
        let view = found.view();
        assert_eq!(view["accepted_per_s"], 10.0, "two answers within 200 ms of the first call");
        assert_eq!(view["settled_per_s"], 4.0, "two ends within 500 ms of the first acceptance");
        assert_eq!(
            view["accept_to_settled_ms"],
            json!({"p50": 40.0, "p99": 352.0, "p99.9": 352.0, "max": 352.0})
        );
        assert_eq!(view["due_to_settled_ms"]["p50"], 42.0);
        assert_eq!(view["call_ms"]["max"], 100.0);
        assert_eq!(found.fault(), None);
    }

    #[test]
    fn nothing_that_went_wrong_is_passed_over() {
        let mut refused = accepted(3, 0, 0, 5);
        refused.outcome = Outcome::Failed("422 invalid".to_owned());
        let mut unsaid = accepted(4, 0, 0, 5);
        if let Outcome::Accepted(accepted) = &mut unsaid.outcome {
            accepted.journaled = false;
        }
        let calls = [accepted(1, 0, 0, 5), accepted(2, 0, 0, 5), refused, unsaid];
        let mut ends = BTreeMap::from([end(1, "FAILED", 9), end(4, DONE, 9)]);
        if let Some(end) = ends.get_mut(&Uuid::from_u128(4)) {
            end.repeats = 2;
        }
        let found = Outcomes::new(ms(0), &calls, &ends);
        assert_eq!((found.asked, found.accepted, found.settled), (4, 3, 1));
        assert_eq!((found.lost, found.repeats, found.unjournaled), (1, 2, 1));
        assert_eq!(found.failed, BTreeMap::from([("FAILED, x: because".to_owned(), 1)]));
        assert_eq!(found.refused, BTreeMap::from([("422 invalid".to_owned(), 1)]));
        let fault = found.fault().expect("a fault");
        for part in
            ["1 of 4 links were not accepted", "1 of 4 links did not end DONE", "1 of 4 links are lost"]
        {
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn an_accepted_call_without_its_action_is_a_fault() {
        let mut call = accepted(1, 0, 0, 5);
        call.links = 2;
        let found = Outcomes::new(ms(0), &[call], &BTreeMap::from([end(1, DONE, 9)]));
        assert!(found.fault().is_some_and(|fault| fault.contains("1 of 2 links have no action")));
    }

    #[test]
    fn a_run_of_nothing_has_no_rate() {
        let view = Outcomes::new(ms(0), &[], &BTreeMap::new()).view();
        assert_eq!((&view["settled_per_s"], &view["call_ms"]["p50"]), (&Value::Null, &Value::Null));
    }
}

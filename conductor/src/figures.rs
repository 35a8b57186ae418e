//! What a conductor counts: the answers that it gives, at the one place through which all of them pass.
//!
//! Deliberately absent: figures of single loops, which stand there, and of what waits (`census`).

use serde_json::Value;
use wanlink_broker::port::Queue;
use wanlink_domain::action::{ActionKind, ActionState};
use wanlink_domain::event::OutboxEvent;
use wanlink_runtime::metrics::Metrics;
use wanlink_wire::Message;
use wanlink_wire::conductor::{CommandResult, Verdict};
use wanlink_wire::journal::Verdict as Word;
use wanlink_wire::lease::Lease;
use wanlink_wire::report::Fate;

/// A queue as the figures name it; an account's is one of many alike.
pub fn queue(queue: Queue) -> &'static str {
    match queue {
        Queue::Journal => "journal",
        Queue::Reports => "reports",
        Queue::Conductor => "conductor",
        Queue::Leases => "leases",
        Queue::Requests => "requests",
        Queue::Parked => "parked",
        Queue::Account(_) => "account",
    }
}

/// A verdict as JSON has it.
pub fn verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Run { .. } => "run",
        Verdict::Wait { .. } => "wait",
        Verdict::Again { .. } => "again",
        Verdict::Skip { .. } => "skip",
        Verdict::Stale => "stale",
    }
}

/// An answer was given.
pub fn answered(metrics: &Metrics, answer: &Message) {
    match answer {
        Message::Journaled(journaled) => {
            for word in &journaled.words {
                metrics.journaled.one([match word.word {
                    Word::Journaled => "journaled",
                    Word::Refused { .. } => "refused",
                    Word::Conflict => "conflict",
                }]);
            }
        }
        Message::Verdicts(verdicts) => {
            for item in &verdicts.items {
                metrics.verdicts.one([verdict(&item.verdict)]);
            }
        }
        Message::Reported(reported) => {
            for item in &reported.items {
                metrics.reports.one([match item.fate {
                    Fate::Applied => "applied",
                    Fate::Duplicate => "duplicate",
                    Fate::Stale => "stale",
                    Fate::Gone => "gone",
                }]);
            }
        }
        Message::Answer(answer) => metrics.commands.one([match answer.result {
            CommandResult::Applied { .. } => "applied",
            CommandResult::Refused { .. } => "refused",
            CommandResult::Conflict => "conflict",
        }]),
        Message::Renewed(renewed) => {
            for lease in &renewed.answers {
                metrics.leases.one([match lease.answer {
                    Lease::Ok => "ok",
                    Lease::BadAction => "bad_action",
                    Lease::Granted => "granted",
                }]);
            }
        }
        Message::WimUpdated(updated) if updated.status.is_none() => metrics.leases.one(["bad_action"]),
        _ => {}
    }
}

/// An event was published.
pub fn published(metrics: &Metrics, event: &OutboxEvent) {
    let kind = EVENTS.into_iter().find(|kind| *kind == event.kind).unwrap_or("other");
    metrics.events.one([kind]);
    if kind == ENDED {
        let word = |key: &str| event.data.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = ActionKind::ALL.into_iter().find(|kind| kind.as_str() == word("kind"));
        let state = ActionState::ALL.into_iter().find(|state| state.as_str() == word("state"));
        if let (Some(kind), Some(state)) = (kind, state) {
            metrics.ended.one([kind.as_str(), state.as_str()]);
        }
    }
}

const ENDED: &str = "action.ended";
/// The kinds of event (design 4.6).
const EVENTS: [&str; 4] = ["link.status", ENDED, "request.ended", "account.status"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events;
    use wanlink_domain::catalogue::AccountStatus;
    use wanlink_domain::time::Timestamp;

    #[test]
    fn events_are_counted_by_their_kinds() {
        let metrics = Metrics::default();
        let account = crate::testing::account(1, 1, None);
        published(&metrics, &events::account_status(&account, AccountStatus::Pending, Timestamp(1)));
        assert_eq!((metrics.events.get(["account.status"]), metrics.events.get(["other"])), (1, 0));
    }

    #[test]
    fn an_action_s_end_is_counted_by_kind_and_state() {
        let metrics = Metrics::default();
        let account = crate::testing::account(1, 1, None);
        let mut event = events::account_status(&account, AccountStatus::Pending, Timestamp(1));
        event.kind = ENDED.to_owned();
        event.data = serde_json::json!({ "kind": "EDIT", "state": "FAILED" });
        published(&metrics, &event);
        assert_eq!(metrics.ended.get(["EDIT", "FAILED"]), 1);
    }
}

//! The transition function of an action: total, pure, and compared with a committed grid of states and events.
//!
//! Effects are returned, never performed. What a transition means for the link is `link_effect`; which action of
//! a link may run is `precedence`.

use super::{Action, ActionState, Outcome};
use crate::budget::Budgets;
use crate::reason::{Code, Reason};
use crate::time::Timestamp;
use std::time::Duration;

/// What can happen to an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A current session asks to run it, and nothing of the link stands before it.
    Claim,
    /// An attempt or a poll under the current epoch and attempt reports.
    Report(Outcome),
    /// Its attempt's deadline passed, or its epoch ended, without a report.
    Lost,
    /// Nothing of its link was ever begun at a controller, so there is nothing to do for this DELETE.
    Needless,
    /// A DELETE of the link was accepted after it.
    Supersede,
    /// A user calls it off.
    Cancel,
    /// It cannot or may not go on: out of budget, networks in error, out of order, link deleted.
    Fail(Reason),
}

/// When the action must be looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It is finished.
    Never,
    /// By the database's clock.
    At(Timestamp),
}

/// Why an event changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// The action is finished.
    Finished,
    /// It is running; its attempt must end first.
    Running,
    /// It is being built: a poll settles it.
    Building,
    /// Its next try is not due.
    NotYet,
    /// There is no attempt that this could be about.
    NoAttempt,
}

/// What an event does to an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Move {
        to: ActionState,
        due: Due,
        reason: Option<Reason>,
        /// The next attempt must observe before it acts.
        observe_first: bool,
    },
    Ignore(Ignored),
}

impl Decision {
    fn end(to: ActionState, reason: Option<Reason>) -> Self {
        Self::Move { to, due: Due::Never, reason, observe_first: false }
    }
}

/// Decides what `event` does to `action` at `now` (the database's clock). `jitter` is uniform over 64 bits.
pub fn decide(action: &Action, event: Event, now: Timestamp, jitter: u64, budgets: &Budgets) -> Decision {
    use ActionState::{Build, Cancelled, Done, Failed, Retry, Running, Scheduled, Superseded};
    match (action.state, event) {
        (Done | Failed | Superseded | Cancelled, _) => Decision::Ignore(Ignored::Finished),

        (Scheduled, Event::Claim) => run(action, now, budgets),
        (Retry, Event::Claim) if not_yet(action, now) => Decision::Ignore(Ignored::NotYet),
        (Retry, Event::Claim) => run(action, now, budgets),
        (Running, Event::Claim) => Decision::Ignore(Ignored::Running),
        (Build, Event::Claim) => Decision::Ignore(Ignored::Building),

        (Scheduled | Retry, Event::Report(_) | Event::Lost) => Decision::Ignore(Ignored::NoAttempt),
        (Running, Event::Report(outcome)) => attempted(action, outcome, now, jitter, budgets),
        (Build, Event::Report(outcome)) => polled(action, outcome, now, jitter, budgets),
        (Running, Event::Lost) => lost(now),
        // A lost poll: ask again.
        (Build, Event::Lost) => build(action, now, budgets, action.reason.clone()),

        (Scheduled | Retry, Event::Needless) => Decision::end(Done, None),
        (Running, Event::Needless) => Decision::Ignore(Ignored::Running),
        (Build, Event::Needless) => Decision::Ignore(Ignored::Building),

        (Scheduled | Build | Retry, Event::Supersede) => Decision::end(
            Superseded,
            Some(Reason::new(Code::Superseded, "a later DELETE of this link made it unnecessary")),
        ),
        (Running, Event::Supersede) => Decision::Ignore(Ignored::Running),

        (Scheduled | Retry, Event::Cancel) => {
            Decision::end(Cancelled, Some(Reason::new(Code::Cancelled, "cancelled by a user")))
        }
        (Running, Event::Cancel) => Decision::Ignore(Ignored::Running),
        (Build, Event::Cancel) => Decision::Ignore(Ignored::Building),

        (Scheduled | Build | Retry, Event::Fail(reason)) => Decision::end(Failed, Some(reason)),
        (Running, Event::Fail(_)) => Decision::Ignore(Ignored::Running),
    }
}

/// A retry waits for its time; once a prompt was sent for it (`dispatches`), the due time is when that prompt is
/// believed lost, and it may be claimed.
fn not_yet(action: &Action, now: Timestamp) -> bool {
    action.dispatches == 0 && action.due_at.is_some_and(|due| due > now)
}

fn run(action: &Action, now: Timestamp, budgets: &Budgets) -> Decision {
    if action.claims >= budgets.attempts_max {
        let detail = format!("claimed {} times without a report", action.claims);
        return Decision::end(ActionState::Failed, Some(Reason::new(Code::Poisonous, detail)));
    }
    Decision::Move {
        to: ActionState::Running,
        due: Due::At(now.after(budgets.attempt_deadline())),
        reason: None,
        observe_first: action.observe_first,
    }
}

fn attempted(action: &Action, outcome: Outcome, now: Timestamp, jitter: u64, budgets: &Budgets) -> Decision {
    match outcome {
        Outcome::Done { .. } => Decision::end(ActionState::Done, None),
        Outcome::Building { found } => build(action, now, budgets, found.reason),
        Outcome::Retry { reason, after_ms } => retry(action, reason, after_ms, false, now, jitter, budgets),
        Outcome::Refused { reason } => Decision::end(ActionState::Failed, Some(reason)),
        Outcome::Unknown { reason } => retry(action, reason, None, true, now, jitter, budgets),
    }
}

/// A poll asks about a service that is at the controller: a failure to ask says nothing about it.
fn polled(action: &Action, outcome: Outcome, now: Timestamp, jitter: u64, budgets: &Budgets) -> Decision {
    match outcome {
        Outcome::Done { .. } => Decision::end(ActionState::Done, None),
        Outcome::Building { found } => build(action, now, budgets, found.reason),
        Outcome::Retry { reason, .. } if matches!(reason.code, Code::Vanished | Code::AttemptLost) => {
            retry(action, reason, None, true, now, jitter, budgets)
        }
        Outcome::Retry { reason, .. } | Outcome::Unknown { reason } => {
            build(action, now, budgets, Some(reason))
        }
        Outcome::Refused { reason } => Decision::end(ActionState::Failed, Some(reason)),
    }
}

fn build(action: &Action, now: Timestamp, budgets: &Budgets, reason: Option<Reason>) -> Decision {
    let since = if action.state == ActionState::Build { action.waiting_since } else { now };
    if now.since(since) >= budgets.build {
        return Decision::end(
            ActionState::Failed,
            Some(spent("the controller builds the link", budgets.build, reason)),
        );
    }
    Decision::Move {
        to: ActionState::Build,
        due: Due::At(now.after(budgets.build_pause(now.since(since)))),
        reason,
        observe_first: false,
    }
}

fn retry(
    action: &Action,
    reason: Reason,
    after_ms: Option<u64>,
    sent: bool,
    now: Timestamp,
    jitter: u64,
    budgets: &Budgets,
) -> Decision {
    if action.failing_since.is_some_and(|since| now.since(since) >= budgets.retry) {
        return Decision::end(
            ActionState::Failed,
            Some(spent("it is tried again", budgets.retry, Some(reason))),
        );
    }
    // An unreachable controller burns no attempts: only the time budget ends it (specification 6, C).
    if reason.code != Code::Unreachable && action.failures >= budgets.failures_max {
        let detail =
            format!("given up after {} failures; the last one: {}", action.failures + 1, reason.detail);
        return Decision::end(ActionState::Failed, Some(Reason::new(reason.code, detail)));
    }
    let backoff = budgets.schedule.interval(u32::try_from(action.retries).unwrap_or(u32::MAX), jitter);
    let asked = Duration::from_millis(after_ms.unwrap_or(0)).min(budgets.retry_after_max);
    Decision::Move {
        to: ActionState::Retry,
        due: Due::At(now.after(backoff.max(asked))),
        reason: Some(reason),
        observe_first: sent || action.observe_first,
    }
}

fn lost(now: Timestamp) -> Decision {
    Decision::Move {
        to: ActionState::Retry,
        due: Due::At(now),
        reason: Some(Reason::new(
            Code::AttemptLost,
            "the attempt ended without a report (its worker crashed, hung or lost its lease); the next one observes first",
        )),
        observe_first: true,
    }
}

fn spent(what: &str, budget: Duration, last: Option<Reason>) -> Reason {
    let last = last.map(|reason| format!("; the last word was {reason}")).unwrap_or_default();
    Reason::new(Code::BudgetSpent, format!("the time for which {what} ({budget:?}) is used up{last}"))
}

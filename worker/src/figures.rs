//! What a worker counts and times: claims, attempts, calls.

use crate::account::Account;
use crate::calls::{Called, Cut};
use crate::context::Context;
use std::time::Duration;
use wanlink_connectors::port::Class;
use wanlink_domain::action::{ActionKind, Outcome};
use wanlink_wire::conductor::Verdict;

/// A verdict came on what was asked at `asked_at`.
pub(crate) fn claimed(cx: &Context, asked_at: Duration, verdict: &Verdict) {
    let metrics = &cx.telemetry.metrics;
    metrics.claim_time.observe([], cx.clock.mono().saturating_sub(asked_at));
    metrics.claims.one([verdict_name(verdict)]);
}

pub(crate) fn verdict_name(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Run { .. } => "run",
        Verdict::Wait { .. } => "wait",
        Verdict::Again { .. } => "again",
        Verdict::Skip { .. } => "skip",
        Verdict::Stale => "stale",
    }
}

/// Follows an attempt to its outcome.
pub(crate) async fn attempt(
    account: &Account,
    kind: ActionKind,
    attempt: impl Future<Output = Outcome>,
) -> Outcome {
    let (metrics, clock) = (&account.cx.telemetry.metrics, &account.cx.clock);
    let began = clock.mono();
    metrics.attempts_in_progress.add([], 1.0);
    let under_way = UnderWay(account);
    let outcome = attempt.await;
    drop(under_way);
    metrics.attempt_time.observe([account.kind], clock.mono().saturating_sub(began));
    metrics.attempts.one([account.kind, kind.as_str(), outcome.as_str()]);
    outcome
}

/// Counted down however the attempt ends: its epoch's end drops it.
struct UnderWay<'a>(&'a Account);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.cx.telemetry.metrics.attempts_in_progress.add([], -1.0);
    }
}

/// What a call came to.
pub(crate) fn class<T>(called: &Called<T>) -> &'static str {
    match called {
        Ok(Ok(_)) => "ok",
        Ok(Err(failure)) => match failure.class {
            Class::Unreachable => "unreachable",
            Class::OutcomeUnknown => "outcome_unknown",
            Class::Busy => "busy",
            Class::Auth => "auth",
            Class::Invalid => "invalid",
            Class::Conflict => "conflict",
            Class::DependencyMissing => "dependency_missing",
            Class::StillReferenced => "still_referenced",
            Class::Capacity => "capacity",
            Class::NotFound => "not_found",
            Class::Internal => "internal",
        },
        Err(Cut::NotBegun) => "not_begun",
        Err(Cut::Untrusted) => "lease_over",
        Err(Cut::TimedOut) => "timed_out",
        Err(Cut::Panicked) => "panicked",
    }
}

//! The spans of a prompt's way through a worker, and the one log line of each attempt that did not end well.
//!
//! Deliberately absent: spans below an attempt; those stand where the calls are made (`calls`, the connectors' egress).

use crate::account::Account;
use crate::context::Context;
use crate::figures;
use wanlink_domain::action::{ActionKind, Outcome};
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::trace::{Kind, Span};
use wanlink_wire::account::Prompt;
use wanlink_wire::conductor::Verdict;

/// What an envelope says of its sending.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    /// By the sender's wall clock.
    pub at: Timestamp,
    pub trace: Option<TraceParent>,
}

/// A prompt's wait: in its queue, and then for a place.
pub(crate) fn waiting(cx: &Context, sent: &Sent, prompt: &Prompt) -> Option<Span> {
    sent.trace?;
    let mut span = cx.telemetry.tracer.child(sent.trace, Kind::Consumer, || "prompt wait".to_owned());
    span.set("wanlink.action", || prompt.action.to_string());
    Some(span.since(sent.at))
}

pub(crate) fn claimed(mut span: Span, verdict: &Verdict) {
    span.set("wanlink.verdict", || figures::verdict_name(verdict));
}

pub(crate) fn attempt(
    account: &Account,
    parent: Option<TraceParent>,
    prompt: &Prompt,
    kind: ActionKind,
    attempt: i32,
) -> Span {
    let tracer = &account.cx.telemetry.tracer;
    let mut span = tracer.child(parent, Kind::Internal, || format!("attempt {}", kind.as_str()));
    span.set("wanlink.account", || account.account().to_string());
    span.set("wanlink.link", || prompt.link.to_string());
    span.set("wanlink.action", || prompt.action.to_string());
    span.set("wanlink.attempt", || i64::from(attempt));
    span.set("wanlink.epoch", || account.holding.epoch);
    span.set("wanlink.connector", || account.kind);
    span
}

pub(crate) fn ended(span: &mut Span, outcome: &Outcome) {
    span.set("wanlink.outcome", || outcome.as_str());
    if let Outcome::Refused { reason } | Outcome::Unknown { reason } | Outcome::Retry { reason, .. } = outcome
    {
        span.fail(|| reason.to_string());
    }
}

/// What an attempt came to, where somebody may want to look into it.
pub(crate) fn log(
    account: &Account,
    prompt: &Prompt,
    attempt: i32,
    trace: Option<TraceParent>,
    outcome: &Outcome,
) {
    let (Outcome::Refused { reason } | Outcome::Unknown { reason } | Outcome::Retry { reason, .. }) = outcome
    else {
        return;
    };
    tracing::info!(
        account = %account.account(),
        link = %prompt.link,
        action = %prompt.action,
        request = %prompt.request,
        attempt,
        epoch = account.holding.epoch,
        trace = trace.map(|trace| format!("{:032x}", trace.trace)),
        outcome = outcome.as_str(),
        %reason,
        "attempt ended"
    );
}

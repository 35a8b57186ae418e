//! The spans of what a batch did: one for each traced request, claim, report and command in it, all as long as the batch.
//!
//! They are made after the batch from what came in and what is answered, so that handlers know nothing of them.
//! Deliberately absent: spans of what came without a trace.

use crate::batch::{Handled, Received};
use std::collections::BTreeMap;
use wanlink_domain::ids::{AccountId, ActionId, RequestId};
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::trace::{Kind, Span, Tracer};
use wanlink_wire::Message;

/// The traced requests of a batch, by which their actions are remembered.
pub fn of_requests(batch: &[Received]) -> BTreeMap<RequestId, TraceParent> {
    let traced = batch.iter().filter_map(|received| match &received.envelope.message {
        Message::Request(request) => Some((request.id, received.envelope.trace?)),
        _ => None,
    });
    traced.collect()
}

/// One attempt of an action, by what both a report and its answer say of it.
type Attempt = (AccountId, i64, ActionId);

/// A batch was worked on since `from`. `failed`: a part of it was not.
pub fn handled(
    tracer: &Tracer,
    from: Timestamp,
    batch: &[Received],
    handled: &Handled,
    failed: Option<&String>,
) {
    let mut batched = Batched { tracer, from, size: batch.len(), failed, verdicts: BTreeMap::new() };
    for received in batch {
        let trace = received.envelope.trace;
        match &received.envelope.message {
            Message::Request(request) => {
                let Some(mut span) = batched.span(trace, "journal record") else { continue };
                span.set("wanlink.request", || request.id.to_string());
            }
            Message::Claim(claim) => {
                for item in &claim.items {
                    let Some(mut span) = batched.span(item.trace, "claim judge") else { continue };
                    span.set("wanlink.action", || item.action.to_string());
                    span.set("wanlink.epoch", || item.epoch);
                    let verdict = batched.verdict(handled, (item.account, item.epoch, item.action));
                    span.set("wanlink.verdict", || verdict);
                }
            }
            Message::Report(report) => {
                for item in &report.items {
                    let Some(mut span) = batched.span(item.trace, "report apply") else { continue };
                    span.set("wanlink.action", || item.action.to_string());
                    span.set("wanlink.attempt", || i64::from(item.attempt));
                    span.set("wanlink.epoch", || item.epoch);
                    span.set("wanlink.outcome", || item.outcome.as_str());
                }
            }
            Message::Command(command) => {
                let Some(mut span) = batched.span(trace, "command execute") else { continue };
                span.set("wanlink.command", || command.id.to_string());
            }
            _ => {}
        }
    }
}

struct Batched<'a> {
    tracer: &'a Tracer,
    from: Timestamp,
    size: usize,
    failed: Option<&'a String>,
    /// Filled when the first one is asked for.
    verdicts: BTreeMap<Attempt, &'static str>,
}

impl Batched<'_> {
    /// `None`: nobody records it.
    fn span(&self, parent: Option<TraceParent>, name: &'static str) -> Option<Span> {
        let parent = parent?;
        let mut span = self.tracer.child(Some(parent), Kind::Consumer, || name.to_owned()).since(self.from);
        span.set("messaging.batch.message_count", || i64::try_from(self.size).unwrap_or(i64::MAX));
        if let Some(why) = self.failed {
            span.fail(|| why.clone());
        }
        Some(span)
    }

    fn verdict(&mut self, handled: &Handled, about: Attempt) -> &'static str {
        if self.verdicts.is_empty() {
            for (_, answer) in &handled.replies {
                let Message::Verdicts(verdicts) = answer else { continue };
                let named = verdicts.items.iter().map(|item| {
                    ((item.account, item.epoch, item.action), crate::figures::verdict(&item.verdict))
                });
                self.verdicts.extend(named);
            }
        }
        self.verdicts.get(&about).copied().unwrap_or("none")
    }
}

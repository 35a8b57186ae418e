//! The events that are announced (design 4.6), each with an id derived from what it is about, so that however
//! often a transaction is tried the announcement is one.

use serde_json::json;
use uuid::Uuid;
use wanlink_domain::action::Action;
use wanlink_domain::catalogue::{Account, AccountStatus};
use wanlink_domain::event::OutboxEvent;
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::{EventId, LinkId, TenantId, derive};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::request::Request;
use wanlink_domain::time::Timestamp;

/// Where the data of an event that belongs to a recorded trace says so; the outbox has no column for what hardly any has.
pub const TRACEPARENT: &str = "traceparent";

/// A link has another status.
pub fn link_status(link: &Link, before: LinkStatus, now: Timestamp) -> OutboxEvent {
    let data = json!({
        "link": link.id, "name": link.name, "account": link.account_id,
        "status": link.status, "before": before, "reason": link.status_reason,
    });
    event(link.id.0, "link", link.tenant_id, link.event_seq, "link.status", now, data)
}

/// An action came to its end.
pub fn action_ended(action: &Action, now: Timestamp) -> OutboxEvent {
    let mut data = json!({
        "action": action.id, "link": action.link_id, "account": action.account_id, "request": action.request_id,
        "kind": action.kind, "state": action.state, "reason": action.reason, "attempts": action.attempt,
    });
    if let Some(trace) = action.trace {
        data[TRACEPARENT] = trace.to_string().into();
    }
    event(action.id.0, "action", action.tenant_id, 1, "action.ended", now, data)
}

/// The last action of a request ended.
pub fn request_ended(request: &Request, now: Timestamp) -> OutboxEvent {
    let data = json!({
        "request": request.id, "total": request.total, "done": request.done, "failed": request.failed,
        "superseded": request.superseded, "cancelled": request.cancelled,
    });
    event(request.id.0, "request", request.tenant_id, request.event_seq, "request.ended", now, data)
}

/// An account's monitor found another status.
pub fn account_status(account: &Account, before: AccountStatus, now: Timestamp) -> OutboxEvent {
    let data = json!({
        "account": account.id, "wim": account.wim_id, "status": account.status, "before": before,
        "reason": account.status_reason,
    });
    event(account.id.0, "account", account.tenant_id, account.event_seq, "account.status", now, data)
}

/// An account's work is held, or goes on: `what` is `account.paused` or `account.resumed`.
pub fn account_held(account: &Account, hold: &Hold, what: &str, now: Timestamp) -> OutboxEvent {
    let data = json!({
        "account": account.id, "wim": account.wim_id, "by": hold.kind, "reason": hold.reason, "since": hold.since.to_string(),
    });
    event(account.id.0, "account", account.tenant_id, account.event_seq, what, now, data)
}
/// A list showed another number of services that no link explains; `named` are some of the links that they name.
pub fn unknown_services(account: &Account, named: &[LinkId], now: Timestamp) -> OutboxEvent {
    let data = json!({
        "account": account.id, "wim": account.wim_id, "unknown_services": account.unknown_services,
        "links": named,
    });
    event(
        account.id.0,
        "account",
        account.tenant_id,
        account.event_seq,
        "account.unknown_services",
        now,
        data,
    )
}

fn event(
    about: Uuid,
    noun: &str,
    tenant_id: TenantId,
    sequence: i64,
    kind: &str,
    at: Timestamp,
    data: serde_json::Value,
) -> OutboxEvent {
    OutboxEvent {
        id: EventId(derive(about, &["event", noun, &sequence.to_string()])),
        tenant_id,
        subject: format!("{noun}/{about}"),
        sequence,
        kind: kind.to_owned(),
        at,
        data,
    }
}

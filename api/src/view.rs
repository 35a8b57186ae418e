//! What callers see of the records: the domain's words, times as RFC 3339, secrets never.
//!
//! Deliberately absent from all of them: the bookkeeping of leases and events, and a connector's own notes
//! (`conn_info`), which only it understands.

use serde_json::{Map, Value, json};
use wanlink_domain::action::{Action, Attempt};
use wanlink_domain::catalogue::{Account, Network, PortMapping, Site, Tenant, Wim};
use wanlink_domain::draft::PASSWORD;
use wanlink_domain::link::Link;
use wanlink_domain::object::Object;
use wanlink_domain::request::Request;
use wanlink_domain::time::Timestamp;

/// Stands where a secret is set.
pub const MASK: &str = "********";

fn time(at: Timestamp) -> String {
    at.to_string()
}

fn time_some(at: Option<Timestamp>) -> Option<String> {
    at.map(time)
}

/// Any object of the catalogue.
pub fn object(object: &Object) -> Value {
    match object {
        Object::Tenant(it) => tenant(it),
        Object::Site(it) => site(it),
        Object::Wim(it) => wim(it),
        Object::Account(it) => account(it),
        Object::PortMapping(it) => port_mapping(it),
        Object::Network(it) => network(it),
    }
}

pub fn tenant(it: &Tenant) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "description": it.description,
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
    })
}

pub fn site(it: &Site) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "description": it.description,
        "latitude": it.latitude,
        "longitude": it.longitude,
        "external_connections": it.external_connections,
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
    })
}

pub fn wim(it: &Wim) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "description": it.description,
        "type": it.kind,
        "wim_url": it.wim_url,
        "config": it.config,
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
    })
}

/// Secrets are shown as set, in the place where they were given.
pub fn account(it: &Account) -> Value {
    let mut config = it.config.clone();
    for field in it.secrets.keys().filter(|field| field.as_str() != PASSWORD) {
        mask(&mut config, field);
    }
    json!({
        "id": it.id,
        "tenant_id": it.tenant_id,
        "wim_id": it.wim_id,
        "name": it.name,
        "user": it.user,
        "password": it.secrets.contains_key(PASSWORD).then_some(MASK),
        "config": config,
        "phase": it.phase,
        "status": it.status,
        "status_reason": it.status_reason,
        "status_since": time(it.status_since),
        "checked_at": time_some(it.checked_at),
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
    })
}

/// Puts the mask under a dotted key.
fn mask(config: &mut Map<String, Value>, dotted: &str) {
    match dotted.split_once('.') {
        None => {
            config.insert(dotted.to_owned(), Value::from(MASK));
        }
        Some((first, rest)) => {
            let inner = config.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                mask(inner, rest);
            }
        }
    }
}

pub fn port_mapping(it: &PortMapping) -> Value {
    json!({
        "id": it.id,
        "wim_id": it.wim_id,
        "site_id": it.site_id,
        "pop_switch_dpid": it.pop_switch_dpid,
        "pop_switch_port": it.pop_switch_port,
        "wan_service_endpoint_id": it.wan_service_endpoint_id,
        "wan_service_mapping_info": it.wan_service_mapping_info,
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
    })
}

pub fn network(it: &Network) -> Value {
    json!({
        "id": it.id,
        "tenant_id": it.tenant_id,
        "site_id": it.site_id,
        "name": it.name,
        "service": it.service,
        "virtual_link": it.virtual_link,
        "status": it.status,
        "status_detail": it.status_detail,
        "vim_info": it.vim_info,
        "external_port": it.external_port,
        "encapsulation": it.encapsulation,
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
    })
}

pub fn link(it: &Link) -> Value {
    json!({
        "id": it.id,
        "tenant_id": it.tenant_id,
        "wim_id": it.wim_id,
        "account_id": it.account_id,
        "name": it.name,
        "service_type": it.wish.service_type,
        "endpoints": it.wish.endpoints,
        "bandwidth_kbps": it.wish.bandwidth_kbps,
        "latency_ms": it.wish.latency_ms,
        "status": it.status,
        "status_reason": it.status_reason,
        "status_since": time(it.status_since),
        "status_source": it.status_source,
        "service_id": it.service_id,
        "last_seen_at": time_some(it.last_seen_at),
        "version": it.version,
        "created_at": time(it.created_at),
        "modified_at": time(it.modified_at),
        "deleted_at": time_some(it.deleted_at),
    })
}

pub fn request(it: &Request) -> Value {
    json!({
        "id": it.id,
        "tenant_id": it.tenant_id,
        "refused": it.refused,
        "total": it.total,
        "open": it.open(),
        "done": it.done,
        "failed": it.failed,
        "superseded": it.superseded,
        "cancelled": it.cancelled,
        "accepted_at": time(it.accepted_at),
        "created_at": time(it.created_at),
        "finished_at": time_some(it.finished_at),
    })
}

pub fn action(it: &Action) -> Value {
    json!({
        "id": it.id,
        "request_id": it.request_id,
        "link_id": it.link_id,
        "account_id": it.account_id,
        "tenant_id": it.tenant_id,
        "kind": it.kind,
        "state": it.state,
        "attempt": it.attempt,
        "retries": it.retries,
        "observe_first": it.observe_first,
        "reason": it.reason,
        "bandwidth_kbps": it.wish.bandwidth_kbps,
        "latency_ms": it.wish.latency_ms,
        "due_at": time_some(it.due_at),
        "started_at": time_some(it.started_at),
        "waiting_since": time(it.waiting_since),
        "created_at": time(it.created_at),
        "finished_at": time_some(it.finished_at),
    })
}

/// One action with its attempts, oldest first; the latest lives in the action itself.
pub fn action_with_attempts(it: &Action, earlier: &[Attempt]) -> Value {
    let mut attempts: Vec<Value> = earlier.iter().map(attempt).collect();
    if let (1.., Some(started_at)) = (it.attempt, it.started_at) {
        attempts.push(json!({
            "attempt": it.attempt,
            "epoch": it.epoch,
            "session_id": it.session_id,
            "started_at": time(started_at),
            "ended_at": time_some(it.finished_at),
            "reason": it.reason,
        }));
    }
    let mut value = action(it);
    value["attempts"] = Value::Array(attempts);
    value
}

fn attempt(it: &Attempt) -> Value {
    json!({
        "attempt": it.attempt,
        "epoch": it.epoch,
        "session_id": it.session_id,
        "started_at": time(it.started_at),
        "ended_at": time(it.ended_at),
        "reason": it.reason,
    })
}

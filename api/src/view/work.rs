//! Links, requests and actions as callers see them.

use super::Time;
use serde::Serialize;
use utoipa::ToSchema;
use wanlink_domain::action::{self, ActionKind, ActionState};
use wanlink_domain::ids::{AccountId, ActionId, LinkId, RequestId, ServiceId, SessionId, TenantId, WimId};
use wanlink_domain::link::{self, Endpoint, LinkStatus, ServiceType, StatusSource};
use wanlink_domain::reason::Reason;
use wanlink_domain::request;

/// A WAN link: what is wanted between its ends, and what is known of it at the controller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Link {
    id: LinkId,
    tenant_id: TenantId,
    wim_id: WimId,
    account_id: AccountId,
    /// For people; not unique.
    name: String,
    /// The network service that it is a part of, and which of its virtual links it is.
    network_service_id: Option<ServiceId>,
    virtual_link: Option<String>,
    service_type: ServiceType,
    endpoints: Vec<Endpoint>,
    /// In kbit/s.
    bandwidth_kbps: Option<u64>,
    latency_ms: Option<u32>,
    status: LinkStatus,
    /// Why it is in this state, where that needs saying.
    status_reason: Option<Reason>,
    status_since: Time,
    status_source: Option<StatusSource>,
    /// The connectivity service's id at the WIM.
    service_id: Option<String>,
    last_seen_at: Option<Time>,
    version: i64,
    created_at: Time,
    modified_at: Time,
    deleted_at: Option<Time>,
}

impl From<&link::Link> for Link {
    fn from(it: &link::Link) -> Self {
        Self {
            id: it.id,
            tenant_id: it.tenant_id,
            wim_id: it.wim_id,
            account_id: it.account_id,
            name: it.name.clone(),
            network_service_id: it.network_service_id,
            virtual_link: it.virtual_link.clone(),
            service_type: it.wish.service_type,
            endpoints: it.wish.endpoints.clone(),
            bandwidth_kbps: it.wish.bandwidth_kbps,
            latency_ms: it.wish.latency_ms,
            status: it.status,
            status_reason: it.status_reason.clone(),
            status_since: it.status_since.into(),
            status_source: it.status_source,
            service_id: it.service_id.clone(),
            last_seen_at: it.last_seen_at.map(Time),
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
            deleted_at: it.deleted_at.map(Time),
        }
    }
}

/// One accepted call with its counters: total = open + done + failed + superseded + cancelled.
#[derive(Debug, Serialize, ToSchema)]
pub struct Request {
    id: RequestId,
    tenant_id: TenantId,
    /// Why it was refused as a whole; it then has no actions.
    refused: Option<Reason>,
    total: i32,
    open: i32,
    done: i32,
    failed: i32,
    superseded: i32,
    cancelled: i32,
    accepted_at: Time,
    created_at: Time,
    /// When the last of its actions ended.
    finished_at: Option<Time>,
}

impl From<&request::Request> for Request {
    fn from(it: &request::Request) -> Self {
        Self {
            id: it.id,
            tenant_id: it.tenant_id,
            refused: it.refused.clone(),
            total: it.total,
            open: it.open(),
            done: it.done,
            failed: it.failed,
            superseded: it.superseded,
            cancelled: it.cancelled,
            accepted_at: it.accepted_at.into(),
            created_at: it.created_at.into(),
            finished_at: it.finished_at.map(Time),
        }
    }
}

/// A request and all that it intends.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestWithActions {
    #[serde(flatten)]
    pub request: Request,
    pub actions: Vec<Action>,
}

/// One intended change to one link.
#[derive(Debug, Serialize, ToSchema)]
pub struct Action {
    id: ActionId,
    request_id: RequestId,
    link_id: LinkId,
    account_id: AccountId,
    tenant_id: TenantId,
    kind: ActionKind,
    state: ActionState,
    /// Number of the latest attempt; 0: never begun.
    attempt: i32,
    /// Times that it was put back to be tried again.
    retries: i32,
    /// The next attempt looks before it acts.
    observe_first: bool,
    /// Why it waits, is retried, or how it ended.
    reason: Option<Reason>,
    /// In kbit/s, as it is wished after this action.
    bandwidth_kbps: Option<u64>,
    latency_ms: Option<u32>,
    /// When it is looked at next; only while it is unfinished.
    due_at: Option<Time>,
    started_at: Option<Time>,
    waiting_since: Time,
    created_at: Time,
    finished_at: Option<Time>,
}

impl From<&action::Action> for Action {
    fn from(it: &action::Action) -> Self {
        Self {
            id: it.id,
            request_id: it.request_id,
            link_id: it.link_id,
            account_id: it.account_id,
            tenant_id: it.tenant_id,
            kind: it.kind,
            state: it.state,
            attempt: it.attempt,
            retries: it.retries,
            observe_first: it.observe_first,
            reason: it.reason.clone(),
            bandwidth_kbps: it.wish.bandwidth_kbps,
            latency_ms: it.wish.latency_ms,
            due_at: it.due_at.map(Time),
            started_at: it.started_at.map(Time),
            waiting_since: it.waiting_since.into(),
            created_at: it.created_at.into(),
            finished_at: it.finished_at.map(Time),
        }
    }
}

/// An action and every attempt at it, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionWithAttempts {
    #[serde(flatten)]
    action: Action,
    attempts: Vec<Attempt>,
}

/// One execution of an action by one worker under one epoch.
#[derive(Debug, Serialize, ToSchema)]
pub struct Attempt {
    attempt: i32,
    epoch: Option<i64>,
    /// The worker that made it.
    session_id: Option<SessionId>,
    started_at: Time,
    /// Absent while it goes on, or while what it began is building.
    ended_at: Option<Time>,
    reason: Option<Reason>,
}

impl ActionWithAttempts {
    /// `earlier`: all but the latest attempt, which lives in the action itself.
    pub fn new(it: &action::Action, earlier: &[action::Attempt]) -> Self {
        let mut attempts: Vec<Attempt> = earlier.iter().map(Attempt::from).collect();
        if let (1.., Some(started_at)) = (it.attempt, it.started_at) {
            attempts.push(Attempt {
                attempt: it.attempt,
                epoch: it.epoch,
                session_id: it.session_id,
                started_at: started_at.into(),
                ended_at: it.finished_at.map(Time),
                reason: it.reason.clone(),
            });
        }
        Self { action: it.into(), attempts }
    }
}

impl From<&action::Attempt> for Attempt {
    fn from(it: &action::Attempt) -> Self {
        Self {
            attempt: it.attempt,
            epoch: Some(it.epoch),
            session_id: Some(it.session_id),
            started_at: it.started_at.into(),
            ended_at: Some(it.ended_at.into()),
            reason: it.reason.clone(),
        }
    }
}

//! Acceptance: whole requests, and the word on each.

use serde::{Deserialize, Serialize};
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::ActionKind;
use wanlink_domain::catalogue::Network;
use wanlink_domain::ids::{AccountId, ActionId, LinkId, RequestId, TenantId, WimId};
use wanlink_domain::link::Wish;
use wanlink_domain::reason::Reason;
use wanlink_domain::service::Service;
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::{TraceParent, lenient};
use wanlink_domain::wish::WishPatch;

/// A whole request: its confirm is the acceptance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub tenant_id: TenantId,
    /// SHA-256 of the call's canonical body, hexadecimal.
    pub digest: String,
    /// By the api's wall clock.
    pub accepted_at: Timestamp,
    /// After this (same clock) it must not be recorded any more: set where the broker is not durable, and where
    /// therefore no 202 was given without the word.
    pub not_after: Option<Timestamp>,
    /// The network service that the request makes, changes or ends, where it is about one. Such a request may be without
    /// actions: as long as all of a service is at one site, it has no links.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<ServiceChange>>,
    pub actions: Vec<NewAction>,
}

/// Requests that one api took in while a message of its was on the way to the journal: its confirm is the acceptance of
/// all of them. They have nothing else in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    pub requests: Vec<Traced>,
}

/// A request among others, with the trace of its own call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Traced {
    /// Where it stands in a trace; only where that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub trace: Option<TraceParent>,
    pub request: Request,
}

/// What becomes of a network service and of its networks, together with the actions on its links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServiceChange {
    /// As it shall be; its version and times are the conductor's. In phase DELETING its record goes with its last link.
    pub service: Service,
    /// The version that was planned on; absent: it comes to be.
    pub expected: Option<i64>,
    /// Its new networks.
    pub join: Vec<Network>,
    /// Those that are changed or leave; their status is left as it is on record.
    pub change: Vec<Network>,
}

/// One action as it is accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewAction {
    pub id: ActionId,
    pub link_id: LinkId,
    pub account_id: AccountId,
    pub kind: ActionKind,
    pub accepted_at: AcceptedAt,
    pub change: Change,
}

/// What an action changes of its link's wish.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The link comes to be. `virtual_link`: of the request's network service.
    New {
        wim_id: WimId,
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        virtual_link: Option<String>,
        wish: Wish,
    },
    /// This is changed of the wish that stands when the action's turn comes.
    Edit(WishPatch),
    /// The wish stays as it is (DELETE, and trying again).
    Keep,
}

/// The word on one api's requests of one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journaled {
    pub words: Vec<Word>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Word {
    pub request_id: RequestId,
    #[serde(flatten)]
    pub word: Verdict,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Verdict {
    /// Recorded now, or before with the same body.
    Journaled,
    /// Recorded as refused: the plan was old, or its account is gone.
    Refused { problem: Reason },
    /// The id stands for another body.
    Conflict,
}

//! What workers found, and what became of it.

use serde::{Deserialize, Serialize};
use wanlink_domain::action::{Found, Outcome};
use wanlink_domain::ids::{AccountId, ActionId, LinkId, SessionId};
use wanlink_domain::reason::Reason;
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::{TraceParent, lenient};

/// How attempts and polls ended, over all accounts of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub session: SessionId,
    pub items: Vec<ReportItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportItem {
    pub account: AccountId,
    pub epoch: i64,
    pub action: ActionId,
    pub link: LinkId,
    pub attempt: i32,
    pub outcome: Outcome,
    /// The attempt's own place in a trace; only where that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub trace: Option<TraceParent>,
}

/// What observations found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    pub session: SessionId,
    pub items: Vec<ObservedItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservedItem {
    pub account: AccountId,
    pub epoch: i64,
    pub link: LinkId,
    /// The version that was asked about.
    pub version: i64,
    #[serde(flatten)]
    pub sight: Sight,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "sight", rename_all = "snake_case")]
pub enum Sight {
    Seen {
        found: Found,
    },
    /// The controller could not be asked.
    Failed {
        reason: Reason,
    },
}

/// All settled links of an account were compared with a list; what differed was reported as observed before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    pub session: SessionId,
    pub account: AccountId,
    pub epoch: i64,
    /// When the list was asked for, as the question said.
    pub asked_at: Timestamp,
    /// Links that services under our mark name and that were none of these, as many as fit: they are at work, or unknown.
    pub unmatched: Vec<LinkId>,
}

/// Answers reports, per session and batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    pub session: SessionId,
    pub items: Vec<ReportedItem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedItem {
    pub account: AccountId,
    pub epoch: i64,
    pub action: ActionId,
    pub attempt: i32,
    pub fate: Fate,
}

/// What a report found when it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    Applied,
    /// This attempt's end is recorded already.
    Duplicate,
    /// The epoch is over; nothing was changed.
    Stale,
    /// There is no such action.
    Gone,
}

/// A message that could not be handled, as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    /// The queue's name in wanlink's words: `journal`, `reports`, `account/<id>`.
    pub origin: String,
    pub reason: String,
    /// Base64.
    pub payload: String,
}

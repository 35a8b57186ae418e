//! What an account's queue carries to its leaseholder. Prompts may be lost: the record brings them back.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::ActionKind;
use wanlink_domain::ids::{AccountId, ActionId, LinkId, RequestId};
use wanlink_domain::link::ResolvedWish;
use wanlink_domain::time::Timestamp;

/// Something may be run: ask with a claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// A refused request has no actions on record; by its id its prompts are told apart from early ones.
    pub request: RequestId,
    pub action: ActionId,
    pub link: LinkId,
    pub kind: ActionKind,
    pub accepted_at: AcceptedAt,
}

/// Everything that a connector needs about one link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub link: LinkId,
    pub name: String,
    /// `None` where its connection points can no longer be found and only what is cached counts (a DELETE).
    pub wish: Option<ResolvedWish>,
    pub service_id: Option<String>,
    pub conn_info: Option<Value>,
}

/// Look how the building of a link goes, and report under this attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Poll {
    pub account: AccountId,
    pub epoch: i64,
    pub action: ActionId,
    pub kind: ActionKind,
    pub attempt: i32,
    pub task: Task,
}

/// Look at settled links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observe {
    pub account: AccountId,
    pub epoch: i64,
    /// At these, each by itself.
    pub links: Vec<ObserveLink>,
    /// At all links of the account, by one list: when it was asked for, by the database's clock. What they are known to be
    /// is asked for page by page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObserveLink {
    /// What is found applies only while the link still has this version.
    pub version: i64,
    pub task: Task,
}

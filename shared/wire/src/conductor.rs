//! Claims, settings and commands, with their answers. Senders repeat them until answered; each is idempotent.

use crate::account::Task;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use uuid::Uuid;
use wanlink_domain::action::ActionKind;
use wanlink_domain::catalogue::{PortMapping, Sealed};
use wanlink_domain::hold::{Hold, HoldKind};
use wanlink_domain::ids::{
    AccountId, ActionId, CommandId, InstallationId, LinkId, ParkedId, RequestId, SessionId, WimId,
};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::observation::Known;
use wanlink_domain::reason::Reason;
use wanlink_domain::trace::{TraceParent, lenient};

/// May these be run? One message for all accounts of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub session: SessionId,
    pub items: Vec<ClaimItem>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimItem {
    pub account: AccountId,
    pub epoch: i64,
    pub request: RequestId,
    pub action: ActionId,
    pub link: LinkId,
    /// The claim's own place in a trace; only where that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub trace: Option<TraceParent>,
}

/// Answers the claims of one session in one batch, in any order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdicts {
    pub session: SessionId,
    pub items: Vec<VerdictItem>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VerdictItem {
    pub account: AccountId,
    pub epoch: i64,
    pub action: ActionId,
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// What a claimer is to do (design 4.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// Execute it now as this attempt.
    Run { attempt: i32, kind: ActionKind, observe_first: bool, task: Task },
    /// Not now; acknowledge, the record brings it back.
    Wait { reason: Reason },
    /// Not yet decidable: keep the delivery and ask again.
    Again { after_ms: u64, reason: Reason },
    /// Never; acknowledge.
    Skip { reason: Reason },
    /// This epoch is over: exit.
    Stale,
}

/// What does this account need to be driven? Only its current holder is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub session: SessionId,
    pub account: AccountId,
    pub epoch: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsAnswer {
    pub account: AccountId,
    pub epoch: i64,
    /// `None`: this epoch is over.
    pub settings: Option<AccountSettings>,
}

/// What are the settled links of this account known to be? Only its current holder is told, a page at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    pub session: SessionId,
    pub account: AccountId,
    pub epoch: i64,
    /// Those behind this one, in id order.
    pub after: Option<LinkId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinksAnswer {
    pub account: AccountId,
    pub epoch: i64,
    pub after: Option<LinkId>,
    /// `None`: this epoch is over.
    pub page: Option<LinksPage>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinksPage {
    pub links: Vec<SettledLink>,
    /// There are links behind the last of these.
    pub more: bool,
}

/// A link on which no action is at work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettledLink {
    /// What is found applies only while the link still has this version.
    pub version: i64,
    pub known: Known,
    pub task: Task,
}

/// An account's settings, credentials sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountSettings {
    pub installation: InstallationId,
    pub account_name: String,
    pub wim_name: String,
    /// The connector kind.
    pub wim_kind: String,
    pub wim_url: String,
    pub user: Option<String>,
    /// The WIM's configuration with the account's own keys laid over it.
    pub config: Map<String, Value>,
    pub secrets: BTreeMap<String, Sealed>,
}

/// One change that is not an action: of the catalogue, or of work in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    pub id: CommandId,
    /// SHA-256 of the call's canonical body, hexadecimal: the same id with another one is a conflict.
    pub digest: String,
    pub operation: Operation,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Versions and times in the objects are set by the conductor.
    Create { object: Object },
    /// As a whole, if it still has this version.
    Update { object: Object, expected: i64 },
    /// `expected`: only if it still has this version.
    Delete { kind: Kind, id: Uuid, expected: Option<i64> },
    /// Replaces all port mappings of a WIM.
    SetPortMappings { wim: WimId, mappings: Vec<PortMapping> },
    /// Ends what of a request has not begun.
    Cancel { request: RequestId },
    /// Sends a parked message to its queue again.
    Replay { parked: ParkedId },
    /// Lays a hold: pauses an account or a WIM, or freezes everything. Its time is the conductor's.
    Hold { hold: Hold },
    /// Lifts one.
    Lift { kind: HoldKind, id: Uuid },
}

/// What became of a command; the same however often it is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub id: CommandId,
    #[serde(flatten)]
    pub result: CommandResult,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum CommandResult {
    /// Done. `object`: as it is stored now, where one is.
    Applied { object: Option<Box<Object>>, mappings: Option<Vec<PortMapping>> },
    /// Refused; nothing was changed. `current`: the version found, where a version was expected.
    Refused { problem: Reason, current: Option<i64> },
    /// The id stands for another body.
    Conflict,
}

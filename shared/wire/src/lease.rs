//! Sessions and their leases. These never wait behind work.

use serde::{Deserialize, Serialize};
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::ids::{AccountId, SessionId};
use wanlink_domain::reason::Reason;

/// A session introduces itself, or says again what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Register {
    pub session: SessionId,
    /// The worker's name, for people.
    pub worker: String,
    pub connectors: Vec<String>,
    /// How many accounts it is willing to hold.
    pub capacity: u32,
}

/// An account under the epoch by which a session knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holding {
    pub account: AccountId,
    pub epoch: i64,
}

/// All leases of a session at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renew {
    pub session: SessionId,
    /// Counts this session's renewals; the answer repeats it, so that trust is counted from the sending of the
    /// renewal that was answered.
    pub sequence: u64,
    pub holdings: Vec<Holding>,
    /// Held accounts without a prompt in their queues or in hand.
    pub idle: Vec<AccountId>,
    /// Epochs that this session no longer acts under; repeated until answered.
    pub released: Vec<Holding>,
    /// It is stopping: take everything back.
    pub draining: bool,
}

/// Answers a registration or a renewal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Renewed {
    pub session: SessionId,
    /// 0 for a registration.
    pub sequence: u64,
    /// The session is not known (any more): register again.
    pub unknown: bool,
    pub answers: Vec<LeaseAnswer>,
    /// There are more grants: renew again now.
    pub more: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseAnswer {
    pub account: AccountId,
    /// The epoch that this is about.
    pub epoch: i64,
    pub answer: Lease,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lease {
    /// Renewed.
    Ok,
    /// Over: exit.
    BadAction,
    /// New: the session may act for it from now on.
    Granted,
}

/// The monitor's word, sent even when nothing changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateWim {
    pub session: SessionId,
    pub account: AccountId,
    pub epoch: i64,
    pub status: AccountStatus,
    pub reason: Option<Reason>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WimUpdated {
    pub account: AccountId,
    pub epoch: i64,
    /// The status that is recorded now; `None`: `bad_action`, this epoch is over.
    pub status: Option<AccountStatus>,
}

/// Does what I publish come back to me?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub nonce: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    pub nonce: u64,
}

//! What an attempt or a poll came back with.

use crate::link::{LinkStatus, StatusSource};
use crate::reason::Reason;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a connector found at the controller about one link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// ACTIVE, INACTIVE, DOWN, BUILD or ERROR; `None`: nothing is there.
    pub status: Option<LinkStatus>,
    pub status_source: StatusSource,
    pub service_id: Option<String>,
    pub conn_info: Option<Value>,
    /// The controller's own words, where the state is not the wished one.
    pub reason: Option<Reason>,
}

/// How one execution ended (design 4.4). `after` is the controller's own wish for a pause, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is as wished: there, or gone, or as `found` says.
    Done { found: Option<Found> },
    /// The controller has taken it and works on it.
    Building { found: Found },
    /// Not now; nothing was changed, or doing it again is harmless.
    Retry { reason: Reason, after_ms: Option<u64> },
    /// Never, as things stand.
    Refused { reason: Reason },
    /// Sent, but unanswered: whether it took effect must be looked at.
    Unknown { reason: Reason },
}

impl Outcome {
    /// As JSON has it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done { .. } => "done",
            Self::Building { .. } => "building",
            Self::Retry { .. } => "retry",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }
}

//! What is announced: CloudEvents 1.0, written in the transaction of the change and published afterwards.

use crate::ids::{EventId, TenantId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One announcement: the row of the outbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxEvent {
    /// CloudEvents `id`: the same however often it is delivered.
    pub id: EventId,
    pub tenant_id: TenantId,
    /// CloudEvents `subject`: `link/<id>`, `action/<id>`, `request/<id>`, `account/<id>`.
    pub subject: String,
    /// Position among the events of its subject's record, without gaps, given in the transaction.
    pub sequence: i64,
    /// CloudEvents `type`, such as `link.status`, `action.ended`.
    #[serde(rename = "type")]
    pub kind: String,
    pub at: Timestamp,
    pub data: Value,
}

/// A message that could not be decoded or handled, set aside: the row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parked {
    pub id: crate::ids::ParkedId,
    /// The queue it came from.
    pub origin: String,
    pub reason: String,
    /// How often it was parked.
    pub count: i32,
    /// The message as it came, base64.
    pub payload: String,
    pub parked_at: Timestamp,
    pub replayed_at: Option<Timestamp>,
}

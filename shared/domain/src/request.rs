//! A request: one accepted call with its set of actions and their counters.

use crate::ids::{RequestId, TenantId};
use crate::reason::Reason;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One accepted (or, when it was journaled, refused) call: the row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub id: RequestId,
    pub tenant_id: TenantId,
    /// SHA-256 of the call's canonical body, hexadecimal: the same id with another one is a conflict.
    pub digest: String,
    /// By the api's clock.
    pub accepted_at: Timestamp,
    /// Why the journal refused it as a whole; it then has no actions.
    pub refused: Option<Reason>,
    pub total: i32,
    pub done: i32,
    pub failed: i32,
    pub superseded: i32,
    pub cancelled: i32,
    /// Last sequence number of an event about this request.
    pub event_seq: i64,
    pub created_at: Timestamp,
    /// When the last of its actions ended.
    pub finished_at: Option<Timestamp>,
}

impl Request {
    /// Actions that have not ended. total = open + done + failed + superseded + cancelled.
    pub fn open(&self) -> i32 {
        self.total - self.done - self.failed - self.superseded - self.cancelled
    }

    /// Adds what ended. The request is finished, once, by whatever leaves nothing of it open.
    pub fn count(&mut self, delta: &CounterDelta, now: Timestamp) {
        self.done += delta.done;
        self.failed += delta.failed;
        self.superseded += delta.superseded;
        self.cancelled += delta.cancelled;
        if self.open() == 0 && self.finished_at.is_none() {
            self.finished_at = Some(now);
            self.event_seq += 1;
        }
    }
}

/// How the actions of one request that ended in one transaction add to its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterDelta {
    pub id: RequestId,
    pub done: i32,
    pub failed: i32,
    pub superseded: i32,
    pub cancelled: i32,
}

impl CounterDelta {
    pub fn none(id: RequestId) -> Self {
        Self { id, done: 0, failed: 0, superseded: 0, cancelled: 0 }
    }
}

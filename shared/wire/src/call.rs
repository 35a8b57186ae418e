//! Calls of broker-driven clients: what HTTP would carry, in one message, and the answer to it.
//!
//! Unlike all other kinds these are written by programs that are not ours. Deliberately absent: secrets. A message
//! may lie on a disc before it is read, so a call that sets one is refused.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use wanlink_domain::ids::MessageId;

/// One call of the API. The envelope's id names it in the answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// HTTP's, in capitals: `POST`.
    pub method: String,
    /// From `/v1/` on, with the query.
    pub path: String,
    /// What HTTP has as the header `Idempotency-Key`. Required for `POST`, so that a call that is delivered or sent
    /// again is the same request; otherwise the envelope's id stands in for it.
    pub idempotency_key: Option<String>,
    /// JSON as HTTP would have it; null or absent: no body.
    #[serde(default)]
    pub body: Value,
}

/// The answer: the same whichever way a call came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Called {
    /// The id of the call's envelope.
    pub call: MessageId,
    /// HTTP's status code.
    pub status: u16,
    /// Where what was made, or will be, can be read.
    pub location: Option<String>,
    /// Where coming back later makes sense: after how long, in seconds.
    pub retry_after_s: Option<u64>,
    /// The object, the list or the problem; null where HTTP's answer has no body.
    pub body: Value,
}

/// Without the body and the query: nobody can promise that there is nothing private in them.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("method", &self.method)
            .field("path", &self.path.split('?').next().unwrap_or_default())
            .finish_non_exhaustive()
    }
}

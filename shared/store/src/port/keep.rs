//! What may be removed once it is old, and what a removal found. How long everything is kept is the configuration's.

use uuid::Uuid;
use wanlink_domain::time::Timestamp;

/// A kind of rows that end and are kept for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// Published events.
    Events,
    /// Answers of commands.
    Answers,
    /// Parked messages that were sent again.
    Replayed,
    /// Finished requests, whole, with their actions and attempts. One stays while a link that is not DELETED has its
    /// latest action, or its latest failed one, in it. Looked at in the order of making, behind this place.
    Requests { after: Option<(Timestamp, Uuid)> },
    /// Tombstones of links, with what is left of their actions. One stays while an action of it is unfinished or
    /// ended later.
    Tombstones,
}

/// What one removal did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Rows removed; of requests and tombstones only these, not what went with them.
    pub gone: u64,
    /// There may be more: for requests, behind this place.
    pub more: bool,
    pub last: Option<(Timestamp, Uuid)>,
}

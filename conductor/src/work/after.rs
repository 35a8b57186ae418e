//! What a unit of work asks for once it is committed: prompts, and loops to wake. Deliberately absent: doing either.

use std::time::Duration;
use wanlink_domain::ids::AccountId;
use wanlink_domain::trace::TraceParent;
use wanlink_wire::account::Prompt;

/// A prompt to publish once the transaction is committed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    pub account: AccountId,
    pub prompt: Prompt,
    pub trace: Option<TraceParent>,
}

/// What a unit of work asks for once it is committed.
#[derive(Debug, Default)]
pub struct Written {
    pub prompts: Vec<Outgoing>,
    pub wake: Wake,
}

/// Which loops have something to do before they would look by themselves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wake {
    /// How soon the first of the written actions comes due.
    pub due_in: Option<Duration>,
    pub events: bool,
}

impl Wake {
    /// Something is due and something may be told: for changes that no unit of work has written.
    pub const ALL: Self = Self { due_in: Some(Duration::ZERO), events: true };

    pub fn merge(&mut self, other: Self) {
        self.due_in = self.due_in.into_iter().chain(other.due_in).min();
        self.events |= other.events;
    }
}

//! What travels on the broker: one versioned envelope and a closed list of kinds.
//!
//! A message that cannot be read is never dropped: [`decode`] says whether to give it back (a newer version: a
//! newer process will read it) or to park it (nobody ever will). Bodies never hold a secret in clear. Which queue
//! carries which kind stands beside each kind.

pub mod account;
pub mod call;
pub mod conductor;
mod envelope;
pub mod journal;
pub mod lease;
pub mod report;

pub use envelope::{DecodeError, Envelope, Message, NEWEST, OLDEST, decode, encode};

//! The database port: a closed list of set-based operations, in wanlink's words.
//!
//! A write is a [`Transaction`]: rows are locked, then decided on by the domain, then written, then committed.
//! Locks are taken links first, then actions, accounts, services, requests and sessions, each in id order, so that no two
//! transactions wait for each other in a circle. Deliberately absent: SQL, tables, and any operation that decides.

mod keep;
mod read;
mod write;

pub use keep::{Forgotten, Old};
pub use read::{ActionFilter, Catalogue, LinkFilter, NetworkFilter, Page, ReadStore, ServiceFilter, Slice};
pub use write::{Census, Deleted, Due, Guarded, Inserted, Store, Transaction, Waiting};

/// Why a store operation failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or is not ready. Nothing was committed.
    #[error("database unavailable: {0}")]
    Unavailable(String),
    /// The transaction lost against another one (serialization, deadlock): nothing was committed, do it again.
    #[error("database conflict: {0}")]
    Conflict(String),
    /// The connection broke inside COMMIT: it may or may not have happened.
    #[error("database gave no word on a commit: {0}")]
    CommitUnknown(String),
    /// A row violates the schema. A fault of wanlink's own, or a poisonous input.
    #[error("the database refuses a row: {0}")]
    Invalid(String),
    /// The schema is not the one that this build needs.
    #[error("the database schema is at version {found}, this build needs {needed}: run `wanlink migrate`")]
    Schema { found: i64, needed: i64 },
    /// A connection that may only read was asked to write.
    #[error("this connection is read-only: {0}")]
    ReadOnly(String),
}

impl StoreError {
    /// Trying the same again may succeed without anything else changing.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict(_) | Self::CommitUnknown(_))
    }
}

/// What an engine can do, declared, never emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Name for logs and status: `postgres`, `sqlite`, `memory`.
    pub engine: &'static str,
    /// A committed transaction survives the end of the process and of the machine.
    pub durable: bool,
    /// Several processes may write at once.
    pub shared: bool,
}

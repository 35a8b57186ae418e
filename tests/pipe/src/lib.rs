//! The bare pipe: what message broker and database do by themselves for one message and one guarded update an action.
//! wanlink's speed is told beside it, for neither figure says much alone.
//!
//! One process publishes ([`publish`]), one consumes ([`Consumer`]); both use the drivers directly, because a ceiling
//! must not be made of the layers that are measured against it. The queues are made by whoever starts the pipe, so
//! that they are the product's own. Deliberately absent: anything that wanlink needs beyond that (several processes,
//! reconnection, repetition, events, an HTTP api).

mod consumer;
mod message;
mod publisher;
mod rows;

pub use consumer::{Consumer, Drained};
pub use publisher::{Publisher, publish};

use serde::{Deserialize, Serialize};

/// What flows. `Debug` is absent: the URL holds a password.
#[derive(Clone, Serialize, Deserialize)]
pub struct Job {
    pub amqp_url: String,
    pub exchange: String,
    /// One for each queue.
    pub routing_keys: Vec<String>,
    pub messages: usize,
    /// Rows of the table. Message n is about row `n % rows`, and each row's messages go to one queue.
    pub rows: usize,
    /// Bytes of a message.
    pub bytes: usize,
    pub persistent: bool,
    /// Publishes without a confirm, at most.
    pub unconfirmed: usize,
}

/// Why the pipe broke.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("message broker: {0}")]
    Broker(#[from] lapin::Error),
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    #[error("message {0} was refused, or no queue took it")]
    Lost(usize),
    #[error("a delivery is no message of this pipe")]
    Foreign,
    #[error("an update changed {changed} of {expected} rows")]
    Guard { changed: u64, expected: usize },
    #[error("the deliveries ended early")]
    Ended,
}

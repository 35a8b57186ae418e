//! The message broker port: what the roles may ask of any broker, in wanlink's words.
//!
//! Queues are named by what they are for ([`Queue`]); exchanges, queue arguments and subjects are an engine's own
//! affair. Engines reconnect by themselves and never pretend: a publish has one of five ends, and a delivery that
//! belongs to an earlier connection can no longer be settled.

use async_trait::async_trait;
use bytes::Bytes;
use std::time::Duration;
use wanlink_domain::ids::AccountId;

/// A place that holds messages until a consumer takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// Accepted requests, one message each, for the conductors. Durable, bounded.
    Journal,
    /// What attempts, polls and observations found. Durable, bounded.
    Reports,
    /// Claims and catalogue commands: repeated by the caller until answered, so they may expire.
    Conductor,
    /// Registrations, renewals, status updates: never behind work.
    Leases,
    /// Requests of broker-driven clients.
    Requests,
    /// Messages that nobody could handle, with the reason.
    Parked,
    /// One account's prompts, for its leaseholder.
    Account(AccountId),
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Into this queue: exactly one queue must take it, or the publish ends [`PublishError::Returned`].
    Queue(Queue),
    /// To the inbox of the publisher that asked ([`Delivery::reply_to`]). Nobody listening is no error.
    Reply(ReplyTo),
    /// To every subscriber of a matching pattern. Nobody listening is no error.
    Event { tenant: String, subject: String, kind: String },
}

/// An engine's opaque address of a publisher's inbox; valid as long as that publisher's connection lives.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReplyTo(pub String);

/// A message on its way to the broker.
#[derive(Clone, Debug)]
pub struct Outgoing {
    pub to: Address,
    pub payload: Bytes,
    /// Ask that the receiver can answer into this publisher's inbox.
    pub wants_reply: bool,
    /// Drop the message if nobody took it for this long. Only for queues whose senders repeat.
    pub expires: Option<Duration>,
}

/// How a publish ended, where it did not end with the broker's durable word.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// Nothing was sent: no connection, or the broker has blocked publishers (memory, disk).
    #[error("message broker unavailable: {0}")]
    Unavailable(String),
    /// Sent, but no confirm came: the message may or may not be there.
    #[error("message broker gave no confirm: {0}")]
    Unknown(String),
    /// Confirmed, but returned: no queue took it.
    #[error("no queue took the message")]
    Returned,
    /// Refused by the broker: the queue is full.
    #[error("the queue refused the message: it is full")]
    Refused,
}

/// What a queue lookup or declaration found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueState {
    /// Messages ready for a consumer; those held unacknowledged do not count.
    pub ready: u32,
    pub consumers: u32,
}

/// An administrative call's failure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    #[error("message broker unavailable: {0}")]
    Unavailable(String),
    /// The queue exists with other properties; the text names the property.
    #[error("queue {queue} exists with other properties: {detail}")]
    Incompatible { queue: String, detail: String },
    /// The chosen engine cannot do this.
    #[error("this message broker cannot {0}")]
    Unsupported(&'static str),
}

/// What an engine can do, declared, never emulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Name for logs and status: `amqp`, `memory`.
    pub engine: &'static str,
    /// A confirmed message survives the end of this process and of the broker.
    pub durable: bool,
}

/// Whether the engine is connected now, and how often it has been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    pub connected: bool,
    /// The broker has told us to stop publishing (memory or disk alarm).
    pub blocked: bool,
    /// Counts successful connections; a change means that earlier deliveries and replies are gone.
    pub generation: u64,
    /// Why it is not connected, for people; never holds a credential.
    pub detail: Option<String>,
}

impl Health {
    pub fn ready(&self) -> bool {
        self.connected && !self.blocked
    }
}

/// One broker, reached by one process.
#[async_trait]
pub trait Broker: Send + Sync + 'static {
    fn capabilities(&self) -> Capabilities;

    /// Follows the connection's state.
    fn health(&self) -> tokio::sync::watch::Receiver<Health>;

    /// Makes the fixed queues and exchanges; twice is once.
    async fn declare_topology(&self) -> Result<(), BrokerError>;

    /// Makes an account's queue; twice is once. Answers what is in it now.
    async fn declare_account(&self, account: AccountId) -> Result<QueueState, BrokerError>;

    /// Removes an account's queue with all that is in it; an absent queue is no error.
    async fn delete_account(&self, account: AccountId) -> Result<(), BrokerError>;

    /// Looks a queue up without making it; `None`: there is none.
    async fn inspect(&self, queue: Queue) -> Result<Option<QueueState>, BrokerError>;

    /// Removes what is ready in a queue and answers how many messages that was. For operators and tests.
    async fn purge(&self, queue: Queue) -> Result<u32, BrokerError>;

    /// A publisher with an inbox of its own.
    fn publisher(&self) -> Box<dyn Publisher>;

    /// A consumer holding at most `prefetch` unsettled deliveries. It survives reconnections: a delivery of an
    /// earlier generation simply can no longer be settled. A queue that is absent is tried again with backoff.
    fn consumer(&self, queue: Queue, prefetch: u16) -> Box<dyn Consumer>;

    /// A consumer of events published from now on whose tenant, subject and kind match; `None` matches all.
    fn subscribe(&self, tenant: Option<String>) -> Box<dyn Consumer>;

    /// Ends all connections after what was published has its confirm or `within` has passed.
    async fn close(&self, within: Duration);
}

/// Publishes messages and receives the answers to them. Cheap to clone behind `Arc`; concurrent use is the rule.
#[async_trait]
pub trait Publisher: Send + Sync {
    /// `Ok` only when the broker has the message safely: confirmed **and not returned**.
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError>;

    /// Sends without waiting for the confirm: for prompts, which the record brings back. A message that is
    /// returned or refused is counted ([`Publisher::lost`]), never reported. Fails only if nothing was sent.
    async fn publish_unwaited(&self, message: Outgoing) -> Result<(), PublishError>;

    /// Unwaited messages so far that were returned, refused or cut off before their confirm.
    fn lost(&self) -> u64;

    /// The next message in this publisher's inbox; `None` after [`Broker::close`]. One caller at a time.
    async fn next_reply(&self) -> Option<Bytes>;
}

/// Takes messages from one queue, one at a time, across reconnections.
#[async_trait]
pub trait Consumer: Send {
    /// Waits for the next delivery; `None` only after [`Broker::close`] or [`Consumer::close`]. Cancel-safe.
    async fn next(&mut self) -> Option<Delivery>;

    /// A delivery if one is there already. Never waits.
    fn try_next(&mut self) -> Option<Delivery>;

    /// Stops and gives everything unsettled back. Dropping the consumer does the same, without waiting.
    async fn close(&mut self);
}

/// One message in a consumer's hands. Dropping it settles nothing: it stays unsettled until its consumer closes.
pub struct Delivery {
    pub payload: Bytes,
    pub redelivered: bool,
    /// Where the sender wants its answer.
    pub reply_to: Option<ReplyTo>,
    pub(crate) settle: Box<dyn Settle>,
}

/// What became of an acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Handed to the broker on the delivery's own channel. Not a proof that the broker has it.
    Sent,
    /// The channel of that delivery is gone: nothing was sent, the message will come again.
    Gone,
}

impl Delivery {
    /// Wraps a delivery for the port; `settle` is the engine's handle on it.
    pub fn new(
        payload: Bytes,
        redelivered: bool,
        reply_to: Option<ReplyTo>,
        settle: Box<dyn Settle>,
    ) -> Self {
        Self { payload, redelivered, reply_to, settle }
    }

    /// Takes the message off its queue for good.
    pub async fn ack(self) -> Settled {
        self.settle.ack().await
    }

    /// Puts the message back at once; it will be delivered again, to anyone.
    pub async fn give_back(self) -> Settled {
        self.settle.give_back().await
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("bytes", &self.payload.len())
            .field("redelivered", &self.redelivered)
            .field("reply_to", &self.reply_to)
            .finish_non_exhaustive()
    }
}

/// An engine's handle on one delivery.
#[async_trait]
pub trait Settle: Send {
    async fn ack(self: Box<Self>) -> Settled;
    async fn give_back(self: Box<Self>) -> Settled;
}

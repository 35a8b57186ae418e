//! Messages on their way out, in their envelopes.

use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use wanlink_broker::port::{Address, Outgoing, PublishError, Publisher, Queue};
use wanlink_domain::ids::MessageId;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_wire::{Envelope, Message, encode};

/// An unanswered question outlives this many of its repetitions in a queue, so that a conductor that is slow, but
/// not away, still finds one.
const EXPIRES_AFTER_REPEATS: u32 = 4;

/// The worker's publisher: one inbox for all answers.
pub(crate) struct Post {
    publisher: Box<dyn Publisher>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    repeat: Duration,
}

impl Post {
    pub fn new(
        publisher: Box<dyn Publisher>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        repeat: Duration,
    ) -> Self {
        Self { publisher, clock, entropy, repeat }
    }

    fn outgoing(
        &self,
        queue: Queue,
        message: Message,
        wants_reply: bool,
        expires: Option<Duration>,
    ) -> Outgoing {
        let at = self.clock.wall();
        let id = MessageId(self.entropy.uuid_v7(at));
        let payload = Bytes::from(encode(&Envelope { id, at, trace: None, message }));
        Outgoing { to: Address::Queue(queue), payload, wants_reply, expires }
    }

    /// Sends a question whose asker repeats it until it is answered: nobody waits for its confirm.
    pub async fn ask(&self, queue: Queue, message: impl Into<Message>) -> Result<(), PublishError> {
        let expires = Some(self.repeat * EXPIRES_AFTER_REPEATS);
        let outgoing = self.outgoing(queue, message.into(), true, expires);
        // A connection that hangs must not hold up the renewals that come after this question.
        match tokio::time::timeout(self.repeat, self.publisher.publish_unwaited(outgoing)).await {
            Ok(sent) => sent,
            Err(_) => Err(PublishError::Unknown(format!("not sent within {:?}", self.repeat))),
        }
    }

    /// Hands over what must not be lost: `Ok` only with the broker's word.
    pub async fn file(&self, queue: Queue, message: impl Into<Message>) -> Result<(), PublishError> {
        self.publisher.publish(self.outgoing(queue, message.into(), true, None)).await
    }

    /// The next answer; `None` after the broker was closed.
    pub async fn next_answer(&self) -> Option<Bytes> {
        self.publisher.next_reply().await
    }
}

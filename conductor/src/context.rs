//! What every part of a conductor uses: its database, its way to the broker, its clocks and its limits.

use crate::figures;
use crate::settings::ConductorSettings;
use crate::work::{Outgoing, Wake};
use std::sync::Arc;
use tokio::sync::Notify;
use wanlink_broker::port::{Address, Broker, PublishError, Publisher, Queue, ReplyTo};
use wanlink_domain::connector::ConnectorCatalogue;
use wanlink_domain::ids::{AccountId, MessageId};
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_store::port::Store;
use wanlink_wire::{Envelope, Message, encode};

/// Shared by all parts of one conductor.
pub struct Context {
    pub store: Arc<dyn Store>,
    pub broker: Arc<dyn Broker>,
    pub publisher: Arc<dyn Publisher>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: ConductorSettings,
    pub telemetry: Telemetry,
    /// What the connector kinds of this build can do.
    pub connectors: ConnectorCatalogue,
    /// Work may be due, or events written, earlier than the loops that look for them expect.
    pub nudge: Nudge,
}

/// Wakes the loops that would otherwise look again only at their next tick.
#[derive(Debug, Default)]
pub struct Nudge {
    pub dispatch: Notify,
    pub outbox: Notify,
    pub planner: Notify,
}

impl Context {
    /// Wakes the loops for what was committed; what comes due after their next look by themselves can wait for that.
    pub fn wake(&self, wake: Wake) {
        if wake.due_in.is_some_and(|due_in| due_in < self.settings.tick) {
            self.nudge.dispatch.notify_one();
        }
        if wake.events {
            self.nudge.outbox.notify_one();
        }
    }

    /// A message in its envelope, ready for the broker.
    pub fn seal(&self, message: Message) -> Vec<u8> {
        self.seal_in(None, message)
    }

    /// The same, in a trace.
    fn seal_in(&self, trace: Option<TraceParent>, message: Message) -> Vec<u8> {
        let at = self.clock.wall();
        encode(&Envelope { id: MessageId(self.entropy.uuid_v7(at)), at, trace, message })
    }

    /// Answers a caller. Nobody listening any more is no error: callers repeat until answered.
    pub async fn reply(&self, to: ReplyTo, message: Message) {
        figures::answered(&self.telemetry.metrics, &message);
        let kind = message.kind();
        let message = self.outgoing(Address::Reply(to), None, message);
        if let Err(error) = self.publisher.publish_unwaited(message).await {
            tracing::debug!(kind, %error, "an answer was not sent; its caller will ask again");
        }
    }

    /// Sends prompts. What is lost of them is dispatched again when it comes due.
    pub async fn prompt(&self, prompts: Vec<Outgoing>) {
        for Outgoing { account, prompt, trace } in prompts {
            self.to_account(account, trace, prompt.into()).await;
        }
    }

    /// Sends something to an account's queue without waiting for its confirm.
    pub async fn to_account(&self, account: AccountId, trace: Option<TraceParent>, message: Message) {
        let kind = message.kind();
        self.telemetry.metrics.dispatched.one([kind]);
        let message = self.outgoing(Address::Queue(Queue::Account(account)), trace, message);
        if let Err(error) = self.publisher.publish_unwaited(message).await {
            tracing::debug!(%account, kind, %error, "not sent; it is sent again when it comes due");
        }
    }

    /// Publishes and waits for the broker's word.
    pub async fn publish(&self, to: Address, payload: Vec<u8>) -> Result<(), PublishError> {
        let message =
            wanlink_broker::port::Outgoing { to, payload: payload.into(), wants_reply: false, expires: None };
        self.publisher.publish(message).await
    }

    fn outgoing(
        &self,
        to: Address,
        trace: Option<TraceParent>,
        message: Message,
    ) -> wanlink_broker::port::Outgoing {
        wanlink_broker::port::Outgoing {
            to,
            payload: self.seal_in(trace, message).into(),
            wants_reply: false,
            expires: None,
        }
    }
}

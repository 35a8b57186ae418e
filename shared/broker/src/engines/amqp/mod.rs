//! The AMQP 0-9-1 engine: RabbitMQ 3.10 to 4.x.
//!
//! `wire` alone names the client library and limits every call; `supervisor` keeps two connections; `topology`
//! knows the names and arguments; `confirms`, `publisher` and `consumer` give the port's semantics. Deliberately
//! absent: automatic redeclaration. A reconnection shows in the generation of [`Health`]; whether queues are to be
//! made again is for the record to say, not for the engine.

mod config;
mod confirms;
mod consumer;
mod publisher;
mod supervisor;
mod topology;
mod wire;

pub use config::{AmqpConfig, AmqpOptions};

use crate::port::{Broker, BrokerError, Capabilities, Consumer, Health, Publisher, Queue, QueueState};
use async_trait::async_trait;
use consumer::{AmqpConsumer, EVENTS_PREFETCH, Source};
use publisher::AmqpPublisher;
use std::sync::Arc;
use std::time::Duration;
use supervisor::{Session, Shared};
use tokio::sync::watch;
use wanlink_domain::ids::AccountId;
use wanlink_runtime::entropy::Entropy;
use wire::{WireChannel, WireError};

pub(super) const CAPABILITIES: Capabilities = Capabilities { engine: "amqp", durable: true };

/// One process's connections to an AMQP broker. Clones share them.
#[derive(Clone)]
pub struct AmqpBroker {
    shared: Arc<Shared>,
    keep: Arc<StopOnDrop>,
}

/// Ends the engine's tasks with its last handle, where nobody called [`Broker::close`].
struct StopOnDrop(Arc<Shared>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.publishers.token().cancel();
        self.0.rest.token().cancel();
    }
}

impl AmqpBroker {
    /// Starts connecting, inside a tokio runtime, and returns at once: [`Broker::health`] tells when it is done.
    ///
    /// # Errors
    /// The key that is wrong and why; never a URI's text.
    pub fn open(config: &AmqpConfig, entropy: Arc<dyn Entropy>) -> Result<Self, String> {
        config.check()?;
        let endpoints = config.parsed_endpoints()?;
        let security = config.security(&endpoints)?;
        // One crypto provider in the whole process; the first to need it installs it.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        let shared = Arc::new(Shared::new(config, entropy));
        shared.rest.spawn(supervisor::run(shared.clone(), endpoints, security));
        Ok(Self { keep: Arc::new(StopOnDrop(shared.clone())), shared })
    }

    /// Removes the fixed queues and exchanges with all that is in them: to leave a shared broker as it was.
    pub async fn delete_topology(&self) -> Result<(), BrokerError> {
        let (session, channel) = self.channel().await?;
        let ended = self.shared.topology.delete(&channel).await;
        finish(&session, &channel, "topology", ended).await
    }

    /// A channel for one administrative call, on the connection that is never blocked. An error closes a
    /// channel, so each call has its own.
    async fn channel(&self) -> Result<(Arc<Session>, WireChannel), BrokerError> {
        let session = self.shared.current().map_err(BrokerError::Unavailable)?;
        match session.consume.channel().await {
            Ok(channel) => Ok((session, channel)),
            Err(error) => {
                session.judge(&error);
                Err(BrokerError::Unavailable(error.to_string()))
            }
        }
    }
}

/// Ends an administrative call: its channel is closed, its error put into the port's words.
async fn finish<T>(
    session: &Session,
    channel: &WireChannel,
    queue: &str,
    ended: Result<T, WireError>,
) -> Result<T, BrokerError> {
    match ended {
        Ok(value) => {
            channel.close().await;
            Ok(value)
        }
        Err(WireError::Incompatible(detail)) => {
            Err(BrokerError::Incompatible { queue: queue.to_owned(), detail })
        }
        Err(error) => {
            session.judge(&error);
            Err(BrokerError::Unavailable(error.to_string()))
        }
    }
}

#[async_trait]
impl Broker for AmqpBroker {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.subscribe()
    }

    async fn declare_topology(&self) -> Result<(), BrokerError> {
        let (session, channel) = self.channel().await?;
        match self.shared.topology.declare(&channel).await {
            Ok(()) => finish(&session, &channel, "", Ok(())).await,
            Err((name, error)) => finish(&session, &channel, &name, Err(error)).await,
        }
    }

    async fn declare_account(&self, account: AccountId) -> Result<QueueState, BrokerError> {
        let (session, channel) = self.channel().await?;
        let name = self.shared.topology.queue_name(Queue::Account(account));
        match self.shared.topology.declare_account(&channel, account, true).await {
            // Made when the configuration said otherwise? Nothing rests on its kind, so the account keeps it. The refusal
            // has closed the channel.
            Err(refused @ WireError::Incompatible(_)) => {
                let (session, channel) = self.channel().await?;
                match self.shared.topology.declare_account(&channel, account, false).await {
                    Err(WireError::Incompatible(_)) => finish(&session, &channel, &name, Err(refused)).await,
                    ended => finish(&session, &channel, &name, ended).await,
                }
            }
            ended => finish(&session, &channel, &name, ended).await,
        }
    }

    async fn delete_account(&self, account: AccountId) -> Result<(), BrokerError> {
        let (session, channel) = self.channel().await?;
        let name = self.shared.topology.queue_name(Queue::Account(account));
        let ended = match channel.delete_queue(&name).await {
            Err(WireError::Absent) => return Ok(()),
            ended => ended,
        };
        finish(&session, &channel, &name, ended).await
    }

    async fn inspect(&self, queue: Queue) -> Result<Option<QueueState>, BrokerError> {
        let (session, channel) = self.channel().await?;
        let name = self.shared.topology.queue_name(queue);
        let ended = match channel.find_queue(&name).await {
            Err(WireError::Absent) => return Ok(None),
            ended => ended.map(Some),
        };
        finish(&session, &channel, &name, ended).await
    }

    async fn purge(&self, queue: Queue) -> Result<u32, BrokerError> {
        let (session, channel) = self.channel().await?;
        let name = self.shared.topology.queue_name(queue);
        let ended = match channel.purge(&name).await {
            Err(WireError::Absent) => return Ok(0),
            ended => ended,
        };
        finish(&session, &channel, &name, ended).await
    }

    fn publisher(&self) -> Box<dyn Publisher> {
        Box::new(AmqpPublisher::start(self.shared.clone(), self.keep.clone()))
    }

    fn consumer(&self, queue: Queue, prefetch: u16) -> Box<dyn Consumer> {
        Box::new(AmqpConsumer::start(&self.shared, Source::Queue(queue), prefetch, self.keep.clone()))
    }

    fn subscribe(&self, tenant: Option<String>) -> Box<dyn Consumer> {
        let source = Source::Events { tenant };
        Box::new(AmqpConsumer::start(&self.shared, source, EVENTS_PREFETCH, self.keep.clone()))
    }

    async fn close(&self, within: Duration) {
        self.shared.publishers.stop(within).await;
        // Everything that still runs ends by its own limits; closing says goodbye to the broker.
        self.shared.rest.stop(self.shared.timeouts.close * 3).await;
    }
}

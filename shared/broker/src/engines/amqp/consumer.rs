//! Consuming over AMQP: one channel per consumer, opened again whenever it ends.
//!
//! A task per consumer keeps the channel; the consumer itself only takes from a bounded hand-over. A channel has a
//! [`Life`]: when it ends, its deliveries still in the hand-over are thrown away (the broker gives them again) and
//! those in the caller's hands can no longer be settled. Deliberately absent: any memory of messages.

use super::StopOnDrop;
use super::supervisor::{Backoff, Session, Shared};
use super::wire::{WireAcker, WireChannel, WireDelivery, WireError, WireStream};
use crate::port::{Consumer, Delivery, Queue, ReplyTo, Settle, Settled};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Unsettled events in one subscriber's hands.
pub(super) const EVENTS_PREFETCH: u16 = 256;

/// What a consumer takes from.
pub(super) enum Source {
    Queue(Queue),
    /// A queue of one's own, fed by the events of one tenant or of all.
    Events {
        tenant: Option<String>,
    },
}

/// Whether a delivery's channel is still the one it came on.
#[derive(Debug, Default)]
struct Life {
    ended: AtomicBool,
}

impl Life {
    fn end(&self) {
        self.ended.store(true, Ordering::Release);
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

type HandOver = (Arc<Life>, Delivery);

pub(super) struct AmqpConsumer {
    deliveries: mpsc::Receiver<HandOver>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
    _keep: Arc<StopOnDrop>,
}

impl AmqpConsumer {
    pub(super) fn start(shared: &Arc<Shared>, source: Source, prefetch: u16, keep: Arc<StopOnDrop>) -> Self {
        // AMQP reads 0 as "without limit".
        let prefetch = prefetch.max(1);
        let (hand_over, deliveries) = mpsc::channel(usize::from(prefetch));
        let stop = shared.rest.token().child_token();
        let pump = Pump { shared: shared.clone(), source, prefetch, hand_over, stop: stop.clone() };
        let task = Some(shared.rest.spawn(pump.run()));
        Self { deliveries, stop, task, _keep: keep }
    }
}

#[async_trait]
impl Consumer for AmqpConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let (life, delivery) = self.deliveries.recv().await?;
            if !life.has_ended() {
                return Some(delivery);
            }
        }
    }

    fn try_next(&mut self) -> Option<Delivery> {
        loop {
            let (life, delivery) = self.deliveries.try_recv().ok()?;
            if !life.has_ended() {
                return Some(delivery);
            }
        }
    }

    async fn close(&mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            // Its own awaits are limited; a panic there has been reported where it happened.
            let _ = task.await;
        }
    }
}

impl Drop for AmqpConsumer {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The consumer's task.
struct Pump {
    shared: Arc<Shared>,
    source: Source,
    prefetch: u16,
    hand_over: mpsc::Sender<HandOver>,
    stop: CancellationToken,
}

impl Pump {
    async fn run(self) {
        let mut backoff = Backoff::new(self.shared.entropy.clone());
        loop {
            let session = tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                session = self.shared.next_session() => session,
            };
            match self.open(&session).await {
                Ok((channel, stream)) => {
                    backoff.reset();
                    self.forward(&session, &channel, stream).await;
                }
                // An absent queue is one that is not declared yet, or no longer: its turn may come.
                Err(error) => {
                    session.judge(&error);
                    tracing::debug!(engine = "amqp", queue = %self.name(), %error, "cannot consume yet");
                }
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = tokio::time::sleep(backoff.next()) => {}
            }
        }
    }

    fn name(&self) -> String {
        match &self.source {
            Source::Queue(queue) => self.shared.topology.queue_name(*queue),
            Source::Events { .. } => "events".to_owned(),
        }
    }

    async fn open(&self, session: &Session) -> Result<(WireChannel, WireStream), WireError> {
        let channel = session.consume.channel().await?;
        match self.consume(&channel).await {
            Ok(stream) => Ok((channel, stream)),
            Err(error) => {
                // What was asked may still come to be: a consumer that nobody listens to would hold deliveries. The close
                // ends it whenever the broker gets to it, so its answer need not come.
                channel.close().await;
                Err(error)
            }
        }
    }

    async fn consume(&self, channel: &WireChannel) -> Result<WireStream, WireError> {
        let topology = &self.shared.topology;
        let name = match &self.source {
            Source::Queue(queue) => topology.queue_name(*queue),
            Source::Events { tenant } => topology.declare_subscription(channel, tenant.as_deref()).await?,
        };
        channel.consume(&name, Some(self.prefetch)).await
    }

    /// Hands deliveries over until the channel ends, the consumer is closed or the session is dead.
    async fn forward(&self, session: &Arc<Session>, channel: &WireChannel, mut stream: WireStream) {
        let life = Arc::new(Life::default());
        loop {
            let item = tokio::select! {
                biased;
                () = self.stop.cancelled() => break,
                () = session.died() => break,
                item = stream.next() => item,
            };
            match item {
                Some(Ok(delivery)) => {
                    let delivery = wrap(delivery, &life, session);
                    // There is room for as many as the broker gives unsettled, except while deliveries of an
                    // earlier channel still lie there.
                    tokio::select! {
                        biased;
                        () = self.stop.cancelled() => break,
                        () = session.died() => break,
                        sent = self.hand_over.send((life.clone(), delivery)) => if sent.is_err() { break },
                    }
                }
                Some(Err(error)) => session.judge(&error),
                None => break,
            }
        }
        // First no more settling, then the close, by which the broker takes everything unsettled back.
        life.end();
        channel.close().await;
    }
}

fn wrap(delivery: WireDelivery, life: &Arc<Life>, session: &Arc<Session>) -> Delivery {
    let WireDelivery { payload, redelivered, reply_to, acker } = delivery;
    let settle = AmqpSettle { acker, life: life.clone(), session: session.clone() };
    Delivery::new(payload, redelivered, reply_to.map(ReplyTo), Box::new(settle))
}

/// The handle on one delivery, good as long as its channel lives.
struct AmqpSettle {
    acker: WireAcker,
    life: Arc<Life>,
    session: Arc<Session>,
}

impl AmqpSettle {
    fn settled(&self, sent: Result<bool, WireError>) -> Settled {
        match sent {
            Ok(true) => Settled::Sent,
            Ok(false) => Settled::Gone,
            Err(error) => {
                self.session.judge(&error);
                Settled::Gone
            }
        }
    }
}

#[async_trait]
impl Settle for AmqpSettle {
    async fn ack(self: Box<Self>) -> Settled {
        if self.life.has_ended() {
            return Settled::Gone;
        }
        let sent = self.acker.ack().await;
        self.settled(sent)
    }

    async fn give_back(self: Box<Self>) -> Settled {
        if self.life.has_ended() {
            return Settled::Gone;
        }
        let sent = self.acker.give_back().await;
        self.settled(sent)
    }
}

//! The loop that every queue is consumed by: take what is there, one transaction, answer, acknowledge.
//!
//! A batch never waits to fill. What cannot be read is parked, and a version that is too new is given back with
//! the process not ready. A batch that fails is tried in halves, so that one poisonous message is found alone and
//! parked while its neighbours go on. Without the database nothing is consumed: the channel is closed, which
//! gives everything back, and the loop waits. Acknowledged is only what is committed.

use crate::context::Context;
use crate::figures;
use crate::spans;
use crate::work::{Outgoing, Wake};
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wanlink_broker::port::{Address, Consumer, Delivery, Queue, ReplyTo};
use wanlink_domain::retry::Schedule;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::StoreError;
use wanlink_wire::{DecodeError, Envelope, Message, decode, encode, report};

/// One message that was read.
#[derive(Clone, Debug)]
pub struct Received {
    pub envelope: Envelope,
    pub reply_to: Option<ReplyTo>,
}

/// What is to be published after a batch's transaction has committed.
#[derive(Debug, Default)]
pub struct Handled {
    pub replies: Vec<(ReplyTo, Message)>,
    pub prompts: Vec<Outgoing>,
    pub wake: Wake,
}

impl Handled {
    fn merge(&mut self, other: Handled) {
        self.replies.extend(other.replies);
        self.prompts.extend(other.prompts);
        self.wake.merge(other.wake);
    }
}

/// What is done with the messages of one queue. Handling the same batch twice must be handling it once.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    fn queue(&self) -> Queue;

    /// Whether this kind belongs on this queue.
    fn accepts(&self, message: &Message) -> bool;

    /// One transaction for all of them.
    async fn handle(&self, batch: &[Received]) -> Result<Handled, StoreError>;
}

/// How often a batch that lost against another transaction is tried again before it is halved.
const CONFLICTS_MAX: u32 = 10;
/// The pauses while something outside is away.
const AWAY: Schedule = Schedule {
    initial: Duration::from_millis(100),
    max: Duration::from_secs(5),
    multiplier: 2.0,
    jitter: 0.5,
};

/// Consumes one queue until the tasks are stopped.
pub async fn consume(handler: Arc<dyn Handler>, context: Arc<Context>, state: Arc<QueueState>, tasks: Tasks) {
    let mut failures = 0;
    while !tasks.is_stopping() {
        let prefetch = u16::try_from(context.settings.batch_max.saturating_mul(2)).unwrap_or(u16::MAX);
        let mut consumer = context.broker.consumer(handler.queue(), prefetch);
        let ended = session(&*handler, &context, &state, consumer.as_mut(), &tasks, &mut failures).await;
        consumer.close().await;
        let why = match ended {
            Ended::Stopped => return,
            Ended::Paused(why) => why,
        };
        state.working.store(false, Ordering::Relaxed);
        let pause = AWAY.interval(failures, context.entropy.bits());
        failures = failures.saturating_add(1);
        tracing::warn!(queue = ?handler.queue(), %why, pause_ms = pause.as_millis() as u64, "stopped consuming");
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Whether a queue is being consumed, for readiness.
#[derive(Debug)]
pub struct QueueState {
    working: AtomicBool,
}

impl Default for QueueState {
    fn default() -> Self {
        Self { working: AtomicBool::new(true) }
    }
}

impl QueueState {
    pub fn working(&self) -> bool {
        self.working.load(Ordering::Relaxed)
    }
}

enum Ended {
    Stopped,
    Paused(String),
}

async fn session(
    handler: &dyn Handler,
    context: &Arc<Context>,
    state: &QueueState,
    consumer: &mut dyn Consumer,
    tasks: &Tasks,
    failures: &mut u32,
) -> Ended {
    loop {
        let first = tokio::select! {
            biased;
            () = tasks.stopped() => return Ended::Stopped,
            delivery = consumer.next() => match delivery {
                Some(delivery) => delivery,
                None => return Ended::Stopped,
            },
        };
        let mut batch = Batch::default();
        batch.take(handler, first);
        while batch.received.len() < context.settings.batch_max {
            let Some(next) = consumer.try_next() else { break };
            batch.take(handler, next);
        }
        match work_off(handler, context, batch).await {
            Ok(()) => {
                *failures = 0;
                state.working.store(true, Ordering::Relaxed);
            }
            Err(why) => return Ended::Paused(why),
        }
    }
}

/// Deliveries as they were read.
#[derive(Default)]
struct Batch {
    /// What is to be handled: a delivery may stand for several messages.
    received: Vec<Received>,
    /// Where they came from; settled when all that they stand for is handled.
    known: Vec<Delivery>,
    unreadable: Vec<(Delivery, String)>,
    too_new: Option<String>,
}

impl Batch {
    fn take(&mut self, handler: &dyn Handler, delivery: Delivery) {
        let unreadable = match decode(&delivery.payload) {
            Ok(envelope) => {
                let messages = envelope.unbundle();
                match messages.iter().find(|envelope| !handler.accepts(&envelope.message)) {
                    None => {
                        let reply_to = &delivery.reply_to;
                        let received = |envelope| Received { envelope, reply_to: reply_to.clone() };
                        self.received.extend(messages.into_iter().map(received));
                        self.known.push(delivery);
                        return;
                    }
                    Some(envelope) => {
                        format!("kind {:?} does not belong on this queue", envelope.message.kind())
                    }
                }
            }
            Err(DecodeError::UnknownVersion(version)) => {
                self.too_new =
                    Some(format!("a message of version {version}: a newer conductor must take it"));
                return;
            }
            Err(error) => error.to_string(),
        };
        self.unreadable.push((delivery, unreadable));
    }
}

/// Handles one batch and settles its deliveries. `Err`: nothing more can be done now; what is not settled comes
/// again when the consumer is closed.
async fn work_off(handler: &dyn Handler, context: &Arc<Context>, batch: Batch) -> Result<(), String> {
    let Batch { received, known, unreadable, too_new } = batch;
    for (delivery, why) in unreadable {
        park(handler.queue(), context, &delivery.payload, &why).await?;
        delivery.ack().await;
    }
    let mut parked = Vec::new();
    let mut handled = Handled::default();
    let (metrics, queue) = (&context.telemetry.metrics, figures::queue(handler.queue()));
    let (began, traced_from) = (context.clock.mono(), context.telemetry.tracer.now());
    let worked = in_halves(handler, context, &received, 0, &mut parked, &mut handled).await;
    metrics.batch_messages.observe([queue], received.len());
    metrics.batch_time.observe([queue], context.clock.mono().saturating_sub(began));
    if let Some(from) = traced_from {
        spans::handled(&context.telemetry.tracer, from, &received, &handled, worked.as_ref().err());
    }
    // What was committed is told, even where the rest of the batch could not be handled now.
    context.wake(handled.wake);
    for (to, message) in handled.replies {
        context.reply(to, message).await;
    }
    context.prompt(handled.prompts).await;
    worked?;
    metrics.messages.add([queue], known.len() as u64);
    for (place, why) in parked {
        // Alone: what came with it in one delivery is handled.
        if let Some(received) = received.get(place) {
            park(handler.queue(), context, &encode(&received.envelope), &why).await?;
        }
    }
    // All at once: an acknowledgement ends when it is on the wire, and one after the other they would wait for that.
    futures::future::join_all(known.into_iter().map(Delivery::ack)).await;
    // Its neighbours are done; it is given back when the channel is closed, and this process is not ready.
    too_new.map_or(Ok(()), Err)
}

/// `offset`: the first message's place in the whole batch; `parked` collects places and reasons, `handled` what was
/// committed.
async fn in_halves(
    handler: &dyn Handler,
    context: &Arc<Context>,
    batch: &[Received],
    offset: usize,
    parked: &mut Vec<(usize, String)>,
    handled: &mut Handled,
) -> Result<(), String> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut conflicts = 0;
    let mut refusals = 0;
    let error = loop {
        match handler.handle(batch).await {
            Ok(done) => {
                handled.merge(done);
                return Ok(());
            }
            // What it refers to may have gone in the middle of it: a second look sees that and refuses properly.
            Err(StoreError::Invalid(_)) if batch.len() == 1 && refusals == 0 => {
                again(handler, context, "refused");
                refusals += 1;
            }
            // A commit of unknown outcome is made again: what was committed is found by its ids.
            Err(StoreError::Conflict(_) | StoreError::CommitUnknown(_)) if conflicts < CONFLICTS_MAX => {
                conflicts += 1;
                again(handler, context, "conflict");
                let pause = Duration::from_millis(context.entropy.bits() % (1 << conflicts.min(7)));
                tokio::time::sleep(pause).await;
            }
            Err(error) => break error,
        }
    };
    match error {
        StoreError::Unavailable(_) | StoreError::CommitUnknown(_) | StoreError::Schema { .. } => {
            Err(error.to_string())
        }
        StoreError::ReadOnly(_) => Err(error.to_string()),
        StoreError::Conflict(_) | StoreError::Invalid(_) if batch.len() > 1 => {
            again(handler, context, "halved");
            let (left, right) = batch.split_at(batch.len() / 2);
            let middle = offset + left.len();
            Box::pin(in_halves(handler, context, left, offset, parked, handled)).await?;
            Box::pin(in_halves(handler, context, right, middle, parked, handled)).await
        }
        StoreError::Conflict(_) => Err(error.to_string()),
        StoreError::Invalid(_) => {
            parked.push((offset, error.to_string()));
            Ok(())
        }
    }
}

fn again(handler: &dyn Handler, context: &Context, why: &'static str) {
    context.telemetry.metrics.batch_retries.one([figures::queue(handler.queue()), why]);
}

/// Sets a message aside, visibly. Its delivery may be acknowledged only after that: the parked copy is confirmed.
async fn park(queue: Queue, context: &Arc<Context>, payload: &[u8], why: &str) -> Result<(), String> {
    use base64::Engine;
    tracing::error!(?queue, why, bytes = payload.len(), "a message is parked");
    let parked = report::Parked {
        origin: crate::parked::origin(queue),
        reason: why.to_owned(),
        payload: base64::engine::general_purpose::STANDARD.encode(payload),
    };
    let payload = context.seal(parked.into());
    context
        .publish(Address::Queue(Queue::Parked), payload)
        .await
        .map_err(|error| format!("a message could not be parked: {error}"))?;
    context.telemetry.metrics.parked.one([figures::queue(queue)]);
    Ok(())
}

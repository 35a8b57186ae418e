//! Calls of broker-driven clients: taken from `wan.requests`, passed through the router that HTTP has, answered on
//! `reply_to`, then acknowledged.
//!
//! A call is one here when it is the same call as over HTTP: validation, planning, limits, problems and
//! idempotency are the router's. A call that is delivered again is answered again, and made once by its key. Off
//! unless `api.broker_clients` is set. Deliberately absent: authentication, which HTTP does not have yet either;
//! until there are tokens, the broker's own permissions on `wan.requests` are it, as loopback is HTTP's.

mod exchange;

use crate::state::{Shared, State};
use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use wanlink_broker::port::{Address, Consumer, Delivery, Outgoing, PublishError, Queue, ReplyTo};
use wanlink_domain::ids::MessageId;
use wanlink_domain::retry::Schedule;
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::call::{Call, Called};
use wanlink_wire::report::Parked;
use wanlink_wire::{DecodeError, Message, decode};

/// Calls in hand at once, and deliveries that the broker hands out unsettled.
const CALLS_MAX: u16 = 64;
/// The pauses while something outside is away.
const AWAY: Schedule = Schedule {
    initial: Duration::from_millis(100),
    max: Duration::from_secs(5),
    multiplier: 2.0,
    jitter: 0.5,
};

/// Why no more is taken from a consumer.
enum End {
    /// The role stops; what is in hand may finish.
    Stopped,
    /// The broker was closed.
    Closed,
    /// Only a newer release reads what comes next.
    UnknownVersion(u16),
}

/// Takes calls until `stop`, then finishes those in hand.
pub async fn serve(state: Shared, router: Router, stop: CancellationToken, tasks: Tasks) {
    let desk = Arc::new(Desk { state, router, stop, tasks });
    // Bounds the calls in hand also across reconnections, which hand out anew what is still being worked on.
    let hands = Arc::new(Semaphore::new(CALLS_MAX.into()));
    let mut tries = 0;
    loop {
        let mut consumer = desk.state.broker.consumer(Queue::Requests, CALLS_MAX);
        let end = desk.take_on(consumer.as_mut(), &hands, &mut tries).await;
        desk.finish(&hands).await;
        consumer.close().await;
        let End::UnknownVersion(version) = end else { return };
        let detail = format!("a call is of version {version}, which only a newer release reads");
        tracing::warn!(version, "calls over the message broker wait: {detail}");
        desk.state.calls_unread.send_replace(Some(detail));
        if !desk.pause(tries).await {
            return;
        }
        tries = tries.saturating_add(1);
    }
}

/// What every call needs.
struct Desk {
    state: Shared,
    router: Router,
    stop: CancellationToken,
    tasks: Tasks,
}

impl Desk {
    /// As [`Desk::take`]. What could not be read is taken to be gone, with a newer process, when nothing of the kind
    /// has come for as long as the next pause would be.
    async fn take_on(
        self: &Arc<Self>,
        consumer: &mut dyn Consumer,
        hands: &Arc<Semaphore>,
        tries: &mut u32,
    ) -> End {
        let mut taking = std::pin::pin!(self.take(consumer, hands));
        let quiet = AWAY.interval(*tries, self.state.entropy.bits());
        tokio::select! {
            biased;
            end = &mut taking => end,
            () = tokio::time::sleep(quiet) => {
                *tries = 0;
                self.state.calls_unread.send_replace(None);
                taking.await
            }
        }
    }

    async fn take(self: &Arc<Self>, consumer: &mut dyn Consumer, hands: &Arc<Semaphore>) -> End {
        loop {
            let next = async {
                // A closed semaphore is not possible: nobody closes it.
                let hand = hands.clone().acquire_owned().await.ok()?;
                consumer.next().await.map(|delivery| (hand, delivery))
            };
            let next = tokio::select! {
                biased;
                () = self.stop.cancelled() => return End::Stopped,
                next = next => next,
            };
            let Some((hand, delivery)) = next else { return End::Closed };
            if let Err(version) = self.dispatch(hand, delivery) {
                return End::UnknownVersion(version);
            }
        }
    }

    /// Starts what a delivery asks for. `Err`: it is of that unknown version, and stays unsettled until its consumer
    /// closes.
    fn dispatch(self: &Arc<Self>, hand: OwnedSemaphorePermit, delivery: Delivery) -> Result<(), u16> {
        let desk = self.clone();
        match decode(&delivery.payload) {
            Err(DecodeError::UnknownVersion(version)) => return Err(version),
            Ok(envelope) => match envelope.message {
                Message::Call(call) => self.tasks.spawn(async move {
                    desk.handle(delivery, envelope.id, call).await;
                    drop(hand);
                }),
                other => {
                    let reason = format!("a message of kind {} is no call", other.kind());
                    self.tasks.spawn(desk.park(hand, delivery, reason))
                }
            },
            Err(error @ (DecodeError::UnknownKind(_) | DecodeError::Malformed(_))) => {
                self.tasks.spawn(desk.park(hand, delivery, error.to_string()))
            }
        };
        Ok(())
    }

    /// Makes one call, answers it if an answer is wanted, and only then takes it off its queue.
    async fn handle(&self, delivery: Delivery, id: MessageId, call: Call) {
        let called = exchange::make(self.router.clone(), id, &call).await;
        tracing::debug!(call = %id, status = called.status, "a call over the message broker was made");
        if let Some(to) = delivery.reply_to.clone()
            && !self.answer(to, called).await
        {
            return;
        }
        delivery.ack().await;
    }

    /// `false`: the role stops and nothing was sent. The call is then given back, and another process answers it.
    async fn answer(&self, to: ReplyTo, called: Called) -> bool {
        let id = called.call;
        let answer =
            Outgoing { to: Address::Reply(to), ..self.state.outgoing(Queue::Requests, called, false) };
        match self.publish(answer).await {
            None => return false,
            Some(Ok(())) => {}
            // Whoever misses an answer repeats the call under the same key.
            Some(Err(error)) => tracing::debug!(call = %id, %error, "an answer may not have arrived"),
        }
        true
    }

    /// Sets a message aside. It leaves its queue only when it is safely parked; the queue goes on meanwhile.
    async fn park(self: Arc<Self>, hand: OwnedSemaphorePermit, delivery: Delivery, reason: String) {
        let bytes = delivery.payload.len();
        tracing::warn!(%reason, bytes, "a message on wan.requests is parked");
        let payload = BASE64.encode(&delivery.payload);
        let parked = Parked { origin: "requests".to_owned(), reason, payload };
        let message = self.state.outgoing(Queue::Parked, parked, false);
        for tries in 0.. {
            match self.publish(message.clone()).await {
                Some(Ok(())) => {
                    delivery.ack().await;
                    break;
                }
                Some(Err(error)) => tracing::debug!(%error, "not parked yet"),
                None => break,
            }
            if !self.pause(tries).await {
                break;
            }
        }
        drop(hand);
    }

    /// Publishes as soon as the broker lets us. `None`: the role stops and nothing was sent.
    async fn publish(&self, message: Outgoing) -> Option<Result<(), PublishError>> {
        let mut tries = 0;
        loop {
            match self.state.publisher.publish(message.clone()).await {
                Err(PublishError::Unavailable(_)) => {}
                ended => return Some(ended),
            }
            if !self.pause(tries).await {
                return None;
            }
            tries = tries.saturating_add(1);
        }
    }

    /// `false`: the role stops.
    async fn pause(&self, tries: u32) -> bool {
        let pause = AWAY.interval(tries, self.state.entropy.bits());
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(pause) => true,
        }
    }

    /// Waits for the calls in hand, so that their acknowledgements still find their consumer.
    async fn finish(&self, hands: &Semaphore) {
        let within = self.state.settings.call_timeout;
        if tokio::time::timeout(within, hands.acquire_many(CALLS_MAX.into())).await.is_err() {
            tracing::warn!(?within, "calls over the message broker are given back: they took too long");
        }
    }
}

/// What keeps calls from being taken; `None` where they are not meant to be.
pub fn check(state: &State) -> Option<crate::readiness::Check> {
    let detail = state.calls_unread.borrow().clone();
    let check = crate::readiness::Check { ready: detail.is_none(), engine: None, detail };
    state.settings.broker_clients.then_some(check)
}

//! One account's queue: each delivery is read once and handed to a task of its own.
//!
//! What cannot be read is never dropped and never looped: a newer version is given back and the queue left alone
//! for a growing while, anything else unreadable is parked. Deliberately absent: what a prompt or a look does.

use crate::account::{Account, InHand, until_stopped};
use crate::context::Unreadable;
use crate::reports::Filing;
use crate::settle::{self, Ending};
use crate::spans::Sent;
use crate::{look, prompt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wanlink_broker::port::{Consumer, Delivery, Queue};
use wanlink_domain::retry::Schedule;
use wanlink_wire::report::Parked;
use wanlink_wire::{DecodeError, Envelope, Message, decode};

/// Why no more is taken from a consumer.
enum End {
    /// The worker stops; what is in hand may finish.
    Draining,
    /// The broker was closed.
    Closed,
    /// Only a newer release reads what comes next.
    UnknownVersion(u16),
}

/// Serves the queue until the worker drains (and what was in hand is finished) or the broker is closed.
pub(crate) async fn serve(account: &Arc<Account>) {
    let cx = &account.cx;
    let prefetch = account.max_in_flight.saturating_mul(cx.settings.prefetch_factor).max(2);
    // Deliveries in hand are bounded also across reconnections, which hand out anew what old ones still hold.
    let hands = Arc::new(Semaphore::new(usize::from(prefetch)));
    let mut unreadable: Option<Unreadable> = None;
    let mut tries = 0;
    loop {
        let mut consumer = cx.broker.consumer(Queue::Account(account.account()), prefetch);
        account.activity.consuming(Some(cx.clock.mono()));
        let end = {
            let mut taking = std::pin::pin!(take(account, consumer.as_mut(), &hands));
            let quiet = cx.settings.mend.interval(tries, cx.entropy.bits());
            tokio::select! {
                biased;
                end = &mut taking => end,
                // It has met nothing unreadable for as long as it would pause again: that message is gone.
                () = tokio::time::sleep(quiet), if unreadable.is_some() => {
                    (unreadable, tries) = (None, 0);
                    taking.await
                }
            }
        };
        account.activity.consuming(None);
        match end {
            End::Closed => return,
            End::Draining => {
                finish(account).await;
                consumer.close().await;
                return;
            }
            End::UnknownVersion(version) => {
                consumer.close().await;
                unreadable.get_or_insert_with(|| Unreadable::mark(cx));
                let pause = cx.settings.mend.interval(tries, cx.entropy.bits());
                tracing::warn!(account = %account.account(), version, ?pause, "queue holds a message of a newer release");
                tries += 1;
                tokio::select! {
                    biased;
                    () = cx.draining.cancelled() => return finish(account).await,
                    () = tokio::time::sleep(pause) => {}
                }
            }
        }
    }
}

/// Waits for what is in hand and for the answers to its reports; what takes longer than a drain may is dropped with
/// its session.
async fn finish(account: &Account) {
    let within = account.cx.settings.drain;
    let finished = async {
        account.activity.empty().await;
        answered(account).await;
    };
    if tokio::time::timeout(within, finished).await.is_err() {
        let unanswered = account.cx.answers.missing(account.holding).len();
        tracing::warn!(account = %account.account(), ?within, unanswered, "work dropped: it outlasted the drain");
    }
}

/// Ends when the conductors have handled all reports of this epoch: one that they meet after `released` is stale, and
/// what it tells of would be done again. An answer may be lost with a connection, so it is asked for again.
async fn answered(account: &Account) {
    let (cx, repeat) = (&account.cx, account.cx.settings.repeat);
    let asking = Schedule { initial: repeat, max: repeat * 4, multiplier: 1.5, jitter: 0.2 };
    for tries in 0_u32.. {
        let pause = asking.interval(tries, cx.entropy.bits());
        if tokio::time::timeout(pause, cx.answers.complete(account.holding)).await.is_ok() {
            return;
        }
        for item in cx.answers.missing(account.holding) {
            cx.reports.file(Filing::Report(item), &account.trust).await;
        }
    }
}

async fn take(account: &Arc<Account>, consumer: &mut dyn Consumer, hands: &Arc<Semaphore>) -> End {
    loop {
        let next = async {
            let hand = free_hand(account, hands).await?;
            consumer.next().await.map(|delivery| (hand, delivery))
        };
        let (hand, delivery) = tokio::select! {
            biased;
            () = account.cx.draining.cancelled() => return End::Draining,
            next = next => match next {
                Some(next) => next,
                None => return End::Closed,
            },
        };
        if let Some(version) = dispatch(account, hand, delivery).await {
            return End::UnknownVersion(version);
        }
    }
}

/// While all hands are full, prompts may wait unseen in the queue. A closed semaphore is not possible: nobody closes it.
async fn free_hand(account: &Account, hands: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    if let Ok(hand) = hands.clone().try_acquire_owned() {
        return Some(hand);
    }
    account.activity.consuming(None);
    let hand = hands.clone().acquire_owned().await.ok()?;
    account.activity.consuming(Some(account.cx.clock.mono()));
    Some(hand)
}

/// Starts what a delivery asks for. `Some`: it is of that unknown version and was given back.
async fn dispatch(account: &Arc<Account>, hand: OwnedSemaphorePermit, delivery: Delivery) -> Option<u16> {
    let mut held = account.activity.take();
    let holding = account.holding;
    let (envelope, sent) = match decode(&delivery.payload) {
        Ok(Envelope { at, trace, message, .. }) => (Ok(message), Sent { at, trace }),
        Err(error) => (Err(error), Sent::default()),
    };
    match envelope {
        Err(DecodeError::UnknownVersion(version)) => {
            delivery.give_back().await;
            return Some(version);
        }
        Ok(Message::Prompt(asked)) => {
            held.is_prompt(account.cx.clock.mono());
            if !held.about(asked.action) {
                delivery.ack().await;
                return None;
            }
            let work = {
                let account = account.clone();
                async move { prompt::handle(&account, asked, sent).await }
            };
            // An attempt that panicked is lost, and the conductors count lost ones.
            spawn(account, (hand, held), delivery, Ending::EpochOver, work);
        }
        Ok(Message::Poll(poll)) if poll.account == holding.account && poll.epoch == holding.epoch => {
            if !held.about(poll.action) {
                delivery.ack().await;
                return None;
            }
            let work = {
                let account = account.clone();
                async move { look::poll(&account, poll, sent).await }
            };
            spawn(account, (hand, held), delivery, Ending::Settled, work);
        }
        Ok(Message::Observe(asked)) if asked.account == holding.account && asked.epoch == holding.epoch => {
            let work = {
                let account = account.clone();
                async move { look::observe(&account, asked).await }
            };
            spawn(account, (hand, held), delivery, Ending::Settled, work);
        }
        // Looks under an epoch that is not ours: the record brings back what still matters.
        Ok(Message::Poll(_) | Message::Observe(_)) => {
            delivery.ack().await;
        }
        Ok(other) => {
            let reason =
                format!("a message of kind {} does not belong into an account's queue", other.kind());
            park(account, (hand, held), delivery, reason);
        }
        Err(error @ (DecodeError::UnknownKind(_) | DecodeError::Malformed(_))) => {
            park(account, (hand, held), delivery, error.to_string());
        }
    }
    None
}

/// Runs what a delivery asks for and settles it; it counts as in hand until then.
fn spawn(
    account: &Arc<Account>,
    held: (OwnedSemaphorePermit, InHand),
    delivery: Delivery,
    if_panicked: Ending,
    work: impl Future<Output = Ending> + Send + 'static,
) {
    let account = account.clone();
    let tasks = account.tasks.clone();
    tasks.spawn(async move {
        let within = (&account.tasks, &account.cx.line, account.holding);
        until_stopped(account.clone(), settle::follow(within, delivery, if_panicked, work)).await;
        drop(held);
    });
}

/// Sets a message aside. It leaves its queue only when it is safely parked; the queue goes on meanwhile.
fn park(account: &Arc<Account>, held: (OwnedSemaphorePermit, InHand), delivery: Delivery, reason: String) {
    tracing::warn!(account = %account.account(), %reason, "message parked");
    let parked = Parked {
        origin: format!("account/{}", account.account()),
        reason,
        payload: BASE64.encode(&delivery.payload),
    };
    let work = {
        let account = account.clone();
        async move {
            let mut tries = 0;
            while let Err(error) = account.cx.post.file(Queue::Parked, parked.clone()).await {
                tracing::debug!(account = %account.account(), %error, "not parked yet");
                tokio::time::sleep(patient(account.as_ref(), tries)).await;
                tries += 1;
            }
            Ending::Settled
        }
    };
    spawn(account, held, delivery, Ending::EpochOver, work);
}

fn patient(account: &Account, tries: u32) -> Duration {
    account.cx.settings.mend.interval(tries, account.cx.entropy.bits())
}

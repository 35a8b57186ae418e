//! Parked messages: taken off their queue into the database, where the api lists them and they can be replayed.

use crate::context::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::Arc;
use std::time::Duration;
use wanlink_broker::port::{Consumer, Queue};
use wanlink_domain::event::Parked;
use wanlink_domain::ids::{AccountId, ParkedId, derive};
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::StoreError;
use wanlink_wire::{Message, decode};

/// A queue's name as a parked message tells it.
pub fn origin(queue: Queue) -> String {
    match queue {
        Queue::Journal => "journal".into(),
        Queue::Reports => "reports".into(),
        Queue::Conductor => "conductor".into(),
        Queue::Leases => "leases".into(),
        Queue::Requests => "requests".into(),
        Queue::Parked => "parked".into(),
        Queue::Account(account) => format!("account/{account}"),
    }
}

/// The queue of that name. A message is never sent to the parked ones again.
pub fn queue(origin: &str) -> Option<Queue> {
    Some(match origin {
        "journal" => Queue::Journal,
        "reports" => Queue::Reports,
        "conductor" => Queue::Conductor,
        "leases" => Queue::Leases,
        "requests" => Queue::Requests,
        _ => Queue::Account(AccountId::parse(origin.strip_prefix("account/")?)?),
    })
}

/// The message as it came.
pub fn payload(parked: &Parked) -> Option<Vec<u8>> {
    BASE64.decode(&parked.payload).ok()
}

/// Records parked messages until the tasks are stopped.
pub async fn record(context: Arc<Context>, tasks: Tasks) {
    while !tasks.is_stopping() {
        let mut consumer = context.broker.consumer(Queue::Parked, 64);
        session(&context, consumer.as_mut(), &tasks).await;
        consumer.close().await;
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
}

/// Ends when the database is away: closing the consumer gives the messages back.
async fn session(context: &Context, consumer: &mut dyn Consumer, tasks: &Tasks) {
    loop {
        let delivery = tokio::select! {
            biased;
            () = tasks.stopped() => return,
            delivery = consumer.next() => match delivery {
                Some(delivery) => delivery,
                None => return,
            },
        };
        let mut recorded = insert(context, &delivery.payload, None).await;
        if let Err(StoreError::Invalid(why)) = &recorded {
            // The database does not take its words as they are: the message is kept, its own words are not.
            tracing::warn!(why, "a parked message is recorded without its own words");
            recorded = insert(context, &delivery.payload, Some("its reason cannot be recorded")).await;
        }
        match recorded {
            Ok(()) => {
                delivery.ack().await;
            }
            Err(error) => {
                tracing::warn!(%error, "parked messages wait for the database");
                return;
            }
        }
    }
}

async fn insert(context: &Context, message: &[u8], instead: Option<&str>) -> Result<(), StoreError> {
    let (origin, reason, payload) = match decode(message) {
        Ok(envelope) => match envelope.message {
            Message::Parked(parked) => (parked.origin, parked.reason, parked.payload),
            other => (usual_queue(&other), "dropped by the message broker".into(), BASE64.encode(message)),
        },
        Err(error) => ("unknown".into(), error.to_string(), BASE64.encode(message)),
    };
    let mut tx = context.store.begin().await?;
    let parked = Parked {
        // The same message parked again is the same row, counted up.
        id: ParkedId(derive(uuid::Uuid::nil(), &[&origin, &payload])),
        origin,
        reason: instead.map_or(reason, str::to_owned),
        count: 1,
        payload,
        parked_at: tx.now().await?,
        replayed_at: None,
    };
    tx.insert_parked(&[parked]).await?;
    tx.commit().await
}

/// Where a message of this kind goes when it is sent, for those that the broker itself set aside.
fn usual_queue(message: &Message) -> String {
    match message {
        Message::Request(_) => "journal".into(),
        Message::Report(_) | Message::Observed(_) | Message::Listed(_) => "reports".into(),
        Message::Claim(_) | Message::Settings(_) | Message::Links(_) | Message::Command(_) => {
            "conductor".into()
        }
        Message::Register(_) | Message::Renew(_) | Message::UpdateWim(_) | Message::Probe(_) => {
            "leases".into()
        }
        Message::Call(_) => "requests".into(),
        Message::Poll(poll) => format!("account/{}", poll.account),
        Message::Observe(observe) => format!("account/{}", observe.account),
        _ => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_name_queues_that_can_be_found_again() {
        let account = Queue::Account(AccountId(uuid::Uuid::from_u128(5)));
        for of in [Queue::Journal, Queue::Reports, Queue::Conductor, Queue::Leases, Queue::Requests, account]
        {
            assert_eq!(queue(&origin(of)), Some(of));
        }
        for nowhere in ["parked", "unknown", "account/", "account/x", ""] {
            assert_eq!(queue(nowhere), None, "{nowhere}");
        }
    }
}

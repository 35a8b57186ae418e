//! Cases: a message goes where its address says, whole.

use super::{
    Bench, Outcome, ensure, equal, nothing_comes, publish, publish_numbers, take, take_and_ack, take_numbers,
    text,
};
use bytes::Bytes;
use wanlink_broker::port::{Address, Outgoing, Queue};

pub(super) async fn a_prompt_reaches_the_queue_of_its_account_only(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (mine, other) = (bench.declared(&broker).await?, bench.declared(&broker).await?);
    publish(&*broker.publisher(), mine, "prompt").await?;
    let mut at_other = broker.consumer(other, 10);
    take_and_ack(&mut broker.consumer(mine, 10), "prompt").await?;
    nothing_comes(&mut at_other).await
}

pub(super) async fn each_fixed_queue_gets_its_own_messages(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let fixed = [
        (Queue::Journal, "journal"),
        (Queue::Reports, "reports"),
        (Queue::Conductor, "conductor"),
        (Queue::Leases, "leases"),
        (Queue::Requests, "requests"),
        (Queue::Parked, "parked"),
    ];
    for (queue, name) in fixed {
        publish(&*publisher, queue, name).await?;
    }
    for (queue, name) in fixed {
        let mut consumer = broker.consumer(queue, 10);
        take_and_ack(&mut consumer, name).await?;
        ensure(consumer.try_next().is_none(), || format!("a second message in {name}"))?;
    }
    Ok(())
}

pub(super) async fn a_payload_arrives_byte_for_byte(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    // Longer than one frame of any broker, and no text.
    let payload: Bytes =
        (0..300_000_u32).map(|n| u8::try_from(n % 251).unwrap_or(0)).collect::<Vec<u8>>().into();
    let to = Address::Queue(Queue::Reports);
    let outgoing = Outgoing { to, payload: payload.clone(), wants_reply: false, expires: None };
    broker.publisher().publish(outgoing).await.map_err(text)?;
    let delivery = take(&mut broker.consumer(Queue::Reports, 1)).await?;
    ensure(delivery.payload == payload, || format!("{} other bytes", delivery.payload.len()))
}

pub(super) async fn an_empty_payload_arrives(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "").await?;
    take_and_ack(&mut broker.consumer(Queue::Reports, 1), "").await
}

pub(super) async fn every_message_arrives_once(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 50).await?;
    let mut consumer = broker.consumer(Queue::Reports, 10);
    take_numbers(&mut consumer, 50).await?;
    nothing_comes(&mut consumer).await?;
    let left = broker.inspect(Queue::Reports).await.map_err(text)?;
    equal("ready", left.map(|state| state.ready), Some(0))
}

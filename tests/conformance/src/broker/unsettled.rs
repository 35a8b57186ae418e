//! Cases: what becomes of deliveries that nobody settled.

use super::{
    Bench, Outcome, ensure, equal, nothing_comes, publish, publish_numbers, read, take, take_and_ack,
    take_numbers, until_ready,
};
use wanlink_broker::port::{Queue, Settled};

pub(super) async fn an_unsettled_message_comes_back_when_its_consumer_closes(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "held").await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    let _held = take(&mut consumer).await?;
    consumer.close().await;
    let again = take(&mut broker.consumer(Queue::Reports, 1)).await?;
    equal("again", (read(&again), again.redelivered), ("held".to_owned(), true))
}

pub(super) async fn an_unsettled_message_comes_back_when_its_consumer_is_dropped(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "held").await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    let _held = take(&mut consumer).await?;
    drop(consumer);
    let again = take(&mut broker.consumer(Queue::Reports, 1)).await?;
    equal("again", (read(&again), again.redelivered), ("held".to_owned(), true))
}

pub(super) async fn a_dropped_delivery_stays_unsettled(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "forgotten").await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    drop(take(&mut consumer).await?);
    nothing_comes(&mut consumer).await?;
    consumer.close().await;
    take_and_ack(&mut broker.consumer(Queue::Reports, 1), "forgotten").await
}

pub(super) async fn settling_after_the_consumer_closed_is_gone(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 2).await?;
    let mut consumer = broker.consumer(Queue::Reports, 2);
    let (first, second) = (take(&mut consumer).await?, take(&mut consumer).await?);
    consumer.close().await;
    equal("ack", first.ack().await, Settled::Gone)?;
    equal("give back", second.give_back().await, Settled::Gone)?;
    take_numbers(&mut broker.consumer(Queue::Reports, 2), 2).await
}

pub(super) async fn a_closed_consumer_ends(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let mut consumer = broker.consumer(Queue::Reports, 2);
    consumer.close().await;
    publish(&*broker.publisher(), Queue::Reports, "for others").await?;
    ensure(consumer.next().await.is_none(), || "a closed consumer delivered".to_owned())?;
    ensure(consumer.try_next().is_none(), || "a closed consumer delivered".to_owned())?;
    take_and_ack(&mut broker.consumer(Queue::Reports, 2), "for others").await
}

pub(super) async fn unsettled_messages_are_not_ready(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 3).await?;
    until_ready(&broker, Queue::Reports, 3).await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    let held = take(&mut consumer).await?;
    until_ready(&broker, Queue::Reports, 2).await?;
    held.give_back().await;
    consumer.close().await;
    until_ready(&broker, Queue::Reports, 3).await
}

pub(super) async fn other_consumers_get_what_a_closed_one_held(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 5).await?;
    let mut dying = broker.consumer(Queue::Reports, 5);
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(take(&mut dying).await?);
    }
    let mut other = broker.consumer(Queue::Reports, 5);
    nothing_comes(&mut other).await?;
    dying.close().await;
    take_numbers(&mut other, 5).await
}

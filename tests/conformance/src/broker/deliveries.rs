//! Cases: deliveries, their marks, their bounds and their ends.

use super::{
    Bench, Outcome, PATIENCE, ensure, equal, nothing_comes, publish, publish_numbers, read, take,
    take_and_ack, take_numbers, text, to_queue, until_ready,
};
use std::collections::BTreeSet;
use std::time::Duration;
use wanlink_broker::port::{Outgoing, Queue, Settled};

pub(super) async fn a_first_delivery_is_not_marked_redelivered(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "new").await?;
    let delivery = take(&mut broker.consumer(Queue::Reports, 1)).await?;
    equal("redelivered", delivery.redelivered, false)
}

pub(super) async fn an_acknowledged_message_never_comes_again(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "once").await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    equal("settled", take(&mut consumer).await?.ack().await, Settled::Sent)?;
    consumer.close().await;
    nothing_comes(&mut broker.consumer(Queue::Reports, 1)).await
}

pub(super) async fn a_message_given_back_comes_again_marked_redelivered(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Reports, "later").await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    equal("settled", take(&mut consumer).await?.give_back().await, Settled::Sent)?;
    let again = take(&mut consumer).await?;
    equal("payload", read(&again), "later".to_owned())?;
    equal("redelivered", again.redelivered, true)
}

/// A broker with a default delivery limit drops it at the twentieth.
pub(super) async fn twenty_five_give_backs_lose_nothing(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.declared(&broker).await?;
    for queue in [Queue::Reports, account] {
        publish(&*broker.publisher(), queue, "patient").await?;
        let mut consumer = broker.consumer(queue, 1);
        for round in 0..25 {
            let delivery = take(&mut consumer).await.map_err(|why| format!("round {round}: {why}"))?;
            delivery.give_back().await;
        }
        take_and_ack(&mut consumer, "patient").await?;
    }
    let parked = broker.inspect(Queue::Parked).await.map_err(text)?;
    equal("parked", parked.map(|state| state.ready), Some(0))
}

pub(super) async fn prefetch_bounds_what_is_unsettled(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 10).await?;
    let mut consumer = broker.consumer(Queue::Reports, 3);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(take(&mut consumer).await?);
    }
    nothing_comes(&mut consumer).await?;
    until_ready(&broker, Queue::Reports, 7).await
}

pub(super) async fn settling_makes_room_for_the_next(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 4).await?;
    let mut consumer = broker.consumer(Queue::Reports, 2);
    let (first, second) = (take(&mut consumer).await?, take(&mut consumer).await?);
    first.ack().await;
    let third = take(&mut consumer).await?;
    ensure(consumer.try_next().is_none(), || "a third unsettled delivery".to_owned())?;
    second.ack().await;
    take(&mut consumer).await?.ack().await;
    third.ack().await;
    nothing_comes(&mut consumer).await
}

pub(super) async fn trying_never_waits(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let mut consumer = broker.consumer(Queue::Reports, 1);
    ensure(consumer.try_next().is_none(), || "a delivery out of nothing".to_owned())?;
    publish(&*broker.publisher(), Queue::Reports, "there").await?;
    let trying = async {
        loop {
            if let Some(delivery) = consumer.try_next() {
                return delivery;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let delivery = tokio::time::timeout(PATIENCE, trying).await.map_err(|_| "it never came".to_owned())?;
    equal("payload", read(&delivery), "there".to_owned())
}

pub(super) async fn a_cancelled_wait_loses_nothing(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let mut consumer = broker.consumer(Queue::Reports, 5);
    let mut seen = BTreeSet::new();
    for number in 0..40 {
        // Each wait is dropped at its first pause, often in the middle of an arrival.
        publisher.publish_unwaited(to_queue(Queue::Reports, &number.to_string())).await.map_err(text)?;
        if let Ok(Some(delivery)) = tokio::time::timeout(Duration::from_millis(1), consumer.next()).await {
            seen.insert(read(&delivery));
            delivery.ack().await;
        }
    }
    while seen.len() < 40 {
        let delivery = take(&mut consumer).await.map_err(|why| format!("{why} after {}", seen.len()))?;
        ensure(!delivery.redelivered, || "one had been dropped and came again".to_owned())?;
        seen.insert(read(&delivery));
        delivery.ack().await;
    }
    Ok(())
}

pub(super) async fn two_consumers_share_and_each_message_goes_to_one(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let mut consumers = [broker.consumer(Queue::Reports, 5), broker.consumer(Queue::Reports, 5)];
    publish_numbers(&*broker.publisher(), Queue::Reports, 10).await?;
    let mut seen = BTreeSet::new();
    let mut held = Vec::new();
    for consumer in &mut consumers {
        for _ in 0..5 {
            let delivery = take(consumer).await?;
            ensure(seen.insert(read(&delivery)), || format!("{} went to both", read(&delivery)))?;
            held.push(delivery);
        }
    }
    for delivery in held {
        delivery.ack().await;
    }
    equal("seen", seen.len(), 10)
}

fn expiring(payload: &str, after: Duration) -> Outgoing {
    Outgoing { expires: Some(after), ..to_queue(Queue::Conductor, payload) }
}

pub(super) async fn an_expired_message_is_not_delivered(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let claim = expiring("stale claim", Duration::from_millis(50));
    publisher.publish(claim).await.map_err(text)?;
    until_ready(&broker, Queue::Conductor, 0).await?;
    publish(&*publisher, Queue::Conductor, "fresh claim").await?;
    take_and_ack(&mut broker.consumer(Queue::Conductor, 5), "fresh claim").await
}

pub(super) async fn a_message_taken_in_time_does_not_expire(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let claim = expiring("0", Duration::from_secs(600));
    broker.publisher().publish(claim).await.map_err(text)?;
    take_numbers(&mut broker.consumer(Queue::Conductor, 5), 1).await
}

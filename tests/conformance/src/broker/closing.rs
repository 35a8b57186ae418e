//! Cases: a process goes, in order.

use super::{
    Bench, Outcome, PATIENCE, ensure, publish, publish_numbers, take, take_and_ack, take_numbers, text,
    to_queue,
};
use std::time::Duration;
use wanlink_broker::port::{PublishError, Queue};

const WITHIN: Duration = Duration::from_secs(10);

pub(super) async fn closing_waits_for_what_was_published(bench: Bench) -> Outcome {
    let (leaving, staying) = (bench.broker().await?, bench.broker().await?);
    let publisher = leaving.publisher();
    for number in 0..200 {
        let report = to_queue(Queue::Reports, &number.to_string());
        publisher.publish_unwaited(report).await.map_err(text)?;
    }
    leaving.close(WITHIN).await;
    take_numbers(&mut staying.consumer(Queue::Reports, 50), 200).await?;
    ensure(publisher.lost() == 0, || format!("{} lost", publisher.lost()))
}

pub(super) async fn publishing_after_closing_is_unavailable(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    broker.close(WITHIN).await;
    for publisher in [publisher, broker.publisher()] {
        let ended = publisher.publish(to_queue(Queue::Reports, "late")).await;
        ensure(matches!(ended, Err(PublishError::Unavailable(_))), || format!("{ended:?}"))?;
    }
    ensure(!broker.health().borrow().connected, || "still connected".to_owned())
}

pub(super) async fn closing_ends_consumers_and_inboxes(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (publisher, mut consumer, mut subscriber) =
        (broker.publisher(), broker.consumer(Queue::Reports, 5), broker.subscribe(None));
    let waiting = async { futures::join!(consumer.next(), subscriber.next(), publisher.next_reply()) };
    let closing = async { broker.close(WITHIN).await };
    let ended = tokio::time::timeout(PATIENCE, async { futures::join!(waiting, closing).0 }).await;
    match ended {
        Ok((None, None, None)) => Ok(()),
        Ok(_) => Err("something was delivered".to_owned()),
        Err(_) => Err("somebody still waits".to_owned()),
    }
}

pub(super) async fn what_a_closed_process_held_comes_back(bench: Bench) -> Outcome {
    let (leaving, staying) = (bench.broker().await?, bench.broker().await?);
    publish_numbers(&*leaving.publisher(), Queue::Reports, 5).await?;
    let mut consumer = leaving.consumer(Queue::Reports, 5);
    let _held = [take(&mut consumer).await?, take(&mut consumer).await?];
    leaving.close(WITHIN).await;
    take_numbers(&mut staying.consumer(Queue::Reports, 5), 5).await
}

pub(super) async fn closing_one_process_leaves_the_other_alone(bench: Bench) -> Outcome {
    let (leaving, staying) = (bench.broker().await?, bench.broker().await?);
    let mut consumer = staying.consumer(Queue::Reports, 5);
    publish(&*leaving.publisher(), Queue::Reports, "before").await?;
    take_and_ack(&mut consumer, "before").await?;
    let generation = staying.health().borrow().generation;
    leaving.close(WITHIN).await;
    publish(&*staying.publisher(), Queue::Reports, "after").await?;
    take_and_ack(&mut consumer, "after").await?;
    ensure(staying.health().borrow().generation == generation, || "it was reconnected".to_owned())
}

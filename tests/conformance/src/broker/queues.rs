//! Cases: making, looking at and removing queues.

use super::{
    Bench, Outcome, equal, nothing_comes, publish, publish_numbers, take, take_and_ack, text, until,
    until_ready,
};
use wanlink_broker::port::{Queue, QueueState};

pub(super) async fn declaring_the_topology_twice_keeps_its_messages(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Journal, "kept").await?;
    broker.declare_topology().await.map_err(text)?;
    take_and_ack(&mut broker.consumer(Queue::Journal, 1), "kept").await
}

pub(super) async fn declaring_an_account_twice_keeps_its_messages(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.account();
    let fresh = broker.declare_account(account).await.map_err(text)?;
    equal("fresh", fresh, QueueState { ready: 0, consumers: 0 })?;
    publish(&*broker.publisher(), Queue::Account(account), "kept").await?;
    until_ready(&broker, Queue::Account(account), 1).await?;
    let again = broker.declare_account(account).await.map_err(text)?;
    equal("again", again.ready, 1)?;
    take_and_ack(&mut broker.consumer(Queue::Account(account), 1), "kept").await
}

pub(super) async fn an_absent_queue_is_none(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let absent = Queue::Account(bench.account());
    equal("absent", broker.inspect(absent).await.map_err(text)?, None)?;
    equal("purge of nothing", broker.purge(absent).await.map_err(text)?, 0)
}

pub(super) async fn inspecting_counts_messages_and_consumers(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let queue = bench.declared(&broker).await?;
    publish_numbers(&*broker.publisher(), queue, 4).await?;
    until_ready(&broker, queue, 4).await?;
    let mut consumer = broker.consumer(queue, 1);
    let _held = take(&mut consumer).await?;
    let expected = Some(QueueState { ready: 3, consumers: 1 });
    until("three ready, one consumer", || async { broker.inspect(queue).await == Ok(expected) }).await?;
    consumer.close().await;
    let expected = Some(QueueState { ready: 4, consumers: 0 });
    until("four ready, no consumer", || async { broker.inspect(queue).await == Ok(expected) }).await
}

pub(super) async fn deleting_an_account_takes_its_messages_along(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.account();
    let queue = Queue::Account(account);
    broker.declare_account(account).await.map_err(text)?;
    publish_numbers(&*broker.publisher(), queue, 3).await?;
    broker.delete_account(account).await.map_err(text)?;
    equal("after", broker.inspect(queue).await.map_err(text)?, None)?;
    let fresh = broker.declare_account(account).await.map_err(text)?;
    equal("made again", fresh.ready, 0)
}

pub(super) async fn deleting_an_absent_account_is_no_error(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.account();
    broker.delete_account(account).await.map_err(text)?;
    broker.declare_account(account).await.map_err(text)?;
    broker.delete_account(account).await.map_err(text)?;
    broker.delete_account(account).await.map_err(text)
}

pub(super) async fn purging_answers_how_many_it_removed(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 5).await?;
    until_ready(&broker, Queue::Reports, 5).await?;
    equal("purged", broker.purge(Queue::Reports).await.map_err(text)?, 5)?;
    nothing_comes(&mut broker.consumer(Queue::Reports, 5)).await
}

pub(super) async fn a_consumer_of_an_absent_queue_starts_when_it_is_declared(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.account();
    let mut consumer = broker.consumer(Queue::Account(account), 5);
    nothing_comes(&mut consumer).await?;
    broker.declare_account(account).await.map_err(text)?;
    publish(&*broker.publisher(), Queue::Account(account), "at last").await?;
    take_and_ack(&mut consumer, "at last").await
}

pub(super) async fn a_consumer_goes_on_when_its_queue_was_deleted_and_made_again(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.account();
    let (queue, publisher) = (Queue::Account(account), broker.publisher());
    broker.declare_account(account).await.map_err(text)?;
    let mut consumer = broker.consumer(queue, 5);
    publish(&*publisher, queue, "before").await?;
    take_and_ack(&mut consumer, "before").await?;
    broker.delete_account(account).await.map_err(text)?;
    // Not at once: RabbitMQ 3.10 hands messages of a quorum queue that is made again within milliseconds to the
    // former consumer's ghost. Nothing in wanlink makes a queue again under a name it had.
    nothing_comes(&mut consumer).await?;
    broker.declare_account(account).await.map_err(text)?;
    publish(&*publisher, queue, "after").await?;
    take_and_ack(&mut consumer, "after").await
}

pub(super) async fn accounts_made_and_deleted_leave_nothing_behind(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let accounts: Vec<_> = (0..20).map(|_| bench.account()).collect();
    for account in &accounts {
        broker.declare_account(*account).await.map_err(text)?;
    }
    for account in &accounts {
        broker.delete_account(*account).await.map_err(text)?;
    }
    for account in &accounts {
        equal("left", broker.inspect(Queue::Account(*account)).await.map_err(text)?, None)?;
    }
    Ok(())
}

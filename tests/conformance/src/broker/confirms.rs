//! Cases: what a publish's end says is what happened to the message.

use super::{
    Bench, JOURNAL_LENGTH_MAX, Outcome, PATIENCE, ensure, equal, publish_at_last, take, take_numbers, text,
    to_queue, until, until_ready,
};
use futures::future::join_all;
use wanlink_broker::port::{PublishError, Publisher, Queue};

pub(super) async fn a_publish_to_an_absent_queue_is_returned(bench: Bench) -> Outcome {
    let broker = bench.harness.connect().await?;
    let ended = broker.publisher().publish(to_queue(Queue::Journal, "nowhere")).await;
    equal("without any topology", ended, Err(PublishError::Returned))
}

pub(super) async fn a_returned_publish_is_no_success_and_stores_nothing(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.account();
    let prompt = to_queue(Queue::Account(account), "prompt");
    let ended = broker.publisher().publish(prompt).await;
    equal("without a queue", ended, Err(PublishError::Returned))?;
    let state = broker.declare_account(account).await.map_err(text)?;
    equal("ready", state.ready, 0)
}

pub(super) async fn an_unwaited_prompt_without_a_queue_is_counted_lost(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    for _ in 0..3 {
        let prompt = to_queue(Queue::Account(bench.account()), "prompt");
        publisher.publish_unwaited(prompt).await.map_err(text)?;
    }
    until("three lost", || async { publisher.lost() == 3 }).await
}

pub(super) async fn an_unwaited_prompt_that_arrives_is_not_counted(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let queue = bench.declared(&broker).await?;
    let publisher = broker.publisher();
    publisher.publish_unwaited(to_queue(queue, "prompt")).await.map_err(text)?;
    until_ready(&broker, queue, 1).await?;
    equal("lost", publisher.lost(), 0)
}

pub(super) async fn many_unwaited_prompts_arrive(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let queue = bench.declared(&broker).await?;
    let publisher = broker.publisher();
    // More than an engine holds without a confirm: the caller is slowed down, nothing is dropped.
    for number in 0..2_500 {
        publisher.publish_unwaited(to_queue(queue, &number.to_string())).await.map_err(text)?;
    }
    take_numbers(&mut broker.consumer(queue, 200), 2_500).await?;
    equal("lost", publisher.lost(), 0)
}

pub(super) async fn concurrent_publishes_each_get_their_own_verdict(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (there, absent) = (bench.declared(&broker).await?, Queue::Account(bench.account()));
    let publisher = broker.publisher();
    let publish = |number: usize| {
        let is_there = !number.is_multiple_of(3);
        let outgoing = to_queue(if is_there { there } else { absent }, &number.to_string());
        let publisher = &publisher;
        async move { (number, is_there, publisher.publish(outgoing).await) }
    };
    for (number, is_there, ended) in join_all((0..300).map(publish)).await {
        let expected = if is_there { Ok(()) } else { Err(PublishError::Returned) };
        equal(&format!("message {number}"), ended, expected)?;
    }
    until_ready(&broker, there, 200).await
}

pub(super) async fn a_thousand_concurrent_publishes_are_confirmed_and_none_is_lost(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let publish = |number: usize| publisher.publish(to_queue(Queue::Reports, &number.to_string()));
    for ended in join_all((0..1_000).map(publish)).await {
        ended.map_err(text)?;
    }
    take_numbers(&mut broker.consumer(Queue::Reports, 100), 1_000).await
}

/// Publishes to the journal until it refuses, and answers how many it took. A broker of several processes may
/// take a few more than its limit before word has gone round.
async fn fill_journal(publisher: &dyn Publisher) -> Result<u32, String> {
    for taken in 0..JOURNAL_LENGTH_MAX * 3 {
        match publisher.publish(to_queue(Queue::Journal, "request")).await {
            Ok(()) => {}
            Err(PublishError::Refused) => return Ok(taken),
            Err(error) => return Err(text(error)),
        }
    }
    Err("it never refused".to_owned())
}

pub(super) async fn a_full_queue_refuses(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let taken = fill_journal(&*broker.publisher()).await?;
    ensure(taken >= JOURNAL_LENGTH_MAX, || format!("it refused after {taken}"))?;
    until_ready(&broker, Queue::Journal, taken).await
}

pub(super) async fn a_full_queue_takes_again_when_it_was_emptied(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let taken = fill_journal(&*publisher).await?;
    let mut consumer = broker.consumer(Queue::Journal, 5);
    for _ in 0..taken {
        take(&mut consumer).await?.ack().await;
    }
    let mut ended = Err(PublishError::Refused);
    let again = async {
        while ended == Err(PublishError::Refused) {
            ended = publisher.publish(to_queue(Queue::Journal, "request")).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, again).await.is_ok();
    ensure(in_time, || "it went on refusing".to_owned())?;
    ended.map_err(text)?;
    publish_at_last(&*publisher, Queue::Reports, "others are not concerned").await
}

//! Cases: answers go to the inbox of the publisher that asked.

use super::{Bench, Outcome, PATIENCE, QUIET, ensure, equal, message, publish, take, text, to_queue};
use std::collections::BTreeSet;
use wanlink_broker::port::{Address, Delivery, Outgoing, Publisher, Queue, ReplyTo};

fn asking(payload: &str) -> Outgoing {
    Outgoing { wants_reply: true, ..to_queue(Queue::Leases, payload) }
}

fn address(delivery: &Delivery) -> Result<ReplyTo, String> {
    delivery.reply_to.clone().ok_or_else(|| "no reply address".to_owned())
}

async fn next_reply(publisher: &dyn Publisher) -> Result<String, String> {
    match tokio::time::timeout(PATIENCE, publisher.next_reply()).await {
        Ok(Some(reply)) => Ok(String::from_utf8_lossy(&reply).into_owned()),
        Ok(None) => Err("the inbox ended".to_owned()),
        Err(_) => Err("no reply came".to_owned()),
    }
}

pub(super) async fn a_reply_reaches_the_publisher_that_asked_and_no_other(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (asker, bystander, answerer) = (broker.publisher(), broker.publisher(), broker.publisher());
    // The bystander has an inbox as well.
    bystander.publish(asking("also")).await.map_err(text)?;
    asker.publish(asking("may I?")).await.map_err(text)?;
    let mut consumer = broker.consumer(Queue::Leases, 2);
    let mut deliveries = [take(&mut consumer).await?, take(&mut consumer).await?];
    deliveries.sort_by_key(|delivery| delivery.payload != "may I?");
    let reply = message(Address::Reply(address(&deliveries[0])?), "yes");
    answerer.publish(reply).await.map_err(text)?;
    equal("reply", next_reply(&*asker).await?, "yes".to_owned())?;
    let none = tokio::time::timeout(QUIET, bystander.next_reply()).await.is_err();
    ensure(none, || "the bystander got it too".to_owned())
}

pub(super) async fn every_reply_arrives(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (asker, answerer) = (broker.publisher(), broker.publisher());
    let mut consumer = broker.consumer(Queue::Leases, 10);
    for number in 0..50 {
        asker.publish_unwaited(asking(&number.to_string())).await.map_err(text)?;
    }
    for _ in 0..50 {
        let delivery = take(&mut consumer).await?;
        let (to, payload) = (Address::Reply(address(&delivery)?), delivery.payload.clone());
        let reply = Outgoing { to, payload, wants_reply: false, expires: None };
        answerer.publish_unwaited(reply).await.map_err(text)?;
        delivery.ack().await;
    }
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        seen.insert(next_reply(&*asker).await?);
    }
    equal("replies", seen.len(), 50)
}

pub(super) async fn a_reply_to_a_vanished_publisher_is_no_error(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let asker = broker.publisher();
    asker.publish(asking("anybody?")).await.map_err(text)?;
    let to = Address::Reply(address(&take(&mut broker.consumer(Queue::Leases, 1)).await?)?);
    drop(asker);
    let answerer = broker.publisher();
    let reply = message(to, "too late");
    answerer.publish(reply.clone()).await.map_err(text)?;
    answerer.publish_unwaited(reply).await.map_err(text)?;
    // The channel still works, and nothing counts as lost.
    publish(&*answerer, Queue::Reports, "next").await?;
    equal("lost", answerer.lost(), 0)
}

pub(super) async fn a_reply_to_nonsense_is_no_error(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let long = "x".repeat(1_000);
    for nonsense in ["", "nobody", "inbox.1", "amq.rabbitmq.reply-to.forged", long.as_str()] {
        let to = Address::Reply(ReplyTo(nonsense.to_owned()));
        publisher.publish(message(to, "?")).await.map_err(text)?;
    }
    publish(&*publisher, Queue::Reports, "next").await
}

pub(super) async fn who_wants_no_reply_leaves_no_address(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish(&*broker.publisher(), Queue::Leases, "just saying").await?;
    let delivery = take(&mut broker.consumer(Queue::Leases, 1)).await?;
    equal("reply address", delivery.reply_to.clone(), None)
}

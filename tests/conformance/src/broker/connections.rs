//! Cases: connections end and come again; nothing that was confirmed is lost and nothing pretends.

use super::events::{event, listening, next_event};
use super::{
    Bench, Outcome, PATIENCE, ensure, equal, publish, publish_at_last, publish_numbers, read, take,
    take_and_ack, take_numbers, text, to_queue, until_health,
};
use futures::future::join_all;
use std::collections::BTreeSet;
use wanlink_broker::port::{Address, BrokerError, Outgoing, PublishError, Queue, Settled};

pub(super) async fn the_generation_grows_with_each_connection(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let mut before = broker.health().borrow().generation;
    ensure(before > 0, || "connected without a generation".to_owned())?;
    for _ in 0..2 {
        bench.cut_and_heal(&broker).await?;
        let after = broker.health().borrow().generation;
        ensure(after > before, || format!("{after} after {before}"))?;
        before = after;
    }
    Ok(())
}

pub(super) async fn publishing_while_disconnected_is_unavailable(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    publish(&*publisher, Queue::Reports, "before").await?;
    bench.cut(&broker).await?;
    let waited = publisher.publish(to_queue(Queue::Reports, "no")).await;
    ensure(matches!(waited, Err(PublishError::Unavailable(_))), || format!("waited: {waited:?}"))?;
    let unwaited = publisher.publish_unwaited(to_queue(Queue::Reports, "no")).await;
    ensure(matches!(unwaited, Err(PublishError::Unavailable(_))), || format!("unwaited: {unwaited:?}"))?;
    bench.harness.heal().await;
    until_health(&broker, "ready again", |health| health.ready()).await?;
    let mut consumer = broker.consumer(Queue::Reports, 5);
    take_and_ack(&mut consumer, "before").await?;
    super::nothing_comes(&mut consumer).await
}

pub(super) async fn administration_while_disconnected_is_unavailable(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    bench.cut(&broker).await?;
    let account = bench.account();
    let refused = [
        broker.declare_topology().await.err(),
        broker.declare_account(account).await.err(),
        broker.delete_account(account).await.err(),
        broker.inspect(Queue::Journal).await.err(),
        broker.purge(Queue::Journal).await.err(),
    ];
    bench.harness.heal().await;
    for (number, error) in refused.into_iter().enumerate() {
        let is_unavailable = matches!(error, Some(BrokerError::Unavailable(_)));
        ensure(is_unavailable, || format!("call {number}: {error:?}"))?;
    }
    until_health(&broker, "ready again", |health| health.ready()).await?;
    broker.declare_topology().await.map_err(text)
}

pub(super) async fn consuming_resumes_after_a_cut(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let mut consumer = broker.consumer(Queue::Reports, 5);
    let publisher = broker.publisher();
    publish(&*publisher, Queue::Reports, "before").await?;
    take_and_ack(&mut consumer, "before").await?;
    for round in ["first", "second"] {
        bench.cut_and_heal(&broker).await?;
        publish_at_last(&*publisher, Queue::Reports, round).await?;
        // An acknowledgement on its way at the cut may not have arrived.
        let mut delivery = take(&mut consumer).await?;
        while read(&delivery) != round {
            delivery.ack().await;
            delivery = take(&mut consumer).await?;
        }
        delivery.ack().await;
    }
    Ok(())
}

pub(super) async fn publishing_resumes_after_a_cut(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    publish(&*publisher, Queue::Reports, "0").await?;
    bench.cut_and_heal(&broker).await?;
    publish_at_last(&*publisher, Queue::Reports, "1").await?;
    take_numbers(&mut broker.consumer(Queue::Reports, 5), 2).await
}

pub(super) async fn what_was_unsettled_at_a_cut_comes_again(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 4).await?;
    let mut consumer = broker.consumer(Queue::Reports, 4);
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(take(&mut consumer).await?);
    }
    bench.cut_and_heal(&broker).await?;
    let mut again = BTreeSet::new();
    while again.len() < 4 {
        let delivery = take(&mut consumer).await.map_err(|why| format!("{why}; only {again:?} came"))?;
        ensure(delivery.redelivered, || "it came as if for the first time".to_owned())?;
        again.insert(read(&delivery));
        delivery.ack().await;
    }
    Ok(())
}

pub(super) async fn settling_after_a_reconnection_is_gone(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    publish_numbers(&*broker.publisher(), Queue::Reports, 2).await?;
    let mut consumer = broker.consumer(Queue::Reports, 2);
    let (first, second) = (take(&mut consumer).await?, take(&mut consumer).await?);
    bench.cut_and_heal(&broker).await?;
    equal("ack", first.ack().await, Settled::Gone)?;
    equal("give back", second.give_back().await, Settled::Gone)?;
    take_numbers(&mut consumer, 2).await
}

pub(super) async fn confirmed_messages_outlive_a_cut(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let account = bench.declared(&broker).await?;
    for queue in [Queue::Journal, account] {
        publish_numbers(&*broker.publisher(), queue, 5).await?;
    }
    bench.cut_and_heal(&broker).await?;
    for queue in [Queue::Journal, account] {
        take_numbers(&mut broker.consumer(queue, 5), 5).await?;
    }
    Ok(())
}

pub(super) async fn replies_come_again_after_a_cut(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (asker, answerer) = (broker.publisher(), broker.publisher());
    let ask = |payload| Outgoing { wants_reply: true, ..to_queue(Queue::Leases, payload) };
    asker.publish(ask("old")).await.map_err(text)?;
    let mut consumer = broker.consumer(Queue::Leases, 5);
    let old = take(&mut consumer).await?.reply_to.clone().ok_or("no address")?;
    bench.cut_and_heal(&broker).await?;
    // The old address leads nowhere and disturbs nobody.
    let stale = super::message(Address::Reply(old), "stale");
    while let Err(PublishError::Unavailable(_)) = answerer.publish(stale.clone()).await {
        tokio::task::yield_now().await;
    }
    asker.publish(ask("new")).await.map_err(text)?;
    let new = loop {
        let delivery = take(&mut consumer).await?;
        let (payload, address) = (read(&delivery), delivery.reply_to.clone());
        delivery.ack().await;
        if payload == "new" {
            break address.ok_or("no address")?;
        }
    };
    answerer.publish(super::message(Address::Reply(new), "fresh")).await.map_err(text)?;
    let reply = tokio::time::timeout(PATIENCE, asker.next_reply()).await.map_err(|_| "no reply came")?;
    equal("reply", reply.as_deref(), Some("fresh".as_bytes()))
}

pub(super) async fn events_come_again_after_a_cut(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (publisher, mut subscriber) = (broker.publisher(), broker.subscribe(None));
    listening(&*publisher, &mut subscriber, "t").await?;
    bench.cut_and_heal(&broker).await?;
    listening(&*publisher, &mut subscriber, "t").await?;
    publisher.publish(event("t", "link", "changed", "again")).await.map_err(text)?;
    equal("event", next_event(&mut subscriber).await?, "again".to_owned())
}

pub(super) async fn three_cuts_under_load_lose_nothing_confirmed(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    let mut consumer = broker.consumer(Queue::Reports, 20);
    let mut confirmed = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let numbers: Vec<String> = (0..60).map(|number| format!("{round}-{number}")).collect();
        let publishing =
            join_all(numbers.iter().map(|number| publisher.publish(to_queue(Queue::Reports, number))));
        let cutting = bench.cut_and_heal(&broker);
        let (ended, cut) = futures::join!(publishing, cutting);
        cut?;
        let stored = numbers.into_iter().zip(ended).filter(|(_, ended)| ended.is_ok());
        confirmed.extend(stored.map(|(number, _)| number));
        while let Some(delivery) = consumer.try_next() {
            seen.insert(read(&delivery));
            delivery.ack().await;
        }
    }
    while !confirmed.is_subset(&seen) {
        let delivery = take(&mut consumer).await.map_err(|why| {
            format!("{why}; confirmed and not seen: {:?}", confirmed.difference(&seen).collect::<Vec<_>>())
        })?;
        seen.insert(read(&delivery));
        delivery.ack().await;
    }
    Ok(())
}

pub(super) async fn blocked_publishers_are_refused_and_go_on(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    publish(&*publisher, Queue::Reports, "0").await?;
    bench.harness.block(true).await;
    until_health(&broker, "blocked", |health| health.connected && health.blocked && !health.ready()).await?;
    let ended = publisher.publish(to_queue(Queue::Reports, "no")).await;
    ensure(matches!(ended, Err(PublishError::Unavailable(_))), || format!("while blocked: {ended:?}"))?;
    // Taking and settling go on: only publishers are blocked.
    let mut consumer = broker.consumer(Queue::Reports, 5);
    take_and_ack(&mut consumer, "0").await?;
    bench.harness.block(false).await;
    until_health(&broker, "unblocked", |health| health.ready()).await?;
    publish(&*publisher, Queue::Reports, "1").await?;
    take_and_ack(&mut consumer, "1").await
}

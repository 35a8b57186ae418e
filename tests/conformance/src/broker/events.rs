//! Cases: events fan out to those they concern.

use super::{Bench, Outcome, PATIENCE, ensure, equal, message, nothing_comes, publish, read, take, text};
use std::time::Duration;
use wanlink_broker::port::{Address, Consumer, Outgoing, Publisher, Queue};

pub(super) fn event(tenant: &str, subject: &str, kind: &str, payload: &str) -> Outgoing {
    let (tenant, subject, kind) = (tenant.to_owned(), subject.to_owned(), kind.to_owned());
    message(Address::Event { tenant, subject, kind }, payload)
}

/// Publishes probes until the subscriber gets one, then takes those still on their way: from then on it is
/// known to listen.
pub(super) async fn listening(
    publisher: &dyn Publisher,
    subscriber: &mut Box<dyn Consumer>,
    tenant: &str,
) -> Outcome {
    let probing = async {
        loop {
            // Between connections there is nobody to publish to; the next probe may find somebody.
            let _ = publisher.publish(event(tenant, "probe", "probe", "probe")).await;
            let heard = tokio::time::timeout(Duration::from_millis(50), subscriber.next()).await;
            if let Ok(Some(delivery)) = heard {
                delivery.ack().await;
                return;
            }
        }
    };
    let heard = tokio::time::timeout(PATIENCE, probing).await.is_ok();
    ensure(heard, || "the subscriber never listened".to_owned())
}

/// The next event that is no probe.
pub(super) async fn next_event(subscriber: &mut Box<dyn Consumer>) -> Result<String, String> {
    loop {
        let delivery = take(subscriber).await?;
        let payload = read(&delivery);
        delivery.ack().await;
        if payload != "probe" {
            return Ok(payload);
        }
    }
}

pub(super) async fn an_event_without_subscribers_is_no_error(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let publisher = broker.publisher();
    publisher.publish(event("t", "link.1", "changed", "unheard")).await.map_err(text)?;
    publisher.publish_unwaited(event("t", "link.1", "changed", "unheard")).await.map_err(text)?;
    publish(&*publisher, Queue::Reports, "next").await?;
    equal("lost", publisher.lost(), 0)
}

pub(super) async fn an_event_reaches_every_subscriber(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (publisher, mut all, mut own) =
        (broker.publisher(), broker.subscribe(None), broker.subscribe(Some("t".to_owned())));
    listening(&*publisher, &mut all, "t").await?;
    listening(&*publisher, &mut own, "t").await?;
    for payload in ["first", "second"] {
        publisher.publish(event("t", "link.1", "changed", payload)).await.map_err(text)?;
    }
    for subscriber in [&mut all, &mut own] {
        let mut heard = [next_event(subscriber).await?, next_event(subscriber).await?];
        heard.sort();
        equal("heard", heard, ["first".to_owned(), "second".to_owned()])?;
    }
    Ok(())
}

pub(super) async fn a_subscriber_of_one_tenant_sees_no_other(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (publisher, mut mine) = (broker.publisher(), broker.subscribe(Some("mine".to_owned())));
    listening(&*publisher, &mut mine, "mine").await?;
    for tenant in ["other", "min", "mine2", "MINE", "#", "mine.mine"] {
        publisher.publish(event(tenant, "link.1", "changed", tenant)).await.map_err(text)?;
    }
    publisher.publish(event("mine", "link.1", "changed", "end")).await.map_err(text)?;
    equal("the only event", next_event(&mut mine).await?, "end".to_owned())?;
    nothing_comes(&mut mine).await
}

pub(super) async fn separators_and_wildcards_in_an_event_are_plain_text(bench: Bench) -> Outcome {
    let broker = bench.broker().await?;
    let (publisher, mut subscriber) = (broker.publisher(), broker.subscribe(Some("a.b".to_owned())));
    let mut pattern = broker.subscribe(Some("*".to_owned()));
    listening(&*publisher, &mut subscriber, "a.b").await?;
    listening(&*publisher, &mut pattern, "*").await?;
    let long = "s".repeat(400);
    let odd = [("x.y.z", "#"), ("", ""), ("é *", "link changed"), (long.as_str(), long.as_str())];
    for (number, (subject, kind)) in odd.into_iter().enumerate() {
        publisher.publish(event("a.b", subject, kind, &number.to_string())).await.map_err(text)?;
    }
    for number in 0..odd.len() {
        equal("event", next_event(&mut subscriber).await?, number.to_string())?;
    }
    publisher.publish(event("*", "link", "changed", "own")).await.map_err(text)?;
    equal("the tenant called *", next_event(&mut pattern).await?, "own".to_owned())
}

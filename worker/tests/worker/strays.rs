//! Messages that cannot be handled: parked or given back, never dropped, never looped.

use crate::conductor::seal;
use crate::world::{World, account, action, eventually, run};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wanlink_broker::port::{Broker, Queue};
use wanlink_domain::action::ActionKind;
use wanlink_wire::Message;
use wanlink_wire::lease::Probe;
use wanlink_wire::report::Parked;

fn parked(world: &World) -> Vec<Parked> {
    let script = world.conductor.script();
    let parked = script.heard.iter().filter_map(|heard| match heard {
        Message::Parked(parked) => Some(parked.clone()),
        _ => None,
    });
    parked.collect()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_read_is_parked_and_the_queue_goes_on() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.send(1, b"{ not json".to_vec()).await;
    world
        .send(
            1,
            br#"{"v":1,"kind":"riddle","id":"00000000-0000-0000-0000-000000000001","at":0,"body":{}}"#
                .to_vec(),
        )
        .await;
    world.send(1, seal(Message::Probe(Probe { nonce: 1 }))).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    eventually("all three", || parked(&world).len() == 3).await;
    let mut reasons: Vec<String> = parked(&world).into_iter().map(|parked| parked.reason).collect();
    reasons.sort();
    let told = ["a message of kind probe", "malformed message", "unknown message kind"];
    assert!(reasons.iter().zip(told).all(|(reason, told)| reason.starts_with(told)), "{reasons:?}");
    let origin = format!("account/{}", account(1));
    assert!(parked(&world).iter().all(|parked| parked.origin == origin));
    world.worker.drain().await;
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_newer_release_s_message_is_given_back_and_not_looped() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.ready().await;
    world.send(1, br#"{"v":9,"kind":"prompt"}"#.to_vec()).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    eventually("not ready", || !world.worker.ready().borrow().is_ready()).await;
    let (before, until) =
        (world.faults.consumers.load(Ordering::SeqCst), world.now() + Duration::from_secs(300));
    eventually("five minutes", || world.now() > until).await;
    let opened = world.faults.consumers.load(Ordering::SeqCst) - before;
    assert!((2..20).contains(&opened), "the queue was opened {opened} times in five minutes");
    assert!(!world.worker.ready().borrow().is_ready());
    assert!(parked(&world).is_empty(), "it is somebody else's to read");
    assert_eq!(world.conductor.reports_of(action(1)).len(), 1);
    // A newer worker would take it now.
    eventually("it is in the queue", || {
        futures_now(world.test.purge(Queue::Account(account(1)))).is_some_and(|count| count == Ok(1))
    })
    .await;
    world.ready().await;
    world.prompt(1, 2, &[run(2, ActionKind::Create, 1, false)]).await;
    world.reported(2).await;
    world.end().await;
}

/// The in-process engine's calls are ready at once.
fn futures_now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

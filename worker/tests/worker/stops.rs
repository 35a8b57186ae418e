//! Drains, lost connections and lost confirms (P1, P5).

use crate::world::{World, account, action, eventually, holding, run, settings};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wanlink_connectors::simulator::{Effect, Fault, Rule, Verb};
use wanlink_domain::action::{ActionKind, Outcome};
use wanlink_wire::Message;
use wanlink_worker::WorkerSettings;

#[tokio::test(start_paused = true)]
async fn a_drain_finishes_what_runs_gives_the_rest_back_and_releases() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(8))));
    world.grant(1, 3, json!({ "max_in_flight": 1 })).await;
    world.grant(2, 1, json!({})).await;
    for n in 1..=4 {
        world.prompt(1, n, &[run(n, ActionKind::Create, 1, false)]).await;
    }
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.worker.drain().await;
    assert!(matches!(world.conductor.reports_of(action(1))[0].outcome, Outcome::Done { .. }));
    assert_eq!(world.left_over(1).await, 3, "what had not begun is given back");
    assert!((2..=4).all(|n| world.conductor.claims_of(action(n)) == 0));
    assert!(world.conductor.released(holding(1, 3)) && world.conductor.released(holding(2, 1)));
    assert!(world.conductor.script().grants.is_empty());
    assert_eq!(world.conductor.script().capacity, 0, "it takes nothing more while it finishes");
    let last = world.conductor.count(|heard| matches!(heard, Message::Renew(renew) if renew.draining));
    assert!(last > 0 && !world.worker.ready().borrow().is_ready());
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_within_its_limit_even_if_a_call_hangs_and_nobody_answers() {
    let world = World::with(WorkerSettings { drain: Duration::from_secs(10), ..settings() }).await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Hang));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.broker.disconnect();
    let asked = world.now();
    world.worker.drain().await;
    assert!(world.now() - asked < Duration::from_secs(20), "it took {:?}", world.now() - asked);
    world.end().await;
}

/// Or every rolling restart would run again what it has just finished.
#[tokio::test(start_paused = true)]
async fn a_drain_gives_an_account_back_only_when_its_reports_are_answered() {
    let world = World::with(WorkerSettings { drain: Duration::from_secs(40), ..settings() }).await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(3))));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.conductor.script().mute.insert("report");
    let drain = world.worker.drain();
    let watch = async {
        world.reported(1).await;
        let later = world.now() + Duration::from_secs(10);
        eventually("the conductors are slow", || world.now() > later).await;
        assert!(!world.conductor.released(holding(1, 3)), "its report would be stale");
        world.conductor.script().mute.clear();
        let answered = world.now();
        eventually("released", || world.conductor.released(holding(1, 3))).await;
        assert!(
            world.now() - answered < Duration::from_secs(12),
            "an answer that was lost is asked for again"
        );
    };
    tokio::join!(drain, watch);
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_ever_for_an_answer() {
    let world = World::with(WorkerSettings { drain: Duration::from_secs(10), ..settings() }).await;
    world.conductor.script().mute.insert("report");
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    let asked = world.now();
    world.worker.drain().await;
    assert!(world.now() - asked < Duration::from_secs(12), "it took {:?}", world.now() - asked);
    assert!(world.conductor.released(holding(1, 3)));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn stopping_the_process_drains() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.ready().await;
    let tasks = world.tasks.clone();
    assert!(tasks.stop(Duration::from_secs(120)).await);
}

#[tokio::test(start_paused = true)]
async fn a_worker_starts_and_stops_a_hundred_times() {
    for _ in 0..100 {
        let world = World::new().await;
        world.grant(1, 1, json!({})).await;
        world.ready().await;
        world.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_redelivery_after_a_lost_connection_runs_nothing_twice() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(6))));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.broker.disconnect();
    eventually("not ready", || !world.worker.ready().borrow().is_ready()).await;
    world.broker.reconnect();
    world.reported(1).await;
    world.ready().await;
    assert_eq!((world.calls(Verb::Ensure, 1), world.conductor.reports_of(action(1)).len()), (1, 1));
    assert_eq!(world.conductor.claims_of(action(1)), 1);
    world.worker.drain().await;
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_report_whose_confirm_is_lost_is_published_again_before_the_acknowledgement() {
    let world = World::new().await;
    world.faults.confirms_lost.store(3, Ordering::SeqCst);
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("four reports", || world.conductor.reports_of(action(1)).len() == 4).await;
    assert_eq!(world.effects(Effect::Created, 1), 1);
    world.worker.drain().await;
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_report_waits_for_a_broker_that_takes_nothing() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(3))));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.broker.block(true);
    eventually("the effect", || world.effects(Effect::Created, 1) == 1).await;
    eventually("not ready", || !world.worker.ready().borrow().is_ready()).await;
    assert!(world.conductor.reports_of(action(1)).is_empty());
    world.broker.block(false);
    world.reported(1).await;
    assert!(matches!(world.conductor.reports_of(action(1))[0].outcome, Outcome::Done { .. }));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_granted_during_a_drain_goes_straight_back() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(8))));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.grant(2, 9, json!({})).await;
    world.worker.drain().await;
    assert!(world.conductor.released(holding(2, 9)));
    let asked = world
        .conductor
        .count(|heard| matches!(heard, Message::Settings(asked) if asked.account == account(2)));
    assert_eq!(asked, 0);
    world.end().await;
}

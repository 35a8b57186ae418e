//! Leases and stale sessions (P2): no call outside an epoch, and none past the trust window.

use crate::conductor::seal;
use crate::world::{World, account, action, eventually, holding, link, run, task};
use serde_json::json;
use std::time::Duration;
use wanlink_connectors::simulator::{Effect, Fault, Rule, Verb};
use wanlink_domain::action::{ActionKind, Outcome};
use wanlink_domain::reason::Code;
use wanlink_wire::Message;
use wanlink_wire::account::{Observe, ObserveLink, Poll};
use wanlink_wire::conductor::Verdict;
use wanlink_wire::lease::Renew;
use wanlink_wire::report::Fate;

fn renewals(world: &World) -> Vec<Renew> {
    let script = world.conductor.script();
    let renewals = script.heard.iter().filter_map(|heard| match heard {
        Message::Renew(renew) => Some(renew.clone()),
        _ => None,
    });
    renewals.collect()
}

#[tokio::test(start_paused = true)]
async fn a_stale_verdict_ends_the_session_without_a_call() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[Verdict::Stale]).await;
    eventually("released", || world.conductor.released(holding(1, 3))).await;
    assert_eq!(world.calls(Verb::Ensure, 1), 0);
    assert_eq!(world.left_over(1).await, 1, "the prompt is the next session's");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_stale_report_ends_the_session() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.conductor.script().fates.insert(action(1), Fate::Stale);
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    eventually("released", || world.conductor.released(holding(1, 3))).await;
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn bad_action_drops_calls_in_flight_then_releases_and_the_next_epoch_begins() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Hang).times(1));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    // The prompt that hung is redelivered to the next epoch's session.
    world.conductor.script().grants.insert(account(1), 5);
    eventually("released", || world.conductor.released(holding(1, 3))).await;
    world.reported(1).await;
    let reports = world.conductor.reports_of(action(1));
    assert_eq!(
        reports.iter().map(|item| item.epoch).collect::<Vec<_>>(),
        [5],
        "the old epoch reports nothing"
    );
    assert_eq!(world.effects(Effect::Created, 1), 1);
    let both = renewals(&world)
        .into_iter()
        .any(|renew| renew.holdings.contains(&holding(1, 5)) && renew.holdings.contains(&holding(1, 3)));
    assert!(!both);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn past_the_trust_window_a_call_is_dropped_and_none_is_begun() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Hang).times(1));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    let last_sent = world.now();
    world.conductor.script().mute.insert("renew");
    world.reported(1).await;
    let dropped_after = world.now() - last_sent;
    let Outcome::Unknown { reason } = world.conductor.reports_of(action(1))[0].outcome.clone() else {
        panic!("{:?}", world.conductor.reports_of(action(1)));
    };
    assert_eq!(reason.code, Code::AttemptLost);
    assert!(dropped_after <= Duration::from_secs(18), "trusted for {dropped_after:?} without an answer");
    world.prompt(1, 2, &[run(2, ActionKind::Create, 1, false)]).await;
    let later = world.now() + Duration::from_secs(60);
    eventually("a minute", || world.now() > later).await;
    assert_eq!((world.conductor.claims_of(action(2)), world.calls(Verb::Ensure, 2)), (0, 0));
    // Time alone ends no epoch: once renewals are answered again, it goes on.
    world.conductor.script().mute.clear();
    world.reported(2).await;
    assert_eq!(world.conductor.reports_of(action(2))[0].epoch, 3);
    world.end().await;
}

/// Or a lease that runs out would show healthy links as failing.
#[tokio::test(start_paused = true)]
async fn a_look_that_outlasts_the_trust_window_tells_nothing() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Observe, Fault::Hang).times(1));
    world.grant(1, 3, json!({})).await;
    let links = [1, 2].map(|n| ObserveLink { version: 1, task: task(n) }).to_vec();
    world.send(1, seal(Message::Observe(Observe { account: account(1), epoch: 3, links, list: None }))).await;
    eventually("the call", || world.calls(Verb::Observe, 1) == 1).await;
    world.conductor.script().mute.insert("renew");
    let later = world.now() + Duration::from_secs(25);
    eventually("the window is over", || world.now() > later).await;
    world.conductor.script().mute.clear();
    let seen = || {
        let script = world.conductor.script();
        let items = script.heard.iter().filter_map(|heard| match heard {
            Message::Observed(observed) => Some(observed.items.clone()),
            _ => None,
        });
        items.flatten().map(|item| item.link).collect::<Vec<_>>()
    };
    eventually("the other link is looked at", || seen().contains(&link(2))).await;
    assert_eq!(seen(), [link(2)]);
    world.worker.drain().await;
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

/// Or each would hold one of the few places that a queue has for its deliveries, for good.
#[tokio::test(start_paused = true)]
async fn a_report_that_is_given_up_ends_its_epoch_and_its_message_comes_again() {
    let world = World::new().await;
    for verb in [Verb::Ensure, Verb::Observe] {
        world.controller.script(Rule::on(verb, Fault::Delay(Duration::from_secs(3))));
    }
    for n in 1..=3 {
        world.grant(n, 3, json!({})).await;
    }
    let links = vec![ObserveLink { version: 1, task: task(2) }];
    let observe = Observe { account: account(2), epoch: 3, links, list: None };
    let (kind, task) = (ActionKind::Create, task(3));
    let poll = Poll { account: account(3), epoch: 3, action: action(3), kind, attempt: 1, task };
    world.prompt(1, 1, &[run(1, kind, 1, false), run(1, kind, 2, true)]).await;
    world.send(2, seal(Message::Observe(observe))).await;
    world.send(3, seal(Message::Poll(poll))).await;
    eventually("the calls", || {
        world.calls(Verb::Ensure, 1) == 1 && (2..=3).all(|n| world.calls(Verb::Observe, n) == 1)
    })
    .await;
    // Neither reports nor renewals leave, on a connection that stands.
    world.broker.block(true);
    let given_up = world.now() + Duration::from_secs(60);
    eventually("their patience is over", || world.now() > given_up).await;
    world.broker.block(false);
    for n in 1..=3 {
        eventually("released", || world.conductor.released(holding(n, 3))).await;
    }
    world.conductor.script().grants.insert(account(1), 4);
    world.reported(1).await;
    let told = world.conductor.reports_of(action(1));
    assert_eq!(told.iter().map(|item| (item.epoch, item.attempt)).collect::<Vec<_>>(), [(4, 2)]);
    assert_eq!(world.effects(Effect::Created, 1), 1);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_comes_after_the_trust_window_is_not_acted_on() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.conductor.script().mute.insert("claim");
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the claim", || world.conductor.claims_of(action(1)) > 0).await;
    world.conductor.script().mute.insert("renew");
    let later = world.now() + Duration::from_secs(25);
    eventually("the window is over", || world.now() > later).await;
    world.conductor.script().mute.remove("claim");
    world.reported(1).await;
    let Outcome::Retry { reason, .. } = world.conductor.reports_of(action(1))[0].outcome.clone() else {
        panic!("{:?}", world.conductor.reports_of(action(1)));
    };
    assert_eq!((reason.code, world.calls(Verb::Ensure, 1)), (Code::AttemptLost, 0));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_may_outlast_a_ttl_because_renewals_go_on() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(45))));
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    assert!(matches!(world.conductor.reports_of(action(1))[0].outcome, Outcome::Done { .. }));
    assert!(world.now() > Duration::from_secs(45));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_delete_renews_right_before_its_call() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    world.conductor.script().mute.insert("renew");
    world.prompt(1, 1, &[run(1, ActionKind::Delete, 2, false)]).await;
    eventually("the claim", || world.conductor.claims_of(action(1)) == 2).await;
    let asked = renewals(&world).len();
    eventually("a renewal for it", || renewals(&world).len() > asked + 1).await;
    assert_eq!(world.calls(Verb::Remove, 1), 0, "no removal without a fresh answer");
    world.conductor.script().mute.clear();
    eventually("removed", || world.effects(Effect::Removed, 1) == 1).await;
    eventually("reported", || world.conductor.reports_of(action(1)).len() == 2).await;
    // A lease that turns out to be over removes nothing.
    world.prompt(1, 2, &[run(2, ActionKind::Create, 1, false)]).await;
    world.reported(2).await;
    world.conductor.script().mute.insert("renew");
    world.prompt(1, 2, &[run(2, ActionKind::Delete, 2, false)]).await;
    eventually("the claim", || world.conductor.claims_of(action(2)) == 2).await;
    {
        let mut script = world.conductor.script();
        script.grants.remove(&account(1));
        script.mute.clear();
    }
    eventually("released", || world.conductor.released(holding(1, 3))).await;
    assert_eq!(world.calls(Verb::Remove, 2), 0);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_forgotten_registers_again() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    eventually("held", || renewals(&world).iter().any(|renew| renew.holdings == [holding(1, 3)])).await;
    {
        let mut script = world.conductor.script();
        script.known = false;
        script.grants.insert(account(1), 4);
    }
    eventually("held anew", || renewals(&world).iter().any(|renew| renew.holdings == [holding(1, 4)])).await;
    assert_eq!(world.conductor.count(|heard| matches!(heard, Message::Register(_))), 2);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn settings_that_are_refused_give_the_account_back() {
    let world = World::new().await;
    world.grant(1, 3, json!({})).await;
    world.conductor.script().settings.clear();
    eventually("released", || world.conductor.released(holding(1, 3))).await;
    world.end().await;
}

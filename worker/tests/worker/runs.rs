//! From a grant to an acknowledgement: what becomes of prompts, polls and observations.

use crate::world::{World, account, action, eventually, holding, link, run, settings, task};
use serde_json::json;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wanlink_connectors::simulator::{Effect, Fault, Rule, Verb};
use wanlink_domain::action::{ActionKind, Outcome};
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::{Code, Reason};
use wanlink_runtime::seal::Secret;
use wanlink_wire::Message;
use wanlink_wire::account::{Observe, ObserveLink, Poll};
use wanlink_wire::conductor::Verdict;
use wanlink_wire::report::Sight;
use wanlink_worker::WorkerSettings;

#[tokio::test(start_paused = true)]
async fn a_prompt_is_claimed_run_reported_and_acknowledged() {
    let world = World::new().await;
    world.grant(1, 4, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    world.ready().await;
    let reports = world.conductor.reports_of(action(1));
    assert_eq!((reports[0].epoch, reports[0].attempt, reports[0].link), (4, 1, link(1)));
    let Outcome::Done { found: Some(found) } = &reports[0].outcome else {
        panic!("{:?}", reports[0].outcome)
    };
    assert_eq!(found.status, Some(LinkStatus::Active));
    assert_eq!(world.effects(Effect::Created, 1), 1);
    eventually("the monitor's word", || {
        world.conductor.count(|heard| {
            matches!(heard, Message::UpdateWim(told) if told.epoch == 4 && told.status == AccountStatus::Reachable)
        }) > 0
    })
    .await;
    eventually("the queue is said to be empty", || {
        world.conductor.count(|heard| matches!(heard, Message::Renew(renew) if renew.idle == [account(1)]))
            > 0
    })
    .await;
    let metrics = world.telemetry.metrics.clone();
    assert_eq!(metrics.attempts.get(["simulator", "CREATE", "done"]), 1);
    assert_eq!((metrics.claims.get(["run"]), metrics.held.get([])), (1, 1.0));
    assert_eq!(metrics.attempts_in_progress.get([]), 0.0);
    let left = world.test.clone();
    world.end().await;
    assert_eq!(metrics.held.get([]), 0.0);
    let state =
        wanlink_broker::port::Broker::inspect(&left, wanlink_broker::port::Queue::Account(account(1))).await;
    assert_eq!(state.map(|state| state.map(|state| state.ready)), Ok(Some(0)));
}

#[tokio::test(start_paused = true)]
async fn a_second_prompt_for_what_runs_is_dropped() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(7))));
    world.grant(1, 1, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("the call", || world.calls(Verb::Ensure, 1) == 1).await;
    world.prompt_again(1, 1).await;
    world.prompt_again(1, 1).await;
    world.reported(1).await;
    assert_eq!((world.conductor.claims_of(action(1)), world.calls(Verb::Ensure, 1)), (1, 1));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_run_at_once_than_the_account_allows_and_none_is_claimed_before() {
    let world = World::new().await;
    world.controller.script(Rule::on(Verb::Ensure, Fault::Delay(Duration::from_secs(3))));
    world.grant(1, 1, json!({ "max_in_flight": 2 })).await;
    for n in 1..=6 {
        world.prompt(1, n, &[run(n, ActionKind::Create, 1, false)]).await;
    }
    let ensured = || world.controller.calls().iter().filter(|call| call.verb == Verb::Ensure).count();
    eventually("the first two", || ensured() == 2).await;
    assert_eq!((1..=6).map(|n| world.conductor.claims_of(action(n))).sum::<usize>(), 2);
    for n in 1..=6 {
        world.reported(n).await;
    }
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_repeated_until_it_is_answered() {
    let world = World::new().await;
    world.conductor.script().mute.insert("claim");
    world.grant(1, 1, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    eventually("three claims", || world.conductor.claims_of(action(1)) >= 3).await;
    assert_eq!(world.calls(Verb::Ensure, 1), 0, "nothing is run without a verdict");
    world.conductor.script().mute.clear();
    world.reported(1).await;
    assert_eq!(world.calls(Verb::Ensure, 1), 1);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn claims_of_all_accounts_travel_together() {
    let world = World::new().await;
    for n in 1..=3 {
        world.grant(n, 1, json!({})).await;
        world.conductor.script().verdicts.insert(action(n), vec![run(n, ActionKind::Create, 1, false)]);
        world.prompt_again(n, n).await;
    }
    for n in 1..=3 {
        world.reported(n).await;
    }
    let claims = world.conductor.count(|heard| matches!(heard, Message::Claim(_)));
    assert!(claims < 3, "three accounts' claims took {claims} messages");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decided_yet_is_kept_and_asked_again_but_not_for_ever() {
    let world = World::new().await;
    let again = Verdict::Again { after_ms: 700, reason: Reason::new(Code::AccountNotReady, "not yet") };
    world.grant(1, 1, json!({})).await;
    world.prompt(1, 1, &[again.clone(), again.clone(), run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    assert_eq!(world.conductor.claims_of(action(1)), 3);
    let before = world.now();
    world.prompt(1, 2, &[again]).await;
    eventually("it was given up", || {
        world.conductor.count(|heard| matches!(heard, Message::Renew(renew) if !renew.idle.is_empty())) > 1
    })
    .await;
    let kept = world.now() - before;
    assert!(kept > Duration::from_secs(20) && kept < Duration::from_secs(60), "kept for {kept:?}");
    world.worker.drain().await;
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

/// Or a journal that lags behind would have every prompt claimed ten times a second.
#[tokio::test(start_paused = true)]
async fn the_conductors_are_asked_again_with_growing_pauses() {
    let world = World::new().await;
    let again = Verdict::Again { after_ms: 100, reason: Reason::new(Code::AccountNotReady, "not yet") };
    world.grant(1, 1, json!({})).await;
    world.ready().await;
    world.prompt(1, 1, &[again]).await;
    eventually("the first claim", || world.conductor.claims_of(action(1)) == 1).await;
    let (early, late) = (world.now() + Duration::from_secs(1), world.now() + Duration::from_secs(40));
    eventually("a second", || world.now() > early).await;
    assert!(world.conductor.claims_of(action(1)) >= 3, "what is on record in a moment runs in a moment");
    eventually("it was given up", || world.now() > late).await;
    let claims = world.conductor.claims_of(action(1));
    assert!((10..30).contains(&claims), "{claims} claims of one prompt");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn wait_and_skip_are_acknowledged_without_a_call() {
    let world = World::new().await;
    let reason = Reason::new(Code::EarlierUnfinished, "another one");
    world.grant(1, 1, json!({})).await;
    world.prompt(1, 1, &[Verdict::Wait { reason: reason.clone() }]).await;
    world.prompt(1, 2, &[Verdict::Skip { reason }]).await;
    world.prompt(1, 3, &[run(3, ActionKind::Create, 1, false)]).await;
    world.reported(3).await;
    eventually("nothing in hand", || {
        world.conductor.count(|heard| matches!(heard, Message::Renew(renew) if !renew.idle.is_empty())) > 0
    })
    .await;
    assert_eq!((world.calls(Verb::Ensure, 1), world.calls(Verb::Ensure, 2)), (0, 0));
    world.worker.drain().await;
    assert_eq!(world.left_over(1).await, 0);
    world.end().await;
}

/// Or the prompts that a queue has lost would not be sent again for as long as there are links to look at.
#[tokio::test(start_paused = true)]
async fn a_queue_with_nothing_but_looks_in_it_counts_as_empty() {
    let world = World::new().await;
    world.grant(1, 1, json!({})).await;
    world.ready().await;
    let looks = async {
        loop {
            let observe = Observe { account: account(1), epoch: 1, links: Vec::new(), list: None };
            world.send(1, crate::conductor::seal(Message::Observe(observe))).await;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let idle = eventually("its queue is said to be empty", || {
        world.conductor.count(|heard| matches!(heard, Message::Renew(renew) if !renew.idle.is_empty())) > 0
    });
    tokio::select! {
        biased;
        () = idle => {}
        () = looks => {}
    }
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_follows_a_lost_one_looks_first() {
    let world = World::new().await;
    world.grant(1, 1, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    // The same link's next attempt finds it as wished; another link's finds nothing.
    world.prompt(1, 1, &[run(1, ActionKind::Create, 2, true)]).await;
    world.prompt(1, 2, &[run(2, ActionKind::Create, 2, true)]).await;
    eventually("a second report", || world.conductor.reports_of(action(1)).len() == 2).await;
    world.reported(2).await;
    assert!(matches!(world.conductor.reports_of(action(1))[1].outcome, Outcome::Done { .. }));
    assert_eq!((world.calls(Verb::Observe, 1), world.calls(Verb::Ensure, 1)), (1, 1), "done without a call");
    assert_eq!((world.calls(Verb::Observe, 2), world.effects(Effect::Created, 2)), (1, 1));
    // And a DELETE that finds nothing removes nothing.
    world.prompt(1, 3, &[run(3, ActionKind::Delete, 2, true)]).await;
    world.reported(3).await;
    assert!(matches!(world.conductor.reports_of(action(3))[0].outcome, Outcome::Done { .. }));
    assert_eq!((world.calls(Verb::Observe, 3), world.calls(Verb::Remove, 3)), (1, 0));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn every_failure_of_a_call_has_its_outcome() {
    let world = World::with(WorkerSettings { attempt_timeout: Duration::from_secs(9), ..settings() }).await;
    world.grant(1, 1, json!({})).await;
    let faults = [Fault::Panic, Fault::Hang, Fault::CutAfter, Fault::Busy(Duration::from_millis(1_500))];
    for (n, fault) in (1..).zip(faults) {
        world.controller.script(Rule::on(Verb::Ensure, fault).link(link(n)));
        world.prompt(1, n, &[run(n, ActionKind::Create, 1, false)]).await;
    }
    world.prompt(1, 9, &[run(9, ActionKind::Create, 1, false)]).await;
    world.prompt(1, 10, &[run(10, ActionKind::Find, 1, false)]).await;
    world.prompt(1, 11, &[run(11, ActionKind::Execute, 1, false)]).await;
    for n in [1, 2, 3, 4, 9, 10, 11] {
        world.reported(n).await;
    }
    let outcome = |n| match world.conductor.reports_of(action(n))[0].outcome.clone() {
        Outcome::Unknown { reason } => ("unknown", Some(reason.code), None),
        Outcome::Retry { reason, after_ms } => ("retry", Some(reason.code), after_ms),
        Outcome::Refused { reason } => ("refused", Some(reason.code), None),
        Outcome::Done { .. } => ("done", None, None),
        Outcome::Building { .. } => ("building", None, None),
    };
    assert_eq!(outcome(1), ("unknown", Some(Code::ConnectorPanicked), None));
    assert_eq!(outcome(2), ("unknown", Some(Code::Timeout), None));
    assert_eq!(outcome(3), ("unknown", Some(Code::OutcomeUnknown), None));
    assert_eq!(outcome(4), ("retry", Some(Code::Busy), Some(1_500)));
    assert_eq!(outcome(9), ("done", None, None), "the neighbour of a panic goes on");
    assert_eq!(outcome(10), ("refused", Some(Code::NotFound), None));
    assert_eq!(outcome(11), ("refused", Some(Code::Unsupported), None));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn building_is_polled_under_its_attempt_and_settled_links_are_observed() {
    let world = World::new().await;
    world.grant(1, 2, json!({ "build_ms": 3_000 })).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    assert!(matches!(world.conductor.reports_of(action(1))[0].outcome, Outcome::Building { .. }));
    let built = world.now() + Duration::from_secs(4);
    eventually("it is built", || world.now() > built).await;
    let poll = |epoch, attempt| {
        let (account, action) = (account(1), action(1));
        Poll { account, epoch, action, kind: ActionKind::Create, attempt, task: task(1) }
    };
    world.send(1, crate::conductor::seal(Message::Poll(poll(1, 8)))).await;
    world.send(1, crate::conductor::seal(Message::Poll(poll(2, 1)))).await;
    eventually("the poll", || world.conductor.reports_of(action(1)).len() == 2).await;
    let polled = &world.conductor.reports_of(action(1))[1];
    assert_eq!((polled.epoch, polled.attempt), (2, 1), "a poll of another epoch is dropped");
    assert!(matches!(polled.outcome, Outcome::Done { .. }));

    let links = [1, 5].map(|n| ObserveLink { version: 40 + i64::try_from(n).expect("small"), task: task(n) });
    let observe = Observe { account: account(1), epoch: 2, links: links.to_vec(), list: None };
    world.send(1, crate::conductor::seal(Message::Observe(observe))).await;
    let seen = || {
        let script = world.conductor.script();
        let items = script.heard.iter().filter_map(|heard| match heard {
            Message::Observed(observed) => Some(observed.items.clone()),
            _ => None,
        });
        items.flatten().collect::<Vec<_>>()
    };
    eventually("both observations", || seen().len() == 2).await;
    let told: Vec<_> = seen().into_iter().map(|item| (item.link, item.version, item.sight)).collect();
    assert!(matches!(&told[0], (id, 41, Sight::Seen { found }) if *id == link(1) && found.status.is_some()));
    assert!(matches!(&told[1], (id, 45, Sight::Seen { found }) if *id == link(5) && found.status.is_none()));
    assert_eq!(world.conductor.claims_of(action(1)), 1, "looks are not claimed");
    world.end().await;
}

/// How often the account was told to be so, with a reason of this code.
fn told(world: &World, status: AccountStatus, code: Option<Code>) -> usize {
    world.conductor.count(|heard| match heard {
        Message::UpdateWim(told) => told.status == status && told.reason.as_ref().map(|why| why.code) == code,
        _ => false,
    })
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_cannot_be_built_says_why_and_is_built_later() {
    let world = World::new().await;
    world.reluctant.refusals.store(3, Ordering::SeqCst);
    world.grant(1, 1, json!({})).await;
    let account_1 = world.sealer.seal(account(1), "token", &Secret::new("tell nobody")).expect("sealed");
    world.conductor.script().settings.entry(account(1)).and_modify(|settings| {
        settings.wim_kind = "reluctant".to_owned();
        settings.secrets.insert("token".to_owned(), account_1.clone());
    });
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false), run(1, ActionKind::Create, 2, false)]).await;
    world.reported(1).await;
    let Outcome::Retry { reason, .. } = world.conductor.reports_of(action(1))[0].outcome.clone() else {
        panic!("not a retry");
    };
    assert_eq!(reason.code, Code::ConnectorInvalid);
    eventually("it is said", || told(&world, AccountStatus::Error, Some(Code::ConnectorInvalid)) > 0).await;
    eventually("it is built", || told(&world, AccountStatus::Reachable, None) > 0).await;
    assert_eq!(*world.reluctant.token.lock().expect("a lock"), "tell nobody");
    world.prompt_again(1, 1).await;
    eventually("the next attempt", || world.effects(Effect::Created, 1) == 1).await;
    assert!(!world.conductor.released(holding(1, 1)), "the account was held all the while");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn another_account_s_secret_does_not_open_and_the_word_about_it_tells_nothing() {
    let world = World::new().await;
    world.grant(1, 1, json!({})).await;
    let moved = world.sealer.seal(account(2), "token", &Secret::new("tell nobody")).expect("sealed");
    world.conductor.script().settings.entry(account(1)).and_modify(|settings| {
        settings.secrets.insert("token".to_owned(), moved.clone());
    });
    eventually("it is said", || told(&world, AccountStatus::Error, Some(Code::ConnectorInvalid)) > 0).await;
    let heard = format!("{:?}", world.conductor.script().heard);
    assert!(heard.contains("cannot be opened") && !heard.contains(&moved.0));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_comes_again_for_a_reported_attempt_runs_nothing() {
    let world = World::new().await;
    world.grant(1, 1, json!({})).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false)]).await;
    world.reported(1).await;
    world.prompt(1, 1, &[run(1, ActionKind::Create, 1, false), run(1, ActionKind::Create, 2, false)]).await;
    eventually("the next attempt", || world.conductor.reports_of(action(1)).len() == 2).await;
    let attempts: Vec<i32> = world.conductor.reports_of(action(1)).iter().map(|item| item.attempt).collect();
    assert_eq!((attempts, world.calls(Verb::Ensure, 1)), (vec![1, 2], 2));
    world.end().await;
}

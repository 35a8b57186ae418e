//! Accepted, not run: paused accounts and WIMs, and the freeze.

use crate::outcomes::{done, found, link};
use crate::rows::{
    ACCOUNT, SESSION, WIM, creation, deletion, fresh, network, renewal, site, wish, wish_over,
};
use crate::stage::{Stage, settings};
use std::time::Duration;
use uuid::Uuid;
use wanlink_broker::port::{Broker as _, Queue};
use wanlink_domain::action::{ActionState, Outcome};
use wanlink_domain::catalogue::NetworkStatus;
use wanlink_domain::hold::{Hold, HoldKind};
use wanlink_domain::ids::{NetworkId, SiteId};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Code;
use wanlink_domain::time::Timestamp;
use wanlink_wire::Message;
use wanlink_wire::conductor::{CommandResult, Operation, Verdict};
use wanlink_wire::report::Fate;

const HOLDS: [(HoldKind, Uuid, Code); 3] = [
    (HoldKind::Account, ACCOUNT.0, Code::Paused),
    (HoldKind::Wim, WIM.0, Code::Paused),
    (HoldKind::All, Uuid::nil(), Code::Frozen),
];

async fn lay(stage: &Stage, kind: HoldKind, id: Uuid) {
    let hold = Hold { kind, id, reason: Some("maintenance".into()), since: Timestamp(0) };
    let result = stage.command(Operation::Hold { hold }).await;
    assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");
}

async fn lift(stage: &Stage, kind: HoldKind, id: Uuid) {
    let result = stage.command(Operation::Lift { kind, id }).await;
    assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");
}

#[tokio::test]
async fn what_is_held_is_recorded_and_waits_and_runs_when_the_hold_is_lifted() {
    for (kind, id, code) in HOLDS {
        let mut quick = settings();
        quick.budgets.dispatch_after = Duration::from_millis(20);
        quick.budgets.dispatch_max = Duration::from_secs(3600);
        let (stage, epoch) = Stage::leased(quick).await;
        lay(&stage, kind, id).await;
        let create = stage.record(creation(link(), wish())).await;
        let action = create.actions[0].id;
        let waits = stage.claim(SESSION, epoch, &create).await;
        assert!(
            matches!(&waits, Verdict::Wait { reason } if reason.code == code && reason.detail.contains("maintenance")),
            "{kind:?}: {waits:?}"
        );
        // It came due, was looked at, and was put off without a prompt.
        stage
            .eventually("it is put off", async || {
                stage.renew(idle(epoch)).await;
                let due = stage.action(action).await.due_at?;
                let now = stage.store.begin().await.unwrap().now().await.unwrap();
                (due.since(now) > Duration::from_secs(60)).then_some(())
            })
            .await;
        assert_eq!(
            stage.broker.inspect(Queue::Account(ACCOUNT)).await.unwrap().unwrap().ready,
            0,
            "{kind:?}"
        );
        lift(&stage, kind, id).await;
        stage.prompted(action).await;
        stage.renew(renewal(SESSION, &[epoch])).await;
        stage.run(SESSION, epoch, &create).await;
        stage.stop().await;
    }
}

/// A renewal that says that the account's queue is empty.
fn idle(epoch: i64) -> wanlink_wire::lease::Renew {
    wanlink_wire::lease::Renew { idle: vec![ACCOUNT], ..renewal(SESSION, &[epoch]) }
}

#[tokio::test]
async fn what_runs_when_the_hold_is_laid_ends_and_is_recorded() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let running = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &running).await;
    lay(&stage, HoldKind::Account, ACCOUNT.0).await;
    // A claim that is repeated is answered as before, and a building link is polled on.
    assert_eq!(stage.run(SESSION, epoch, &running).await, (attempt, false));
    let building = Outcome::Building { found: found(LinkStatus::Build) };
    assert_eq!(stage.report(SESSION, epoch, &running, attempt, building).await, Fate::Applied);
    stage.renew(renewal(SESSION, &[epoch])).await;
    stage
        .in_account_queue(|message| match message {
            Message::Poll(poll) => Some(poll),
            _ => None,
        })
        .await;
    assert_eq!(stage.report(SESSION, epoch, &running, attempt, done()).await, Fate::Applied);
    assert_eq!(stage.link(running.actions[0].link_id).await.status, LinkStatus::Active);
    let delete = stage.record(deletion(running.actions[0].link_id)).await;
    assert!(matches!(stage.claim(SESSION, epoch, &delete).await, Verdict::Wait { .. }));
    stage.stop().await;
}

#[tokio::test]
async fn budgets_stand_still_while_a_hold_stands() {
    let mut short = settings();
    short.budgets.networks = Duration::from_secs(2);
    let (stage, epoch) = Stage::leased(short).await;
    let id = NetworkId(fresh());
    stage.command(Operation::Create { object: network(id, NetworkStatus::Build) }).await;
    let create = stage.record(creation(link(), wish_over(Some(id)))).await;
    let waits = stage.claim(SESSION, epoch, &create).await;
    assert!(matches!(&waits, Verdict::Wait { reason } if reason.code == Code::NetworksBuilding), "{waits:?}");
    let since = stage.action(create.actions[0].id).await.waiting_since;
    lay(&stage, HoldKind::Account, ACCOUNT.0).await;
    lay(&stage, HoldKind::Wim, WIM.0).await;
    let laid = stage.store.begin().await.unwrap().now().await.unwrap();
    stage
        .eventually("the budget would be used up", async || {
            let now = stage.store.begin().await.unwrap().now().await.unwrap();
            (now.since(laid) > Duration::from_secs(2)).then_some(())
        })
        .await;
    // The other one still stands.
    lift(&stage, HoldKind::Account, ACCOUNT.0).await;
    stage.renew(renewal(SESSION, &[epoch])).await;
    assert!(
        matches!(stage.claim(SESSION, epoch, &create).await, Verdict::Wait { reason } if reason.code == Code::Paused)
    );
    lift(&stage, HoldKind::Wim, WIM.0).await;
    let action = stage.action(create.actions[0].id).await;
    assert_eq!(action.state, ActionState::Scheduled, "{:?}", action.reason);
    assert!(action.waiting_since.since(since) >= Duration::from_secs(2), "the time was not given back");
    stage.stop().await;
}

#[tokio::test]
async fn a_frozen_system_refuses_commands_and_says_why() {
    let (stage, _) = Stage::leased(settings()).await;
    lay(&stage, HoldKind::All, Uuid::nil()).await;
    lay(&stage, HoldKind::All, Uuid::nil()).await;
    let east = || Operation::Create { object: site(SiteId(Uuid::from_u128(0x49)), "east") };
    match stage.command(east()).await {
        CommandResult::Refused { problem, .. } => {
            assert_eq!(problem.code, Code::Frozen);
            assert!(problem.detail.contains("maintenance"), "{problem}");
        }
        other => panic!("not refused: {other:?}"),
    }
    lift(&stage, HoldKind::All, Uuid::nil()).await;
    lift(&stage, HoldKind::All, Uuid::nil()).await;
    assert!(matches!(stage.command(east()).await, CommandResult::Applied { .. }));
    stage.stop().await;
}

#[tokio::test]
async fn each_change_is_told_and_a_paused_account_can_be_edited_and_deleted() {
    let stage = Stage::furnished(settings()).await;
    let before = stage.account().await.event_seq;
    lay(&stage, HoldKind::Account, ACCOUNT.0).await;
    lay(&stage, HoldKind::Account, ACCOUNT.0).await;
    lay(&stage, HoldKind::Wim, WIM.0).await;
    lift(&stage, HoldKind::Wim, WIM.0).await;
    let mut account = stage.account().await;
    assert_eq!(account.event_seq, before + 3);
    account.user = Some("another".into());
    let expected = account.version;
    let object = wanlink_domain::object::Object::Account(account);
    let edited = stage.command(Operation::Update { object, expected }).await;
    assert!(matches!(edited, CommandResult::Applied { .. }), "{edited:?}");
    let delete =
        Operation::Delete { kind: wanlink_domain::object::Kind::Account, id: ACCOUNT.0, expected: None };
    let deleted = stage.command(delete).await;
    assert!(matches!(deleted, CommandResult::Applied { .. }), "{deleted:?}");
    assert_eq!(stage.store.begin().await.unwrap().holds().await.unwrap(), vec![]);
    let nowhere = Hold { kind: HoldKind::Wim, id: fresh(), reason: None, since: Timestamp(0) };
    let result = stage.command(Operation::Hold { hold: nowhere }).await;
    assert!(matches!(result, CommandResult::Refused { .. }), "{result:?}");
    stage.stop().await;
}

/// The settings of an account were changed: its status is not known any more, and that is told.
#[tokio::test]
async fn a_status_that_is_forgotten_is_told() {
    let (stage, epoch) = Stage::leased(settings()).await;
    stage.update_wim(SESSION, epoch, wanlink_domain::catalogue::AccountStatus::Reachable).await;
    let mut account = stage.account().await;
    let before = account.event_seq;
    account.user = Some("another".into());
    let expected = account.version;
    stage
        .command(Operation::Update { object: wanlink_domain::object::Object::Account(account), expected })
        .await;
    assert_eq!(stage.account().await.event_seq, before + 1);
    stage.stop().await;
}

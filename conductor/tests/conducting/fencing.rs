//! Who may act: epochs, handover, expired leases, and actions that kill those who claim them.

use crate::outcomes::{done, link};
use crate::rows::{ACCOUNT, OTHER_SESSION, SESSION, creation, renewal, wish};
use crate::stage::{Stage, settings};
use std::time::Duration;
use wanlink_domain::action::ActionState;
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::object::Object;
use wanlink_domain::reason::Code;
use wanlink_wire::conductor::{CommandResult, Operation, Verdict};
use wanlink_wire::lease::{Holding, Lease};
use wanlink_wire::report::Fate;

/// [5] [7] [24]
#[tokio::test]
async fn an_epoch_that_is_over_changes_nothing() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let Object::Account(mut edited) = Object::Account(stage.account().await) else { unreachable!() };
    edited.user = Some("another".into());
    let expected = edited.version;
    let result = stage.command(Operation::Update { object: Object::Account(edited), expected }).await;
    assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");

    assert_eq!(stage.report(SESSION, epoch, &create, attempt, done()).await, Fate::Stale);
    assert!(matches!(stage.claim(SESSION, epoch, &create).await, Verdict::Stale));
    assert_eq!(stage.update_wim(SESSION, epoch, AccountStatus::Unreachable).await, None);
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Running);
    assert_eq!(stage.account().await.status, AccountStatus::Pending);
    let answers = stage.renew(renewal(SESSION, &[epoch])).await.answers;
    assert!(answers.iter().any(|a| a.epoch == epoch && a.answer == Lease::BadAction), "{answers:?}");
    stage.stop().await;
}

#[tokio::test]
async fn the_next_epoch_runs_only_after_the_former_session_is_out() {
    let mut long = settings();
    long.lease_ttl = Duration::from_secs(3600);
    let (stage, epoch) = Stage::leased(long).await;
    let create = stage.record(creation(link(), wish())).await;
    stage.run(SESSION, epoch, &create).await;
    let mut edited = stage.account().await;
    edited.user = Some("another".into());
    let expected = edited.version;
    stage.command(Operation::Update { object: Object::Account(edited), expected }).await;
    let next = stage.granted(SESSION).await;
    assert!(next > epoch);
    let gated = stage.claim(SESSION, next, &create).await;
    assert!(matches!(gated, Verdict::Again { .. }), "{gated:?}");
    let mut word = renewal(SESSION, &[next]);
    word.released = vec![Holding { account: ACCOUNT, epoch }];
    stage.renew(word).await;
    // The attempt of the epoch that is over was lost: this one looks before it acts.
    assert_eq!(stage.run(SESSION, next, &create).await, (2, true));
    stage.stop().await;
}

#[tokio::test]
async fn an_expired_lease_goes_to_another_session_and_a_lost_attempt_is_looked_at() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    stage.run(SESSION, epoch, &create).await;
    stage.register(OTHER_SESSION).await;
    let next = stage.granted(OTHER_SESSION).await;
    assert_eq!(stage.run(OTHER_SESSION, next, &create).await, (2, true));
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Stale);
    assert_eq!(stage.report(OTHER_SESSION, next, &create, 2, done()).await, Fate::Applied);
    stage.stop().await;
}

/// [11]
#[tokio::test]
async fn an_action_that_is_claimed_again_and_again_without_a_report_is_poisonous() {
    let mut quick = settings();
    quick.budgets.attempts_max = 2;
    quick.budgets.attempt = Duration::from_millis(20);
    quick.budgets.attempt_grace = Duration::from_millis(20);
    let (stage, epoch) = Stage::leased(quick).await;
    let create = stage.record(creation(link(), wish())).await;
    for expected in 1..=2 {
        stage
            .eventually("the attempt begins", async || {
                stage.renew(renewal(SESSION, &[epoch])).await;
                match stage.claim(SESSION, epoch, &create).await {
                    Verdict::Run { attempt, .. } if attempt == expected => Some(()),
                    _ => None,
                }
            })
            .await;
    }
    stage
        .eventually("it is called poisonous", async || {
            stage.renew(renewal(SESSION, &[epoch])).await;
            stage.claim(SESSION, epoch, &create).await;
            let reason = stage.action(create.actions[0].id).await.reason?;
            (reason.code == Code::Poisonous).then_some(())
        })
        .await;
    stage.stop().await;
}

#[tokio::test]
async fn the_monitors_word_is_recorded_and_told_only_when_it_changes() {
    let (stage, epoch) = Stage::leased(settings()).await;
    for status in [AccountStatus::Reachable, AccountStatus::Reachable, AccountStatus::Unreachable] {
        assert_eq!(stage.update_wim(SESSION, epoch, status).await, Some(status));
    }
    assert_eq!(stage.account().await.event_seq, 2);
    stage.stop().await;
}

//! Actions of one link: their order, what a DELETE does to the others, and calling off.

use crate::outcomes::{done, found, link};
use crate::rows::{SESSION, action, creation, deletion, request, wish};
use crate::stage::{Stage, settings};
use std::time::Duration;
use wanlink_domain::action::{ActionKind, ActionState, Outcome};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::wish::WishPatch;
use wanlink_wire::conductor::{CommandResult, Operation, Verdict};
use wanlink_wire::journal::Change;
use wanlink_wire::report::Fate;

/// [18]
#[tokio::test]
async fn a_delete_before_anything_was_begun_needs_no_controller() {
    let stage = Stage::furnished(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let delete = stage.record(deletion(id)).await;
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Superseded);
    assert_eq!(stage.action(delete.actions[0].id).await.state, ActionState::Done);
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    let counted = stage.request(create.id).await;
    assert_eq!((counted.superseded, counted.open()), (1, 0));
    // And what comes after it is too late.
    let late = action(
        id,
        ActionKind::Edit,
        Change::Edit(WishPatch { bandwidth_kbps: Some(5), ..WishPatch::default() }),
    );
    let late = stage.record(late).await;
    let failed = stage.action(late.actions[0].id).await;
    assert_eq!(failed.reason.map(|reason| reason.code), Some(Code::LinkDeleted));
    stage.stop().await;
}

/// [18]
#[tokio::test]
async fn a_delete_inside_the_call_of_a_create_waits_and_then_looks() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let delete = stage.record(deletion(id)).await;
    let waits = stage.claim(SESSION, epoch, &delete).await;
    assert!(
        matches!(&waits, Verdict::Wait { reason } if reason.code == Code::EarlierUnfinished),
        "{waits:?}"
    );
    let unknown = Outcome::Unknown { reason: Reason::new(Code::Timeout, "no answer") };
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, unknown).await, Fate::Applied);
    // The CREATE would be tried again, but its link is wanted gone; what it may have left is looked for first.
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Superseded);
    stage.prompted(delete.actions[0].id).await;
    let (_, observe_first) = stage.run(SESSION, epoch, &delete).await;
    assert!(observe_first);
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledDeletion);
    stage.stop().await;
}

#[tokio::test]
async fn a_removal_after_a_lost_attempt_is_looked_at_once_more() {
    let mut quick = settings();
    quick.budgets.attempt = Duration::from_millis(50);
    quick.budgets.attempt_grace = Duration::from_millis(1);
    let (stage, epoch) = Stage::leased(quick).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    stage.run(SESSION, epoch, &create).await;
    stage.eventually("the attempt is lost", async || stage.link(id).await.lost_at).await;
    let delete = stage.record(deletion(id)).await;
    let gone = || Outcome::Done { found: None };
    let (attempt, observe_first) = stage.run(SESSION, epoch, &delete).await;
    assert!(observe_first);
    stage.report(SESSION, epoch, &delete, attempt, gone()).await;
    assert_eq!(stage.action(delete.actions[0].id).await.state, ActionState::Build);
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledDeletion);
    // What the dead session had begun has landed meanwhile: it is removed again, and then it is enough.
    let landed = Outcome::Building { found: found(LinkStatus::Active) };
    stage.report(SESSION, epoch, &delete, attempt, landed).await;
    stage.prompted(delete.actions[0].id).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    stage.report(SESSION, epoch, &delete, attempt, gone()).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    stage.stop().await;
}

#[tokio::test]
async fn an_unanswered_attempt_before_a_removal_is_looked_for_until_a_look_succeeds() {
    let mut quick = settings();
    quick.budgets.attempt = Duration::from_millis(10);
    let (stage, epoch) = Stage::leased(quick).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let delete = stage.record(deletion(id)).await;
    let unheard = || Outcome::Unknown { reason: Reason::new(Code::Timeout, "no answer") };
    stage.report(SESSION, epoch, &create, attempt, unheard()).await;
    stage.prompted(delete.actions[0].id).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    let gone = || Outcome::Done { found: None };
    stage.report(SESSION, epoch, &delete, attempt, gone()).await;
    // The second look fails: it is repeated, and what it then finds is removed again.
    stage.report(SESSION, epoch, &delete, attempt, unheard()).await;
    let landed = Outcome::Building { found: found(LinkStatus::Active) };
    stage.report(SESSION, epoch, &delete, attempt, landed).await;
    assert_eq!(stage.action(delete.actions[0].id).await.state, ActionState::Retry);
    stage.prompted(delete.actions[0].id).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    stage.report(SESSION, epoch, &delete, attempt, gone()).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    stage.stop().await;
}

#[tokio::test]
async fn a_link_whose_removal_failed_stays_wanted_gone() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let delete = stage.record(deletion(id)).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    let refused = Outcome::Refused { reason: Reason::new(Code::Rejected, "no") };
    stage.report(SESSION, epoch, &delete, attempt, refused).await;
    let row = stage.link(id).await;
    assert_eq!(row.status, LinkStatus::Error);
    assert!(row.deletion.is_some(), "trying again must not make it again");
    let again = stage.record(deletion(id)).await;
    let (attempt, _) = stage.run(SESSION, epoch, &again).await;
    stage.report(SESSION, epoch, &again, attempt, Outcome::Done { found: None }).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    stage.stop().await;
}

#[tokio::test]
async fn an_edit_that_is_called_off_leaves_the_wish_as_it_was() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let edit = action(
        id,
        ActionKind::Edit,
        Change::Edit(WishPatch { bandwidth_kbps: Some(5), ..WishPatch::default() }),
    );
    let edit = stage.record(edit).await;
    assert_eq!(stage.link(id).await.wish.bandwidth_kbps, Some(5));
    stage.command(Operation::Cancel { request: edit.id }).await;
    let row = stage.link(id).await;
    assert_eq!((row.wish, row.status), (wish(), LinkStatus::Active));
    stage.stop().await;
}

#[tokio::test]
async fn actions_of_one_link_run_in_accepted_order() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let edit = action(
        id,
        ActionKind::Edit,
        Change::Edit(WishPatch { bandwidth_kbps: Some(5), ..WishPatch::default() }),
    );
    let edit = stage.record(edit).await;
    assert!(matches!(stage.claim(SESSION, epoch, &edit).await, Verdict::Wait { .. }));
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    stage.prompted(edit.actions[0].id).await;
    match stage.claim(SESSION, epoch, &edit).await {
        Verdict::Run { task, .. } => assert_eq!(task.wish.unwrap().bandwidth_kbps, Some(5)),
        other => panic!("{other:?}"),
    }
    stage.stop().await;
}

/// [17]
#[tokio::test]
async fn cancelling_ends_what_has_not_begun_and_leaves_the_rest() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let (first, second) = (link(), link());
    let both = request(vec![creation(first, wish()), creation(second, wish())]);
    stage.journal(both.clone()).await;
    stage.run(SESSION, epoch, &both).await;
    let result = stage.command(Operation::Cancel { request: both.id }).await;
    assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");
    assert_eq!(stage.action(both.actions[0].id).await.state, ActionState::Running);
    assert_eq!(stage.action(both.actions[1].id).await.state, ActionState::Cancelled);
    assert_eq!(stage.link(second).await.status, LinkStatus::Deleted);
    let counted = stage.request(both.id).await;
    assert_eq!((counted.cancelled, counted.open()), (1, 1));
    stage.stop().await;
}

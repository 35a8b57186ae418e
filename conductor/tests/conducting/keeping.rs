//! What has ended is removed once it is old; what is unfinished or still needed is not.

use crate::outcomes::{done, link};
use crate::rows::{SESSION, creation, deletion, request, wish};
use crate::stage::{Stage, settings};
use std::time::Duration;
use wanlink_conductor::Retention;
use wanlink_domain::action::ActionState;
use wanlink_domain::ids::{ActionId, RequestId};

/// Everything is old as soon as it has ended, and looked for all the time.
fn forgetful() -> Retention {
    Retention {
        history: Duration::ZERO,
        events: Duration::ZERO,
        tombstones: Duration::ZERO,
        answers: Duration::ZERO,
        parked: Duration::ZERO,
        every: Duration::from_millis(20),
        batch_max: 2,
        pause: Duration::from_millis(1),
    }
}

async fn known(stage: &Stage, request: RequestId) -> bool {
    !stage.store.begin().await.unwrap().requests(&[request]).await.unwrap().is_empty()
}

async fn known_action(stage: &Stage, action: ActionId) -> bool {
    !stage.store.begin().await.unwrap().actions(&[action]).await.unwrap().is_empty()
}

#[tokio::test]
async fn a_link_goes_with_its_history_once_it_is_deleted_and_a_living_one_keeps_its_latest() {
    let mut quick = settings();
    quick.retention = forgetful();
    // Observations would move the rows that this test watches.
    quick.budgets.refresh = Duration::from_secs(3600);
    let (stage, epoch) = Stage::leased(quick).await;
    let living = stage.record(creation(link(), wish())).await;
    let waiting = stage.record(creation(link(), wish())).await;
    let doomed = stage.record(creation(link(), wish())).await;
    for made in [&living, &doomed] {
        let (attempt, _) = stage.run(SESSION, epoch, made).await;
        stage.report(SESSION, epoch, made, attempt, done()).await;
    }
    let delete = stage.record(deletion(doomed.actions[0].link_id)).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    stage.report(SESSION, epoch, &delete, attempt, done()).await;
    let gone = doomed.actions[0].link_id;
    stage
        .eventually("the deleted link is forgotten with its history", async || {
            let mut tx = stage.store.begin().await.unwrap();
            let links = tx.lock_links(&[gone]).await.unwrap();
            let requests = tx.requests(&[doomed.id, delete.id]).await.unwrap();
            (links.is_empty() && requests.is_empty()).then_some(())
        })
        .await;
    assert!(!known_action(&stage, doomed.actions[0].id).await);
    // As old as these, and looked at as often.
    assert!(known(&stage, living.id).await, "the latest of a living link");
    assert!(known(&stage, waiting.id).await, "what is unfinished");
    assert_eq!(stage.action(waiting.actions[0].id).await.state, ActionState::Scheduled);
    stage.stop().await;
}

#[tokio::test]
async fn the_same_call_after_its_answer_was_forgotten_is_a_new_one() {
    let mut quick = settings();
    quick.retention = forgetful();
    let stage = Stage::furnished(quick).await;
    let request = request(vec![creation(link(), wish())]);
    let mut foreign = request.clone();
    foreign.tenant_id = wanlink_domain::ids::TenantId(crate::rows::fresh());
    let refused = stage.journal(foreign.clone()).await;
    assert!(matches!(refused, wanlink_wire::journal::Verdict::Refused { .. }), "{refused:?}");
    stage
        .eventually("the refusal is forgotten", async || (!known(&stage, request.id).await).then_some(()))
        .await;
    assert_eq!(stage.journal(request).await, wanlink_wire::journal::Verdict::Journaled);
    stage.stop().await;
}

#[tokio::test]
async fn published_events_and_answers_are_forgotten() {
    let mut quick = settings();
    quick.retention = forgetful();
    let (stage, epoch) = Stage::leased(quick).await;
    let made = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &made).await;
    stage.report(SESSION, epoch, &made, attempt, done()).await;
    stage
        .eventually("nothing is left of what was told", async || {
            let mut tx = stage.store.begin().await.unwrap();
            let before = tx.now().await.unwrap().after(Duration::from_secs(3600));
            let unpublished = tx.unpublished_events(100).await.unwrap();
            // Would remove what the conductor had left.
            let mut left = 0;
            for old in [wanlink_store::port::Old::Events, wanlink_store::port::Old::Answers] {
                left += tx.forget(old, before, 100).await.unwrap().gone;
            }
            (unpublished.is_empty() && left == 0).then_some(())
        })
        .await;
    stage.stop().await;
}

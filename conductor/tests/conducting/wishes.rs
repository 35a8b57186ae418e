//! Edits that wait: each keeps its patch, and its wish is what stands when its turn comes.

use crate::outcomes::{done, link};
use crate::rows::{SESSION, action, creation, wish};
use crate::stage::{Stage, settings};
use wanlink_domain::action::{ActionKind, ActionState};
use wanlink_domain::ids::LinkId;
use wanlink_domain::wish::WishPatch;
use wanlink_wire::conductor::{Operation, Verdict};
use wanlink_wire::journal::{Change, NewAction, Request};

fn bandwidth(link: LinkId, kbps: u64) -> NewAction {
    let patch = WishPatch { bandwidth_kbps: Some(kbps), ..WishPatch::default() };
    action(link, ActionKind::Edit, Change::Edit(patch))
}

fn latency(link: LinkId, ms: u32) -> NewAction {
    let patch = WishPatch { latency_ms: Some(ms), ..WishPatch::default() };
    action(link, ActionKind::Edit, Change::Edit(patch))
}

/// Claims and answers the wish that the verdict carries.
async fn begun(stage: &Stage, epoch: i64, request: &Request) -> (i32, Option<u64>, Option<u32>) {
    match stage.claim(SESSION, epoch, request).await {
        Verdict::Run { attempt, task, .. } => {
            let wish = task.wish.expect("a wish that can be resolved");
            (attempt, wish.bandwidth_kbps, wish.latency_ms)
        }
        other => panic!("not told to run: {other:?}"),
    }
}

/// A link whose CREATE runs.
async fn running(stage: &Stage, epoch: i64) -> (LinkId, Request, i32) {
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    (id, create, attempt)
}

#[tokio::test]
async fn an_edit_that_is_called_off_is_not_in_a_later_one() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let (id, create, attempt) = running(&stage, epoch).await;
    let first = stage.record(bandwidth(id, 5)).await;
    let second = stage.record(latency(id, 7)).await;
    let before = stage.link(id).await.wish;
    assert_eq!((before.bandwidth_kbps, before.latency_ms), (Some(5), Some(7)));

    stage.command(Operation::Cancel { request: first.id }).await;
    let after = stage.link(id).await.wish;
    assert_eq!((after.bandwidth_kbps, after.latency_ms), (wish().bandwidth_kbps, Some(7)));
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    stage.prompted(second.actions[0].id).await;
    let (_, kbps, ms) = begun(&stage, epoch, &second).await;
    assert_eq!((kbps, ms), (wish().bandwidth_kbps, Some(7)));
    stage.stop().await;
}

#[tokio::test]
async fn an_edit_that_is_recorded_late_comes_before_the_later_one() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let (id, create, attempt) = running(&stage, epoch).await;
    // Accepted first, recorded second.
    let (early, twice) = (bandwidth(id, 5), latency(id, 3));
    let late = stage.record(latency(id, 7)).await;
    let early = stage.record(early).await;
    let twice = stage.record(twice).await;
    let wished = stage.link(id).await.wish;
    assert_eq!((wished.bandwidth_kbps, wished.latency_ms), (Some(5), Some(7)), "the later one holds");

    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let mut seen = Vec::new();
    for request in [&early, &twice, &late] {
        stage.prompted(request.actions[0].id).await;
        let (attempt, kbps, ms) = begun(&stage, epoch, request).await;
        seen.push((kbps, ms));
        stage.report(SESSION, epoch, request, attempt, done()).await;
    }
    assert_eq!(seen, [(Some(5), wish().latency_ms), (Some(5), Some(3)), (Some(5), Some(7))]);
    stage.stop().await;
}

#[tokio::test]
async fn an_edit_recorded_after_a_later_one_began_changes_nothing() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let (id, create, attempt) = running(&stage, epoch).await;
    let early = bandwidth(id, 5);
    let late = stage.record(latency(id, 7)).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    stage.prompted(late.actions[0].id).await;
    let (attempt, ..) = begun(&stage, epoch, &late).await;
    let early = stage.record(early).await;
    assert_eq!(stage.action(early.actions[0].id).await.state, ActionState::Superseded);
    stage.report(SESSION, epoch, &late, attempt, done()).await;
    let wished = stage.link(id).await.wish;
    assert_eq!((wished.bandwidth_kbps, wished.latency_ms), (wish().bandwidth_kbps, Some(7)));
    stage.stop().await;
}

#[tokio::test]
async fn what_failed_is_what_is_tried_again() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let (id, create, attempt) = running(&stage, epoch).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let edit = stage.record(bandwidth(id, 5)).await;
    let (attempt, ..) = begun(&stage, epoch, &edit).await;
    let reason = wanlink_domain::reason::Reason::new(wanlink_domain::reason::Code::Rejected, "no");
    let refused = wanlink_domain::action::Outcome::Refused { reason };
    stage.report(SESSION, epoch, &edit, attempt, refused).await;
    let again = stage.record(action(id, ActionKind::Create, Change::Keep)).await;
    let (_, kbps, _) = begun(&stage, epoch, &again).await;
    assert_eq!(kbps, Some(5));
    stage.stop().await;
}

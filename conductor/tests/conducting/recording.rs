//! What is accepted is recorded once and whole, and every end is told once.

use crate::outcomes::{done, link};
use crate::rows::{SESSION, TENANT, creation, deletion, request, sealed, wish};
use crate::stage::{Stage, settings};
use std::time::Duration;
use wanlink_broker::port::{Broker, Queue};
use wanlink_domain::action::Outcome;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Code;
use wanlink_wire::conductor::Verdict;
use wanlink_wire::journal::{self};
use wanlink_wire::report::Fate;

#[tokio::test]
async fn a_link_comes_to_be_and_goes_and_every_step_is_recorded_once() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = link();
    let create = stage.record(creation(id, wish())).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledCreation);
    assert_eq!(stage.run(SESSION, epoch, &create).await, (1, false));
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Applied);
    let row = stage.link(id).await;
    assert_eq!((row.status, row.service_id.as_deref()), (LinkStatus::Active, Some("svc")));
    assert_eq!(stage.request(create.id).await.done, 1);

    let delete = stage.record(deletion(id)).await;
    assert_eq!(stage.link(id).await.status, LinkStatus::ScheduledDeletion);
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    let gone = Outcome::Done { found: None };
    assert_eq!(stage.report(SESSION, epoch, &delete, attempt, gone).await, Fate::Applied);
    let row = stage.link(id).await;
    assert_eq!(row.status, LinkStatus::Deleted);
    assert!(row.deleted_at.is_some() && row.refresh_due_at.is_none());
    stage.stop().await;
}

/// [1]
#[tokio::test]
async fn a_repeated_request_is_one_and_another_body_is_a_conflict() {
    let (stage, _) = Stage::leased(settings()).await;
    let first = stage.record(creation(link(), wish())).await;
    assert_eq!(stage.journal(first.clone()).await, journal::Verdict::Journaled);
    let mut other = first.clone();
    other.digest = "another".into();
    assert_eq!(stage.journal(other).await, journal::Verdict::Conflict);
    assert_eq!(stage.request(first.id).await.total, 1);
    stage.stop().await;
}

#[tokio::test]
async fn a_request_is_recorded_whole_or_refused_whole() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let good = link();
    let bad = request(vec![creation(good, wish()), deletion(link())]);
    let verdict = stage.journal(bad.clone()).await;
    assert!(
        matches!(&verdict, journal::Verdict::Refused { problem } if problem.code == Code::NotFound),
        "{verdict:?}"
    );
    // Its prompts are on their way all the same: they are skipped, not asked about for ever.
    let claimed = stage.claim(SESSION, epoch, &bad).await;
    assert!(matches!(claimed, Verdict::Skip { .. }), "{claimed:?}");
    // And a repetition hears the same.
    assert_eq!(stage.journal(bad).await, verdict);
    stage.stop().await;
}

#[tokio::test]
async fn what_was_to_be_recorded_before_now_is_not() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let mut late = request(vec![creation(link(), wish())]);
    late.not_after = Some(wanlink_domain::time::Timestamp(1));
    stage.send(Queue::Journal, sealed(late.clone().into())).await;
    let after = stage.record(creation(link(), wish())).await;
    assert_eq!(stage.run(SESSION, epoch, &after).await.0, 1);
    assert!(matches!(stage.claim(SESSION, epoch, &late).await, Verdict::Again { .. }));
    stage.stop().await;
}

/// [4]
#[tokio::test]
async fn a_prompt_that_overtakes_the_journal_is_asked_to_come_again() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let early = request(vec![creation(link(), wish())]);
    assert!(matches!(stage.claim(SESSION, epoch, &early).await, Verdict::Again { .. }));
    assert_eq!(stage.report(SESSION, epoch, &early, 1, done()).await, Fate::Gone);
    assert_eq!(stage.journal(early.clone()).await, journal::Verdict::Journaled);
    assert_eq!(stage.run(SESSION, epoch, &early).await, (1, false));
    stage.stop().await;
}

/// [4] [14]
#[tokio::test]
async fn a_repeated_claim_is_the_same_attempt_and_a_repeated_report_changes_nothing() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    assert_eq!(stage.run(SESSION, epoch, &create).await, (1, false));
    assert_eq!(stage.run(SESSION, epoch, &create).await, (1, false));
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Applied);
    assert_eq!(stage.report(SESSION, epoch, &create, 1, done()).await, Fate::Duplicate);
    let version = stage.link(create.actions[0].link_id).await.version;
    assert!(matches!(stage.claim(SESSION, epoch, &create).await, Verdict::Skip { .. }));
    assert_eq!(stage.link(create.actions[0].link_id).await.version, version);
    stage.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_parked_and_its_queue_goes_on() {
    let (stage, _) = Stage::leased(settings()).await;
    stage.send(Queue::Journal, b"{\"v\":1,\"kind\":\"dance\",\"id\":\"x\"}".to_vec()).await;
    stage.send(Queue::Journal, b"not a message".to_vec()).await;
    stage
        .send(
            Queue::Journal,
            br#"{"v":1,"kind":"a\u0000b","id":"00000000-0000-0000-0000-000000000000","at":1,"body":{}}"#
                .to_vec(),
        )
        .await;
    stage.record(creation(link(), wish())).await;
    stage
        .eventually("all of them are on record", async || {
            let parked = stage.broker.inspect(Queue::Parked).await.unwrap().unwrap();
            (parked.ready == 0).then_some(())
        })
        .await;
    stage.stop().await;
}

/// [23]
#[tokio::test]
async fn a_newer_message_is_given_back_its_neighbours_go_on_and_nothing_spins() {
    let (stage, _) = Stage::leased(settings()).await;
    stage.send(Queue::Journal, br#"{"v":9,"shape":"new"}"#.to_vec()).await;
    stage.record(creation(link(), wish())).await;
    stage.eventually("it is not ready", async || (!stage.ready()).then_some(())).await;
    let waiting = stage.broker.purge(Queue::Journal).await;
    assert!(waiting.is_ok());
    stage.stop().await;
}

#[tokio::test]
async fn each_event_is_published_under_one_id() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let mut events = stage.broker.subscribe(Some(TENANT.to_string()));
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let next = tokio::time::timeout(Duration::from_secs(20), events.next())
            .await
            .expect("three events")
            .unwrap();
        let event: serde_json::Value = serde_json::from_slice(&next.payload).unwrap();
        seen.push((event["type"].as_str().unwrap().to_owned(), event["id"].as_str().unwrap().to_owned()));
        next.ack().await;
    }
    let mut kinds: Vec<&str> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["action.ended", "link.status", "request.ended"]);
    let ids: std::collections::BTreeSet<&str> = seen.iter().map(|(_, id)| id.as_str()).collect();
    assert_eq!(ids.len(), 3);
    stage.stop().await;
}

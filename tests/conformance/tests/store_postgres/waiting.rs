//! Who waits for whom, for how long, and who does not.

use super::{migrated, options};
use std::time::Duration;
use wanlink_conformance::store::{Harness as _, rows};
use wanlink_domain::object::Kind;
use wanlink_runtime::config::Database;
use wanlink_store::engines::postgres::PostgresStore;
use wanlink_store::port::{Store as _, StoreError};

#[tokio::test]
async fn an_event_that_is_committed_late_is_not_skipped() {
    let (harness, store) = migrated().await;
    let mut late = store.begin().await.expect("a transaction");
    late.insert_events(&[rows::event(1)]).await.expect("an event");
    let mut early = store.begin().await.expect("a transaction");
    early.insert_events(&[rows::event(2)]).await.expect("an event");
    early.commit().await.expect("a commit");
    let relay = async || {
        let mut tx = store.begin().await.expect("a transaction");
        let events = tx.unpublished_events(10).await.expect("events");
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        tx.mark_published(&ids, rows::at(1)).await.expect("published");
        tx.commit().await.expect("a commit");
        ids
    };
    assert_eq!(relay().await, [rows::event_id(2)]);
    late.commit().await.expect("a commit");
    assert_eq!(relay().await, [rows::event_id(1)]);
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn held_due_actions_are_skipped_not_waited_for() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    for object in rows::world() {
        tx.insert_object(&object).await.expect("an object");
    }
    tx.insert_requests(&[rows::request(1, 2)]).await.expect("a request");
    tx.insert_links(&[rows::link(1), rows::link(2)]).await.expect("links");
    tx.insert_actions(&[rows::action(1, 1), rows::action(2, 2)]).await.expect("actions");
    tx.insert_events(&[rows::event(1), rows::event(2)]).await.expect("events");
    tx.commit().await.expect("a commit");
    let mut first = store.begin().await.expect("a transaction");
    assert_eq!(first.due_actions(rows::at(5), 1).await.expect("due").len(), 1);
    assert_eq!(first.unpublished_events(1).await.expect("events").len(), 1);
    let mut second = store.begin().await.expect("a transaction");
    let due = second.due_actions(rows::at(5), 10).await.expect("due");
    assert_eq!(due.iter().map(|due| due.action.id).collect::<Vec<_>>(), [rows::action_id(2)]);
    let events = second.unpublished_events(10).await.expect("events");
    assert_eq!(events, [rows::event(2)]);
    drop((first, second));
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn a_lock_that_does_not_come_in_time_is_a_conflict() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    tx.insert_object(&rows::world()[0]).await.expect("a tenant");
    tx.commit().await.expect("a commit");
    let mut holder = store.begin().await.expect("a transaction");
    holder.lock_object(Kind::Tenant, rows::tenant_id(1).0).await.expect("a lock");
    let hurried =
        Database { options: options(serde_json::json!({ "lock_timeout": "50ms" })), ..harness.section() };
    let hurried = PostgresStore::open(&hurried).expect("a right section");
    let mut waiter = hurried.begin().await.expect("a transaction");
    let waited = waiter.lock_object(Kind::Tenant, rows::tenant_id(1).0).await;
    assert!(matches!(waited, Err(StoreError::Conflict(_))), "{waited:?}");
    drop((holder, waiter));
    hurried.close().await;
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn two_that_wait_in_a_circle_are_a_conflict_for_one() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    for object in &rows::world()[..3] {
        tx.insert_object(object).await.expect("an object");
    }
    tx.commit().await.expect("a commit");
    let (mut one, mut other) = (store.begin().await.expect("one"), store.begin().await.expect("the other"));
    let (first, second) = (rows::site_id(1).0, rows::site_id(2).0);
    one.lock_object(Kind::Site, first).await.expect("a lock");
    other.lock_object(Kind::Site, second).await.expect("a lock");
    let crosswise = async {
        futures::join!(one.lock_object(Kind::Site, second), async {
            let locked = other.lock_object(Kind::Site, first).await;
            drop(other);
            locked
        })
    };
    let (a, b) = tokio::time::timeout(Duration::from_secs(20), crosswise).await.expect("an end");
    let conflicts = [&a, &b].iter().filter(|found| matches!(found, Err(StoreError::Conflict(_)))).count();
    assert_eq!(conflicts, 1, "{a:?} {b:?}");
    drop(one);
    store.close().await;
    harness.clean().await;
}

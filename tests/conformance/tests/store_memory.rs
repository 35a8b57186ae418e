//! The store suite on the in-memory engine and on engines with a fault, and what only this engine can show.

use futures::StreamExt as _;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wanlink_conformance::store::faulty::{FAULTS, Fault, FaultyHarness};
use wanlink_conformance::store::memory::MemoryHarness;
use wanlink_conformance::store::{Bench, CASES, case, rows};
use wanlink_domain::object::Object;
use wanlink_runtime::clock::{Clock as _, VirtualClock};
use wanlink_runtime::entropy::SeededEntropy;
use wanlink_store::engines::memory::MemoryDatabase;
use wanlink_store::port::{Store as _, StoreError, Transaction};

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(MemoryHarness::start())).run(case).await {
        panic!("{name}: {}", why.0);
    }
}

wanlink_conformance::store_case_tests!(run, tokio::test(start_paused = true));

/// That exactly these cases fail on an engine with this fault.
async fn is_found_by(fault: Fault, named: &[&str]) {
    let running = CASES.iter().map(|(name, case)| async move {
        let harness = FaultyHarness { sound: Arc::new(MemoryHarness::start()), fault };
        Bench::new(Arc::new(harness)).run(*case).await.is_err().then_some(*name)
    });
    let found: BTreeSet<&str> = futures::stream::iter(running)
        .buffer_unordered(8)
        .filter_map(|failed| async move { failed })
        .collect()
        .await;
    assert_eq!(found, named.iter().copied().collect(), "{fault:?}");
}

macro_rules! faults {
    ($($name:ident: $fault:ident,)+) => {
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                let (fault, named) =
                    FAULTS.iter().find(|(fault, _)| *fault == Fault::$fault).expect("a fault of the table");
                is_found_by(*fault, named).await;
            }
        )+

        #[test]
        fn every_fault_is_tried() {
            let tried = [$(Fault::$fault),+];
            assert!(FAULTS.iter().all(|(fault, _)| tried.contains(fault)) && tried.len() == FAULTS.len());
        }
    };
}

faults! {
    a_non_atomic_batch_is_found: NonAtomicBatch,
    case_insensitive_names_are_found: CaseInsensitiveNames,
    a_lost_update_is_found: LostUpdate,
    ignored_versions_are_found: IgnoresVersions,
    events_out_of_order_are_found: SortsEventsById,
    invented_due_times_are_found: InventsDueTimes,
    forgotten_failures_are_found: ForgetsFailures,
}

#[tokio::test(start_paused = true)]
async fn the_wrapper_of_faults_disturbs_nothing_by_itself() {
    is_found_by(Fault::None, &[]).await;
}

#[test]
fn the_suite_is_wide_enough() {
    assert!(CASES.len() >= 60, "only {} cases", CASES.len());
    let names: BTreeSet<_> = CASES.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), CASES.len(), "a name stands twice");
}

/// A database of virtual time with the world's catalogue and `links` links.
async fn furnished(links: u32) -> Arc<MemoryDatabase> {
    let clock = Arc::new(VirtualClock::starting_at(rows::at(0)));
    let database = MemoryDatabase::new(clock, Arc::new(SeededEntropy::new(7)));
    let store = database.store();
    store.migrate().await.expect("a schema");
    let mut tx = store.begin().await.expect("a transaction");
    for object in rows::world() {
        tx.insert_object(&object).await.expect("a row");
    }
    let links: Vec<_> = (1..=links).map(rows::link).collect();
    tx.insert_links(&links).await.expect("links");
    tx.commit().await.expect("a commit");
    database
}

async fn begin(database: &Arc<MemoryDatabase>) -> Box<dyn Transaction> {
    database.store().begin().await.expect("a transaction")
}

#[tokio::test(start_paused = true)]
async fn a_circle_of_waits_ends_one_of_them_at_once_and_the_other_goes_on() {
    let database = furnished(2).await;
    let (mut one, mut other) = (begin(&database).await, begin(&database).await);
    one.lock_links(&[rows::link_id(1)]).await.expect("free");
    other.lock_links(&[rows::link_id(2)]).await.expect("free");
    let clock = VirtualClock::starting_at(rows::at(0));
    let first = async {
        let locked = one.lock_links(&[rows::link_id(2)]).await;
        drop(one);
        locked
    };
    let second = async {
        let locked = other.lock_links(&[rows::link_id(1)]).await;
        drop(other);
        locked
    };
    let (first, second) = futures::join!(first, second);
    assert_eq!(first.map(|links| links.len()), Ok(1));
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
    assert_eq!(clock.mono(), Duration::ZERO, "nobody waited for a time to pass");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_never_comes_ends_the_wait_by_virtual_time() {
    let database = furnished(1).await;
    let mut holder = begin(&database).await;
    holder.lock_links(&[rows::link_id(1)]).await.expect("free");
    let limit = Duration::from_secs(3_600);
    let mut waiter = database.store_waiting(limit).begin().await.expect("a transaction");
    let clock = VirtualClock::starting_at(rows::at(0));
    let late = waiter.lock_links(&[rows::link_id(1)]).await;
    assert!(matches!(late, Err(StoreError::Conflict(_))), "{late:?}");
    assert_eq!(clock.mono(), limit);
    // It left the queue: the holder's end hands the lock to nobody who is gone.
    holder.commit().await.expect("a commit");
    assert_eq!(begin(&database).await.lock_links(&[rows::link_id(1)]).await.map(|links| links.len()), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn a_row_that_is_not_committed_is_neither_seen_nor_waited_for() {
    let database = furnished(1).await;
    let mut writer = begin(&database).await;
    writer.insert_links(&[rows::link(2)]).await.expect("a link");
    let mut other = begin(&database).await;
    let ids = [1, 2].map(rows::link_id);
    assert_eq!(other.lock_links(&ids).await.map(|links| links.len()), Ok(1));
    writer.commit().await.expect("a commit");
    // READ COMMITTED: the next statement of the same transaction sees it.
    assert_eq!(other.lock_links(&ids).await.map(|links| links.len()), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn what_is_about_to_be_referred_to_cannot_go_and_what_is_about_to_go_is_not_referred_to() {
    let database = furnished(0).await;
    let mut writer = begin(&database).await;
    let network = Object::Network(rows::network(9, 1, 2));
    writer.insert_object(&network).await.expect("a network");
    let mut remover = begin(&database).await;
    let id = rows::site_id(2).0;
    let deletion = remover.delete_object(wanlink_domain::object::Kind::Site, id);
    let (deleted, committed) = futures::join!(deletion, writer.commit());
    committed.expect("a commit");
    let kept = wanlink_store::port::Deleted::Referenced { by: "network", count: 2 };
    assert_eq!(deleted, Ok(kept));
}

/// Everything that a run answers, in order, with two transactions at a time in each step.
async fn story(seed: u64) -> Vec<String> {
    let database = furnished(50).await;
    let mut told = vec![format!("{:?}", begin(&database).await.installation().await)];
    for step in 0..20_u64 {
        let numbers = |salt: u64| -> Vec<_> {
            (0..10_u64).map(|n| (seed ^ salt).wrapping_mul(2 * n + step + 1) % 50 + 1).collect()
        };
        let work = async |salt: u64| {
            let ids: Vec<_> =
                numbers(salt).into_iter().filter_map(|n| u32::try_from(n).ok()).map(rows::link_id).collect();
            let mut tx = begin(&database).await;
            let links = tx.lock_links(&ids).await?;
            tokio::task::yield_now().await;
            tx.schedule_refreshes(&ids, Some(rows::at(i64::try_from(step).unwrap_or(0))), None).await?;
            tx.commit().await?;
            Ok::<_, StoreError>(links)
        };
        told.push(format!("{:?}", futures::join!(work(17), work(4_242))));
    }
    told
}

#[tokio::test(start_paused = true)]
async fn the_same_run_twice_answers_the_same() {
    let first = story(3).await;
    assert_eq!(first, story(3).await);
    assert_ne!(first, story(4).await);
}

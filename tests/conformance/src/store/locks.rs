//! Rows that one transaction holds are waited for by the others, and nothing is lost in between.

use super::rows::{self, at};
use super::{Bench, Failure, Opened, Outcome, QUIET, ends, equal, waits};
use tokio::sync::Barrier;
use wanlink_domain::link::Link;
use wanlink_domain::object::Kind;
use wanlink_store::port::{StoreError, Transaction};

type Work = Box<dyn Transaction>;

/// Runs `lock` in a second transaction while the first holds the same rows; it must wait, and then see what the
/// first has written.
async fn second_waits<T>(
    bench: &Bench,
    what: &str,
    lock: impl AsyncFn(&mut Work) -> Result<T, Failure>,
    change: impl AsyncFn(&mut Work) -> Outcome,
) -> Result<T, Failure> {
    let (first, second) = (bench.open().await?, bench.open().await?);
    let mut holder = first.begin().await?;
    lock(&mut holder).await?;
    let mut waiter = Box::pin(async {
        let mut tx = second.begin().await?;
        let seen = lock(&mut tx).await?;
        tx.commit().await?;
        Ok::<T, Failure>(seen)
    });
    waits(what, &mut waiter).await?;
    change(&mut holder).await?;
    holder.commit().await?;
    ends(what, waiter).await?
}

pub async fn a_locked_link_is_waited_for_and_then_seen_as_changed(bench: Bench) -> Outcome {
    bench.with_links(1).await?;
    let renamed = Link { name: "renamed".into(), version: 2, ..rows::link(1) };
    let lock = async |tx: &mut Work| Ok(tx.lock_links(&[rows::link_id(1)]).await?);
    let change = async |tx: &mut Work| Ok(tx.update_links(std::slice::from_ref(&renamed)).await?);
    equal("seen", second_waits(&bench, "lock_links", lock, change).await?, vec![renamed.clone()])
}

pub async fn unfinished_actions_are_waited_for(bench: Bench) -> Outcome {
    bench.with_links(1).await?;
    let mut later = rows::action(1, 1);
    later.dispatches = 7;
    let lock = async |tx: &mut Work| Ok(tx.unfinished_actions(&[rows::link_id(1)]).await?);
    let change = async |tx: &mut Work| Ok(tx.update_actions(std::slice::from_ref(&later)).await?);
    equal("seen", second_waits(&bench, "unfinished_actions", lock, change).await?, vec![later.clone()])
}

pub async fn locked_accounts_are_waited_for(bench: Bench) -> Outcome {
    bench.world().await?;
    let mut granted = rows::account(1, 1, 1);
    granted.epoch = 4;
    let lock = async |tx: &mut Work| Ok(tx.lock_accounts(&[rows::account_id(1)]).await?);
    let change = async |tx: &mut Work| Ok(tx.update_accounts(std::slice::from_ref(&granted)).await?);
    equal("seen", second_waits(&bench, "lock_accounts", lock, change).await?, vec![granted.clone()])
}

pub async fn a_locked_object_is_waited_for(bench: Bench) -> Outcome {
    bench.world().await?;
    let lock = async |tx: &mut Work| Ok(tx.lock_object(Kind::Tenant, rows::tenant_id(1).0).await?);
    let change = async |_: &mut Work| Ok(());
    let seen = second_waits(&bench, "lock_object", lock, change).await?;
    equal("seen", seen.map(|object| object.id()), Some(rows::tenant_id(1).0))
}

pub async fn a_locked_session_is_waited_for(bench: Bench) -> Outcome {
    bench.world().await?;
    let mut renewed = rows::session(1);
    renewed.lease_until = at(99_000_000);
    let lock = async |tx: &mut Work| Ok(tx.lock_session(rows::session_id(1)).await?);
    let change = async |tx: &mut Work| Ok(tx.put_session(&renewed).await?);
    equal("seen", second_waits(&bench, "lock_session", lock, change).await?, Some(renewed.clone()))
}

pub async fn counting_the_same_request_is_waited_for(bench: Bench) -> Outcome {
    let opened = bench.with_links(2).await?;
    let mut delta = wanlink_domain::request::CounterDelta::none(rows::request_id(1));
    delta.done = 1;
    let count = async |tx: &mut Work| Ok(tx.count_requests(&[delta], at(3)).await?);
    let change = async |_: &mut Work| Ok(());
    let seen = second_waits(&bench, "count_requests", count, change).await?;
    equal("seen", seen.first().map(|request| request.done), Some(2))?;
    let request = opened.read.request(rows::request_id(1)).await?;
    equal("events", request.map(|request| request.event_seq), Some(1))
}

/// One more version of link 1, from what is read under its lock.
async fn increment(opened: &Opened, both_have_read: &Barrier) -> Outcome {
    let mut tx = opened.begin().await?;
    let mut links = tx.lock_links(&[rows::link_id(1)]).await?;
    // Where nobody locks, two meet here and write the same version. Where the lock holds, nobody comes.
    let _ = tokio::time::timeout(QUIET, both_have_read.wait()).await;
    for link in &mut links {
        link.version += 1;
    }
    tx.update_links(&links).await?;
    tx.commit().await?;
    Ok(())
}

pub async fn no_update_is_lost(bench: Bench) -> Outcome {
    let (first, second) = (bench.with_links(1).await?, bench.open().await?);
    let both_have_read = Barrier::new(2);
    let all = [&first, &second, &first, &second].map(|opened| increment(opened, &both_have_read));
    for done in ends("increments", futures::future::join_all(all)).await? {
        done?;
    }
    let link = first.read.link(rows::link_id(1)).await?;
    equal("version", link.map(|link| link.version), Some(5))
}

pub async fn batches_in_opposite_order_do_not_wait_in_a_circle(bench: Bench) -> Outcome {
    let (first, second) = (bench.with_links(20).await?, bench.open().await?);
    let up: Vec<_> = (1..=20).map(rows::link_id).collect();
    let down: Vec<_> = up.iter().rev().copied().collect();
    let lock = async |opened: &Opened, ids: &[_]| -> Outcome {
        for _ in 0..5 {
            let mut tx = opened.begin().await?;
            let links = tx.lock_links(ids).await?;
            let actions = tx.unfinished_actions(ids).await?;
            tx.update_actions(&actions).await?;
            tx.update_links(&links).await?;
            tx.commit().await?;
        }
        Ok(())
    };
    let both = async { futures::join!(lock(&first, &up), lock(&second, &down)) };
    let (one, other) = ends("batches", both).await?;
    one?;
    other
}

pub async fn readers_do_not_wait_for_a_writer(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let mut tx = opened.begin().await?;
    tx.lock_links(&[rows::link_id(1)]).await?;
    tx.update_links(&[Link { name: "renamed".into(), ..rows::link(1) }]).await?;
    tx.bump_catalogue().await?;
    let read = ends("a read", opened.read.link(rows::link_id(1))).await??;
    equal("uncommitted", read, Some(rows::link(1)))?;
    tx.commit().await?;
    let read = opened.read.link(rows::link_id(1)).await?;
    equal("committed", read.map(|link| link.name), Some("renamed".to_owned()))
}

pub async fn a_dropped_transaction_lets_go(bench: Bench) -> Outcome {
    let (first, second) = (bench.with_links(1).await?, bench.open().await?);
    let mut holder = first.begin().await?;
    holder.lock_links(&[rows::link_id(1)]).await?;
    drop(holder);
    let next = async {
        loop {
            let mut tx = second.begin().await?;
            match tx.lock_links(&[rows::link_id(1)]).await {
                Err(StoreError::Conflict(_)) => {}
                other => return Ok::<_, Failure>(other?),
            }
        }
    };
    equal("links", ends("the next", next).await??.len(), 1)
}

pub async fn accounts_that_were_read_stay_as_they_are(bench: Bench) -> Outcome {
    let (first, second) = (bench.world().await?, bench.open().await?);
    let mut reader = first.begin().await?;
    reader.accounts(&[rows::account_id(1)]).await?;
    let mut writer = Box::pin(async {
        let mut tx = second.begin().await?;
        let mut accounts = tx.lock_accounts(&[rows::account_id(1)]).await?;
        accounts[0].epoch += 1;
        tx.update_accounts(&accounts).await?;
        tx.commit().await?;
        Ok::<(), Failure>(())
    });
    waits("a change", &mut writer).await?;
    equal("epoch", reader.accounts(&[rows::account_id(1)]).await?[0].epoch, 0)?;
    reader.commit().await?;
    ends("a change", writer).await?
}

//! Links as rows.

use super::rows;
use super::{Bench, Outcome, equal, fails};
use wanlink_store::port::StoreError;

pub async fn a_link_is_read_as_it_was_written(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let links = vec![rows::link(1), rows::settled_link(2)];
    let ids = vec![rows::link_id(1), rows::link_id(2)];
    equal("inserted", tx.insert_links(&links).await?, ids.clone())?;
    equal("locked", tx.lock_links(&ids).await?, links.clone())?;
    tx.commit().await?;
    for link in links {
        equal("read", opened.read.link(link.id).await?, Some(link))?;
    }
    Ok(())
}

pub async fn links_that_are_there_already_are_left_alone(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_links(&[rows::link(2)]).await?;
    let batch = [rows::link(3), rows::settled_link(2), rows::link(1)];
    let mut inserted = tx.insert_links(&batch).await?;
    inserted.sort_unstable();
    equal("inserted", inserted, vec![rows::link_id(1), rows::link_id(3)])?;
    equal("the old one", tx.lock_links(&[rows::link_id(2)]).await?, vec![rows::link(2)])?;
    equal("again", tx.insert_links(&batch).await?, vec![])
}

pub async fn updating_links_writes_every_column(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    tx.update_links(&[rows::settled_link(3), rows::settled_link(1)]).await?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    let ids = [1, 2, 3].map(rows::link_id);
    let expected = vec![rows::settled_link(1), rows::link(2), rows::settled_link(3)];
    equal("links", tx.lock_links(&ids).await?, expected)?;
    // And back: what was known can be forgotten.
    tx.update_links(&[rows::link(1)]).await?;
    equal("back", tx.lock_links(&ids[..1]).await?, vec![rows::link(1)])
}

pub async fn locked_links_come_in_id_order_without_unknown_ones(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    let found = tx.lock_links(&[3, 9, 1, 3].map(rows::link_id)).await?;
    equal("links", found, vec![rows::link(1), rows::link(3)])?;
    equal("none", tx.lock_links(&[]).await?, vec![])
}

pub async fn a_live_link_needs_its_account(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut link = rows::link(1);
    link.account_id = rows::account_id(9);
    let inserted = opened.begin().await?.insert_links(&[link.clone()]).await;
    fails("a live one", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    let mut tombstone = rows::deleted_link(1);
    tombstone.account_id = rows::account_id(9);
    equal("a tombstone", opened.begin().await?.insert_links(&[tombstone]).await?, vec![link.id])
}

pub async fn a_link_needs_its_networks(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut link = rows::link(1);
    link.wish = rows::wish([Some(rows::network_id(1)), Some(rows::network_id(9))]);
    let inserted = opened.begin().await?.insert_links(&[link]).await;
    fails("insert_links", inserted, |error| matches!(error, StoreError::Invalid(_)))
}

pub async fn links_of_an_account_are_counted_without_tombstones(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    tx.update_links(&[rows::deleted_link(2)]).await?;
    equal("links", tx.links_of_account(rows::account_id(1)).await?, 2)?;
    equal("another", tx.links_of_account(rows::account_id(2)).await?, 0)
}

pub async fn a_link_without_bandwidth_is_refused(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut link = rows::link(1);
    link.wish.bandwidth_kbps = Some(0);
    let inserted = opened.begin().await?.insert_links(&[link]).await;
    fails("insert_links", inserted, |error| matches!(error, StoreError::Invalid(_)))
}

//! Migrations and the schema's version.

use super::{Bench, Outcome, ends, equal, fails};
use wanlink_store::port::StoreError;

pub async fn an_empty_database_is_told_with_both_versions(bench: Bench) -> Outcome {
    let (store, read) = (bench.harness.store(), bench.harness.read());
    let empty = |error: &StoreError| matches!(error, StoreError::Schema { found: 0, needed } if *needed > 0);
    fails("the writer", store.check_schema().await, empty)?;
    fails("the reader", read.check_schema().await, empty)?;
    store.migrate().await?;
    store.check_schema().await?;
    Ok(read.check_schema().await?)
}

pub async fn migrating_twice_is_once(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    opened.store.migrate().await?;
    bench.harness.store().migrate().await?;
    opened.store.check_schema().await?;
    equal("tenants", opened.read.catalogue().await?.tenants.len(), 1)
}

pub async fn two_processes_that_migrate_at_once_both_succeed(bench: Bench) -> Outcome {
    let (first, second) = (bench.harness.store(), bench.harness.store());
    let (one, other) = ends("migrating", async { futures::join!(first.migrate(), second.migrate()) }).await?;
    one?;
    other?;
    Ok(first.check_schema().await?)
}

pub async fn a_closed_store_is_unavailable(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    opened.store.close().await;
    opened.read.close().await;
    let begun = opened.store.begin().await.map(drop);
    fails("begin", begun, |error| matches!(error, StoreError::Unavailable(_)))?;
    let read = opened.read.catalogue_version().await;
    fails("a read", read, |error| matches!(error, StoreError::Unavailable(_)))
}

pub async fn reader_and_writer_name_the_same_engine(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    equal("capabilities", opened.read.capabilities(), opened.store.capabilities())
}

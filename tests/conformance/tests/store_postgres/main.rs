//! The store suite on PostgreSQL, on the server that `WANLINK_TEST_DATABASE_URL` names, and what only PostgreSQL can
//! show: the api's role, the plans of hot queries, what a lock's or a statement's time limit comes to.

mod plans;
mod role;
mod servers;
mod waiting;

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};
use std::path::Path;
use std::sync::Arc;
use wanlink_conformance::store::postgres::PostgresHarness;
use wanlink_conformance::store::{Bench, Harness as _, case};
use wanlink_store::engines::postgres::{PostgresStore, STATEMENTS};
use wanlink_store::port::Store as _;

async fn start() -> PostgresHarness {
    PostgresHarness::start().await.unwrap_or_else(|why| panic!("{why}"))
}

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(start().await)).run(case).await {
        panic!("{name}: {}", why.0);
    }
}

wanlink_conformance::store_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

/// A database with its schema.
async fn migrated() -> (PostgresHarness, PostgresStore) {
    let harness = start().await;
    let store = harness.open_store();
    store.migrate().await.expect("a schema");
    (harness, store)
}

fn options(text: serde_json::Value) -> wanlink_runtime::config::Options {
    serde_json::from_value(text).expect("a table")
}

#[tokio::test]
async fn every_file_can_be_prepared() {
    let (harness, _store) = migrated().await;
    let mut connection = harness.connect().await.expect("a connection");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/store/src/engines/postgres/sql");
    let mut prepared = 0;
    for entry in std::fs::read_dir(folder).expect("the statements' folder") {
        let path = entry.expect("an entry").path();
        let sql = std::fs::read_to_string(&path).expect("text");
        let result = (&mut connection).prepare(AssertSqlSafe(sql).into_sql_str()).await;
        assert!(result.is_ok(), "{}: {:?}", path.display(), result.err());
        prepared += 1;
    }
    assert_eq!(prepared, STATEMENTS.all().len() + 2);
    harness.clean().await;
}

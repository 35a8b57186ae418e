//! The store suite on PostgreSQL, on the server that `WANLINK_TEST_DATABASE_URL` names.

use std::sync::Arc;
use wanlink_conformance::store::postgres::PostgresHarness;
use wanlink_conformance::store::{Bench, case};

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    let harness = PostgresHarness::start().await.unwrap_or_else(|why| panic!("{why}"));
    if let Err(why) = Bench::new(Arc::new(harness)).run(case).await {
        panic!("{name}: {}", why.0);
    }
}

wanlink_conformance::store_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

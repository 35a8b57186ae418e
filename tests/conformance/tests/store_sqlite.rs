//! The store suite on SQLite.

use std::sync::Arc;
use wanlink_conformance::store::sqlite::SqliteHarness;
use wanlink_conformance::store::{Bench, case};

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    let harness = SqliteHarness::start().expect("a temporary folder");
    if let Err(why) = Bench::new(Arc::new(harness)).run(case).await {
        panic!("{name}: {}", why.0);
    }
}

wanlink_conformance::store_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

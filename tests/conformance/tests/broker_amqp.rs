//! The broker suite on the AMQP engine, against the broker that `WANLINK_TEST_AMQP_URL` names.

use std::sync::Arc;
use wanlink_conformance::broker::amqp::AmqpHarness;
use wanlink_conformance::broker::{Bench, case};

async fn harness() -> AmqpHarness {
    match AmqpHarness::start().await {
        Ok(harness) => harness,
        Err(why) => panic!("{why}"),
    }
}

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(harness().await)).run(case).await {
        panic!("{name}: {why}");
    }
}

wanlink_conformance::broker_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

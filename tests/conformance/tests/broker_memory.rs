//! The broker suite on the in-process engine, in virtual time, and on engines with a fault.

use std::sync::Arc;
use wanlink_conformance::broker::faulty::{FAULTS, Fault, FaultyHarness};
use wanlink_conformance::broker::memory::MemoryHarness;
use wanlink_conformance::broker::{Bench, CASES, case};

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(MemoryHarness::start())).run(case).await {
        panic!("{name}: {why}");
    }
}

wanlink_conformance::broker_case_tests!(run, tokio::test(start_paused = true));

/// The names of the cases that fail on engines with this fault.
async fn failing(fault: Fault) -> Vec<&'static str> {
    let mut failing = Vec::new();
    for (name, case) in CASES {
        let harness = FaultyHarness { sound: Arc::new(MemoryHarness::start()), fault };
        if Bench::new(Arc::new(harness)).run(*case).await.is_err() {
            failing.push(*name);
        }
    }
    failing
}

#[test]
fn the_suite_is_wide_enough() {
    assert!(CASES.len() >= 40, "only {} cases", CASES.len());
    assert!(FAULTS.len() >= 5, "only {} faults", FAULTS.len());
}

#[tokio::test(start_paused = true)]
async fn the_wrapper_of_faults_disturbs_nothing_by_itself() {
    assert_eq!(failing(Fault::None).await, Vec::<&str>::new());
}

#[tokio::test(start_paused = true)]
async fn each_fault_is_found_by_the_cases_named_for_it() {
    for (fault, named) in FAULTS {
        let mut named = named.to_vec();
        let mut found = failing(*fault).await;
        named.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, named, "{fault:?}");
    }
}

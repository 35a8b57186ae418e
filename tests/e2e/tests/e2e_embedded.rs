//! The suite on one `wanlink up`: SQLite and the in-process broker, no other service, and the demo and the bench that
//! stand on them.

wanlink_e2e::suite!(wanlink_e2e::Profile::Embedded);

#[test]
fn a_second_demo_finds_its_state() {
    wanlink_e2e::scenarios::demo::a_second_demo_finds_its_state();
}

#[tokio::test]
async fn a_killed_demo_is_finished_by_the_next() {
    wanlink_e2e::scenarios::demo::a_killed_demo_is_finished_by_the_next().await;
}

#[tokio::test]
async fn load_counts_what_settled_and_leaves_nothing() {
    wanlink_e2e::scenarios::bench::load_counts_what_settled_and_leaves_nothing().await;
}

#[tokio::test]
async fn load_says_what_failed_and_ends_with_one() {
    wanlink_e2e::scenarios::bench::load_says_what_failed_and_ends_with_one().await;
}

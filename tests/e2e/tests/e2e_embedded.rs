//! The suite on one `wanlink up`: SQLite and the in-process broker, no other service, and the demo that is built on them.

wanlink_e2e::suite!(wanlink_e2e::Profile::Embedded);

#[test]
fn a_second_demo_finds_its_state() {
    wanlink_e2e::scenarios::demo::a_second_demo_finds_its_state();
}

#[tokio::test]
async fn a_killed_demo_is_finished_by_the_next() {
    wanlink_e2e::scenarios::demo::a_killed_demo_is_finished_by_the_next().await;
}

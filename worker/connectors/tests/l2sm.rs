//! `ietf_l2sm` against the emulator: every fault at every step of making and removing a link, and what only this
//! kind has (attached accesses, statuses read back, sites of the operator).

mod support;

use serde_json::{Value, json};
use std::time::Duration;
use support::emulated::Emulated;
use support::*;
use wanlink_connectors::policy::outcome_of_failure;
use wanlink_connectors::port::{Class, Failure, Removal};
use wanlink_domain::action::Outcome;
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::reason::Code;
use wanlink_emulator::{Action, Answer, Rule};

const SERVICE: &str = "/vpn-service=";
const ACCESS: &str = "/site-network-access=";

async fn world() -> Emulated {
    Emulated::start(Duration::ZERO).await
}

fn error(code: u16, tag: &str) -> Action {
    Action::Status(Answer { code, error_tag: Some(tag.to_owned()), body: None, retry_after: None })
}

fn body(code: u16, body: Value) -> Action {
    Action::Status(Answer { code, error_tag: None, body: Some(body), retry_after: None })
}

/// A fault on the first such request of a creation, and how it ends; what a second try makes good must be one effect.
async fn check_making(method: &str, path: &str, action: Action, class: Class) {
    let world = world().await;
    let quick = json!({"connect_timeout_ms": 100, "request_timeout_ms": 300});
    let connector = world.configured(1, PASSWORD, quick);
    let desired = eline(1);
    world.fault(Rule::on(method, path, action.clone()).times(1)).await;
    let failed = connector.ensure(&desired, &unknown(desired.link)).await;
    let Err(Failure { class: told, detail, .. }) = &failed else {
        panic!("{method} {path} {action:?}: {failed:?}")
    };
    assert_eq!(*told, class, "{method} {path} {action:?}: {detail}");
    assert!(detail.len() < 2_000 && !detail.contains(PASSWORD), "{detail}");
    let made = connector.ensure(&desired, &unknown(desired.link)).await.expect("the second try makes it");
    assert_eq!(made.status, Some(LinkStatus::Active), "{method} {path} {action:?}");
    let ledger = world.ledger().await;
    assert_eq!(ledger.totals.service_creates, 1, "{method} {path} {action:?}");
    assert_eq!(ledger.services[&desired.link.to_string()].accesses.creates, 2, "{method} {path} {action:?}");
}

#[tokio::test]
async fn every_fault_at_every_step_of_making_is_classified_and_made_good() {
    for path in [SERVICE, ACCESS] {
        for (action, class) in [
            (Action::CutBefore, Class::OutcomeUnknown),
            (Action::CutAfter, Class::OutcomeUnknown),
            (Action::Hang, Class::OutcomeUnknown),
            (Action::HangAfter, Class::OutcomeUnknown),
            (Action::Huge, Class::Internal),
            (Action::LockDenied, Class::Busy),
            (Action::RetryAfter(3), Class::Busy),
            (error(409, "in-use"), Class::Busy),
            (error(409, "resource-denied"), Class::Capacity),
            (error(412, "operation-failed"), Class::Internal),
            (error(403, "access-denied"), Class::Auth),
            (error(400, "invalid-value"), Class::Invalid),
            (body(502, json!("<html>Bad Gateway</html>")), Class::OutcomeUnknown),
            (body(504, json!({})), Class::OutcomeUnknown),
            (body(500, json!([])), Class::Internal),
            (body(400, json!({})), Class::Invalid),
        ] {
            check_making("PUT", path, action, class).await;
        }
    }
    for (action, class) in [
        (Action::CutBefore, Class::Unreachable),
        (Action::Hang, Class::Unreachable),
        (Action::Huge, Class::Internal),
        (Action::Garbage, Class::Internal),
        (body(200, json!({})), Class::Internal),
        (body(200, json!([])), Class::Internal),
        (body(404, json!("<html>no such page</html>")), Class::Internal),
        (body(503, json!("<html>down</html>")), Class::Busy),
        (error(401, "access-denied"), Class::Auth),
    ] {
        check_making("GET", SERVICE, action, class).await;
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_no_reason_to_write_again() {
    for action in [Action::Garbage, Action::NotVisibleMs(0)] {
        let world = world().await;
        world.fault(Rule::on("PUT", SERVICE, action)).await;
        let made = make(&*world.connector(), &eline(1)).await;
        assert_eq!(made.status, Some(LinkStatus::Active));
        assert_eq!(world.ledger().await.totals.repeats, 0);
    }
}

#[tokio::test]
async fn what_does_not_show_yet_is_being_built_and_not_written_again() {
    for path in [SERVICE, ACCESS] {
        let (world, desired) = (world().await, eline(1));
        world.fault(Rule::on("PUT", path, Action::NotVisibleMs(300)).times(1)).await;
        let connector = world.connector();
        let made = make(&*connector, &desired).await;
        assert_eq!(made.status, Some(LinkStatus::Build), "{path}");
        assert!(made.reason.as_ref().is_some_and(|reason| reason.detail.contains("not seen yet")));
        until(&*connector, &known(&made, &desired), LinkStatus::Active).await;
        assert_eq!(world.ledger().await.totals.repeats, 0);
    }
}

#[tokio::test]
async fn a_probe_that_fails_after_writing_leaves_the_link_building() {
    for action in
        [Action::CutBefore, Action::Garbage, error(500, "operation-failed"), body(200, json!({"x": 1}))]
    {
        let (world, desired) = (world().await, eline(1));
        world.fault(Rule::on("GET", "/probe/", action.clone()).times(1)).await;
        let connector = world.connector();
        let made = make(&*connector, &desired).await;
        assert_eq!(made.status, Some(LinkStatus::Build), "{action:?}");
        let seen = connector.observe(&known(&made, &desired)).await.unwrap();
        assert_eq!(seen.status, Some(LinkStatus::Active));
    }
}

#[tokio::test]
async fn every_fault_at_every_step_of_removing_is_made_good() {
    for path in [SERVICE, ACCESS] {
        for (action, class) in [
            (Action::CutBefore, Class::OutcomeUnknown),
            (Action::CutAfter, Class::OutcomeUnknown),
            (Action::Hang, Class::OutcomeUnknown),
            (Action::HangAfter, Class::OutcomeUnknown),
            (Action::LockDenied, Class::Busy),
            (error(412, "operation-failed"), Class::Internal),
            (body(503, json!("<html></html>")), Class::OutcomeUnknown),
            (body(404, json!("<html>no such page</html>")), Class::Internal),
        ] {
            let (world, desired) = (world().await, eline(1));
            let quick = json!({"connect_timeout_ms": 100, "request_timeout_ms": 300});
            let connector = world.configured(1, PASSWORD, quick);
            let made = make(&*connector, &desired).await;
            world.fault(Rule::on("DELETE", path, action.clone()).times(1)).await;
            let remote = known(&made, &desired);
            let failed = connector.remove(&remote).await;
            assert_eq!(failed.map_err(|failure| failure.class), Err(class), "{path} {action:?}");
            assert_eq!(connector.remove(&remote).await, Ok(Removal::Gone), "{path} {action:?}");
            let ledger = world.ledger().await;
            assert_eq!((ledger.present.len(), ledger.totals.service_deletes), (0, 1), "{path} {action:?}");
        }
    }
}

#[tokio::test]
async fn a_service_that_is_not_seen_is_removed_all_the_same() {
    let (world, desired) = (world().await, eline(1));
    world.fault(Rule::on("PUT", SERVICE, Action::NotVisibleMs(60_000))).await;
    let connector = world.connector();
    let made = make(&*connector, &desired).await;
    assert_eq!(connector.remove(&known(&made, &desired)).await, Ok(Removal::Gone));
    assert_eq!(world.ledger().await.present, Vec::<String>::new());
}

#[tokio::test]
async fn what_others_attached_to_our_service_goes_with_it() {
    let (world, desired) = (world().await, eline(1));
    let connector = world.connector();
    let made = make(&*connector, &desired).await;
    let vpn = desired.link.to_string();
    let access = json!({"ietf-l2vpn-svc:site-network-access": [{
        "network-access-id": "an-operator-s", "device-reference": "DC3-ce",
        "vpn-attachment": {"vpn-id": vpn}, "service": {"svc-mtu": 1500}}]});
    let path = "/sites/site=DC3/site-network-accesses/site-network-access=an-operator-s";
    world.operator_puts(path, &access).await;
    // An edit leaves alone what it did not make.
    let wider = with_bandwidth(&desired, Some(7_000));
    let edited = connector.ensure(&wider, &unknown(desired.link)).await.unwrap();
    assert_eq!(world.ledger().await.totals.deletes, 0);
    assert_eq!(connector.remove(&known(&edited, &wider)).await, Ok(Removal::Gone));
    assert_eq!(made.conn_info, edited.conn_info);
    assert!(!world.exists(desired.link).await);
}

#[tokio::test]
async fn a_reference_that_never_goes_ends_in_a_failure_and_not_in_a_loop() {
    let (world, desired) = (world().await, eline(1));
    let connector = world.connector();
    let made = make(&*connector, &desired).await;
    let still = json!({"ietf-restconf:errors": {"error": [{
        "error-tag": "data-missing", "error-app-tag": "instance-required"}]}});
    world.fault(Rule::on("DELETE", SERVICE, body(409, still))).await;
    let failure = connector.remove(&known(&made, &desired)).await.unwrap_err();
    match outcome_of_failure(&failure) {
        Outcome::Retry { reason, .. } => assert_eq!(reason.code, Code::ControllerReferenced),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sites_are_the_operator_s() {
    let world = world().await;
    let connector = world.connector();
    let nowhere = with_points(&eline(1), vec![point("DC1", 1), point("ATLANTIS", 2)]);
    let failure = connector.ensure(&nowhere, &unknown(nowhere.link)).await.unwrap_err();
    assert_eq!(failure.class, Class::DependencyMissing);
    assert!(
        failure.detail.contains("ATLANTIS") && failure.detail.contains("instance-required"),
        "{failure:?}"
    );
    assert_eq!(world.ledger().await.totals.site_writes, 0);
    // The half that was made is ours to take away.
    let remote =
        wanlink_connectors::port::Remote { wish: Some(nowhere.wish.clone()), ..unknown(nowhere.link) };
    assert_eq!(connector.remove(&remote).await, Ok(Removal::Gone));
    assert!(!world.exists(nowhere.link).await);
}

#[tokio::test]
async fn a_body_that_the_controller_refuses_is_final_and_says_where() {
    let (world, desired) = (world().await, eline(1));
    let wrong = with_points(&desired, vec![point("DC1", 5000), point("DC2", 2)]);
    let failure = world.connector().ensure(&wrong, &unknown(desired.link)).await.unwrap_err();
    assert_eq!(failure.class, Class::Invalid);
    assert!(failure.detail.contains("cvlan-id"), "{failure:?}");
}

#[tokio::test]
async fn configured_is_active_where_the_account_says_so() {
    let (world, desired) = (world().await, eline(1));
    let connector = world.configured(1, PASSWORD, json!({"status_source": "configured"}));
    let made = make(&*connector, &desired).await;
    assert_eq!((made.status, made.status_source), (Some(LinkStatus::Active), StatusSource::Configured));
    // Read back, a difference is an error; nothing is written by looking.
    let calls = world.calls().await.len();
    let drifted = with_bandwidth(&desired, Some(1));
    let seen = connector.observe(&known(&made, &drifted)).await.unwrap();
    assert_eq!(seen.status, Some(LinkStatus::Error));
    assert!(seen.reason.as_ref().is_some_and(|reason| reason.detail.contains("service/svc-bandwidth")));
    assert_eq!(world.calls().await.len(), calls);
    // A list sees the same.
    let list = connector.list().await.unwrap();
    assert_eq!(list.found(&known(&made, &desired)).await.unwrap(), made);
    assert_eq!(list.found(&known(&made, &drifted)).await.unwrap(), seen);
}

#[tokio::test]
async fn an_access_that_vanished_is_made_again() {
    let (world, desired) = (world().await, eline(1));
    let connector = world.connector();
    let made = make(&*connector, &desired).await;
    // Another worker's edit took it out; this one still wishes for it.
    let moved = with_points(&desired, vec![point("DC1", 300), point("DC3", 9)]);
    connector.ensure(&moved, &known(&made, &desired)).await.unwrap();
    let seen = connector.observe(&known(&made, &desired)).await.unwrap();
    assert_eq!(seen.status, Some(LinkStatus::Error));
    assert_eq!(seen.reason.as_ref().map(|reason| reason.code), Some(Code::Vanished));
    let mended = connector.ensure(&desired, &unknown(desired.link)).await.unwrap();
    assert_eq!(mended.status, Some(LinkStatus::Active));
}

#[tokio::test]
async fn a_bandwidth_edit_patches_and_nothing_else_is_written() {
    let (world, desired) = (world().await, eline(1));
    let connector = world.connector();
    let made = make(&*connector, &desired).await;
    let before = world.calls().await.len();
    let wider = with_bandwidth(&desired, Some(250_000));
    connector.ensure(&wider, &known(&made, &desired)).await.unwrap();
    let methods: Vec<String> =
        world.calls().await.split_off(before).into_iter().map(|call| call.method).collect();
    assert_eq!(methods, ["PATCH", "PATCH"]);
    // A server without PATCH is sent the whole access.
    world.fault(Rule::on("PATCH", ACCESS, error(405, "operation-not-supported"))).await;
    let widest = with_bandwidth(&desired, Some(300_000));
    let edited = connector.ensure(&widest, &known(&made, &wider)).await.unwrap();
    assert_eq!(edited.status, Some(LinkStatus::Active));
    assert_eq!(world.ledger().await.services[&desired.link.to_string()].accesses.changes, 4);
}

#[tokio::test]
async fn an_operation_has_an_end_however_slow_its_requests() {
    let world = world().await;
    world.fault(Rule::on("PUT", "", Action::DelayMs(150))).await;
    world.fault(Rule::on("GET", "", Action::DelayMs(150))).await;
    let connector = world.configured(1, PASSWORD, json!({"operation_timeout_ms": 400}));
    let desired = eline(1);
    let failure = connector.ensure(&desired, &unknown(desired.link)).await.unwrap_err();
    assert_eq!(failure.class, Class::OutcomeUnknown);
    assert!(failure.detail.contains("operation_timeout_ms (400)"), "{failure:?}");
}

#[tokio::test]
async fn a_server_without_our_model_or_without_restconf_is_told_of() {
    let world = world().await;
    let library =
        json!({"ietf-yang-library:yang-library": {"module-set": [{"module": [{"name": "ietf-l3vpn-svc"}]}]}});
    world.fault(Rule::on("GET", "yang-library", body(200, library)).times(1)).await;
    let failure = world.connector().check().await.unwrap_err();
    assert_eq!(failure.class, Class::Invalid);
    assert!(failure.detail.contains("does not implement ietf-l2vpn-svc"), "{failure:?}");
    let lost = world.configured(1, PASSWORD, json!({"restconf_root": "/nowhere"}));
    let failure = lost.check().await.unwrap_err();
    assert!(failure.detail.contains("no RESTCONF root at"), "{failure:?}");
    // An old server has no library; an empty one no container either.
    world.fault(Rule::on("GET", "yang-library", error(404, "invalid-value"))).await;
    assert_eq!(world.connector().check().await, Ok(()));
}

#[tokio::test]
async fn errors_with_a_bare_object_are_understood() {
    let options = wanlink_emulator::Options { error_object: true, ..Emulated::options(Duration::ZERO) };
    let world = Emulated::with(options).await;
    let connector = world.connector();
    assert_eq!(connector.remove(&unknown(link(1))).await, Ok(Removal::Gone));
    let nowhere = with_points(&eline(1), vec![point("DC1", 1), point("ATLANTIS", 2)]);
    let failure = connector.ensure(&nowhere, &unknown(nowhere.link)).await.unwrap_err();
    assert_eq!(failure.class, Class::DependencyMissing);
}

#[tokio::test]
async fn nothing_is_written_that_need_not_be() {
    let (world, desired) = (world().await, eline(1));
    let connector = world.connector();
    let made = make(&*connector, &desired).await;
    connector.ensure(&desired, &unknown(desired.link)).await.unwrap();
    connector.ensure(&desired, &known(&made, &desired)).await.unwrap();
    let totals = world.ledger().await.totals;
    assert_eq!((totals.effects, totals.repeats), (3, 0), "a service and two accesses, once");
    // An exchanged endpoint: one out, one in, the other left alone.
    let moved = with_points(&desired, vec![point("DC3", 302), point("DC1", 300)]);
    let edited = connector.ensure(&moved, &known(&made, &desired)).await.unwrap();
    let totals = world.ledger().await.totals;
    assert_eq!((totals.effects, totals.repeats, totals.deletes), (4, 0, 1));
    // Accesses go before the service that they refer to: no call is refused.
    assert_eq!(connector.remove(&known(&edited, &moved)).await, Ok(Removal::Gone));
    let totals = world.ledger().await.totals;
    assert_eq!((totals.deletes, totals.repeated_deletes, totals.refused), (4, 0, 0));
}

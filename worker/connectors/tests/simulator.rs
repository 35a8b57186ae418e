//! The instrument itself: scripts, forced answers, virtual time and settings of the `simulator` connector.

mod support;

use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use support::*;
use wanlink_connectors::port::{Class, Connector, ConnectorFactory};
use wanlink_connectors::simulator::{Controller, Effect, Fault, Rule, SimulatorFactory, Verb};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::VirtualClock;

fn build(url: &str, config: serde_json::Value) -> Result<Box<dyn Connector>, String> {
    SimulatorFactory.build(settings(url.to_owned(), 1, None, config)).map_err(|reason| reason.detail)
}

#[tokio::test]
async fn one_name_is_one_controller_however_it_is_written() {
    let desired = eline(1);
    let one = build("simulator:written-twice", json!({})).unwrap();
    let other = build("http://simulator/written-twice", json!({})).unwrap();
    make(&*one, &desired).await;
    assert_eq!(other.observe(&unknown(desired.link)).await.unwrap().status, Some(LinkStatus::Active));
    assert_eq!(Controller::named("written-twice").present(), [desired.link.to_string()]);
}

#[tokio::test]
async fn settings_that_cannot_work_say_why() {
    for (url, config, fault) in [
        ("http://h", json!({}), "must be simulator:NAME"),
        ("simulator:", json!({}), "must be simulator:NAME"),
        ("simulator:x", json!({"latency_ms": "soon"}), "latency_ms must be a whole number"),
        ("simulator:x", json!({"script": "ensure:sadly"}), "the fault is unknown"),
    ] {
        let told = build(url, config).err().unwrap();
        assert!(told.contains(fault), "{told}");
    }
}

#[tokio::test]
async fn a_script_of_the_settings_falls_on_its_account_alone() {
    let faulty =
        build("simulator:two-scripts", json!({"script": "check:busy=1500:1;ensure:capacity"})).unwrap();
    let sound = build("simulator:two-scripts", json!({})).unwrap();
    let failure = faulty.check().await.unwrap_err();
    assert_eq!((failure.class, failure.retry_after), (Class::Busy, Some(Duration::from_millis(1500))));
    assert_eq!(faulty.check().await, Ok(()));
    let desired = eline(1);
    let failure = faulty.ensure(&desired, &unknown(desired.link)).await.unwrap_err();
    assert_eq!(failure.class, Class::Capacity);
    make(&*sound, &desired).await;
}

#[tokio::test]
async fn a_call_number_and_a_link_can_be_picked_out() {
    let controller = Controller::named("picked-out");
    let connector = build("simulator:picked-out", json!({})).unwrap();
    controller.script(Rule { number: Some(2), ..Rule::on(Verb::Ensure, Fault::CutAfter) });
    controller.script(Rule::on(Verb::Ensure, Fault::Fail(Class::Invalid)).link(link(3)));
    let mut classes = Vec::new();
    for number in [1, 2, 3] {
        let desired = eline(number);
        classes.push(
            connector.ensure(&desired, &unknown(desired.link)).await.err().map(|failure| failure.class),
        );
    }
    assert_eq!(classes, [None, Some(Class::OutcomeUnknown), Some(Class::Invalid)]);
    let told: Vec<_> = controller.calls().iter().map(|call| (call.effect, call.answered)).collect();
    assert_eq!(told, [(Effect::Created, true), (Effect::Created, false), (Effect::Refused, true)]);
    controller.heal();
    make(&*connector, &eline(3)).await;
    make(&*connector, &eline(2)).await;
    assert_eq!(controller.count(link(2), Effect::Repeated), 1);
}

#[tokio::test(start_paused = true)]
async fn building_and_latency_take_virtual_time_where_time_is_virtual() {
    let controller = Controller::with_clock(Arc::new(VirtualClock::starting_at(Timestamp(0))));
    controller.register("virtual");
    let hour = 3_600_000;
    let connector = build("simulator:virtual", json!({"build_ms": hour, "latency_ms": hour})).unwrap();
    let made = make(&*connector, &eline(1)).await;
    assert_eq!(made.status, Some(LinkStatus::Build));
    let seen = connector.observe(&known(&made, &eline(1))).await.unwrap();
    assert_eq!(seen.status, Some(LinkStatus::Active), "the look itself took the hour");
}

#[tokio::test(start_paused = true)]
async fn calls_can_hang_before_and_after_their_effect() {
    for (fault, created) in [(Fault::Hang, 0), (Fault::HangAfter, 1)] {
        let controller = Controller::new();
        controller.register("hanging");
        let connector = build("simulator:hanging", json!({})).unwrap();
        controller.script(Rule::on(Verb::Ensure, fault));
        let desired = eline(1);
        let nothing = unknown(desired.link);
        let call = connector.ensure(&desired, &nothing);
        assert!(tokio::time::timeout(Duration::from_secs(600), call).await.is_err());
        assert_eq!(controller.count(desired.link, Effect::Created), created);
    }
}

//! Services that are away: what callers are told meanwhile, and that work goes on by itself when they return. Real
//! profile only: an embedded system has no services to lose.

use crate::Setup;
use crate::client::{Accepted, text};
use crate::estate::{Estate, active_link, finished, link, link_becomes};
use crate::process::signal;
use crate::system::System;
use crate::wait::{PATIENCE, SOON, holds, until_passed, wait_until};
use serde_json::Value;
use std::time::Duration;

/// RabbitMQ 3.10 writes down up to three seconds later which quorum queues there are. One that is younger comes back
/// from a kill without its log, and never finds a leader.
const QUEUES_REMEMBERED: Duration = Duration::from_secs(4);

pub fn setup(scenario: &str) -> Setup {
    Setup { own_servers: !scenario.contains("conductors"), ..Setup::USUAL }
}

async fn not_ready(system: &System, service: &str) {
    wait_until(&format!("{service} to be reported as away"), PATIENCE, async || {
        let answer = system.api.send("GET", "/readyz", &Value::Null).await;
        let told = answer.status == 503 && answer.body[service]["ready"] == false;
        holds(told, || answer.body.to_string())
    })
    .await;
}

async fn refused(system: &System, vlan: u64) {
    let answer = system.api.send("POST", "/v1/links", &link(vlan)).await;
    assert_eq!((answer.status, answer.code()), (503, "unavailable"), "{}", answer.body);
    assert!(answer.header("retry-after").is_some() && answer.header("location").is_none(), "{answer:?}");
}

pub async fn a_broker_that_is_away_refuses_work_and_loses_none(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    active_link(&api, &link(99)).await;
    until_passed(QUEUES_REMEMBERED).await;
    let before = api.accepted("POST", "/v1/links", &link(100)).await;
    system.rabbitmq().kill();
    not_ready(system, "message_broker").await;
    refused(system, 101).await;
    // Reading needs no broker.
    api.get(&format!("/v1/links/{}", before.link())).await;
    system.rabbitmq().start_again();
    link_becomes(&api, before.link(), "ACTIVE").await;
    system.ready().await;
    let after = api.accepted("POST", "/v1/links", &link(102)).await;
    link_becomes(&api, after.link(), "ACTIVE").await;
    assert_eq!(api.list("/v1/links").await.len(), 3, "what was refused was not taken");
}

/// It takes bytes and answers nothing: what was sent may be there or not.
pub async fn a_broker_that_is_silent_leaves_the_outcome_unknown(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let node = std::fs::read_to_string(system.folder.path().join("rabbitmq/node.pid")).expect("its process");
    let node = node.trim().parse().expect("a process id");
    signal(node, "STOP");
    let answer = api.try_send("POST", "/v1/links", &link(100), Some("key-1")).await.expect("an answer");
    signal(node, "CONT");
    assert_eq!((answer.status, answer.code()), (503, "outcome-unknown"), "{}", answer.body);
    let location = answer.header("location").expect("where the outcome can be read").to_owned();
    let request = location.strip_prefix("/v1/requests/").expect("a request").to_owned();

    let accepted = api.until_accepted("POST", "/v1/links", &link(100), "key-1", PATIENCE).await;
    assert_eq!(accepted.request, request);
    link_becomes(&api, accepted.link(), "ACTIVE").await;
    assert_eq!(api.list("/v1/links").await.len(), 1);
}

pub async fn a_database_that_is_away_refuses_work_and_loses_none(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let before = api.accepted("POST", "/v1/links", &link(100)).await;
    system.postgres().stop_immediate();
    not_ready(system, "database").await;
    refused(system, 101).await;
    let read = api.send("GET", "/v1/links", &Value::Null).await;
    assert_eq!((read.status, read.code()), (503, "unavailable"), "{}", read.body);
    let command = api.send("POST", "/v1/sites", &serde_json::json!({ "name": "east" })).await;
    assert_eq!(command.status, 503, "{}", command.body);
    system.postgres().start_again();
    link_becomes(&api, before.link(), "ACTIVE").await;
    system.ready().await;
    let after = api.until_accepted("POST", "/v1/links", &link(102), "key-1", SOON).await;
    link_becomes(&api, after.link(), "ACTIVE").await;
    assert_eq!(api.list("/v1/links").await.len(), 2, "what was refused was not taken");
}

/// The journal has it, so it is accepted; its word comes later.
pub async fn without_conductors_work_is_accepted_and_done_when_they_return(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    for name in system.of_role("conductor") {
        system.process(&name).kill();
    }
    let accepted = Accepted::of(api.send("POST", "/v1/links", &link(100)).await);
    assert!(!accepted.journaled);
    let unread = api.send("GET", &format!("/v1/requests/{}", accepted.request), &Value::Null).await;
    assert_eq!(unread.status, 404, "{}", unread.body);
    for name in system.of_role("conductor") {
        system.process(&name).start();
    }
    system.ready().await;
    wait_until("the request to be recorded", SOON, async || {
        api.try_get(&format!("/v1/requests/{}", accepted.request)).await
    })
    .await;
    let request = finished(&api, &accepted.request).await;
    assert_eq!(text(&request, "id"), accepted.request);
    link_becomes(&api, accepted.link(), "ACTIVE").await;
}

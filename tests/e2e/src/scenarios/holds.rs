//! Pause and freeze: accepted or refused, not run, saying so, and outliving restarts.

use crate::Setup;
use crate::client::text;
use crate::estate::{Estate, actions_of, active_link, finished, link, link_becomes};
use crate::system::System;
use crate::wait::{SOON, holds, until_passed, wait_until};
use serde_json::{Value, json};
use std::time::Duration;
use wanlink_emulator::Action;

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// Longer than a prompt is waited for, so that one that was due has come due.
const A_WHILE: Duration = Duration::from_secs(3);

/// The reason of a link's newest action.
async fn reason(system: &System, link: &str) -> Value {
    actions_of(&system.api, link).await.last().map_or(Value::Null, |action| action["reason"].clone())
}

pub async fn a_paused_account_accepts_and_does_not_run(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let path = format!("/v1/accounts/{}", estate.accounts[0]);
    held(system, &path, &json!({ "reason": "new fibre" })).await;
    assert_eq!(api.get(&path).await["paused"], Value::Null);
}

pub async fn a_paused_wim_accepts_and_does_not_run(system: &mut System, estate: &Estate) {
    let path = format!("/v1/wims/{}", estate.wim);
    held(system, &path, &json!({ "reason": "new fibre" })).await;
}

/// Pauses, hands work in, restarts everything, and resumes.
async fn held(system: &mut System, path: &str, words: &Value) {
    let api = system.api.clone();
    // Under way when the pause begins: it ends and is recorded.
    system.controller.fault("PUT", "vpn-service=", Action::DelayMs(1_000), None).await;
    let running = api.accepted("POST", "/v1/links", &link(100)).await;
    wait_until("the first link to be begun", SOON, async || {
        let actions = actions_of(&api, running.link()).await;
        holds(actions[0]["attempt"] == 1, || actions[0].to_string())
    })
    .await;
    let paused = api.send("POST", &format!("{path}/pause"), words).await.expect(200);
    assert_eq!(paused["paused"]["reason"], words["reason"], "{paused}");
    let waiting = api.accepted("POST", "/v1/links", &link(101)).await;
    assert_eq!(finished(&api, &running.request).await["done"], 1);
    link_becomes(&api, running.link(), "ACTIVE").await;
    system.controller.heal().await;
    system.kill_and_start("conductor").await;
    until_passed(A_WHILE).await;
    let why = reason(system, waiting.link()).await;
    assert_eq!(why["code"], "paused", "{why}");
    assert!(text(&why, "detail").contains("new fibre"), "{why}");
    let ledger = system.controller.ledger().await;
    assert!(!ledger.services.contains_key(waiting.link()), "it was run: {:?}", ledger.services);
    api.send("POST", &format!("{path}/resume"), &Value::Null).await.expect(200);
    link_becomes(&api, waiting.link(), "ACTIVE").await;
    assert_eq!(reason(system, waiting.link()).await, Value::Null);
}

pub async fn a_frozen_system_refuses_and_starts_nothing(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let before = active_link(&api, &link(100)).await;
    // Accepted before the freeze, and waiting: the freeze lets it wait on.
    let path = format!("/v1/accounts/{}", estate.accounts[0]);
    api.send("POST", &format!("{path}/pause"), &Value::Null).await.expect(200);
    let waiting = api.accepted("POST", "/v1/links", &link(101)).await;
    let frozen = api.send("POST", "/v1/freeze", &json!({ "reason": "backup" })).await.expect(200);
    assert_eq!((&frozen["frozen"], &frozen["reason"]), (&json!(true), &json!("backup")), "{frozen}");
    api.send("POST", &format!("{path}/resume"), &Value::Null).await.expect(200);
    system.kill_and_start("conductor").await;
    system.kill_and_start("api").await;
    for (method, path, body) in [
        ("POST", "/v1/links".to_owned(), link(102)),
        ("DELETE", format!("/v1/links/{}", before.link()), Value::Null),
        ("POST", "/v1/sites".to_owned(), json!({ "name": "east" })),
        ("PATCH", path.clone(), json!({ "name": "another" })),
    ] {
        let refused = api.send(method, &path, &body).await;
        assert_eq!((refused.status, refused.code()), (503, "frozen"), "{method} {path}: {}", refused.body);
        assert!(refused.header("retry-after").is_some(), "{method} {path}");
        assert!(text(&refused.body, "detail").contains("backup"), "{}", refused.body);
    }
    for n in 0..api.bases().len() {
        wait_until("the freeze to be seen", SOON, async || {
            let ready = api.only(n).try_get("/readyz").await?;
            holds(ready["frozen"].is_string(), || ready.to_string())
        })
        .await;
    }
    until_passed(A_WHILE).await;
    assert_eq!(reason(system, waiting.link()).await["code"], "frozen");
    assert!(!system.controller.ledger().await.services.contains_key(waiting.link()), "it was run");
    api.send("DELETE", "/v1/freeze", &Value::Null).await.expect(200);
    link_becomes(&api, waiting.link(), "ACTIVE").await;
    active_link(&api, &link(102)).await;
}

//! Doing a call twice under one key is doing it once (P5), whatever happened in between.

use crate::Setup;
use crate::client::{Accepted, Api};
use crate::estate::{Estate, finished, link, link_becomes};
use crate::system::System;
use serde_json::{Value, json};

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

async fn post(api: &Api, body: &Value, key: &str) -> crate::client::Answer {
    api.try_send("POST", "/v1/links", body, Some(key)).await.expect("an answer")
}

pub async fn a_key_stands_for_one_call(system: &mut System, _: &Estate) {
    let api = &system.api;
    let first = Accepted::of(post(api, &link(100), "key-1").await);
    let again = Accepted::of(post(api, &link(100), "key-1").await);
    assert_eq!((&again.request, &again.links), (&first.request, &first.links));
    link_becomes(api, first.link(), "ACTIVE").await;
    let late = Accepted::of(post(api, &link(100), "key-1").await);
    assert_eq!((&late.request, &late.links), (&first.request, &first.links), "a finished one too");

    let other = post(api, &link(101), "key-1").await;
    assert_eq!((other.status, other.code()), (422, "key-conflict"), "{}", other.body);
    let keyless = Accepted::of(api.send("POST", "/v1/links", &link(101)).await);
    assert_ne!(keyless.request, first.request);
    finished(api, &keyless.request).await;
    assert_eq!(api.list("/v1/links").await.len(), 2);

    // Objects of the catalogue too.
    let tenant = json!({ "name": "tenant-k" });
    let make = async |body: &Value| {
        api.try_send("POST", "/v1/tenants", body, Some("key-2")).await.expect("an answer")
    };
    let made = make(&tenant).await.expect(201);
    assert_eq!(make(&tenant).await.expect(201)["id"], made["id"]);
    let other = make(&json!({ "name": "tenant-l" })).await;
    assert_eq!((other.status, other.code()), (422, "key-conflict"), "{}", other.body);
    assert_eq!(api.list("/v1/tenants?name=tenant-l").await.len(), 0);
}

pub async fn a_key_outlives_the_api(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let first = Accepted::of(post(&api, &link(100), "key-1").await);
    system.kill_and_start("api").await;
    let again = Accepted::of(post(&api, &link(100), "key-1").await);
    assert_eq!((&again.request, &again.links), (&first.request, &first.links));
    let other = post(&api, &link(101), "key-1").await;
    assert_eq!((other.status, other.code()), (422, "key-conflict"), "{}", other.body);
    link_becomes(&api, first.link(), "ACTIVE").await;
    assert_eq!(api.list("/v1/links").await.len(), 1);
}

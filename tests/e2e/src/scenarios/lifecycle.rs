//! What a link goes through when nothing goes wrong, and what an operator does when something did.

use crate::client::text;
use crate::estate::{Estate, actions_of, endpoint, finished, link, link_becomes, summary};
use crate::system::System;
use crate::{Setup, ledger};
use serde_json::{Value, json};
use wanlink_emulator::{Action, Answer};

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

pub async fn a_link_is_made_read_back_edited_and_deleted(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let accepted = api.accepted("POST", "/v1/links", &link(100)).await;
    assert!(accepted.journaled, "nothing hinders the journal");
    let id = accepted.link();

    // The word has come, so a read after the answer sees the write.
    let seen = api.get(&format!("/v1/links/{id}")).await;
    assert_eq!(seen["name"], "north - south");
    let made = link_becomes(&api, id, "ACTIVE").await;
    for (field, expected) in [
        ("tenant_id", json!(estate.tenants[0])),
        ("wim_id", json!(estate.wim)),
        ("account_id", json!(estate.accounts[0])),
        ("service_type", json!("ELINE")),
        ("bandwidth_kbps", json!(100_000)),
        ("latency_ms", Value::Null),
        ("status_source", json!("probe")),
        ("service_id", json!(id)),
        ("deleted_at", Value::Null),
    ] {
        assert_eq!(made[field], expected, "{field} of {made}");
    }
    assert_eq!(made["endpoints"][1]["encapsulation"], json!({ "type": "dot1q", "vlan": 100 }));

    let request = finished(&api, &accepted.request).await;
    let counters: Vec<&Value> = ["total", "open", "done", "failed", "superseded", "cancelled"]
        .iter()
        .map(|key| &request[key])
        .collect();
    assert_eq!(counters, [1, 0, 1, 0, 0, 0]);
    assert_eq!(request["actions"][0]["id"], json!(accepted.actions[0]));
    let action = api.get(&format!("/v1/actions/{}", accepted.actions[0])).await;
    assert_eq!(summary(&action), "CREATE DONE");
    assert_eq!(action["attempts"].as_array().map(Vec::len), Some(1), "{action}");
    assert_eq!(ledger::assert_ledger_equals_database(system).await.active, 1);

    edit(system, id).await;
    delete(system, id).await;
}

async fn edit(system: &System, id: &str) {
    let (api, path) = (&system.api, format!("/v1/links/{id}"));
    let edited = api.accepted("PATCH", &path, &json!({ "bandwidth_kbps": 250_000 })).await;
    assert_eq!(finished(api, &edited.request).await["done"], 1);
    let link = link_becomes(api, id, "ACTIVE").await;
    assert_eq!(link["bandwidth_kbps"], 250_000);
    let calls = system.controller.calls_of(id).await;
    let patched: Vec<_> = calls.iter().filter(|call| call.method == "PATCH").collect();
    assert_eq!(patched.len(), 2, "one for each end: {calls:?}");
    let entry = system.controller.ledger().await.services[id];
    assert_eq!((entry.service.creates, entry.accesses.changes), (1, 2));
}

async fn delete(system: &System, id: &str) {
    let (api, path) = (&system.api, format!("/v1/links/{id}"));
    let deleted = api.accepted("DELETE", &path, &Value::Null).await;
    finished(api, &deleted.request).await;
    let link = link_becomes(api, id, "DELETED").await;
    assert!(link["deleted_at"].is_string(), "{link}");
    assert!(system.controller.ledger().await.present.is_empty());
    let kinds: Vec<String> = actions_of(api, id).await.iter().map(summary).collect();
    assert_eq!(kinds, ["CREATE DONE", "EDIT DONE", "DELETE DONE"]);

    // A tombstone can be read, and nothing else.
    for (method, path, body) in [
        ("PATCH", path.clone(), json!({ "bandwidth_kbps": 1 })),
        ("DELETE", path.clone(), Value::Null),
        ("POST", format!("{path}/retry"), Value::Null),
    ] {
        let refused = api.send(method, &path, &body).await;
        assert_eq!((refused.status, refused.code()), (404, "link-deleted"), "{method} {path}");
    }
    assert!(api.list("/v1/links").await.is_empty(), "tombstones are listed where they are asked for");
}

pub async fn a_link_that_the_controller_refused_is_retried(system: &mut System, _: &Estate) {
    let api = &system.api;
    let refusal =
        Answer { code: 400, error_tag: Some("invalid-value".into()), body: None, retry_after: None };
    system.controller.fault("PUT", "vpn-service=", Action::Status(refusal), Some(1)).await;
    let accepted = api.accepted("POST", "/v1/links", &link(100)).await;
    let request = finished(api, &accepted.request).await;
    assert_eq!((&request["failed"], &request["done"]), (&json!(1), &json!(0)), "{request}");
    let failed = link_becomes(api, accepted.link(), "ERROR").await;
    assert_eq!(failed["status_reason"]["code"], "controller-rejected", "{failed}");

    let retry = format!("/v1/links/{}/retry", accepted.link());
    let retried = api.accepted("POST", &retry, &Value::Null).await;
    assert_eq!(retried.links, accepted.links);
    assert_eq!(finished(api, &retried.request).await["done"], 1);
    let link = link_becomes(api, accepted.link(), "ACTIVE").await;
    assert_eq!(link["status_reason"], Value::Null);
    let again = api.send("POST", &retry, &Value::Null).await;
    assert_eq!((again.status, again.code()), (409, "nothing-to-retry"));
}

pub async fn many_links_of_one_request_are_taken_whole_or_not_at_all(system: &mut System, _: &Estate) {
    let api = &system.api;
    let mut links: Vec<Value> = (0..20).map(|n| link(100 + n)).collect();
    let accepted = api.accepted("POST", "/v1/links", &json!({ "links": links })).await;
    assert_eq!(accepted.links.len(), 20);

    // One that is wrong, and none is taken.
    links.push(
        json!({ "tenant": "tenant-0", "endpoints": [endpoint("north", 5_000), endpoint("south", 300)] }),
    );
    let refused = api.send("POST", "/v1/links", &json!({ "links": links })).await;
    assert_eq!((refused.status, refused.code()), (400, "invalid"), "{}", refused.body);
    assert_eq!(refused.places(), ["/links/20/endpoints/0/encapsulation/vlan"]);

    assert_eq!(finished(api, &accepted.request).await["done"], 20);
    let links = api.list("/v1/links?status=ACTIVE").await;
    assert_eq!(links.len(), 20, "{:?}", links.iter().map(|link| text(link, "id")).collect::<Vec<_>>());
}

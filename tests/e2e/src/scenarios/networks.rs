//! Links between networks: they wait for them, fail with them, and can be called off meanwhile.

use crate::Setup;
use crate::client::{Accepted, text};
use crate::estate::{Estate, PORT, SWITCH, actions_of, finished, link_becomes, summary};
use crate::system::System;
use crate::wait::{SOON, holds, wait_until};
use serde_json::{Value, json};

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// A network in the north that is there, one in the south that builds, and a link between them.
pub async fn link_on_building_networks(system: &System) -> (String, Accepted) {
    let network = async |site: &str, status: &str| {
        let body = json!({
            "tenant": "tenant-0",
            "site": site,
            "name": format!("net-{site}"),
            "status": status,
            "external_port": { "switch": SWITCH, "port": PORT },
            "encapsulation": { "type": "dot1q", "vlan": 700 },
        });
        text(&system.api.create("/v1/networks", &body).await, "id")
    };
    let (there, building) = (network("north", "ACTIVE").await, network("south", "BUILD").await);
    let body = json!({
        "tenant": "tenant-0",
        "name": "joined",
        "endpoints": [{ "network": there }, { "network": building }],
    });
    (building, system.api.accepted("POST", "/v1/links", &body).await)
}

async fn waiting(system: &System, accepted: &Accepted) {
    wait_until("the action to wait for its networks", SOON, async || {
        let action = system.api.get(&format!("/v1/actions/{}", accepted.actions[0])).await;
        let names = action["reason"]["detail"].as_str().is_some_and(|detail| detail.contains("net-south"));
        let waits = action["state"] == "SCHEDULED" && action["reason"]["code"] == "networks-building";
        holds(waits && names, || action.to_string())
    })
    .await;
    let link = system.api.get(&format!("/v1/links/{}", accepted.link())).await;
    assert_eq!(link["status"], "SCHEDULED_CREATION", "{link}");
    assert_eq!(system.controller.ledger().await.totals.calls, 0, "nothing is made before they are there");
}

async fn network_becomes(system: &System, network: &str, change: Value) {
    system.api.send("PATCH", &format!("/v1/networks/{network}"), &change).await.expect(200);
}

pub async fn a_building_network_holds_its_link_until_it_is_there(system: &mut System, _: &Estate) {
    let (network, accepted) = link_on_building_networks(system).await;
    waiting(system, &accepted).await;
    network_becomes(system, &network, json!({ "status": "ACTIVE" })).await;
    link_becomes(&system.api, accepted.link(), "ACTIVE").await;
    let action = &actions_of(&system.api, accepted.link()).await[0];
    assert_eq!(action["attempt"], 1, "waiting is no attempt: {action}");
}

pub async fn a_network_in_error_fails_its_link_by_name(system: &mut System, _: &Estate) {
    let (network, accepted) = link_on_building_networks(system).await;
    waiting(system, &accepted).await;
    network_becomes(system, &network, json!({ "status": "ERROR", "status_detail": "no more VLANs" })).await;
    let request = finished(&system.api, &accepted.request).await;
    assert_eq!(request["failed"], 1, "{request}");
    let link = link_becomes(&system.api, accepted.link(), "ERROR").await;
    assert_eq!(link["status_reason"]["code"], "network-failed", "{link}");
    let detail = text(&link["status_reason"], "detail");
    assert!(detail.contains("net-south") && detail.contains("no more VLANs"), "{detail}");
    assert!(!detail.contains("net-north"), "{detail}");
    assert_eq!(system.controller.ledger().await.totals.calls, 0);

    // Once the network is there, trying again is enough.
    network_becomes(system, &network, json!({ "status": "ACTIVE" })).await;
    let retry = format!("/v1/links/{}/retry", accepted.link());
    system.api.accepted("POST", &retry, &Value::Null).await;
    link_becomes(&system.api, accepted.link(), "ACTIVE").await;
}

pub async fn a_request_that_waits_is_cancelled(system: &mut System, _: &Estate) {
    let api = &system.api;
    let (network, accepted) = link_on_building_networks(system).await;
    waiting(system, &accepted).await;
    let cancel = format!("/v1/requests/{}/cancel", accepted.request);
    for _ in 0..2 {
        // Cancelling twice is cancelling once.
        let request = api.send("POST", &cancel, &Value::Null).await.expect(200);
        assert_eq!((&request["cancelled"], &request["open"]), (&json!(1), &json!(0)), "{request}");
    }
    let ends: Vec<String> = actions_of(api, accepted.link()).await.iter().map(summary).collect();
    assert_eq!(ends, ["CREATE CANCELLED"]);
    link_becomes(api, accepted.link(), "DELETED").await;

    // The network's arrival wakes nothing.
    network_becomes(system, &network, json!({ "status": "ACTIVE" })).await;
    assert_eq!(system.controller.ledger().await.totals.calls, 0);
    assert_eq!(api.send("POST", "/v1/requests/nope/cancel", &Value::Null).await.status, 404);
}

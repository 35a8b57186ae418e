//! Network services: networks at several sites in, their links out; sites join and leave; the links go first.

use crate::Setup;
use crate::client::{Accepted, Answer, text};
use crate::estate::{Estate, PORT, SITES, SWITCH, finished, link_becomes};
use crate::system::{Fault, System};
use crate::wait::{PATIENCE, SOON, holds, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wanlink_emulator::{Action, Effect, Object};

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// A network of a virtual link at a site, with its port said.
fn network(virtual_link: &str, site: &str, vlan: u64) -> Value {
    json!({
        "name": format!("{virtual_link}-{site}"),
        "site": site,
        "virtual_link": virtual_link,
        "external_port": { "switch": SWITCH, "port": PORT },
        "encapsulation": { "type": "dot1q", "vlan": vlan },
    })
}

fn service(networks: &[Value]) -> Value {
    json!({ "tenant": "tenant-0", "name": "backbone", "bandwidth_kbps": 50_000, "networks": networks })
}

fn data(sites: &[&str]) -> Vec<Value> {
    sites.iter().map(|site| network("data", site, 700)).collect()
}

async fn create(system: &System, networks: &[Value]) -> (String, Accepted) {
    let answer = system.api.send("POST", "/v1/services", &service(networks)).await;
    let id = text(&answer.body["service"], "id");
    (id, Accepted::of(answer))
}

async fn update(system: &System, service: &str, networks: &[Value]) -> Accepted {
    system.api.accepted("PATCH", &format!("/v1/services/{service}"), &json!({ "networks": networks })).await
}

async fn becomes(system: &System, service: &str, status: &str) -> Value {
    let path = format!("/v1/services/{service}");
    wait_until(&format!("{path} to be {status}"), PATIENCE, async || {
        let found = system.api.try_get(&path).await?;
        holds(found["status"] == status, || found.to_string()).map(|()| found)
    })
    .await
}

/// The link of a virtual link.
fn link_of(service: &Value, virtual_link: &str) -> Value {
    let links = service["links"].as_array().expect("links");
    links.iter().find(|link| link["virtual_link"] == virtual_link).expect("a link").clone()
}

/// The sites at which a link's service is attached at the controller, by the controller's own ledger.
async fn attached(system: &System, link: &str) -> BTreeSet<String> {
    let mut sites = BTreeSet::new();
    for call in system.controller.calls_of(link).await {
        let Some(site) = SITES.iter().find(|site| call.path.contains(&format!("/site={site}/"))) else {
            continue;
        };
        for touch in call.touched.iter().filter(|touch| touch.object == Object::Access) {
            match touch.effect {
                Effect::Created => drop(sites.insert((*site).to_owned())),
                Effect::Deleted => drop(sites.remove(*site)),
                _ => {}
            }
        }
    }
    sites
}

fn names(sites: &[&str]) -> BTreeSet<String> {
    sites.iter().map(|site| (*site).to_owned()).collect()
}

pub async fn three_sites_become_an_elan_and_go_links_first(system: &mut System, _: &Estate) {
    // One of the networks leaves its site by a rule, not by a port of its own.
    let rule = json!({ "condition": { "physical": "wan" }, "vim_external_port": { "switch": SWITCH, "port": PORT } });
    let rules = json!({ "external_connections": [rule] });
    system.api.send("PATCH", "/v1/sites/west", &rules).await.expect(200);
    let mut networks = data(&["north", "south", "west"]);
    networks[2]["external_port"] = Value::Null;
    networks[2]["vim_info"] = json!({ "physical": "wan" });
    networks.extend([
        network("mgmt", "north", 701),
        network("mgmt", "south", 701),
        network("alone", "west", 702),
    ]);

    let (id, accepted) = create(system, &networks).await;
    assert_eq!(accepted.links.len(), 2, "one link per virtual link that spans sites");
    let found = becomes(system, &id, "ACTIVE").await;
    let (elan, eline) = (link_of(&found, "data"), link_of(&found, "mgmt"));
    assert_eq!((&elan["service_type"], &eline["service_type"]), (&json!("ELAN"), &json!("ELINE")));
    assert_eq!(found["networks"].as_array().map(Vec::len), Some(6), "{found}");
    assert_eq!(attached(system, &text(&elan, "id")).await, names(&["north", "south", "west"]));
    assert_eq!(attached(system, &text(&eline, "id")).await, names(&["north", "south"]));
    let listed = system.api.list("/v1/services?tenant=tenant-0&name=backbone").await;
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(id)));
    // What is a service's is changed and removed through it.
    let network = text(&found["networks"][0], "id");
    let refused = system.api.send("DELETE", &format!("/v1/networks/{network}"), &Value::Null).await;
    assert_eq!((refused.status, refused.code()), (409, "still-referenced"), "{refused:?}");

    // While a link cannot be removed, the record stays and says so.
    system.controller.fault("DELETE", &text(&elan, "id"), Action::RetryAfter(1), None).await;
    let path = format!("/v1/services/{id}");
    let deleted = system.api.accepted("DELETE", &path, &Value::Null).await;
    let going = system.api.get(&path).await;
    assert_eq!(
        (&going["phase"], &going["status"]),
        (&json!("DELETING"), &json!("SCHEDULED_DELETION")),
        "{going}"
    );
    let late = system.api.send("PATCH", &path, &json!({ "bandwidth_kbps": 1 })).await;
    assert_eq!(late.code(), "service-deleted", "{late:?}");
    system.controller.heal().await;
    finished(&system.api, &deleted.request).await;
    assert_eq!(system.api.send("GET", &path, &Value::Null).await.status, 404);
    assert!(system.controller.ledger().await.present.is_empty());
    assert!(system.api.list("/v1/networks?tenant=tenant-0").await.is_empty(), "its networks go with it");
    for link in &accepted.links {
        link_becomes(&system.api, link, "DELETED").await;
    }
}

pub async fn sites_join_and_leave_under_the_same_service(system: &mut System, _: &Estate) {
    let (id, accepted) = create(system, &data(&["north", "south"])).await;
    let link = accepted.link().to_owned();
    let before = link_of(&becomes(system, &id, "ACTIVE").await, "data");
    assert_eq!(before["service_type"], "ELINE");

    let sites: [(&[&str], &str); 4] = [
        (&["north", "south", "west"], "ELAN"),
        (&["north", "west"], "ELINE"),
        (&["south", "north", "west"], "ELAN"),
        (&["south", "west"], "ELINE"),
    ];
    for (wanted, kind) in sites {
        let update = update(system, &id, &data(wanted)).await;
        assert_eq!(update.link(), link, "the same link");
        let ended = finished(&system.api, &update.request).await;
        assert_eq!(ended["done"], 1, "{ended}");
        let now = becomes(system, &id, "ACTIVE").await;
        let row = link_of(&now, "data");
        assert_eq!(
            (&row["service_type"], &row["service_id"]),
            (&json!(kind), &before["service_id"]),
            "{row}"
        );
        assert_eq!(attached(system, &link).await, names(wanted));
        let members = now["networks"].as_array().expect("networks");
        assert_eq!(members.len(), wanted.len(), "a network that left is gone: {now}");
    }
    let entry = system.controller.ledger().await.services[&link];
    assert_eq!((entry.service.creates, entry.service.deletes), (1, 0), "{entry:?}");

    // A virtual link that newly spans two sites gets a link; one that shrinks to one site loses it.
    let mut both = data(&["south", "west"]);
    both.extend([network("mgmt", "north", 701), network("mgmt", "west", 701)]);
    let grown = update(system, &id, &both).await;
    assert_eq!(grown.links.len(), 1);
    finished(&system.api, &grown.request).await;
    let shrunk = update(system, &id, &both[1..]).await;
    assert_eq!(shrunk.link(), link);
    finished(&system.api, &shrunk.request).await;
    link_becomes(&system.api, &link, "DELETED").await;
    let left = becomes(system, &id, "ACTIVE").await;
    assert_eq!(left["links"].as_array().map(Vec::len), Some(1), "{left}");
    let same = update(system, &id, &both[1..]).await;
    assert!(same.links.is_empty(), "what is so already asks for nothing");
}

pub async fn a_network_holds_and_fails_its_own_link_alone(system: &mut System, _: &Estate) {
    let mut networks = data(&["north", "south"]);
    networks[1]["status"] = json!("BUILD");
    networks.extend([network("mgmt", "north", 701), network("mgmt", "south", 701)]);
    networks.extend([network("spare", "south", 702), network("spare", "west", 702)]);
    networks[5]["status"] = json!("BUILD");
    let (id, _) = create(system, &networks).await;
    let found = system.api.get(&format!("/v1/services/{id}")).await;
    let [waiting, free, released] = ["data", "mgmt", "spare"].map(|it| text(&link_of(&found, it), "id"));
    link_becomes(&system.api, &free, "ACTIVE").await;
    for (link, network) in [(&waiting, "data-south"), (&released, "spare-west")] {
        wait_until("the link to wait for its network", SOON, async || {
            let action = &system.api.list(&format!("/v1/actions?link={link}")).await[0];
            let names = action["reason"]["detail"].as_str().is_some_and(|detail| detail.contains(network));
            holds(names && action["reason"]["code"] == "networks-building", || action.to_string())
        })
        .await;
    }
    let change = async |network: &str, body: Value| {
        let path = format!("/v1/networks/{network}?tenant=tenant-0");
        system.api.send("PATCH", &path, &body).await.expect(200);
    };
    change("spare-west", json!({ "status": "ACTIVE" })).await;
    link_becomes(&system.api, &released, "ACTIVE").await;
    change("data-south", json!({ "status": "ERROR", "status_detail": "no more VLANs" })).await;
    let failed = link_becomes(&system.api, &waiting, "ERROR").await;
    let detail = text(&failed["status_reason"], "detail");
    assert!(detail.contains("data-south") && detail.contains("no more VLANs"), "{detail}");
    assert!(!detail.contains("data-north") && !detail.contains("mgmt"), "{detail}");
    let found = becomes(system, &id, "ERROR").await;
    for unharmed in ["mgmt", "spare"] {
        assert_eq!(link_of(&found, unharmed)["status"], "ACTIVE", "{found}");
    }
    // What ties a network to its service is changed there.
    let path = "/v1/networks/data-south?tenant=tenant-0";
    let refused = system.api.send("PATCH", path, &json!({ "virtual_link": "mgmt" })).await;
    assert_eq!((refused.status, refused.places()), (400, vec!["/virtual_link".to_owned()]));
}

pub async fn a_service_is_taken_whole_or_not_at_all(system: &mut System, _: &Estate) {
    let post = async |body: &Value| -> Answer { system.api.send("POST", "/v1/services", body).await };
    let good = data(&["north", "south"]);
    let with = |more: Value| service(&[good.clone(), vec![more]].concat());
    let mut unsupported = service(&data(&["north", "south", "west"]));
    unsupported["service_type"] = json!("ETREE");
    let mut eline = service(&data(&["north", "south", "west"]));
    eline["service_type"] = json!("ELINE");
    let mut portless = network("mgmt", "west", 701);
    portless["external_port"] = Value::Null;
    let portless = service(&[good.clone(), vec![network("mgmt", "north", 701), portless]].concat());
    for (body, status, code, part) in [
        (unsupported, 422, "unsupported", "ETREE"),
        (eline, 400, "invalid", "virtual link data"),
        (portless, 422, "no-external-port", "mgmt-west"),
        (with(network("data", "nowhere", 700)), 400, "invalid", "/networks/2/site"),
        (with(network("data", "west", 5_000)), 400, "invalid", "/networks/2/encapsulation/vlan"),
        (with(good[0].clone()), 400, "invalid", "/networks/2/name"),
    ] {
        let answer = post(&body).await;
        let told = answer.body.to_string();
        assert_eq!((answer.status, answer.code()), (status, code), "{told}");
        assert!(told.contains(part), "{part}: {told}");
    }
    // A name that is taken is found when it is recorded: then nothing of the service is.
    let taken = json!({ "tenant": "tenant-0", "site": "south", "name": "data-south" });
    let taken = text(&system.api.create("/v1/networks", &taken).await, "id");
    let answer = post(&service(&good)).await;
    assert_eq!((answer.status, answer.code()), (409, "already-exists"), "{answer:?}");
    assert!(system.api.list("/v1/services").await.is_empty());
    assert_eq!(system.api.list("/v1/networks").await.len(), 1);
    assert!(system.api.list("/v1/links?deleted=true").await.is_empty());
    assert_eq!(system.controller.ledger().await.totals.calls, 0);

    system.api.send("DELETE", &format!("/v1/networks/{taken}"), &Value::Null).await.expect(204);
    let first = system.api.try_send("POST", "/v1/services", &service(&good), Some("order-1")).await;
    let first = first.expect("an answer");
    let id = text(&first.body["service"], "id");
    let again = system.api.try_send("POST", "/v1/services", &service(&good), Some("order-1")).await;
    let again = again.expect("an answer");
    assert_eq!(
        (&again.body["service"]["id"], &again.body["request"]["id"]),
        (&json!(id), &first.body["request"]["id"])
    );
    let other = service(&data(&["south", "west"]));
    let other = system.api.try_send("POST", "/v1/services", &other, Some("order-1")).await;
    assert_eq!(other.expect("an answer").code(), "key-conflict");
    becomes(system, &id, "ACTIVE").await;
    assert_eq!(post(&service(&data(&["north", "west"]))).await.code(), "already-exists");
    let path = format!("/v1/services/{id}?tenant=tenant-1");
    assert_eq!(system.api.send("GET", &path, &Value::Null).await.status, 404, "no other tenant's");
}

pub async fn a_service_outlives_its_processes(system: &mut System, _: &Estate) {
    system.controller.fault("PUT", "vpn-service=", Action::DelayMs(300), None).await;
    let mut networks = data(&["north", "south", "west"]);
    for n in 0..8 {
        networks.extend(["north", "south"].map(|site| network(&format!("vl{n}"), site, 710 + n)));
    }
    let body = service(&networks);
    let accepted = system.api.until_accepted("POST", "/v1/services", &body, "once", PATIENCE).await;
    let kills: Vec<Fault> = system.faults().into_iter().filter(|it| matches!(it, Fault::Kill(_))).collect();
    for kill in &kills {
        system.strike(kill);
    }
    system.ready().await;
    let again = system.api.until_accepted("POST", "/v1/services", &body, "once", PATIENCE).await;
    assert_eq!(again.request, accepted.request);
    finished(&system.api, &accepted.request).await;
    let listed = system.api.list("/v1/services").await;
    assert_eq!(listed.len(), 1);
    let found = becomes(system, &text(&listed[0], "id"), "ACTIVE").await;
    assert_eq!(found["links"].as_array().map(Vec::len), Some(9), "{found}");
    assert_eq!(found["networks"].as_array().map(Vec::len), Some(19), "{found}");
    let ledger = system.controller.ledger().await;
    assert_eq!((ledger.totals.service_creates, ledger.present.len()), (9, 9), "no doubles");
    system.controller.heal().await;
    // And so does its end.
    let path = format!("/v1/services/{}", text(&found, "id"));
    system.api.until_accepted("DELETE", &path, &Value::Null, "away", PATIENCE).await;
    system.strike(&kills[0]);
    wait_until("the service to be gone", PATIENCE, async || {
        let services = system.api.try_get("/v1/services").await?;
        holds(services["items"] == json!([]), || services.to_string())
    })
    .await;
    assert!(system.controller.ledger().await.present.is_empty());
    system.ready().await;
    assert!(system.api.list("/v1/networks").await.is_empty());
    assert_eq!(system.api.list("/v1/links?deleted=true").await.len(), 9);
}

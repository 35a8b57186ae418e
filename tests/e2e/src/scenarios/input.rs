//! Bad input over HTTP: refused with the place of the fault, nothing stored, nothing published.

use crate::Setup;
use crate::client::Answer;
use crate::estate::{Estate, PORT, SITES, SWITCH, active_link, endpoint, link};
use crate::system::System;
use serde_json::{Value, json};
use std::fmt::Write as _;

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// A call, and the beginning of what must be answered: the status, the code, and the places of the faults.
struct Case {
    method: &'static str,
    path: String,
    body: Vec<u8>,
    expect: (u16, &'static str, &'static [&'static str]),
}

fn case(
    method: &'static str,
    path: impl Into<String>,
    body: &Value,
    status: u16,
    code: &'static str,
    places: &'static [&'static str],
) -> Case {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Case { method, path: path.into(), body, expect: (status, code, places) }
}

const LINKS: &str = "/v1/links";
const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

/// A good link with one thing changed.
fn link_with(pointer: &str, value: Value) -> Value {
    let mut body = link(100);
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let place = body.pointer_mut(parent).expect("a place in a link");
    match place {
        Value::Array(items) => items[key.parse::<usize>().expect("a position")] = value,
        place => place[key] = value,
    }
    body
}

fn deep(levels: usize) -> Vec<u8> {
    let mut text = "{\"tenant\":".to_owned();
    text.push_str(&"[".repeat(levels));
    text.push_str(&"]".repeat(levels));
    text.push('}');
    text.into_bytes()
}

fn raw(body: Vec<u8>, status: u16, code: &'static str, places: &'static [&'static str]) -> Case {
    Case { method: "POST", path: LINKS.to_owned(), body, expect: (status, code, places) }
}

fn malformed() -> Vec<Case> {
    let mut large = link(100);
    large["name"] = json!("x".repeat(1 << 20));
    vec![
        raw(b"{\"tenant\": \"tenant-0\",".to_vec(), 400, "invalid", &[""]),
        raw(b"[1, 2".to_vec(), 400, "invalid", &[""]),
        raw(b"\xff\xfe".to_vec(), 400, "invalid", &[""]),
        raw(b"null".to_vec(), 400, "invalid", &[""]),
        raw(large.to_string().into_bytes(), 413, "body-too-large", &[]),
        raw(deep(40), 400, "invalid", &[""]),
        raw(deep(100_000), 400, "invalid", &[""]),
    ]
}

fn links() -> Vec<Case> {
    let bad = |pointer: &str, value: Value, places: &'static [&'static str]| {
        case("POST", LINKS, &link_with(pointer, value), 400, "invalid", places)
    };
    vec![
        bad("/colour", json!("red"), &["/colour"]),
        bad("/bandwidth_kbps", json!("fast"), &["/bandwidth_kbps"]),
        bad("/bandwidth_kbps", json!(-1), &["/bandwidth_kbps"]),
        bad("/bandwidth_kbps", json!(0), &["/bandwidth_kbps"]),
        bad("/endpoints", json!("both"), &["/endpoints"]),
        bad("/endpoints", json!([endpoint("north", 100)]), &["/endpoints"]),
        bad("/endpoints/1", endpoint("north", 100), &["/endpoints/1"]),
        bad("/endpoints/0/encapsulation/vlan", json!(5_000), &["/endpoints/0/encapsulation/vlan"]),
        bad("/endpoints/0/encapsulation/vlan", json!(0), &["/endpoints/0/encapsulation/vlan"]),
        bad("/endpoints/0/port/switch", json!("no colons; here"), &["/endpoints/0/port/switch"]),
        bad("/name", json!("a;b"), &["/name"]),
        bad("/name", json!("a\u{0}b"), &["/name"]),
        bad("/service_type", json!("EXPRESS"), &["/service_type"]),
        case(
            "POST",
            LINKS,
            &link_with("/endpoints/0/site", json!("nowhere")),
            400,
            "invalid",
            &["/endpoints/0/site"],
        ),
        case("POST", LINKS, &link_with("/tenant", json!("nobody")), 404, "not-found", &["/tenant"]),
        case("POST", LINKS, &link_with("/wim", json!(UNKNOWN)), 404, "not-found", &["/wim"]),
        case("POST", LINKS, &link_with("/endpoints/0/port/port", json!("9")), 422, "no-port-mapping", &[]),
    ]
}

fn elsewhere(wim: &str) -> Vec<Case> {
    let mapping = |endpoint: &str, port: &str| {
        json!({ "site": "north", "pop_switch_dpid": SWITCH, "pop_switch_port": port,
                "wan_service_endpoint_id": endpoint })
    };
    let twice = json!({ "port_mappings": [mapping("pe:1", PORT), mapping("pe:1", "2")] });
    let mappings = format!("/v1/wims/{wim}/port-mappings");
    let wim_at = |url: &str| json!({ "name": "other", "type": "ietf_l2sm", "wim_url": url });
    let account = json!({ "tenant": "tenant-0", "wim": wim, "config": { "max_in_flight": 0, "speed": 1 } });
    vec![
        case("PUT", mappings, &twice, 400, "invalid", &["/port_mappings/1/wan_service_endpoint_id"]),
        case("POST", "/v1/wims", &wim_at("controller.example"), 400, "invalid", &["/wim_url"]),
        case("POST", "/v1/wims", &wim_at("ftp://controller"), 400, "invalid", &["/wim_url"]),
        case("POST", "/v1/wims", &wim_at("http://u:p@controller"), 400, "invalid", &["/wim_url"]),
        case("POST", "/v1/accounts", &account, 400, "invalid", &["/config/max_in_flight", "/config/speed"]),
        case(
            "POST",
            "/v1/sites",
            &json!({ "name": "x", "latitude": 91, "longitude": 0 }),
            400,
            "invalid",
            &["/latitude"],
        ),
        case("POST", "/v1/sites", &json!({ "name": SITES[0] }), 409, "already-exists", &[]),
        case("GET", format!("{LINKS}/{UNKNOWN}"), &Value::Null, 404, "not-found", &[]),
        case("GET", format!("{LINKS}/not-an-id"), &Value::Null, 404, "not-found", &[]),
        case("GET", format!("{LINKS}?colour=red"), &Value::Null, 400, "invalid", &["colour"]),
        case("GET", format!("{LINKS}?limit=0"), &Value::Null, 400, "invalid", &["limit"]),
        case("DELETE", format!("{LINKS}/{UNKNOWN}"), &Value::Null, 404, "not-found", &[]),
        case("PUT", LINKS, &json!({}), 405, "method-not-allowed", &[]),
        case("GET", "/v1/nothing", &Value::Null, 404, "no-route", &[]),
    ]
}

/// Everything that is stored, as far as a caller can see it.
async fn stored(system: &System) -> Vec<Value> {
    let mut all = Vec::new();
    for noun in ["tenants", "sites", "wims", "accounts", "port-mappings", "networks", "requests", "actions"] {
        all.push(json!(system.api.list(&format!("/v1/{noun}")).await));
    }
    all.push(json!(system.api.list("/v1/links?deleted=true").await));
    // What the account's monitor and the link's refresh write is no answer to a call.
    all.iter_mut().for_each(without_looks);
    all
}

fn without_looks(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_looks),
        Value::Object(fields) => {
            fields.retain(|key, _| !["checked_at", "last_seen_at"].contains(&key.as_str()));
            fields.values_mut().for_each(without_looks);
        }
        _ => {}
    }
}

pub async fn bad_input_is_refused_and_changes_nothing(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let standing = active_link(&api, &link(99)).await;
    crate::estate::account_becomes(&api, &estate.accounts[0], "status", "REACHABLE").await;
    let before = stored(system).await;
    let mut cases: Vec<Case> = [malformed(), links(), elsewhere(&estate.wim)].into_iter().flatten().collect();
    let one = format!("{LINKS}/{}", standing.link());
    cases.push(case("PATCH", &one, &json!({ "bandwidth_kbps": null }), 400, "invalid", &["/bandwidth_kbps"]));
    cases.push(case("PATCH", &one, &json!({ "name": "other" }), 400, "invalid", &["/name"]));
    cases.push(case("PATCH", &one, &json!({}), 400, "invalid", &[""]));

    let mut wrong = String::new();
    for case in &cases {
        let headers = [("content-type", "application/json")];
        let headers = if case.body.is_empty() { &headers[..0] } else { &headers[..] };
        let answer = api.send_raw(case.method, &case.path, headers, case.body.clone()).await;
        let fault =
            answer.map_err(|error| format!("no answer: {error}")).and_then(|answer| case.judge(&answer));
        if let Err(fault) = fault {
            let body = String::from_utf8_lossy(&case.body[..case.body.len().min(300)]);
            let _ = writeln!(wrong, "{} {} {body}\n    {fault}", case.method, case.path);
        }
    }
    let text = api.send_raw("POST", LINKS, &[("content-type", "text/plain")], b"{}".to_vec()).await;
    let text = text.expect("an answer");
    assert_eq!((text.status, text.code()), (415, "unsupported-media-type"));
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(stored(system).await, before, "something was stored");
}

impl Case {
    fn judge(&self, answer: &Answer) -> Result<(), String> {
        let (status, code, places) = self.expect;
        let found = (answer.status, answer.code(), answer.places());
        let is_problem = answer.header("content-type") == Some("application/problem+json");
        if is_problem && found == (status, code, places.iter().map(|&place| place.to_owned()).collect()) {
            return Ok(());
        }
        Err(format!("expected {:?}, found {found:?}: {}", self.expect, answer.body))
    }
}

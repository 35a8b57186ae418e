//! The table of routes: each is reached, and what it does not say does not exist.

use crate::world::{World, link, mapping};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wanlink_api::{Cause, HttpCause, ROUTES};
use wanlink_conformance::answers::Document;
use wanlink_domain::event::Parked;
use wanlink_domain::ids::{ParkedId, SessionId};
use wanlink_domain::lease::{self, Session};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::object::Object;
use wanlink_domain::time::Timestamp;

/// One good call per route, in an order in which each finds what it needs.
fn calls(
    link_id: &str,
    request: &str,
    action: &str,
    parked: &str,
    mapping_id: &str,
) -> Vec<(&'static str, String, Value, u16)> {
    let none = || Value::Null;
    let mut calls = vec![
        ("GET", "/healthz".to_owned(), none(), 200),
        ("GET", "/readyz".to_owned(), none(), 200),
        ("GET", "/metrics".to_owned(), none(), 200),
        ("GET", "/v1/links".to_owned(), none(), 200),
        ("POST", "/v1/links".to_owned(), link(), 202),
        ("GET", format!("/v1/links/{link_id}"), none(), 200),
        ("PATCH", format!("/v1/links/{link_id}"), json!({"bandwidth_kbps": 2}), 202),
        ("POST", format!("/v1/links/{link_id}/retry"), none(), 202),
        ("DELETE", format!("/v1/links/{link_id}"), none(), 202),
        ("GET", "/v1/services".to_owned(), none(), 200),
        ("POST", "/v1/services".to_owned(), service(), 202),
        ("GET", "/v1/services/alone".to_owned(), none(), 200),
        ("PATCH", "/v1/services/alone".to_owned(), json!({"latency_ms": 5}), 202),
        ("DELETE", "/v1/services/alone".to_owned(), none(), 202),
        ("GET", "/v1/requests".to_owned(), none(), 200),
        ("GET", format!("/v1/requests/{request}"), none(), 200),
        ("POST", format!("/v1/requests/{request}/cancel"), none(), 200),
        ("GET", "/v1/actions".to_owned(), none(), 200),
        ("GET", format!("/v1/actions/{action}"), none(), 200),
        ("GET", "/v1/parked".to_owned(), none(), 200),
        ("GET", format!("/v1/parked/{parked}"), none(), 200),
        ("POST", format!("/v1/parked/{parked}/replay"), none(), 200),
        ("GET", "/openapi.json".to_owned(), none(), 200),
        ("GET", "/docs".to_owned(), none(), 200),
        ("GET", "/docs/errors".to_owned(), none(), 200),
        ("GET", "/docs/ui/swagger-ui.css".to_owned(), none(), 200),
        ("GET", "/v1/workers".to_owned(), none(), 200),
        ("GET", "/v1/workers/w-1".to_owned(), none(), 200),
        ("GET", "/v1/leases".to_owned(), none(), 200),
        ("GET", "/v1/leases/acme-core".to_owned(), none(), 200),
        ("GET", "/v1/port-mappings".to_owned(), none(), 200),
        ("GET", format!("/v1/port-mappings/{mapping_id}"), none(), 200),
        ("GET", "/v1/wims/core/port-mappings".to_owned(), none(), 200),
        ("PUT", "/v1/wims/core/port-mappings".to_owned(), json!({"port_mappings": [mapping("a")]}), 200),
        ("DELETE", "/v1/wims/core/port-mappings".to_owned(), none(), 204),
        ("POST", "/v1/wims/core/pause".to_owned(), json!({"reason": "repair"}), 200),
        ("POST", "/v1/wims/core/resume".to_owned(), none(), 200),
        ("POST", "/v1/accounts/acme-core/pause".to_owned(), none(), 200),
        ("POST", "/v1/accounts/acme-core/resume".to_owned(), none(), 200),
        ("GET", "/v1/freeze".to_owned(), none(), 200),
        ("POST", "/v1/freeze".to_owned(), json!({"reason": "backup"}), 200),
        ("DELETE", "/v1/freeze".to_owned(), none(), 200),
    ];
    for (noun, name, body, deleted) in [
        ("networks", "acme-a", json!({"tenant": "acme", "site": "a", "name": "n"}), 204),
        ("accounts", "acme-core", json!({"tenant": "free", "wim": "core"}), 202),
        ("wims", "core", json!({"name": "n", "type": "test", "wim_url": "http://h"}), 204),
        ("sites", "a", json!({"name": "n"}), 204),
        ("tenants", "acme", json!({"name": "n"}), 204),
    ] {
        calls.extend([
            ("GET", format!("/v1/{noun}"), none(), 200),
            ("POST", format!("/v1/{noun}"), body, 201),
            ("GET", format!("/v1/{noun}/{name}"), none(), 200),
            ("PATCH", format!("/v1/{noun}/{name}"), json!({}), 200),
            ("DELETE", format!("/v1/{noun}/{name}"), none(), deleted),
        ]);
    }
    calls
}

fn session(worker: &str) -> Session {
    Session {
        id: SessionId(uuid::Uuid::from_u128(77)),
        worker: worker.to_owned(),
        connectors: vec!["test".to_owned()],
        capacity: 5,
        draining: false,
        lease_until: Timestamp(1),
        idle: Vec::new(),
        registered_at: Timestamp(0),
    }
}

/// All of it at one site: it has no links yet.
fn service() -> Value {
    json!({"tenant": "acme", "name": "alone", "networks": [{"name": "alone-a", "site": "a", "virtual_link": "data"}]})
}

/// Whether a path is one of a route's.
fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(path).all(|(a, b)| a.starts_with('{') || *a == b)
}

#[tokio::test]
async fn every_route_of_the_table_answers_a_good_call() {
    let world = World::start().await;
    world.furnish().await;
    world.post("/v1/tenants", &json!({"name": "free"})).await.is(201);
    let made = world.post("/v1/links", &link()).await.is(202);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (link_id, action) = (text(&made.body["actions"][0]["link"]), text(&made.body["actions"][0]["id"]));
    let request = text(&made.body["request"]["id"]);
    let mapping_id = text(&world.get("/v1/port-mappings").await.body["items"][0]["id"]);
    let parked = ParkedId(uuid::Uuid::from_u128(9));
    {
        let mut tables = world.record.tables();
        tables.links.values_mut().for_each(|link| link.status = LinkStatus::Error);
        tables.sessions.push(session("w-1"));
        tables.parked.insert(
            parked,
            Parked {
                id: parked,
                origin: "journal".to_owned(),
                reason: "unknown kind".to_owned(),
                count: 1,
                payload: "eyJ2IjoxfQ==".to_owned(),
                parked_at: Timestamp(0),
                replayed_at: None,
            },
        );
    }
    let calls = calls(&link_id, &request, &action, &parked.to_string(), &mapping_id);
    let mut reached = BTreeSet::new();
    for (method, path, body, status) in calls {
        let reply = match body {
            Value::Null => world.raw(method, &path, &[], "").await,
            body => world.send(method, &path, &body).await,
        };
        assert_eq!(reply.status.as_u16(), status, "{method} {path}: {}", reply.text);
        let route = ROUTES.iter().find(|it| it.method.as_str() == method && fits(it.path, &path));
        let route = route.expect("a route of the table");
        reached.insert((route.path, route.method.as_str()));
    }
    let missed: Vec<_> = ROUTES
        .iter()
        .map(|route| (route.path, route.method.as_str()))
        .filter(|route| !reached.contains(route))
        .collect();
    assert!(missed.is_empty(), "routes without a call: {missed:?}");
    world.stop().await;
}

#[tokio::test]
async fn a_method_that_a_path_does_not_know_is_405_with_those_it_knows() {
    let world = World::start().await;
    let paths: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
    for path in paths {
        let known: BTreeSet<&str> =
            ROUTES.iter().filter(|route| route.path == path).map(|route| route.method.as_str()).collect();
        let concrete = path.split('/').map(|part| if part.starts_with('{') { "x" } else { part });
        let concrete = concrete.collect::<Vec<_>>().join("/");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            if known.contains(method) {
                continue;
            }
            let reply = world.raw(method, &concrete, &[], "").await.is(405);
            assert_eq!(reply.code(), "method-not-allowed");
            for known in &known {
                assert!(reply.header("allow").contains(known), "{method} {path}: {}", reply.header("allow"));
            }
        }
    }
    world.stop().await;
}

/// The handbook's page names every route and every cause that only HTTP has.
#[test]
fn the_page_of_the_api_is_complete() {
    const PAGE: &str = include_str!("../../../deploy/docs/api.md");
    for route in ROUTES {
        let row = PAGE.lines().find(|line| line.starts_with(&format!("| `{} {}`", route.method, route.path)));
        assert!(row.is_some(), "{} {} is not in the table", route.method, route.path);
    }
    let rows = PAGE.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(rows, ROUTES.len(), "the page has routes that the table has not");
    for cause in HttpCause::ALL {
        let heading = format!("### {}", Cause::Http(cause).as_str());
        assert!(PAGE.lines().any(|line| line == heading), "no section {heading}");
    }
}

#[tokio::test]
async fn calls_are_counted_by_row_and_class_however_they_end() {
    let world = World::start().await;
    world.furnish().await;
    for n in 0..3 {
        world.raw("GET", &format!("/v1/links/{n}"), &[], "").await.is(404);
        world.raw("GET", &format!("/nowhere/{n}"), &[], "").await.is(404);
    }
    world.post("/v1/links", &link()).await.is(202);
    let metrics = &world.telemetry.metrics;
    assert_eq!(metrics.http_calls.get(["GET", "/v1/links/{link}", "4xx"]), 3);
    assert_eq!(metrics.http_calls.get(["GET", "none", "4xx"]), 3);
    assert_eq!(metrics.http_calls.get(["POST", "/v1/links", "2xx"]), 1);
    assert_eq!((metrics.accepted.get(["accepted"]), metrics.http_in_progress.get([])), (1, 0.0));
    let shown = world.raw("GET", "/metrics", &[], "").await.is(200);
    assert_eq!(shown.header("content-type"), wanlink_runtime::metrics::MEDIA_TYPE);
    let line = "wanlink_http_requests_total{method=\"POST\",route=\"/v1/links\",status=\"2xx\"} 1";
    assert!(shown.text.lines().any(|found| found == line), "{}", shown.text);
    world.stop().await;
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::start().await;
    let reply = world.raw("HEAD", "/v1/tenants", &[], "").await.is(200);
    assert_eq!(reply.text, "");
    world.stop().await;
}

#[test]
fn the_document_describes_each_route_and_nothing_else() {
    let document = Document::parse(wanlink_api::openapi());
    let routes: BTreeSet<(String, String)> =
        ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(document.operations(), routes);
    assert_eq!(document.dangling(), Vec::<String>::new());
    let mut ids = BTreeSet::new();
    for route in ROUTES {
        let operation = document.operation(route.method.as_str(), route.path).expect("it is described");
        let id = operation["operationId"].as_str().expect("a name").to_owned();
        assert!(ids.insert(id.clone()), "{id} names two operations");
        let of = |place: &str| -> BTreeSet<&str> {
            let all = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
            all.iter().filter(|it| it["in"] == place).filter_map(|it| it["name"].as_str()).collect()
        };
        let braced = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(of("path"), braced.collect(), "{id}");
    }
    let text: Value = serde_json::from_str(wanlink_api::openapi()).unwrap();
    assert!(text["openapi"].as_str().unwrap().starts_with("3.1"), "{}", text["openapi"]);
}

/// A row cannot name a parameter of the query that its handler does not take. (That it names all of them is seen by
/// every test that sends one: see `world`.)
#[tokio::test]
async fn every_parameter_of_the_table_is_taken() {
    let world = World::start().await;
    world.furnish().await;
    for route in ROUTES.iter().filter(|route| route.method == "GET" && !route.path.contains('{')) {
        for parameter in route.query {
            let value = match parameter.name {
                "limit" => "5",
                "cursor" => "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                "tenant" => "acme",
                "wim" => "core",
                "site" => "a",
                "account" => "acme-core",
                "state" => "DONE",
                "status" => "ACTIVE",
                "deleted" => "true",
                "link" | "request" => "019a5f0e-8c3e-7d1b-9d34-1f0a5b7c2e11",
                _ => "x",
            };
            world.get(&format!("{}?{}={value}", route.path, parameter.name)).await.is(200);
        }
    }
    world.stop().await;
}

/// A problem's `type` leads to a section of a page that this api serves.
#[tokio::test]
async fn every_problem_leads_to_its_section() {
    let world = World::start().await;
    for (path, code) in [("/v1/tenants/none", "not-found"), ("/nowhere", "no-route")] {
        let problem = world.get(path).await.is(404);
        let (page, section) = problem.body["type"].as_str().unwrap().split_once('#').unwrap();
        assert_eq!(section, code);
        let page = world.get(page).await.is(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(page.text.contains(&format!("id=\"{section}\"")), "{path}: no section {section}");
    }
    world.get("/docs/none").await.is(404);
    world.get("/docs/ui/none").await.is(404);
    world.stop().await;
}

/// What the browser loads is there, whole, and from this process alone.
#[tokio::test]
async fn the_browser_loads_from_here_alone() {
    let world = World::start().await;
    let page = world.get("/docs").await.is(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let sources: Vec<&str> =
        page.text.split(['"', '\'']).filter(|part| part.contains(".js") || part.contains(".css")).collect();
    assert_eq!(sources.len(), 3, "{sources:?}");
    for source in sources {
        assert!(!source.contains("//"), "{source} is elsewhere");
        let file = world.get(&format!("/{source}")).await.is(200);
        let gzip = file.header("content-encoding") == "gzip";
        assert_eq!(gzip, !source.ends_with("start.js"), "{source}");
    }
    assert!(!page.text.contains("http://") && !page.text.contains("https://"));
    world.stop().await;
}

#[tokio::test]
async fn a_link_is_named_by_a_name_that_only_one_has() {
    let world = World::start().await;
    world.furnish().await;
    let made = world.post("/v1/links", &link()).await.is(202);
    assert_eq!(made.body["actions"][0]["link"], world.get("/v1/links/ab").await.is(200).body["id"]);
    assert_eq!(
        world.get("/v1/actions?link=ab").await.is(200).body["items"].as_array().map(Vec::len),
        Some(1)
    );
    world.get("/v1/links/ba").await.is(404);
    world.post("/v1/links", &link()).await.is(202);
    let several = world.get("/v1/links/ab?tenant=acme").await.is(400);
    assert_eq!(several.code(), "invalid");
    world.stop().await;
}

#[tokio::test]
async fn leases_say_which_worker_holds_an_account() {
    let world = World::start().await;
    world.furnish().await;
    let none = world.get("/v1/leases/acme-core").await.is(200);
    assert_eq!((&none.body["session_id"], &none.body["worker"]), (&Value::Null, &Value::Null));
    let holder = session("w-1");
    {
        let mut tables = world.record.tables();
        tables.sessions.push(holder.clone());
        for object in tables.objects.values_mut() {
            if let Object::Account(account) = object {
                lease::grant(account, holder.id);
            }
        }
    }
    let lease = world.get("/v1/leases?tenant=acme").await.is(200).body["items"][0].clone();
    assert_eq!((&lease["worker"], &lease["epoch"]), (&json!("w-1"), &json!(1)));
    let worker = world.get(&format!("/v1/workers/{}", holder.id)).await.is(200);
    assert_eq!((&worker.body["name"], &worker.body["accounts"]), (&json!("w-1"), &json!(1)));
    world.get("/v1/workers/w-2").await.is(404);
    world.stop().await;
}

//! Bad input: each case is answered with a problem that names its place, and nothing is published.

use crate::world::{Reply, World, end, link, mapping};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// What is sent, and what must come back.
struct Case {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
    status: u16,
    code: &'static str,
    /// The place of the first fault: a pointer, a query parameter or a header; `None`: none is named.
    place: Option<&'static str>,
}

fn case(
    method: &'static str,
    path: &str,
    body: &Value,
    status: u16,
    code: &'static str,
    place: &'static str,
) -> Case {
    raw(method, path, &body.to_string(), status, code, Some(place))
}

fn raw(
    method: &'static str,
    path: &str,
    body: &str,
    status: u16,
    code: &'static str,
    place: Option<&'static str>,
) -> Case {
    let headers = vec![("content-type", "application/json".to_owned())];
    Case { method, path: path.to_owned(), headers, body: body.to_owned(), status, code, place }
}

/// `link()` with one thing changed; a dotted path of keys and places.
fn with(mut value: Value, pointer: &str, to: Value) -> Value {
    match value.pointer_mut(pointer) {
        Some(slot) => *slot = to,
        None => {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            value.pointer_mut(parent).unwrap()[key] = to;
        }
    }
    value
}

fn bodies() -> Vec<Case> {
    let tenant = |body: &str, place| raw("POST", "/v1/tenants", body, 400, "invalid", place);
    let deep = format!(r#"{{"name": {}{}}}"#, "[".repeat(100), "]".repeat(100));
    let huge = format!(r#"{{"name": "{}"}}"#, "x".repeat(1 << 20));
    vec![
        tenant("", Some("")),
        tenant("{", Some("")),
        tenant("nope", Some("")),
        tenant("[]", Some("")),
        tenant("\"x\"", Some("")),
        tenant("null", Some("")),
        tenant(r#"{"name": "t"} {}"#, Some("")),
        tenant(r#"{"name": "t", "name": "u"}"#, Some("")),
        tenant(r#"{"name": "t",}"#, Some("")),
        tenant("{\"name\": \"\u{1}\"}", Some("/name")),
        tenant(r#"{}"#, Some("")),
        tenant(r#"{"name": 5}"#, Some("/name")),
        tenant(r#"{"name": null}"#, Some("/name")),
        tenant(r#"{"name": ["t"]}"#, Some("/name")),
        tenant(r#"{"name": ""}"#, Some("/name")),
        tenant(r#"{"name": "a,b"}"#, Some("/name")),
        tenant(r#"{"name": "a;b"}"#, Some("/name")),
        tenant(r#"{"name": "a'b"}"#, Some("/name")),
        tenant(r#"{"name": "a(b"}"#, Some("/name")),
        tenant(r#"{"name": "a\u0000b"}"#, Some("/name")),
        tenant(r#"{"name": "t", "nmae": "u"}"#, Some("/nmae")),
        tenant(r#"{"name": "t", "a/b~c": 1}"#, Some("/a~1b~0c")),
        tenant(&deep, Some("")),
        raw("POST", "/v1/tenants", &huge, 413, "body-too-large", None),
        case("POST", "/v1/tenants", &json!({"name": "x".repeat(256)}), 400, "invalid", "/name"),
        case(
            "POST",
            "/v1/tenants",
            &json!({"name": "t", "description": "d".repeat(1001)}),
            400,
            "invalid",
            "/description",
        ),
        case("PATCH", "/v1/tenants/acme", &json!({"name": null}), 400, "invalid", "/name"),
        case("PATCH", "/v1/tenants/acme", &json!({"id": "x"}), 400, "invalid", "/id"),
    ]
}

fn objects() -> Vec<Case> {
    let site = |body: Value, place| case("POST", "/v1/sites", &body, 400, "invalid", place);
    let wim = |body: Value, place| case("POST", "/v1/wims", &body, 400, "invalid", place);
    let good = || json!({"name": "w", "type": "test", "wim_url": "http://h"});
    let account = |body: Value, place| case("POST", "/v1/accounts", &body, 400, "invalid", place);
    let free = || json!({"tenant": "free", "wim": "core"});
    let network = |body: Value, place| case("POST", "/v1/networks", &body, 400, "invalid", place);
    let net = || json!({"tenant": "acme", "site": "a", "name": "n"});
    vec![
        site(json!({"name": "s", "latitude": 91, "longitude": 0}), "/latitude"),
        site(json!({"name": "s", "latitude": 1}), "/longitude"),
        site(json!({"name": "s", "latitude": "1", "longitude": 2}), "/latitude"),
        site(
            json!({"name": "s", "external_connections": [{"vim_external_port": {"switch": "a b", "port": 1}}]}),
            "/external_connections/0/vim_external_port/switch",
        ),
        site(
            json!({"name": "s", "external_connections": [{"vim_external_port": {"switch": "a", "port": 0}}]}),
            "/external_connections/0/vim_external_port/port",
        ),
        wim(with(good(), "/type", json!("osm")), "/type"),
        wim(with(good(), "/wim_url", json!("no url")), "/wim_url"),
        wim(with(good(), "/wim_url", json!("ftp://h")), "/wim_url"),
        wim(with(good(), "/wim_url", json!("http://u:p@h")), "/wim_url"),
        wim(with(good(), "/wim_url", json!(format!("http://h/{}", "x".repeat(1000)))), "/wim_url"),
        wim(with(good(), "/config", json!({"zoen": "z"})), "/config/zoen"),
        wim(with(good(), "/config", json!({"auth": {"token": "t-1"}})), "/config/auth/token"),
        wim(with(good(), "/config", json!([])), "/config"),
        case("PATCH", "/v1/wims/core", &json!({"type": "test"}), 400, "invalid", "/type"),
        case("PATCH", "/v1/wims/core", &json!({"config": {"zone": 5}}), 400, "invalid", "/config/zone"),
        account(json!({"wim": "core"}), "/tenant"),
        account(with(free(), "/password", json!("p".repeat(61))), "/password"),
        account(with(free(), "/password", json!({"t-1": 1})), "/password"),
        account(with(free(), "/password", json!(["t-1"])), "/password"),
        account(with(free(), "/user", json!("u".repeat(61))), "/user"),
        account(with(free(), "/config", json!({"auth": {"token": ["t-1"]}})), "/config/auth/token"),
        account(with(free(), "/config", json!({"other": 1})), "/config/other"),
        case("POST", "/v1/accounts", &json!({"tenant": "nope", "wim": "core"}), 404, "not-found", "/tenant"),
        case("POST", "/v1/accounts", &json!({"tenant": "free", "wim": "nope"}), 404, "not-found", "/wim"),
        case("PATCH", "/v1/accounts/acme-core", &json!({"wim": "core"}), 400, "invalid", "/wim"),
        network(with(net(), "/status", json!("UP")), "/status"),
        network(with(net(), "/encapsulation", json!({"type": "dot1q", "vlan": 5000})), "/encapsulation/vlan"),
        network(with(net(), "/encapsulation", json!({"type": "gre"})), "/encapsulation/type"),
        network(with(net(), "/vim_info", json!("x")), "/vim_info"),
        case("POST", "/v1/networks", &with(net(), "/site", json!("nope")), 404, "not-found", "/site"),
        case("POST", "/v1/networks", &with(net(), "/tenant", json!("nope")), 404, "not-found", "/tenant"),
        case("POST", "/v1/networks?tenant=free", &net(), 400, "invalid", "tenant"),
        case("PATCH", "/v1/networks/acme-a", &json!({"site": "b"}), 400, "invalid", "/site"),
    ]
}

fn mappings() -> Vec<Case> {
    let set = |items: Value, place| {
        let body = json!({"port_mappings": items});
        case("PUT", "/v1/wims/core/port-mappings", &body, 400, "invalid", place)
    };
    vec![
        set(json!([mapping("nope")]), "/port_mappings/0/site"),
        set(json!([mapping("a"), mapping("a")]), "/port_mappings/1/pop_switch_port"),
        set(
            json!([mapping("a"), with(mapping("b"), "/wan_service_endpoint_id", json!("ep-a"))]),
            "/port_mappings/1/wan_service_endpoint_id",
        ),
        set(
            json!([with(mapping("a"), "/pop_switch_dpid", json!("x y"))]),
            "/port_mappings/0/pop_switch_dpid",
        ),
        set(
            json!([with(mapping("a"), "/pop_switch_port", json!(65535))]),
            "/port_mappings/0/pop_switch_port",
        ),
        set(json!([with(mapping("a"), "/wim", json!("other"))]), "/port_mappings/0/wim"),
        set(json!({}), "/port_mappings"),
    ]
}

fn links() -> Vec<Case> {
    let bad = |pointer: &str, to: Value, place| {
        case("POST", "/v1/links", &with(link(), pointer, to), 400, "invalid", place)
    };
    let refused = |body: Value, status, code| raw("POST", "/v1/links", &body.to_string(), status, code, None);
    let vxlan = json!({"type": "vxlan", "vni": 1});
    vec![
        bad("/endpoints/0/encapsulation/vlan", json!(5000), "/endpoints/0/encapsulation/vlan"),
        bad("/endpoints/0/encapsulation/vlan", json!(0), "/endpoints/0/encapsulation/vlan"),
        bad("/endpoints/0/encapsulation/vlan", json!(-1), "/endpoints/0/encapsulation/vlan"),
        bad("/endpoints/0/encapsulation/type", json!("q-in-q"), "/endpoints/0/encapsulation/type"),
        bad("/endpoints/0/port/port", json!("too-long"), "/endpoints/0/port/port"),
        bad("/endpoints/0/port/port", json!(1.5), "/endpoints/0/port/port"),
        bad("/endpoints/0/site", json!("nope"), "/endpoints/0/site"),
        bad("/endpoints", json!([end("a")]), "/endpoints"),
        bad("/endpoints", json!([end("a"), end("a")]), "/endpoints/1"),
        bad("/endpoints", json!([end("a"), {}]), "/endpoints/1"),
        bad("/endpoints", json!("a, b"), "/endpoints"),
        bad(
            "/endpoints",
            json!([end("a"), {"network": "acme-a"}, {"network": "acme-a"}]),
            "/endpoints/2/network",
        ),
        bad("/bandwidth_kbps", json!(0), "/bandwidth_kbps"),
        bad("/bandwidth_kbps", json!("fast"), "/bandwidth_kbps"),
        bad("/bandwidth_kbps", json!(-5), "/bandwidth_kbps"),
        bad("/bandwidth_kbps", json!(1e30), "/bandwidth_kbps"),
        bad("/service_type", json!("VPN"), "/service_type"),
        bad("/strategy", json!("none"), "/strategy"),
        bad("/bandwith", json!(5), "/bandwith"),
        bad("/id", json!("7b1b0d2e-0000-4000-8000-000000000000"), "/id"),
        case("POST", "/v1/links", &with(link(), "/tenant", json!("nope")), 404, "not-found", "/tenant"),
        case("POST", "/v1/links", &with(link(), "/tenant", json!(null)), 400, "invalid", "/tenant"),
        case("POST", "/v1/links", &json!({"tenant": "acme", "links": []}), 400, "invalid", "/links"),
        case("POST", "/v1/links", &json!({"tenant": "acme", "links": {}}), 400, "invalid", "/links"),
        case(
            "POST",
            "/v1/links",
            &json!({"links": [link(), with(link(), "/tenant", json!("free"))]}),
            400,
            "invalid",
            "/links/1/tenant",
        ),
        case(
            "POST",
            "/v1/links",
            &json!({"tenant": "free", "links": [link()]}),
            400,
            "invalid",
            "/links/0/tenant",
        ),
        case("POST", "/v1/links", &with(link(), "/wim", json!("nope")), 404, "not-found", "/wim"),
        refused(with(link(), "/tenant", json!("free")), 422, "no-common-wim"),
        refused(with(link(), "/service_type", json!("L3")), 422, "unsupported"),
        refused(with(link(), "/latency_ms", json!(5)), 422, "unsupported"),
        refused(with(link(), "/endpoints/0/encapsulation", vxlan), 422, "unsupported"),
        refused(with(link(), "/endpoints/0/port/port", json!(9)), 422, "no-port-mapping"),
        case("PATCH", "/v1/links/{link}", &json!({}), 400, "invalid", ""),
        case(
            "PATCH",
            "/v1/links/{link}",
            &json!({"bandwidth_kbps": null}),
            400,
            "invalid",
            "/bandwidth_kbps",
        ),
        case("PATCH", "/v1/links/{link}", &json!({"name": "x"}), 400, "invalid", "/name"),
        Case {
            headers: vec![("content-type", "application/json".to_owned()), ("if-match", "\"9\"".to_owned())],
            ..raw("PATCH", "/v1/links/{link}", r#"{"bandwidth_kbps": 5}"#, 412, "version-mismatch", None)
        },
        raw("PATCH", "/v1/links/{link}", r#"{"latency_ms": 5}"#, 422, "unsupported", None),
        case("POST", "/v1/links/{link}/retry", &json!({"x": 1}), 400, "invalid", ""),
        raw(
            "PATCH",
            "/v1/links/7b1b0d2e-0000-4000-8000-000000000000",
            r#"{"bandwidth_kbps": 5}"#,
            404,
            "not-found",
            None,
        ),
        raw("PATCH", "/v1/links/none", r#"{"bandwidth_kbps": 5}"#, 404, "not-found", None),
    ]
}

fn calls() -> Vec<Case> {
    let get = |path: &str, place| Case { headers: Vec::new(), ..raw("GET", path, "", 400, "invalid", place) };
    let gone =
        |method, path: &str, code| Case { headers: Vec::new(), ..raw(method, path, "", 404, code, None) };
    let headed = |name, value: &str, status, code, place| Case {
        headers: vec![("content-type", "application/json".to_owned()), (name, value.to_owned())],
        ..raw("POST", "/v1/tenants", r#"{"name": "t"}"#, status, code, place)
    };
    let typed = |kind: &str| Case {
        headers: vec![("content-type", kind.to_owned())],
        ..raw("POST", "/v1/tenants", r#"{"name": "t"}"#, 415, "unsupported-media-type", None)
    };
    vec![
        get("/v1/tenants?limit=0", Some("limit")),
        get("/v1/tenants?limit=1001", Some("limit")),
        get("/v1/tenants?limit=ten", Some("limit")),
        get("/v1/tenants?limit=1&limit=2", Some("limit")),
        get("/v1/tenants?cursor=x", Some("cursor")),
        get("/v1/tenants?colour=red", Some("colour")),
        get("/v1/links?status=GREEN", Some("status")),
        get("/v1/links?deleted=maybe", Some("deleted")),
        get("/v1/actions?state=done", Some("state")),
        get("/v1/tenants/%FF", None),
        gone("GET", "/v1/tenants/nope", "not-found"),
        gone("GET", "/v1/links?tenant=nope", "not-found"),
        gone("GET", "/v1/requests/7b1b0d2e-0000-4000-8000-000000000000", "not-found"),
        gone("GET", "/v1/actions/nope", "not-found"),
        gone("POST", "/v1/requests/nope/cancel", "not-found"),
        gone("POST", "/v1/parked/nope/replay", "not-found"),
        gone("DELETE", "/v1/sites/nope", "not-found"),
        gone("GET", "/v2/links", "no-route"),
        gone("GET", "/", "no-route"),
        gone("POST", "/v1/links/x/explode", "no-route"),
        headed("idempotency-key", "", 400, "invalid", Some("idempotency-key")),
        headed("idempotency-key", &"k".repeat(256), 400, "invalid", Some("idempotency-key")),
        headed("if-match", "3", 400, "invalid", Some("if-match")),
        typed("text/plain"),
        typed("application/xml"),
        typed("application/x-www-form-urlencoded"),
        raw("DELETE", "/v1/tenants/acme", r#"{"force": true}"#, 400, "invalid", Some("")),
        Case { headers: Vec::new(), ..raw("POST", "/v1/tenants", "{}", 415, "unsupported-media-type", None) },
    ]
}

fn place(reply: &Reply) -> Option<&str> {
    let first = reply.body["errors"].get(0)?;
    ["pointer", "parameter", "header"].iter().find_map(|kind| first[*kind].as_str())
}

fn is_problem(reply: &Reply, what: &str) {
    assert_eq!(reply.header("content-type"), "application/problem+json", "{what}: {}", reply.text);
    assert_eq!(reply.body["status"], reply.status.as_u16(), "{what}");
    let kind = reply.body["type"].as_str().unwrap_or_default();
    assert!(kind.starts_with("/docs/") && kind.ends_with(&format!("#{}", reply.code())), "{what}: {kind}");
    for field in ["title", "detail", "instance"] {
        assert!(reply.body[field].as_str().is_some_and(|text| !text.is_empty()), "{what}: {field}");
    }
}

#[tokio::test]
async fn every_bad_call_is_told_its_place_and_publishes_nothing() {
    let world = World::start().await;
    world.furnish().await;
    world.post("/v1/tenants", &json!({"name": "free"})).await.is(201);
    let made = world.post("/v1/links", &link()).await.is(202);
    let link_id = made.body["actions"][0]["link"].as_str().unwrap().to_owned();
    let published = world.control.published().len();
    let cases: Vec<Case> =
        [bodies(), objects(), mappings(), links(), calls()].into_iter().flatten().collect();
    assert!(cases.len() >= 60);
    for case in cases {
        let path = case.path.replace("{link}", &link_id);
        let headers: Vec<(&str, &str)> =
            case.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let what = format!("{} {path} {:.300}", case.method, case.body);
        let reply = world.raw(case.method, &path, &headers, case.body).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (case.status, case.code), "{what}: {}", reply.text);
        assert_eq!(place(&reply), case.place, "{what}: {}", reply.text);
        is_problem(&reply, &what);
        assert!(!reply.text.contains("t-1"), "{what}: a secret in {}", reply.text);
        assert_eq!(world.control.published().len(), published, "{what}: something was published");
    }
    world.stop().await;
}

#[tokio::test]
async fn malformed_bodies_of_any_kind_are_never_our_error_and_publish_nothing() {
    let seed = 20_261_121;
    let world = World::start().await;
    world.furnish().await;
    let mut random = StdRng::seed_from_u64(seed);
    let templates = [
        ("POST", "/v1/links", link().to_string()),
        (
            "POST",
            "/v1/accounts",
            json!({"tenant": "acme", "wim": "core", "config": {"zone": "z"}}).to_string(),
        ),
        ("PUT", "/v1/wims/core/port-mappings", json!({"port_mappings": [mapping("a")]}).to_string()),
        ("POST", "/v1/networks", json!({"tenant": "acme", "site": "a", "name": "n"}).to_string()),
        ("PATCH", "/v1/sites/a", json!({"latitude": 1.5, "name": "s"}).to_string()),
    ];
    for round in 0..1_000 {
        let (method, path, template) = &templates[random.random_range(0..templates.len())];
        let mut bytes = template.clone().into_bytes();
        break_it(&mut bytes, &mut random);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reply = world.raw(method, path, &[("content-type", "application/json")], bytes).await;
        let what = format!("seed {seed}, round {round}: {method} {path} {text}");
        assert!(reply.status.is_client_error(), "{what}: {} {}", reply.status, reply.text);
        is_problem(&reply, &what);
        assert!(world.control.published().is_empty(), "{what}: something was published");
    }
    world.stop().await;
}

/// Makes JSON into what is none, or into what no noun takes.
fn break_it(bytes: &mut Vec<u8>, random: &mut StdRng) {
    let at = random.random_range(1..bytes.len());
    match random.random_range(0..6) {
        0 => bytes.truncate(at),
        1 => bytes[at - 1..].fill(b'['),
        2 => bytes.splice(1..1, *br#""unknown": {},"#).for_each(drop),
        3 => bytes.splice(at..at, [0xff, 0xfe]).for_each(drop),
        4 => bytes.extend_from_slice(b"]"),
        _ => *bytes = b"[".repeat(random.random_range(1..200)),
    }
}

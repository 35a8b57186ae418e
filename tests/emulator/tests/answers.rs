//! What the emulator answers, held against the column "RFC 8040 / Clixon" of the survey that it was built from.

mod client;

use client::*;
use serde_json::{Value, json};
use wanlink_emulator::{Credentials, Options};

const SERVICE: &str = "/ietf-l2vpn-svc:vpn-service/0";
const ACCESS: &str = "/ietf-l2vpn-svc:site-network-access/0";

/// One call after a link `l1` between DC1 and DC2 was made, and the answer's status, error-tag and error-app-tag.
async fn check(caller: &Caller, name: &str, call: (&str, &str, Value), expect: &str) {
    let (method, path, body) = call;
    let answer = caller.send(method, path, &body).await;
    assert_eq!(answer.summary(), expect, "{name}: {}", answer.body);
}

#[tokio::test]
async fn the_same_questions_get_the_surveyed_answers() {
    let (handle, caller) = start(options()).await;
    check(&caller, "list empty", ("GET", "/vpn-services", Value::Null), "404 invalid-value -").await;
    caller.create_link("l1").await;
    let a1 = access_path("DC1", "l1-1");
    let none = Value::Null;
    let services = "/vpn-services".to_owned();
    let with_key = access_path("DC1", "x");
    let cases = [
        ("create again", "PUT", service_path("l1"), service("l1"), "204 - -"),
        ("create an access again", "PUT", a1.clone(), access("DC1", "l1-1", "l1"), "204 - -"),
        ("POST what exists", "POST", services.clone(), service("l1"), "409 data-exists -"),
        ("POST a new one", "POST", services.clone(), service("l2"), "201 - -"),
        ("delete absent", "DELETE", service_path("l9"), none.clone(), "409 data-missing -"),
        ("delete an absent access", "DELETE", access_path("DC1", "l9"), none.clone(), "409 data-missing -"),
        ("get absent", "GET", service_path("l9"), none.clone(), "404 invalid-value -"),
        ("get an absent access", "GET", access_path("DC1", "l9"), none.clone(), "404 invalid-value -"),
        ("get an absent site", "GET", "/sites/site=nowhere".to_owned(), none.clone(), "404 invalid-value -"),
        (
            "get an empty list",
            "GET",
            "/sites/site=DC3/site-network-accesses".to_owned(),
            none.clone(),
            "404 invalid-value -",
        ),
        (
            "get a list without a key",
            "GET",
            "/vpn-services/vpn-service".to_owned(),
            none.clone(),
            "400 malformed-message -",
        ),
        (
            "service still used",
            "DELETE",
            service_path("l1"),
            none.clone(),
            "409 data-missing instance-required",
        ),
        (
            "absent service",
            "PUT",
            with_key.clone(),
            access("DC1", "x", "l9"),
            "409 data-missing instance-required",
        ),
        (
            "absent site",
            "PUT",
            access_path("XX", "x"),
            access("XX", "x", "l1"),
            "409 data-missing instance-required",
        ),
        (
            "absent device",
            "PUT",
            with_key.clone(),
            altered(access("DC1", "x", "l1"), &format!("{ACCESS}/device-reference"), json!("DC2-ce")),
            "409 data-missing instance-required",
        ),
        ("patch absent", "PATCH", service_path("l9"), service("l9"), "404 invalid-value -"),
        ("unknown node", "GET", "/vpn-servces".to_owned(), none.clone(), "400 unknown-element -"),
        ("replace the container", "PUT", services.clone(), json!({}), "405 operation-not-supported -"),
        ("delete the container", "DELETE", String::new(), none.clone(), "405 operation-not-supported -"),
        (
            "delete a site",
            "DELETE",
            "/sites/site=DC1".to_owned(),
            none.clone(),
            "405 operation-not-supported -",
        ),
        ("delete an access", "DELETE", a1.clone(), none.clone(), "204 - -"),
        ("delete it again", "DELETE", a1, none.clone(), "409 data-missing -"),
    ];
    for (name, method, path, body, expect) in cases {
        check(&caller, name, (method, &path, body), expect).await;
    }
    handle.stop().await;
}

#[tokio::test]
async fn wrong_bodies_are_refused_by_the_node_that_is_wrong() {
    let (handle, caller) = start(options()).await;
    caller.create_link("l1").await;
    let in_service = |name: &str, value: Value| altered(service("n"), &format!("{SERVICE}/{name}"), value);
    let in_access =
        |name: &str, value: Value| altered(access("DC1", "n", "l1"), &format!("{ACCESS}/{name}"), value);
    let bandwidth = "service/svc-bandwidth/bandwidth/0";
    let vlan = "connection/tagged-interface/dot1q-vlan-tagged/cvlan-id";
    let cases: Vec<(Value, &str, Option<&str>)> = vec![
        (in_service("colour", json!("red")), "400 unknown-element -", Some("/colour")),
        (in_service("ce-vlan-preservation", Value::Null), "400 missing-element -", Some("[vpn-id='n']")),
        (
            in_service("ce-vlan-preservation", json!("true")),
            "400 invalid-value -",
            Some("/ce-vlan-preservation"),
        ),
        (in_service("vpn-svc-type", json!("vpls")), "412 operation-failed -", Some("/vpn-svc-type")),
        (in_service("vpn-svc-type", json!("ietf-l2vpn-ntw:vpws")), "412 operation-failed -", None),
        (in_service("vpn-id", json!("other")), "400 invalid-value -", None),
        (in_service("vpn-id", json!(7)), "400 invalid-value -", None),
        (in_service("vpn-id", Value::Null), "400 missing-element -", None),
        (in_service("customer-name", json!(null_text())), "400 invalid-value -", None),
        (json!({"vpn-service": [{}]}), "400 unknown-element -", None),
        (json!({"ietf-l2vpn-svc:vpn-service": {}}), "400 malformed-message -", None),
        (json!({"ietf-l2vpn-svc:vpn-service": []}), "400 malformed-message -", None),
        (json!([]), "400 malformed-message -", None),
        (in_access(&format!("{bandwidth}/cir"), json!(100_000_000)), "400 invalid-value -", Some("/cir")),
        (in_access(&format!("{bandwidth}/cbs"), json!("1e6")), "400 invalid-value -", Some("/cbs")),
        (in_access(&format!("{bandwidth}/cbs"), Value::Null), "400 missing-element -", None),
        (
            in_access(&format!("{bandwidth}/type"), json!("bw-per-access")),
            "412 operation-failed -",
            Some("/type"),
        ),
        (
            in_access(&format!("{bandwidth}/type"), json!("bw-per-port")),
            "400 unknown-element -",
            Some("/vpn-id"),
        ),
        (in_access(vlan, json!(0)), "400 invalid-value -", Some("/cvlan-id")),
        (in_access(vlan, json!(4095)), "400 invalid-value -", Some("/cvlan-id")),
        (in_access(vlan, json!("300")), "400 invalid-value -", Some("/cvlan-id")),
        (in_access(vlan, Value::Null), "400 missing-element -", Some("/dot1q-vlan-tagged")),
        (in_access("service/svc-mtu", json!(67)), "400 invalid-value -", Some("/svc-mtu")),
        (in_access("service/svc-mtu", json!(9217)), "400 invalid-value -", Some("/svc-mtu")),
        (in_access("service", Value::Null), "400 missing-element -", Some("/service")),
        (in_access("device-reference", Value::Null), "409 data-missing missing-choice", None),
        (in_access("vpn-attachment", Value::Null), "409 data-missing missing-choice", None),
        (
            in_access("location-reference", json!("DC1-loc")),
            "400 unknown-element -",
            Some("/location-reference"),
        ),
        (in_access("bearer/colour", json!(1)), "400 unknown-element -", Some("/bearer/colour")),
        (in_access("access-diversity", json!({})), "400 unknown-element -", None),
        (
            in_access("vpn-attachment", json!({"vpn-policy-id": "p"})),
            "409 data-missing instance-required",
            None,
        ),
        (in_access("availability", json!({"single-active": [null]})), "201 - -", None),
    ];
    for (body, expect, path_end) in cases {
        let of_access = body.get("ietf-l2vpn-svc:site-network-access").is_some();
        let path = if of_access { access_path("DC1", "n") } else { service_path("n") };
        let answer = caller.send("PUT", &path, &body).await;
        assert_eq!(answer.summary(), expect, "{body}: {}", answer.body);
        if let Some(end) = path_end {
            let path = answer.error("error-path").unwrap_or_default();
            assert!(path.ends_with(end), "{path} does not end with {end}");
        }
    }
    assert_eq!(caller.send("GET", &service_path("n"), &Value::Null).await.status, 404, "nothing was stored");
    handle.stop().await;
}

/// Not a string, so that a leaf of type string has to notice.
fn null_text() -> Value {
    json!(["text"])
}

#[tokio::test]
async fn media_types_and_broken_json_are_told_apart() {
    let (handle, caller) = start(options()).await;
    let url = format!("{}{TREE}{}", caller.base, service_path("l1"));
    let put = |media_type: &'static str, body: String| {
        caller.http.put(&url).header("content-type", media_type).body(body).send()
    };
    let body = service("l1").to_string();
    assert_eq!(put("application/json", body.clone()).await.expect("an answer").status(), 415);
    assert_eq!(put("application/yang-data+xml", body.clone()).await.expect("an answer").status(), 415);
    assert_eq!(put(YANG_JSON, "{\"a\":".to_owned()).await.expect("an answer").status(), 400);
    assert_eq!(put(YANG_JSON, "[".repeat(200)).await.expect("an answer").status(), 400);
    assert_eq!(put(YANG_JSON, "x".repeat(5 << 20)).await.expect("an answer").status(), 413);
    assert_eq!(
        put("application/yang-data+json; charset=utf-8", body).await.expect("an answer").status(),
        201
    );
    for (accept, status) in [("text/html", 406), ("application/yang-data+json", 200), ("*/*", 200)] {
        let got = caller.http.get(&url).header("accept", accept).send().await.expect("an answer");
        assert_eq!(got.status(), status, "{accept}");
    }
    handle.stop().await;
}

#[tokio::test]
async fn identities_come_back_bare_and_long_numbers_as_text() {
    let (handle, caller) = start(options()).await;
    caller.create_link("l1").await;
    let service = caller.send("GET", &service_path("l1"), &Value::Null).await;
    assert_eq!(service.headers["content-type"], YANG_JSON);
    assert_eq!(service.body["ietf-l2vpn-svc:vpn-service"][0]["vpn-svc-type"], "vpws");
    let access = caller.send("GET", &access_path("DC1", "l1-1"), &Value::Null).await;
    let bandwidth =
        &access.body["ietf-l2vpn-svc:site-network-access"][0]["service"]["svc-bandwidth"]["bandwidth"][0];
    assert_eq!((&bandwidth["cir"], &bandwidth["type"]), (&json!("100000000"), &json!("bw-per-svc")));
    let tree = caller.send("GET", "?depth=1&fields=sites", &Value::Null).await;
    let tree = &tree.body["ietf-l2vpn-svc:l2vpn-svc"];
    assert_eq!(tree["sites"]["site"].as_array().map(Vec::len), Some(3), "depth and fields are not honoured");
    assert_eq!(tree["vpn-services"]["vpn-service"].as_array().map(Vec::len), Some(1));
    handle.stop().await;
}

#[tokio::test]
async fn the_server_can_be_discovered() {
    let (handle, caller) = start(options()).await;
    let meta = caller.get("/.well-known/host-meta").await;
    assert!(meta.body.as_str().is_some_and(|xrd| xrd.contains("rel='restconf' href='/restconf'")));
    let root = caller.get("/restconf").await;
    assert!(root.body["ietf-restconf:restconf"]["data"].is_object());
    let library = caller.get("/restconf/data/ietf-yang-library:yang-library").await;
    let module = &library.body["ietf-yang-library:yang-library"]["module-set"][0]["module"][0];
    assert_eq!((&module["name"], &module["revision"]), (&json!("ietf-l2vpn-svc"), &json!("2018-10-09")));
    assert!(module["feature"].as_array().is_some_and(|features| features.contains(&json!("input-bw"))));
    assert!(caller.get("/restconf/data").await.body["ietf-restconf:data"].is_object());
    handle.stop().await;
}

#[tokio::test]
async fn credentials_guard_the_controller_and_nothing_else() {
    let credentials = Credentials { user: "wan".to_owned(), password: "pass:word".to_owned() };
    assert!(!format!("{credentials:?}").contains("pass:word"));
    let (handle, caller) = start(Options { credentials: Some(credentials), ..options() }).await;
    let refused = caller.get("/restconf").await;
    assert_eq!(refused.summary(), "401 access-denied -");
    assert!(refused.headers["www-authenticate"].to_str().is_ok_and(|value| value.starts_with("Basic ")));
    let url = format!("{}/restconf", caller.base);
    for (user, password, status) in
        [("wan", "pass:word", 200), ("wan", "pass", 401), ("other", "pass:word", 401)]
    {
        let got = caller.http.get(&url).basic_auth(user, Some(password)).send().await.expect("an answer");
        assert_eq!(got.status(), status, "{user}");
    }
    assert_eq!(caller.get("/ledger").await.status, 200);
    assert_eq!(caller.probe("l1").await.0, 404);
    handle.stop().await;
}

#[tokio::test]
async fn errors_can_be_one_bare_object() {
    let (handle, caller) = start(Options { error_object: true, ..options() }).await;
    let answer = caller.send("GET", &service_path("l9"), &Value::Null).await;
    assert_eq!(answer.body["ietf-restconf:errors"]["error"]["error-tag"], "invalid-value");
    handle.stop().await;
}

#[tokio::test]
async fn sites_come_into_being_where_that_is_asked_for() {
    let (handle, caller) = start(Options { any_site: true, sites: Vec::new(), ..options() }).await;
    caller.create_link("l1").await;
    let other = altered(access("DC1", "x", "l1"), &format!("{ACCESS}/device-reference"), json!("second-ce"));
    assert_eq!(caller.send("PUT", &access_path("DC1", "x"), &other).await.status, 201);
    let site = caller.send("GET", "/sites/site=DC1", &Value::Null).await;
    let devices = site.body["ietf-l2vpn-svc:site"][0]["devices"]["device"].as_array().map(Vec::len);
    assert_eq!(devices, Some(2));
    assert_eq!(caller.send("GET", "/sites/site=unseen", &Value::Null).await.status, 200);
    assert_eq!(caller.ledger().await.totals.site_writes, 0);
    handle.stop().await;
}

#[tokio::test]
async fn an_operator_may_write_a_site_and_sees_what_put_means() {
    let (handle, caller) = start(options()).await;
    caller.create_link("l1").await;
    let site = |management: &str| {
        json!({"ietf-l2vpn-svc:site": [{"site-id": "DC1", "default-ce-vlan-id": 1,
            "management": {"type": management}, "locations": {"location": [{"location-id": "cellar"}]}}]})
    };
    let bare = json!({"ietf-l2vpn-svc:site": [{"site-id": "new"}]});
    assert_eq!(caller.send("PUT", "/sites/site=new", &bare).await.summary(), "400 missing-element -");
    assert_eq!(caller.send("PUT", "/sites/site=DC1", &site("customer-managed")).await.status, 204);
    assert_eq!(
        caller.send("GET", &access_path("DC1", "l1-1"), &Value::Null).await.status,
        404,
        "replaced whole"
    );
    let by_location = altered(access("DC1", "x", "l1"), &format!("{ACCESS}/device-reference"), Value::Null);
    let by_location = altered(by_location, &format!("{ACCESS}/location-reference"), json!("cellar"));
    assert_eq!(caller.send("PUT", &access_path("DC1", "x"), &by_location).await.status, 201);
    let mut with_access = site("provider-managed");
    with_access["ietf-l2vpn-svc:site"][0]["devices"] =
        json!({"device": [{"device-id": "DC1-ce", "location": "cellar"}]});
    with_access["ietf-l2vpn-svc:site"][0]["site-network-accesses"] =
        json!({"site-network-access": [access_entry("DC1", "y", "l1")]});
    assert_eq!(caller.send("PUT", "/sites/site=DC1", &with_access).await.status, 204, "the site was there");
    assert_eq!(caller.send("GET", &access_path("DC1", "y"), &Value::Null).await.status, 200);
    let totals = caller.ledger().await.totals;
    assert_eq!((totals.site_writes, totals.deletes), (2, 2));
    handle.stop().await;
}

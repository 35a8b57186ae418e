//! A small RESTCONF client and bodies for the emulator's own tests: raw HTTP, nothing of any connector.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::future::Future;
use std::time::Duration;
use wanlink_emulator::{Emulator, Handle, LedgerView, Options, Rule, SiteOption};

pub const TREE: &str = "/restconf/data/ietf-l2vpn-svc:l2vpn-svc";
pub const YANG_JSON: &str = "application/yang-data+json";

/// How long a test waits for a condition before it fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, headers, body }
    }

    /// A member of the first error.
    pub fn error(&self, member: &str) -> Option<&str> {
        self.body["ietf-restconf:errors"]["error"][0][member].as_str()
    }

    /// `status tag app-tag`, with `-` for what is absent: what a table of expectations holds.
    pub fn summary(&self) -> String {
        let tag = self.error("error-tag").unwrap_or("-");
        format!("{} {tag} {}", self.status, self.error("error-app-tag").unwrap_or("-"))
    }
}

/// A client of one emulator.
#[derive(Debug, Clone)]
pub struct Caller {
    pub base: String,
    pub http: Client,
}

impl Caller {
    pub fn new(base: impl Into<String>) -> Self {
        let http = Client::builder().no_proxy().build().expect("a client");
        Self { base: base.into(), http }
    }

    /// Sends to a path below the tree; `Err` where no answer came.
    pub async fn try_send(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Answer> {
        let method: Method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{TREE}{path}", self.base));
        if !body.is_null() {
            request = request.header("content-type", YANG_JSON).body(body.to_string());
        }
        Ok(Answer::of(request.send().await?).await)
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_send(method, path, body).await.expect("an answer")
    }

    /// Reads any path of the emulator.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.http.get(format!("{}{path}", self.base)).send().await.expect("an answer")).await
    }

    /// Posts to any path of the emulator.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        Answer::of(request.send().await.expect("an answer")).await
    }

    pub async fn ledger(&self) -> LedgerView {
        serde_json::from_value(self.get("/ledger").await.body).expect("a ledger")
    }

    pub async fn fault(&self, rules: &[Rule]) {
        assert_eq!(self.post("/faults", &json!(rules)).await.status, 204);
    }

    pub async fn probe(&self, id: &str) -> (u16, String) {
        let answer = self.get(&format!("/probe/{id}")).await;
        (answer.status, answer.body["status"].as_str().unwrap_or_default().to_owned())
    }

    pub async fn until_probe(&self, id: &str, wanted: &str) {
        until(wanted, || async { self.probe(id).await.1 == wanted }).await;
    }

    /// Creates a service and its two accesses at DC1 and DC2.
    pub async fn create_link(&self, id: &str) {
        for (path, body) in link(id) {
            assert_eq!(self.send("PUT", &path, &body).await.status, 201, "{path}");
        }
    }
}

/// Asks until the condition holds; fails after [`PATIENCE`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    let waiting = async {
        while !holds().await {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// An emulator with the sites DC1 to DC3 that builds links in no time.
pub fn options() -> Options {
    let sites = ["DC1", "DC2", "DC3"].map(SiteOption::named).to_vec();
    Options { sites, build_min_ms: 0, build_max_ms: 0, ..Options::default() }
}

pub async fn start(options: Options) -> (Handle, Caller) {
    let handle = Emulator::start(options).await.expect("an emulator");
    let caller = Caller::new(handle.base_url());
    (handle, caller)
}

pub fn service_path(id: &str) -> String {
    format!("/vpn-services/vpn-service={id}")
}

pub fn access_path(site: &str, id: &str) -> String {
    format!("/sites/site={site}/site-network-accesses/site-network-access={id}")
}

pub fn service(id: &str) -> Value {
    json!({"ietf-l2vpn-svc:vpn-service": [{"vpn-id": id, "vpn-svc-type": "ietf-l2vpn-svc:vpws",
        "svc-topo": "ietf-l2vpn-svc:any-to-any", "customer-name": "wanlink",
        "ce-vlan-preservation": true, "ce-vlan-cos-preservation": true}]})
}

/// The entry of an access, without the wrapper of a body.
pub fn access_entry(site: &str, id: &str, vpn: &str) -> Value {
    json!({"network-access-id": id, "type": "ietf-l2vpn-svc:point-to-point",
        "device-reference": format!("{site}-ce"),
        "connection": {"encapsulation-type": "ietf-l2vpn-svc:vlan", "eth-inf-type": "ietf-l2vpn-svc:tagged",
            "tagged-interface": {"type": "ietf-l2vpn-svc:dot1q",
                "dot1q-vlan-tagged": {"tg-type": "ietf-l2vpn-svc:c-vlan", "cvlan-id": 300}}},
        "bearer": {"bearer-reference": "pe1:uni1"},
        "vpn-attachment": {"vpn-id": vpn, "site-role": "ietf-l2vpn-svc:any-to-any-role"},
        "service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [{"direction": "ietf-l2vpn-svc:input-bw",
            "type": "ietf-l2vpn-svc:bw-per-svc", "vpn-id": vpn, "cir": "100000000", "cbs": "1000000"}]}}})
}

pub fn access(site: &str, id: &str, vpn: &str) -> Value {
    json!({"ietf-l2vpn-svc:site-network-access": [access_entry(site, id, vpn)]})
}

/// The writes that create a link between DC1 and DC2, in order.
pub fn link(id: &str) -> Vec<(String, Value)> {
    let (first, second) = (format!("{id}-1"), format!("{id}-2"));
    vec![
        (service_path(id), service(id)),
        (access_path("DC1", &first), access("DC1", &first, id)),
        (access_path("DC2", &second), access("DC2", &second, id)),
    ]
}

/// `body` with the value at `pointer` (RFC 6901) replaced; removed where `value` is null.
pub fn altered(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = body.pointer_mut(parent).unwrap_or_else(|| panic!("nothing at {pointer}"));
    let members = parent.as_object_mut().expect("an object");
    if value.is_null() {
        assert!(members.remove(name).is_some(), "nothing to remove at {pointer}");
    } else {
        members.insert(name.to_owned(), value);
    }
    body
}

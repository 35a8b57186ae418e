//! One api with everything around it, and a client.

use crate::conductor::{self, Script};
use crate::record::Record;
use crate::recorder::{Control, Recorder};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use wanlink_api::{Api, ApiDeps, ApiHandle, ApiSettings};
use wanlink_broker::engines::memory::MemoryBroker;
use wanlink_broker::port::Broker;
use wanlink_conformance::answers::{Answered, Document};
use wanlink_domain::connector::{ConfigKey, ConnectorCatalogue, ConnectorDescriptor, ValueKind};
use wanlink_domain::link::{EncapsulationKind, ServiceType, StatusSource};
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::{Clock, SystemClock};
use wanlink_runtime::config;
use wanlink_runtime::entropy::SeededEntropy;
use wanlink_runtime::seal::{PrivateKey, Sealer, generate_pair};
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_store::port::ReadStore;

/// The machine's clock, moved on where a test says so.
#[derive(Default)]
pub struct ShiftedClock(AtomicU64);

impl ShiftedClock {
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis() as u64, Ordering::SeqCst);
    }

    fn shift(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for ShiftedClock {
    fn wall(&self) -> Timestamp {
        SystemClock.wall().after(self.shift())
    }

    fn mono(&self) -> Duration {
        SystemClock.mono() + self.shift()
    }
}

const CONNECTOR: ConnectorDescriptor = ConnectorDescriptor {
    kind: "test",
    summary: "for tests",
    service_types: &[ServiceType::Eline, ServiceType::Elan],
    max_endpoints: 3,
    encapsulations: &[EncapsulationKind::None, EncapsulationKind::Dot1q],
    bandwidth: true,
    latency: false,
    can_list: true,
    client_chosen_id: true,
    config_schema: &[
        ConfigKey { name: "zone", kind: ValueKind::Text, required: false, secret: false, doc: "a zone" },
        ConfigKey {
            name: "auth.token",
            kind: ValueKind::Text,
            required: false,
            secret: true,
            doc: "a token",
        },
    ],
    status_sources: &[StatusSource::Probe],
    max_in_flight_default: 4,
};

pub struct World {
    pub record: Arc<Record>,
    pub control: Arc<Control>,
    pub script: Arc<Mutex<Script>>,
    pub clock: Arc<ShiftedClock>,
    /// The api's own connection.
    pub broker: MemoryBroker,
    pub private: PrivateKey,
    pub handle: ApiHandle,
    pub tasks: Tasks,
    pub telemetry: Telemetry,
    client: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().expect("an answer with an id").to_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }
}

impl World {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut ApiSettings)) -> Self {
        Self::start_over(None, change).await
    }

    /// An api that reads from `store`, or else from the conductor's record.
    pub async fn start_over(
        store: Option<Arc<dyn ReadStore>>,
        change: impl FnOnce(&mut ApiSettings),
    ) -> Self {
        let tasks = Tasks::new();
        let telemetry = Telemetry::default();
        let clock = Arc::new(ShiftedClock::default());
        let broker = MemoryBroker::new(clock.clone());
        broker.declare_topology().await.unwrap();
        let control = Arc::new(Control::default());
        *control.durable.lock().unwrap() = true;
        let record = Arc::new(Record::default());
        let script = Arc::new(Mutex::new(Script::default()));
        let other: Arc<dyn Broker> = Arc::new(broker.hub().connect());
        conductor::start(&other, record.clone(), script.clone(), &tasks);
        let mut settings =
            ApiSettings::from_config(&config::Api::default(), &config::Request::default()).unwrap();
        settings.listen = "127.0.0.1:0".parse().unwrap();
        change(&mut settings);
        let (public, private) = generate_pair().unwrap();
        let deps = ApiDeps {
            broker: Arc::new(Recorder { inner: broker.clone(), control: control.clone() }),
            store: store.unwrap_or_else(|| record.clone()),
            sealer: Sealer::new(public),
            connectors: ConnectorCatalogue::new([CONNECTOR]).unwrap(),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(7)),
            settings,
            telemetry: telemetry.clone(),
        };
        let handle = Api::start(deps, &tasks).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let world =
            Self { record, control, script, clock, broker, private, handle, tasks, client, telemetry };
        world.until_ready(true).await;
        world
    }

    pub async fn until_ready(&self, wanted: bool) {
        let mut ready = self.handle.ready.clone();
        let ready = ready.wait_for(|readiness| readiness.ready == wanted);
        tokio::time::timeout(Duration::from_secs(20), ready).await.expect("readiness in time").unwrap();
    }

    pub fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    pub async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Reply {
        let url = format!("http://{}{path}", self.handle.addr);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let (name, method) = (method, Method::from_bytes(method.as_bytes()).unwrap());
        let request = self.client.request(method, url).headers(map).body(body);
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let text = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let reply = Reply { status, headers, text, body };
        as_described(name, path, &reply);
        reply
    }

    pub async fn keyed(&self, method: &str, path: &str, key: &str, body: &Value) -> Reply {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.raw(method, path, &headers, body.to_string()).await
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.raw(method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, body).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.raw("GET", path, &[], "").await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.raw("DELETE", path, &[], "").await
    }

    /// Tenant `acme` with an account at WIM `core`, which joins sites `a`, `b` and `c`; network `acme-a` at `a`.
    pub async fn furnish(&self) {
        self.post("/v1/tenants", &json!({"name": "acme"})).await.is(201);
        for site in ["a", "b", "c"] {
            self.post("/v1/sites", &json!({"name": site, "latitude": 1.5, "longitude": 2})).await.is(201);
        }
        let wim = json!({"name": "core", "type": "test", "wim_url": "https://wim.example/"});
        self.post("/v1/wims", &wim).await.is(201);
        let mappings: Vec<Value> = ["a", "b", "c"].map(mapping).into_iter().collect();
        let body = json!({"port_mappings": mappings});
        self.send("PUT", "/v1/wims/core/port-mappings", &body).await.is(200);
        let account = json!({"tenant": "acme", "wim": "core", "name": "acme-core", "user": "u", "password": "pw-1",
            "config": {"zone": "z", "auth": {"token": "tok-1"}}});
        self.post("/v1/accounts", &account).await.is(201);
        let network = json!({"tenant": "acme", "site": "a", "name": "acme-a",
            "external_port": {"switch": "00:01", "port": "1"}});
        self.post("/v1/networks", &network).await.is(201);
        self.control.log.lock().unwrap().clear();
    }

    pub async fn stop(self) {
        assert!(self.handle.stop(Duration::from_secs(10)).await, "the api stops");
        assert!(self.tasks.stop(Duration::from_secs(10)).await, "the tasks stop");
    }
}

/// Every answer that a test gets is one that the OpenAPI document knows.
#[track_caller]
fn as_described(method: &str, path: &str, reply: &Reply) {
    static DOCUMENT: LazyLock<Document> = LazyLock::new(|| Document::parse(wanlink_api::openapi()));
    let nowhere = ["no-route", "method-not-allowed"].contains(&reply.code());
    if nowhere || method == "HEAD" || reply.text.is_empty() && reply.status.is_client_error() {
        return;
    }
    let answered = Answered {
        method,
        path,
        status: reply.status.as_u16(),
        content_type: reply.header("content-type"),
        body: &reply.body,
    };
    let faults = DOCUMENT.faults(&answered);
    assert!(faults.is_empty(), "{method} {path}: {faults:?} in {}", reply.text);
}

pub fn mapping(site: &str) -> Value {
    json!({"site": site, "pop_switch_dpid": "00:01", "pop_switch_port": 1, "wan_service_endpoint_id": format!("ep-{site}")})
}

/// One end at a site's mapped port.
pub fn end(site: &str) -> Value {
    json!({"site": site, "port": {"switch": "00:01", "port": 1}, "encapsulation": {"type": "dot1q", "vlan": 100}})
}

/// A good link.
pub fn link() -> Value {
    json!({"tenant": "acme", "name": "ab", "endpoints": [end("a"), end("b")], "bandwidth_kbps": 1000})
}

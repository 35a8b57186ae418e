//! The world of the `ietf_l2sm` connector: the emulator behind real sockets.

use super::{Effects, PASSWORD, Step, Trouble, World, settings};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::time::Duration;
use wanlink_connectors::egress::{Answer, Egress, Limits, Request, Trust, Url, Verb};
use wanlink_connectors::ietf_l2sm::L2smFactory;
use wanlink_connectors::port::{Connector, ConnectorFactory};
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::LinkStatus;
use wanlink_emulator::{Action, Answer as MadeUp, Call, Credentials, Emulator, Handle, LedgerView, Options};
use wanlink_emulator::{Rule, SiteOption};

pub struct Emulated {
    handle: Handle,
    control: Egress,
}

impl Emulated {
    pub async fn with(options: Options) -> Self {
        let handle = Emulator::start(options).await.expect("the emulator starts");
        let control = Egress::new(Limits::default(), &Trust::System, false).expect("a client");
        Self { handle, control }
    }

    pub fn options(build: Duration) -> Options {
        let build_ms = build.as_millis().try_into().expect("a small number");
        Options {
            credentials: Some(Credentials { user: "wanlink".to_owned(), password: PASSWORD.to_owned() }),
            sites: ["DC1", "DC2", "DC3"].map(SiteOption::named).to_vec(),
            build_min_ms: build_ms,
            build_max_ms: build_ms,
            ..Options::default()
        }
    }

    pub fn url(&self) -> String {
        self.handle.base_url()
    }

    /// A connector with these settings beside the usual ones.
    pub fn configured(&self, account: u128, password: &str, more: Value) -> Box<dyn Connector> {
        let mut config = json!({
            "probe_url": format!("{}/probe/{{vpn_id}}", self.url()),
            "connect_timeout_ms": 2_000,
            "request_timeout_ms": 10_000,
        });
        let more = more.as_object().expect("an object").clone();
        config.as_object_mut().expect("an object").extend(more);
        let settings = settings(self.url(), account, Some(password), config);
        L2smFactory::new(Limits::default()).build(settings).expect("the connector is built")
    }

    async fn control(&self, verb: Verb, path: &str, body: Option<&Value>) -> Answer {
        let url = Url::parse(&format!("{}{path}", self.url())).expect("an address");
        let body = body.map(Value::to_string);
        let request = Request {
            verb,
            url: &url,
            login: None,
            media: "application/json",
            body,
            answer_max_bytes: Some(16 << 20),
        };
        let answer = self.control.call(request).await.expect("the emulator answers");
        assert!((200..300).contains(&answer.status), "{} {path}: {answer:?}", verb.as_str());
        answer
    }

    pub async fn fault(&self, rule: Rule) {
        self.control(Verb::Post, "/faults", Some(&json!([rule]))).await;
    }

    pub async fn heal(&self) {
        self.control(Verb::Delete, "/faults", None).await;
    }

    pub async fn ledger(&self) -> LedgerView {
        let answer = self.control(Verb::Get, "/ledger", None).await;
        serde_json::from_slice(&answer.body).expect("a ledger")
    }

    pub async fn calls(&self) -> Vec<Call> {
        let answer = self.control(Verb::Get, "/ledger/calls", None).await;
        serde_json::from_slice(&answer.body).expect("calls")
    }

    /// Writes past the connector, as an operator would.
    pub async fn operator_puts(&self, path: &str, body: &Value) {
        let url = Url::parse(&format!("{}/restconf/data/ietf-l2vpn-svc:l2vpn-svc{path}", self.url()));
        let login = wanlink_connectors::egress::Login {
            user: "wanlink".to_owned(),
            password: wanlink_runtime::seal::Secret::new(PASSWORD),
        };
        let request = Request {
            verb: Verb::Put,
            url: &url.expect("an address"),
            login: Some(&login),
            media: "application/yang-data+json",
            body: Some(body.to_string()),
            answer_max_bytes: None,
        };
        let answer = self.control.call(request).await.expect("the emulator answers");
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
    }
}

#[async_trait]
impl World for Emulated {
    async fn start(build: Duration) -> Self {
        Self::with(Self::options(build)).await
    }

    fn connector(&self) -> Box<dyn Connector> {
        self.configured(1, PASSWORD, json!({}))
    }

    fn other_account(&self) -> Box<dyn Connector> {
        self.configured(2, PASSWORD, json!({}))
    }

    fn locked_out(&self) -> Box<dyn Connector> {
        self.configured(1, "wrong", json!({}))
    }

    fn nowhere(&self) -> Box<dyn Connector> {
        // Port 9 (discard) of the loopback: nothing listens there.
        let settings = settings("http://127.0.0.1:9".to_owned(), 1, None, json!({}));
        L2smFactory::new(Limits::default()).build(settings).expect("the connector is built")
    }

    async fn plant(&self, link: LinkId) {
        self.control(Verb::Post, "/faults/foreign", Some(&json!({"vpn-id": link}))).await;
    }

    async fn vanish(&self, link: LinkId) {
        self.control(Verb::Post, "/faults/vanish", Some(&json!({"vpn-id": link}))).await;
    }

    async fn force(&self, link: LinkId, status: LinkStatus) {
        self.control(Verb::Post, "/faults/status", Some(&json!({"vpn-id": link, "status": status}))).await;
    }

    async fn trouble(&self, step: Step, trouble: Trouble) {
        let method = match step {
            Step::Ensure => "PUT",
            Step::Remove => "DELETE",
            Step::Observe => "GET",
        };
        let action = match trouble {
            Trouble::LostAnswer => Action::CutAfter,
            Trouble::LostRequest => Action::CutBefore,
            Trouble::Busy => Action::RetryAfter(2),
            Trouble::DependencyMissing => Action::Status(MadeUp {
                code: 409,
                error_tag: None,
                body: Some(json!({"ietf-restconf:errors": {"error": {
                    "error-type": "application", "error-tag": "data-missing",
                    "error-app-tag": "instance-required", "error-message": "no bearer"}}})),
                retry_after: None,
            }),
        };
        self.fault(Rule::on(method, "vpn-service=", action).times(1)).await;
    }

    async fn effects(&self, link: LinkId) -> Effects {
        let ledger = self.ledger().await;
        let entry = ledger.services.get(&link.to_string()).copied().unwrap_or_default();
        Effects {
            created: entry.service.creates,
            // A service is changed where it or one of its accesses is.
            changed: u64::from(entry.service.changes + entry.accesses.changes > 0),
            removed: entry.service.deletes,
        }
    }

    async fn exists(&self, link: LinkId) -> bool {
        self.ledger().await.present.contains(&link.to_string())
    }
}

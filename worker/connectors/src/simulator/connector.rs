//! The connector of a simulated controller, its settings and its descriptor.

use super::controller::{Controller, Service};
use super::ledger::{Effect, Verb};
use super::script::{Fault, Rule};
use crate::port::{Class, Connector, ConnectorFactory, Desired, Failure, Listing, Remote, Removal, Settings};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wanlink_domain::action::Found;
use wanlink_domain::connector::{ConfigKey, ConnectorDescriptor, ValueKind};
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::{EncapsulationKind, LinkStatus, ServiceType, StatusSource};
use wanlink_domain::reason::{Code, Reason};

/// The second is the same for those who take nothing but http addresses, as the api does.
const PREFIXES: [&str; 2] = ["simulator:", "http://simulator/"];

const fn key(name: &'static str, kind: ValueKind, secret: bool, doc: &'static str) -> ConfigKey {
    ConfigKey { name, kind, required: false, secret, doc }
}

/// Kind `simulator`.
pub const DESCRIPTOR: ConnectorDescriptor = ConnectorDescriptor {
    kind: "simulator",
    summary: "a controller inside the worker's process, for tests and trials",
    service_types: &[ServiceType::Eline, ServiceType::Elan, ServiceType::Etree, ServiceType::L3],
    max_endpoints: 64,
    encapsulations: &[EncapsulationKind::None, EncapsulationKind::Dot1q, EncapsulationKind::Vxlan],
    bandwidth: true,
    latency: true,
    can_list: true,
    client_chosen_id: true,
    config_schema: &[
        key(
            "latency_ms",
            ValueKind::Integer { min: 0, max: 3_600_000 },
            false,
            "how long every call takes; default: 0",
        ),
        key(
            "build_ms",
            ValueKind::Integer { min: 0, max: 3_600_000 },
            false,
            "how long a new link is in BUILD; default: 0",
        ),
        key(
            "script",
            ValueKind::Text,
            false,
            "faults: VERB[@LINK|#NUMBER]:FAULT[=MS][:TIMES], separated by semicolons; begun anew with each session",
        ),
        key("token", ValueKind::Text, true, "a secret without use: to try sealing with"),
        key(
            "max_in_flight",
            ValueKind::Integer { min: 1, max: 64 },
            false,
            "links of the account worked on at once; default: 8",
        ),
    ],
    status_sources: &[StatusSource::Probe],
    max_in_flight_default: 8,
};

/// Makes connectors of kind `simulator`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatorFactory;

impl ConnectorFactory for SimulatorFactory {
    fn descriptor(&self) -> &'static ConnectorDescriptor {
        &DESCRIPTOR
    }

    fn build(&self, settings: Settings) -> Result<Box<dyn Connector>, Reason> {
        let refuse = |fault: String| {
            Reason::new(Code::ConnectorInvalid, format!("account {:?}: {fault}", settings.account_name))
        };
        let name = PREFIXES.iter().find_map(|prefix| settings.wim_url.strip_prefix(prefix));
        let name = name.filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| {
            refuse("the WIM's URL must be simulator:NAME, or http://simulator/NAME".to_owned())
        })?;
        let millis = |key: &str| match settings.config.get(key) {
            None => Ok(Duration::ZERO),
            Some(value) => match value.as_u64() {
                Some(millis) => Ok(Duration::from_millis(millis)),
                None => Err(refuse(format!("{key} must be a whole number of milliseconds"))),
            },
        };
        let script = settings.config.get("script").and_then(Value::as_str).unwrap_or_default();
        let rules = Rule::parse_all(script).map_err(|fault| refuse(format!("script: {fault}")))?;
        Ok(Box::new(Simulator {
            controller: Controller::named(name),
            rules: Mutex::new(rules),
            owner: format!("{}/{}", settings.installation, settings.account),
            latency: millis("latency_ms")?,
            build: millis("build_ms")?,
        }))
    }
}

/// One account at a simulated controller.
pub(super) struct Simulator {
    controller: Arc<Controller>,
    /// The account's own script; the controller's goes before it.
    rules: Mutex<Vec<Rule>>,
    owner: String,
    latency: Duration,
    build: Duration,
}

fn failure(class: Class, retry_after: Option<Duration>) -> Failure {
    let detail = format!("the simulated controller was told to fail: {class:?}");
    Failure { class, detail, retry_after }
}

impl Simulator {
    /// Runs `act` as one call: its ledger entry, its latency and the fault that falls on it.
    async fn call<T>(
        &self,
        verb: Verb,
        link: Option<LinkId>,
        act: impl FnOnce(&Self) -> (Effect, Result<T, Failure>),
    ) -> Result<T, Failure> {
        let (number, fault) = self.controller.begin(verb, link);
        let fault = fault.or_else(|| {
            Rule::fire(&mut self.rules.lock().unwrap_or_else(PoisonError::into_inner), verb, link, number)
        });
        pause(self.latency).await;
        let lost = || {
            if matches!(verb, Verb::Ensure | Verb::Remove) {
                Class::OutcomeUnknown
            } else {
                Class::Unreachable
            }
        };
        match fault {
            Some(Fault::Fail(class)) => return self.refuse(number, failure(class, None)),
            Some(Fault::Busy(after)) => return self.refuse(number, failure(Class::Busy, Some(after))),
            Some(Fault::CutBefore) => return Err(failure(lost(), None)),
            Some(Fault::Hang) => return std::future::pending().await,
            Some(Fault::Panic) => panic!("the simulated controller was told to make its connector panic"),
            Some(Fault::Delay(by)) => pause(by).await,
            Some(Fault::CutAfter | Fault::HangAfter) | None => {}
        }
        let (effect, answer) = act(self);
        let answered = !matches!(fault, Some(Fault::CutAfter | Fault::HangAfter));
        self.controller.end(number, effect, answered);
        match fault {
            Some(Fault::CutAfter) => Err(failure(lost(), None)),
            Some(Fault::HangAfter) => std::future::pending().await,
            _ => answer,
        }
    }

    fn refuse<T>(&self, number: u64, failure: Failure) -> Result<T, Failure> {
        self.controller.end(number, Effect::Refused, true);
        Err(failure)
    }

    fn found(&self, id: &str, service: &Service) -> Found {
        let status = self.controller.status(service);
        let troubled = matches!(status, LinkStatus::Down | LinkStatus::Inactive | LinkStatus::Error);
        Found {
            status: Some(status),
            status_source: StatusSource::Probe,
            service_id: Some(id.to_owned()),
            conn_info: Some(json!({ "v": 1 })),
            reason: troubled.then(|| Reason::new(Code::LinkDown, "the simulated controller was told so")),
        }
    }

    fn put(&self, id: &str, desired: &Desired) -> (Effect, Result<Found, Failure>) {
        match self.controller.put(id, &self.owner, &desired.wish, self.build) {
            Ok(effect) => (effect, Ok(self.look(id))),
            Err(owner) => {
                let detail = format!("service {id} belongs to {owner:?}");
                (Effect::Refused, Err(Failure { class: Class::Conflict, detail, retry_after: None }))
            }
        }
    }

    fn look(&self, id: &str) -> Found {
        match self.controller.service(id).filter(|service| service.owner == self.owner) {
            Some(service) => self.found(id, &service),
            None => absent(),
        }
    }
}

fn absent() -> Found {
    Found {
        status: None,
        status_source: StatusSource::Probe,
        service_id: None,
        conn_info: None,
        reason: None,
    }
}

/// The account's services as they were.
struct Snapshot {
    links: Vec<LinkId>,
    found: BTreeMap<LinkId, Found>,
}

#[async_trait]
impl Listing for Snapshot {
    fn links(&self) -> &[LinkId] {
        &self.links
    }

    async fn found(&self, remote: &Remote) -> Result<Found, Failure> {
        Ok(self.found.get(&remote.link).cloned().unwrap_or_else(absent))
    }
}

async fn pause(by: Duration) {
    if !by.is_zero() {
        tokio::time::sleep(by).await;
    }
}

fn service_id(link: LinkId) -> String {
    link.to_string()
}

#[async_trait]
impl Connector for Simulator {
    async fn check(&self) -> Result<(), Failure> {
        self.call(Verb::Check, None, |_| (Effect::None, Ok(()))).await
    }

    async fn ensure(&self, desired: &Desired, _: &Remote) -> Result<Found, Failure> {
        let id = service_id(desired.link);
        self.call(Verb::Ensure, Some(desired.link), |this| this.put(&id, desired)).await
    }

    async fn observe(&self, remote: &Remote) -> Result<Found, Failure> {
        let id = service_id(remote.link);
        self.call(Verb::Observe, Some(remote.link), |this| (Effect::None, Ok(this.look(&id)))).await
    }

    async fn remove(&self, remote: &Remote) -> Result<Removal, Failure> {
        let id = service_id(remote.link);
        let delete = |this: &Self| (this.controller.delete(&id, &this.owner), Ok(Removal::Gone));
        self.call(Verb::Remove, Some(remote.link), delete).await
    }

    async fn list(&self) -> Result<Box<dyn Listing>, Failure> {
        let found: BTreeMap<LinkId, Found> = self
            .call(Verb::List, None, |this| {
                let ours = this.controller.owned(&this.owner).into_iter();
                let links =
                    ours.filter_map(|(id, service)| Some((LinkId::parse(&id)?, this.found(&id, &service))));
                (Effect::None, Ok(links.collect()))
            })
            .await?;
        Ok(Box::new(Snapshot { links: found.keys().copied().collect(), found }))
    }
}

//! The world of the `simulator` connector: a controller in this process.

use super::{Effects, Step, Trouble, World, settings};
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use wanlink_connectors::port::{Class, Connector, ConnectorFactory};
use wanlink_connectors::simulator::{Controller, Effect, Fault, Rule, SimulatorFactory, Verb};
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::LinkStatus;

static WORLDS: AtomicU64 = AtomicU64::new(0);

pub struct Simulated {
    name: String,
    build: Duration,
    pub controller: Arc<Controller>,
}

impl Simulated {
    fn build(&self, account: u128, script: &str) -> Box<dyn Connector> {
        let build_ms = self.build.as_millis();
        let mut config = json!({ "build_ms": build_ms });
        if !script.is_empty() {
            config["script"] = json!(script);
        }
        let settings = settings(format!("simulator:{}", self.name), account, None, config);
        SimulatorFactory.build(settings).expect("the simulator is built")
    }
}

#[async_trait]
impl World for Simulated {
    async fn start(build: Duration) -> Self {
        let name = format!("world-{}", WORLDS.fetch_add(1, Ordering::Relaxed));
        let controller = Controller::named(&name);
        Self { name, build, controller }
    }

    fn connector(&self) -> Box<dyn Connector> {
        self.build(1, "")
    }

    fn other_account(&self) -> Box<dyn Connector> {
        self.build(2, "")
    }

    fn locked_out(&self) -> Box<dyn Connector> {
        self.build(1, "any:auth")
    }

    fn nowhere(&self) -> Box<dyn Connector> {
        self.build(1, "any:unreachable")
    }

    async fn plant(&self, link: LinkId) {
        self.controller.plant(&link.to_string(), "somebody-else");
    }

    async fn vanish(&self, link: LinkId) {
        assert!(self.controller.vanish(&link.to_string()));
    }

    async fn force(&self, link: LinkId, status: LinkStatus) {
        self.controller.force(link, Some(status));
    }

    async fn trouble(&self, step: Step, trouble: Trouble) {
        let verb = match step {
            Step::Ensure => Verb::Ensure,
            Step::Remove => Verb::Remove,
            Step::Observe => Verb::Observe,
        };
        let fault = match trouble {
            Trouble::LostAnswer => Fault::CutAfter,
            Trouble::LostRequest => Fault::CutBefore,
            Trouble::Busy => Fault::Busy(Duration::from_secs(2)),
            Trouble::DependencyMissing => Fault::Fail(Class::DependencyMissing),
        };
        self.controller.script(Rule::on(verb, fault).times(1));
    }

    async fn effects(&self, link: LinkId) -> Effects {
        let count = |effect| self.controller.count(link, effect) as u64;
        Effects {
            created: count(Effect::Created),
            changed: count(Effect::Changed),
            removed: count(Effect::Removed),
        }
    }

    async fn exists(&self, link: LinkId) -> bool {
        self.controller.present().contains(&link.to_string())
    }
}

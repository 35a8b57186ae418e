//! One worker, its broker, its conductor and its controller, for one test.

use crate::conductor::{Conductor, seal};
use crate::faulty::{Faults, Faulty};
use crate::reluctant::Reluctant;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use uuid::Uuid;
use wanlink_broker::engines::memory::{Hub, Limits, MemoryBroker};
use wanlink_broker::port::{Address, Broker, Outgoing, Queue};
use wanlink_connectors::egress;
use wanlink_connectors::registry::Connectors;
use wanlink_connectors::simulator::{Controller, Effect, Verb};
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::ActionKind;
use wanlink_domain::ids::{AccountId, ActionId, InstallationId, LinkId, RequestId};
use wanlink_domain::link::{ResolvedWish, ServiceType};
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::{Clock, VirtualClock};
use wanlink_runtime::entropy::SeededEntropy;
use wanlink_runtime::seal::{Opener, Sealer, generate_pair};
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_wire::Message;
use wanlink_wire::account::{Prompt, Task};
use wanlink_wire::conductor::{AccountSettings, Verdict};
use wanlink_wire::lease::Holding;
use wanlink_worker::{Worker, WorkerDeps, WorkerSettings};

/// In virtual time; a condition that does not come by then never does.
const PATIENCE: Duration = Duration::from_secs(600);
const LOOK_EVERY: Duration = Duration::from_millis(5);

pub struct World {
    /// The worker's own connection.
    pub broker: MemoryBroker,
    /// The test's connection: it publishes prompts and looks into queues.
    pub test: MemoryBroker,
    pub faults: Arc<Faults>,
    pub conductor: Conductor,
    pub controller: Arc<Controller>,
    pub clock: Arc<VirtualClock>,
    pub worker: Worker,
    pub tasks: Tasks,
    /// The kind `reluctant`.
    pub reluctant: Arc<Reluctant>,
    pub telemetry: Telemetry,
    /// Seals for this worker.
    pub sealer: Sealer,
    name: String,
}

/// Waits for a condition, in virtual time.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waiting).await.is_ok(), "waited in vain: {what}");
}

pub fn account(n: u128) -> AccountId {
    AccountId(Uuid::from_u128(0xacc0_0000 + n))
}

pub fn action(n: u128) -> ActionId {
    ActionId(Uuid::from_u128(0xac70_0000 + n))
}

pub fn link(n: u128) -> LinkId {
    LinkId(Uuid::from_u128(0x1140_0000 + n))
}

pub fn holding(n: u128, epoch: i64) -> Holding {
    Holding { account: account(n), epoch }
}

pub fn task(n: u128) -> Task {
    let wish = ResolvedWish {
        service_type: ServiceType::Eline,
        connection_points: Vec::new(),
        bandwidth_kbps: Some(1_000),
        latency_ms: None,
    };
    Task { link: link(n), name: format!("link-{n}"), wish: Some(wish), service_id: None, conn_info: None }
}

/// Run action `n` on link `n` as this attempt.
pub fn run(n: u128, kind: ActionKind, attempt: i32, observe_first: bool) -> Verdict {
    Verdict::Run { attempt, kind, observe_first, task: task(n) }
}

pub fn settings() -> WorkerSettings {
    WorkerSettings { name: "under-test".to_owned(), ..WorkerSettings::default() }
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: WorkerSettings) -> Self {
        static WORLDS: AtomicU32 = AtomicU32::new(0);
        let name = format!("worker-test-{}", WORLDS.fetch_add(1, Ordering::SeqCst));
        let clock = Arc::new(VirtualClock::starting_at(Timestamp(1_800_000_000_000_000)));
        let hub = Hub::new(clock.clone(), Limits::default());
        let (broker, test) = (hub.connect(), hub.connect());
        test.declare_topology().await.expect("a broker");
        let tasks = Tasks::new();
        let telemetry = Telemetry::default();
        let conductor = Conductor::start(Arc::new(hub.connect()), &tasks);
        let controller = Controller::with_clock(clock.clone());
        controller.register(&name);
        let faults = Arc::new(Faults::default());
        let (public, private) = generate_pair().expect("a pair of keys");
        let reluctant = Arc::new(Reluctant::default());
        let mut connectors = Connectors::built_in(egress::Limits::default());
        connectors.register(reluctant.clone()).expect("a kind of its own");
        let deps = WorkerDeps {
            broker: Arc::new(Faulty { broker: broker.clone(), faults: faults.clone() }),
            connectors: Arc::new(connectors),
            opener: Arc::new(Opener::new([private])),
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(7)),
            settings,
            telemetry: telemetry.clone(),
        };
        let worker = Worker::start(deps, &tasks);
        Self {
            broker,
            test,
            faults,
            conductor,
            controller,
            clock,
            worker,
            tasks,
            name,
            reluctant,
            telemetry,
            sealer: Sealer::new(public),
        }
    }

    /// Grants account `n` under `epoch`, with these connector settings.
    pub async fn grant(&self, n: u128, epoch: i64, config: serde_json::Value) {
        self.test.declare_account(account(n)).await.expect("a broker");
        let settings = AccountSettings {
            installation: InstallationId(Uuid::from_u128(1)),
            account_name: format!("account-{n}"),
            wim_name: "wim".to_owned(),
            wim_kind: "simulator".to_owned(),
            wim_url: format!("simulator:{}", self.name),
            user: None,
            config: config.as_object().cloned().unwrap_or_default(),
            secrets: BTreeMap::new(),
        };
        let mut script = self.conductor.script();
        script.settings.insert(account(n), settings);
        script.grants.insert(account(n), epoch);
    }

    /// Scripts the verdicts on action `n` and sends its prompt to account `to`.
    pub async fn prompt(&self, to: u128, n: u128, verdicts: &[Verdict]) {
        self.conductor.script().verdicts.insert(action(n), verdicts.to_vec());
        self.prompt_again(to, n).await;
    }

    pub async fn prompt_again(&self, to: u128, n: u128) {
        let prompt = Prompt {
            request: RequestId(Uuid::from_u128(1)),
            action: action(n),
            link: link(n),
            kind: ActionKind::Create,
            accepted_at: AcceptedAt(1),
        };
        self.send(to, seal(Message::Prompt(prompt))).await;
    }

    pub async fn send(&self, to: u128, payload: Vec<u8>) {
        let to = Address::Queue(Queue::Account(account(to)));
        let message = Outgoing { to, payload: payload.into(), wants_reply: false, expires: None };
        self.test.publisher().publish(message).await.expect("the queue takes it");
    }

    /// Calls of this kind about link `n` so far.
    pub fn calls(&self, verb: Verb, n: u128) -> usize {
        self.controller.calls().iter().filter(|call| call.verb == verb && call.link == Some(link(n))).count()
    }

    pub fn effects(&self, effect: Effect, n: u128) -> usize {
        self.controller.count(link(n), effect)
    }

    pub async fn reported(&self, n: u128) {
        eventually("a report", || !self.conductor.reports_of(action(n)).is_empty()).await;
    }

    pub async fn ready(&self) {
        let mut ready = self.worker.ready();
        let waiting = ready.wait_for(|readiness| readiness.is_ready());
        assert!(
            tokio::time::timeout(PATIENCE, waiting).await.is_ok_and(|seen| seen.is_ok()),
            "ready in vain"
        );
    }

    /// Messages left for account `n` once nobody consumes: what was not acknowledged.
    pub async fn left_over(&self, n: u128) -> u32 {
        let state = self.test.inspect(Queue::Account(account(n))).await.expect("a broker");
        state.map_or(0, |state| state.ready)
    }

    /// Stops everything and checks that nothing hangs.
    pub async fn end(self) {
        self.worker.drain().await;
        assert!(self.tasks.stop(PATIENCE).await, "something still runs");
    }

    pub fn now(&self) -> Duration {
        self.clock.mono()
    }
}

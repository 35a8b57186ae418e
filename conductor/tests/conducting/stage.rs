//! A conductor over SQLite and the in-process broker, and a peer that speaks to it as apis and workers do.

use crate::rows::{
    ACCOUNT, GENEVA, PARIS, SESSION, WIM, account, fresh, mapping, renewal, request, sealed, site, tenant,
    wim,
};
use std::sync::Arc;
use std::time::Duration;
use wanlink_broker::engines::memory::MemoryBroker;
use wanlink_broker::port::{Address, Broker, Outgoing, Publisher, Queue};
use wanlink_conductor::{Conductor, ConductorDeps, ConductorSettings};
use wanlink_domain::action::{Action, Outcome};
use wanlink_domain::catalogue::{Account, AccountStatus};
use wanlink_domain::connector::{ConnectorCatalogue, ConnectorDescriptor};
use wanlink_domain::ids::{ActionId, CommandId, LinkId, RequestId, SessionId};
use wanlink_domain::link::{Link, ServiceType};
use wanlink_domain::request::Request as RequestRow;
use wanlink_runtime::clock::SystemClock;
use wanlink_runtime::config::Database;
use wanlink_runtime::entropy::SeededEntropy;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_store::engines::sqlite::SqliteStore;
use wanlink_store::port::Store;
use wanlink_wire::account::Prompt;
use wanlink_wire::conductor::{
    Claim, ClaimItem, Command, CommandResult, Links, LinksPage, Operation, Verdict,
};
use wanlink_wire::journal::{self, NewAction};
use wanlink_wire::lease::{Lease, Register, Renew, Renewed, UpdateWim};
use wanlink_wire::report::{Fate, Report, ReportItem};
use wanlink_wire::{Message, decode};

/// How long anything on this stage may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stage {
    pub store: Arc<dyn Store>,
    pub broker: Arc<MemoryBroker>,
    peer: Box<dyn Publisher>,
    conductor: Conductor,
    pub tasks: Tasks,
    _folder: tempfile::TempDir,
}

/// Short periods, so that tests wait for what happens and not for time.
pub fn settings() -> ConductorSettings {
    let mut settings = ConductorSettings {
        lease_ttl: Duration::from_millis(600),
        tick: Duration::from_millis(50),
        planner_interval: Duration::from_millis(50),
        ..ConductorSettings::default()
    };
    settings.budgets.dispatch_after = Duration::from_millis(300);
    settings.budgets.build_poll = Duration::from_millis(100);
    settings.budgets.refresh = Duration::from_millis(300);
    settings.budgets.schedule.initial = Duration::from_millis(50);
    settings.budgets.schedule.max = Duration::from_millis(100);
    settings
}

/// The connector of the stage's WIM, where it lists.
const LISTS: ConnectorDescriptor = ConnectorDescriptor {
    kind: "simulator",
    summary: "lists",
    service_types: &ServiceType::ALL,
    max_endpoints: 64,
    encapsulations: &[],
    bandwidth: true,
    latency: true,
    can_list: true,
    client_chosen_id: true,
    config_schema: &[],
    status_sources: &[],
    max_in_flight_default: 8,
};

impl Stage {
    /// An empty database under a running conductor. No connector of it lists.
    pub async fn empty(settings: ConductorSettings) -> Self {
        Self::with(settings, ConnectorCatalogue::default()).await
    }

    async fn with(settings: ConductorSettings, connectors: ConnectorCatalogue) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&Database::default(), folder.path()).unwrap());
        store.migrate().await.unwrap();
        let broker = Arc::new(MemoryBroker::new(Arc::new(SystemClock)));
        broker.declare_topology().await.unwrap();
        let tasks = Tasks::new();
        let deps = ConductorDeps {
            store: store.clone(),
            broker: broker.clone(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SeededEntropy::new(7)),
            settings,
            telemetry: Telemetry::default(),
            connectors,
            tasks: tasks.clone(),
        };
        let conductor = Conductor::start(deps).await.unwrap();
        let mut ready = conductor.ready();
        tokio::time::timeout(PATIENCE, ready.wait_for(wanlink_conductor::Readiness::is_ready))
            .await
            .unwrap()
            .unwrap();
        let peer = broker.publisher();
        Self { store, broker, peer, conductor, tasks, _folder: folder }
    }

    /// Two sites, a WIM that joins them, and one tenant's ready account there.
    pub async fn furnished(settings: ConductorSettings) -> Self {
        Self::empty(settings).await.furnish().await
    }

    async fn furnish(self) -> Self {
        let stage = self;
        for object in [tenant(), site(PARIS, "paris"), site(GENEVA, "geneva"), wim(), account()] {
            let result = stage.command(Operation::Create { object }).await;
            assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");
        }
        let mappings = vec![mapping(1, PARIS), mapping(2, GENEVA)];
        let result = stage.command(Operation::SetPortMappings { wim: WIM, mappings }).await;
        assert!(matches!(result, CommandResult::Applied { .. }), "{result:?}");
        stage
    }

    /// The same with a session that holds the account; answers its epoch.
    pub async fn leased(settings: ConductorSettings) -> (Self, i64) {
        let stage = Self::furnished(settings).await;
        stage.register(SESSION).await;
        let epoch = stage.granted(SESSION).await;
        (stage, epoch)
    }

    /// The same with a connector that lists.
    pub async fn listed(settings: ConductorSettings) -> (Self, i64) {
        let connectors = ConnectorCatalogue::new([LISTS]).unwrap();
        let stage = Self::with(settings, connectors).await.furnish().await;
        stage.register(SESSION).await;
        let epoch = stage.granted(SESSION).await;
        (stage, epoch)
    }

    /// A page of the account's settled links; `None`: the epoch is over.
    pub async fn links(&self, session: SessionId, epoch: i64, after: Option<LinkId>) -> Option<LinksPage> {
        let pick = |message| match message {
            Message::LinksAnswer(answer) if answer.after == after => Some(answer.page),
            _ => None,
        };
        let question = Links { session, account: ACCOUNT, epoch, after };
        self.ask(Queue::Conductor, question.into(), pick).await
    }

    /// Whether the conductor calls itself ready.
    pub fn ready(&self) -> bool {
        self.conductor.ready().borrow().is_ready()
    }

    pub async fn stop(self) {
        assert!(self.tasks.stop(PATIENCE).await, "the conductor did not stop");
        self.broker.close(PATIENCE).await;
    }

    /// Publishes without expecting an answer.
    pub async fn send(&self, to: Queue, payload: Vec<u8>) {
        let message =
            Outgoing { to: Address::Queue(to), payload: payload.into(), wants_reply: true, expires: None };
        self.peer.publish(message).await.unwrap();
    }

    /// Publishes, and waits for the first answer that `pick` takes.
    async fn ask<T>(&self, to: Queue, message: Message, pick: impl Fn(Message) -> Option<T>) -> T {
        self.send(to, sealed(message)).await;
        let answered = async {
            loop {
                let reply = self.peer.next_reply().await.expect("an inbox");
                if let Some(picked) = pick(decode(&reply).unwrap().message) {
                    return picked;
                }
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.expect("an answer")
    }

    pub async fn command(&self, operation: Operation) -> CommandResult {
        self.command_as(CommandId(fresh()), "digest", operation).await
    }

    pub async fn command_as(&self, id: CommandId, digest: &str, operation: Operation) -> CommandResult {
        let command = Command { id, digest: digest.into(), operation };
        let pick = |message| match message {
            Message::Answer(answer) if answer.id == id => Some(answer.result),
            _ => None,
        };
        self.ask(Queue::Conductor, command.into(), pick).await
    }

    pub async fn journal(&self, request: journal::Request) -> journal::Verdict {
        let id = request.id;
        let pick = |message| match message {
            Message::Journaled(journaled) => {
                journaled.words.into_iter().find(|word| word.request_id == id).map(|word| word.word)
            }
            _ => None,
        };
        self.ask(Queue::Journal, request.into(), pick).await
    }

    /// Records one action and expects that it is journaled.
    pub async fn record(&self, action: NewAction) -> journal::Request {
        let request = request(vec![action]);
        assert_eq!(self.journal(request.clone()).await, journal::Verdict::Journaled);
        request
    }

    pub async fn claim(&self, session: SessionId, epoch: i64, request: &journal::Request) -> Verdict {
        let action = request.actions[0].clone();
        let item = ClaimItem {
            account: action.account_id,
            epoch,
            request: request.id,
            action: action.id,
            link: action.link_id,
            trace: None,
        };
        let claim = Claim { session, items: vec![item] };
        let pick = |message| match message {
            Message::Verdicts(verdicts) if verdicts.session == session => {
                verdicts.items.into_iter().find(|item| item.action == action.id).map(|item| item.verdict)
            }
            _ => None,
        };
        self.ask(Queue::Conductor, claim.into(), pick).await
    }

    /// Claims, and expects to be told to run; answers the attempt and whether to look first.
    pub async fn run(&self, session: SessionId, epoch: i64, request: &journal::Request) -> (i32, bool) {
        match self.claim(session, epoch, request).await {
            Verdict::Run { attempt, observe_first, .. } => (attempt, observe_first),
            other => panic!("not told to run: {other:?}"),
        }
    }

    pub async fn report(
        &self,
        session: SessionId,
        epoch: i64,
        request: &journal::Request,
        attempt: i32,
        outcome: Outcome,
    ) -> Fate {
        let action = &request.actions[0];
        let item = ReportItem {
            account: action.account_id,
            epoch,
            action: action.id,
            link: action.link_id,
            attempt,
            outcome,
            trace: None,
        };
        let report = Report { session, items: vec![item] };
        let pick = |message| match message {
            Message::Reported(reported) => reported.items.first().map(|item| item.fate),
            _ => None,
        };
        self.ask(Queue::Reports, report.into(), pick).await
    }

    pub async fn register(&self, session: SessionId) {
        let register = Register {
            session,
            worker: session.to_string(),
            connectors: vec!["simulator".into()],
            capacity: 10,
        };
        let pick = |message| match message {
            Message::Renewed(renewed) if renewed.session == session => Some(()),
            _ => None,
        };
        self.ask(Queue::Leases, register.into(), pick).await;
    }

    pub async fn renew(&self, renew: Renew) -> Renewed {
        let (session, sequence) = (renew.session, renew.sequence);
        let pick = |message| match message {
            Message::Renewed(renewed) if renewed.session == session && renewed.sequence == sequence => {
                Some(renewed)
            }
            _ => None,
        };
        self.ask(Queue::Leases, renew.into(), pick).await
    }

    /// Renews until the account is granted; answers the epoch.
    pub async fn granted(&self, session: SessionId) -> i64 {
        self.eventually("the account is granted", async || {
            let renewed = self.renew(renewal(session, &[])).await;
            let grant = renewed.answers.into_iter().find(|answer| answer.answer == Lease::Granted);
            grant.map(|answer| answer.epoch)
        })
        .await
    }

    pub async fn update_wim(
        &self,
        session: SessionId,
        epoch: i64,
        status: AccountStatus,
    ) -> Option<AccountStatus> {
        let update = UpdateWim { session, account: ACCOUNT, epoch, status, reason: None };
        let pick = |message| match message {
            Message::WimUpdated(updated) if updated.epoch == epoch => Some(updated.status),
            _ => None,
        };
        self.ask(Queue::Leases, update.into(), pick).await
    }

    pub async fn link(&self, id: LinkId) -> Link {
        let mut tx = self.store.begin().await.unwrap();
        tx.lock_links(&[id]).await.unwrap().pop().expect("a link")
    }

    pub async fn action(&self, id: ActionId) -> Action {
        let mut tx = self.store.begin().await.unwrap();
        tx.actions(&[id]).await.unwrap().pop().expect("an action")
    }

    pub async fn request(&self, id: RequestId) -> RequestRow {
        let mut tx = self.store.begin().await.unwrap();
        tx.requests(&[id]).await.unwrap().pop().expect("a request")
    }

    pub async fn account(&self) -> Account {
        let mut tx = self.store.begin().await.unwrap();
        tx.accounts(&[ACCOUNT]).await.unwrap().pop().expect("an account")
    }

    /// Takes what is in the account's queue until `pick` takes one.
    pub async fn in_account_queue<T>(&self, pick: impl Fn(Message) -> Option<T>) -> T {
        let mut consumer = self.broker.consumer(Queue::Account(ACCOUNT), 16);
        let picked = async {
            loop {
                let delivery = consumer.next().await.expect("a queue");
                let message = decode(&delivery.payload).unwrap().message;
                delivery.ack().await;
                if let Some(picked) = pick(message) {
                    return picked;
                }
            }
        };
        let picked = tokio::time::timeout(PATIENCE, picked).await.expect("a message for the account");
        consumer.close().await;
        picked
    }

    pub async fn prompted(&self, action: ActionId) -> Prompt {
        self.in_account_queue(|message| match message {
            Message::Prompt(prompt) if prompt.action == action => Some(prompt),
            _ => None,
        })
        .await
    }

    /// Asks again and again until there is something.
    pub async fn eventually<T>(&self, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = ask().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("not in time: {what}"))
    }
}

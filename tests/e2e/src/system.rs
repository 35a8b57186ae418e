//! A running system: its processes, its servers, its controller, and what can be done to them.

use crate::certificates::Certificates;
use crate::client::Api;
use crate::collector::Collector;
use crate::controller::Controller;
use crate::database::Database;
use crate::figures::Figures;
use crate::process::{Process, command};
use crate::profile::{Configuration, PRIVATE_KEY, PUBLIC_KEY, Profile, Setup};
use crate::services::{self, Postgres, RabbitMq};
use crate::wait::{PATIENCE, SOON, wait_until};
use crate::{estate::Estate, ledger};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use wanlink_broker::engines::amqp::{AmqpBroker, AmqpConfig};
use wanlink_broker::port::Broker as _;
use wanlink_domain::ids::AccountId;
use wanlink_runtime::entropy::{Entropy, SystemEntropy};
use wanlink_runtime::seal::generate_pair;

/// Replicas of each role in the real profile.
const REPLICAS: usize = 2;

/// The one process of the embedded profile.
const UP: &str = "up";
/// Its flag for a system whose links nobody works on.
const NO_WORKER: &str = "--without-worker";

/// What the real profile stands on.
#[derive(Debug)]
pub struct Servers {
    pub rabbitmq: Option<RabbitMq>,
    pub postgres: Option<Postgres>,
    pub amqp_url: String,
    /// Where the roles find the broker: by TLS, if the system has it.
    role_amqp_url: String,
    /// The first word of every queue's name.
    pub prefix: String,
    pub database: Option<Database>,
}

/// One thing that can break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// `kill -9` of a process, which is then started again.
    Kill(String),
    /// `kill -9` of RabbitMQ's virtual machine, which is then started again.
    RabbitMq,
    /// PostgreSQL stopped without a checkpoint and started again.
    Postgres,
}

/// A system under test. Fields are dropped in this order: processes before servers, the folder last.
#[derive(Debug)]
pub struct System {
    pub profile: Profile,
    pub setup: Setup,
    pub api: Arc<Api>,
    processes: Vec<Process>,
    pub controller: Controller,
    /// Where spans go, in a watched system.
    pub collector: Option<Collector>,
    /// Where conductors and workers of a watched system can be looked at.
    pub monitors: Vec<String>,
    pub http: reqwest::Client,
    pub servers: Option<Servers>,
    /// If it speaks TLS.
    pub certificates: Option<Certificates>,
    pub folder: TempDir,
}

/// Runs one scenario on a system of its own, then compares ledger and database, and stops everything in order.
pub async fn run(profile: Profile, setup: Setup, scenario: impl AsyncFnOnce(&mut System, &Estate)) {
    let mut system = System::start(profile, setup).await;
    let estate = Estate::make(&system).await;
    scenario(&mut system, &estate).await;
    ledger::assert_ledger_equals_database(&system).await;
    system.stop().await;
}

impl System {
    /// Starts everything and waits until every api says that it is ready.
    pub async fn start(profile: Profile, setup: Setup) -> Self {
        let folder = services::folder();
        let controller = Controller::start(folder.path(), setup.build).await;
        let certificates = setup.tls.then(|| Certificates::make(folder.path()));
        let collector = if setup.watched { Some(Collector::start().await) } else { None };
        let usual = Configuration::usual(&setup).told_to(collector.as_ref());
        let files = certificates.as_ref();
        let mut monitors = Vec::new();
        let (servers, processes, bases) = match profile {
            Profile::Embedded => {
                let (process, base) = embedded(&setup, usual, &mut monitors, folder.path(), files);
                (None, vec![process], vec![base])
            }
            Profile::Real => {
                let servers = Servers::start(&setup, folder.path(), files).await;
                let (processes, bases) = real(&setup, usual, &mut monitors, folder.path(), &servers, files);
                (Some(servers), processes, bases)
            }
        };
        let api = match files {
            Some(files) => Api::secure(bases, files),
            None => Api::new(bases),
        };
        let api = Arc::new(api);
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        let mut system = Self {
            profile,
            setup,
            api,
            processes,
            controller,
            collector,
            monitors,
            http,
            servers,
            certificates,
            folder,
        };
        for process in &mut system.processes {
            if !is_spare(&process.name, setup.workers) {
                process.start();
            }
        }
        system.ready().await;
        system
    }

    /// The figures of all processes of a watched system, each counted once.
    pub async fn figures(&self) -> Figures {
        let bases = match self.profile {
            Profile::Embedded => self.api.bases().to_vec(),
            Profile::Real => [self.api.bases(), &self.monitors].concat(),
        };
        Figures::read(&self.http, &bases).await
    }

    /// Every replica of the api says that all services are there.
    pub async fn ready(&mut self) {
        for n in 0..self.api.bases().len() {
            let api = self.api.only(n);
            wait_until("the api to be ready", PATIENCE, async || {
                self.assert_none_ended();
                api.try_get("/readyz").await
            })
            .await;
        }
    }

    /// A process that ends by itself has failed, whatever else is true.
    fn assert_none_ended(&mut self) {
        for process in &mut self.processes {
            let ended = process.ended();
            assert!(ended.is_none(), "{} ended by itself: {ended:?}", process.name);
        }
    }

    pub fn process(&mut self, name: &str) -> &mut Process {
        let found = self.processes.iter_mut().find(|process| process.name == name);
        found.unwrap_or_else(|| panic!("no process {name}"))
    }

    /// The processes that do `role`: in the embedded profile the one that does everything.
    pub fn of_role(&self, role: &str) -> Vec<String> {
        let names = self.processes.iter().map(|process| process.name.clone());
        names.filter(|name| name == UP || name.starts_with(role)).collect()
    }

    /// Starts the workers that the scenario began without.
    pub fn start_workers(&mut self) {
        for name in self.of_role("worker") {
            let process = self.process(&name);
            if process.runs() && name == UP {
                process.kill();
            }
            process.without_flag(NO_WORKER);
            if !process.runs() {
                process.start();
            }
        }
    }

    /// Kills all processes of a role at once and starts them again.
    pub async fn kill_and_start(&mut self, role: &str) {
        let names = self.of_role(role);
        for name in &names {
            self.process(name).kill();
        }
        for name in &names {
            self.process(name).start();
        }
        self.ready().await;
    }

    /// Everything that can break in this profile, each once.
    pub fn faults(&self) -> Vec<Fault> {
        let kills = self.processes.iter().map(|process| Fault::Kill(process.name.clone()));
        match self.profile {
            Profile::Embedded => kills.collect(),
            Profile::Real => kills.chain([Fault::RabbitMq, Fault::Postgres]).collect(),
        }
    }

    /// Lets one thing break and start again; returns as soon as it is started.
    pub fn strike(&mut self, fault: &Fault) {
        match fault {
            Fault::Kill(name) => {
                let process = self.process(name);
                process.kill();
                process.start();
            }
            Fault::RabbitMq => {
                let server = self.rabbitmq();
                server.kill();
                server.start_again();
            }
            Fault::Postgres => {
                let server = self.postgres();
                server.stop_immediate();
                server.start_again();
            }
        }
    }

    /// None of these words stands in an output of any process, or in an answer of the api.
    pub async fn assert_nowhere(&self, words: &[&str]) {
        let accounts = self.api.get("/v1/accounts").await.to_string();
        for word in words {
            assert!(!accounts.contains(word), "the api answers a secret");
            for process in &self.processes {
                assert!(!process.output().contains(word), "{} prints a secret", process.name);
            }
        }
    }

    /// This test's own RabbitMQ.
    pub fn rabbitmq(&self) -> &RabbitMq {
        self.servers.as_ref().and_then(|it| it.rabbitmq.as_ref()).expect("a RabbitMQ of this test's own")
    }

    /// This test's own PostgreSQL.
    pub fn postgres(&self) -> &Postgres {
        self.servers.as_ref().and_then(|it| it.postgres.as_ref()).expect("a PostgreSQL of this test's own")
    }

    /// SIGTERM for all of them, upon which each ends well and soon.
    async fn end(&mut self, names: &[String]) {
        for name in names {
            let process = self.process(name);
            if process.runs() {
                process.terminate();
            }
        }
        for name in names {
            let process = self.process(name);
            let status = wait_until(&format!("{name} to end after SIGTERM"), SOON, async || {
                if process.runs() { Err("it runs on".to_owned()) } else { Ok(process.ended()) }
            })
            .await;
            assert!(status.is_none_or(|status| status.success()), "{name} after SIGTERM: {status:?}");
        }
    }

    /// Ends every process in order, which each must do well and soon, and removes what was made on shared servers.
    async fn stop(mut self) {
        let accounts = self.api.list("/v1/accounts").await;
        // Workers say goodbye to conductors, so these go last.
        let (last, first): (Vec<String>, Vec<String>) = self
            .processes
            .iter()
            .map(|process| process.name.clone())
            .partition(|name| name.starts_with("conductor"));
        for group in [first, last] {
            self.end(&group).await;
        }
        let ids: Vec<AccountId> =
            accounts.iter().filter_map(|account| AccountId::parse(account["id"].as_str()?)).collect();
        if let Some(servers) = self.servers.take() {
            servers.remove(&ids).await;
        }
    }
}

/// Workers beyond those that the scenario starts with wait to be started by it.
fn is_spare(name: &str, workers: usize) -> bool {
    let number = name.strip_prefix("worker-").and_then(|number| number.parse::<usize>().ok());
    number.is_some_and(|number| number >= workers)
}

fn address(setup: &Setup) -> (String, String) {
    let listen = format!("127.0.0.1:{}", services::free_port());
    let base = format!("{}://{listen}", if setup.tls { "https" } else { "http" });
    (listen, base)
}

/// Lets a role of a watched system be looked at.
fn watched(
    configuration: Configuration,
    setup: &Setup,
    role: &str,
    monitors: &mut Vec<String>,
) -> Configuration {
    if !setup.watched {
        return configuration;
    }
    let listen = format!("127.0.0.1:{}", services::free_port());
    monitors.push(format!("http://{listen}"));
    configuration.with(&format!("{role}.listen"), listen)
}

fn embedded(
    setup: &Setup,
    usual: Configuration,
    monitors: &mut Vec<String>,
    folder: &Path,
    files: Option<&Certificates>,
) -> (Process, String) {
    let (listen, base) = address(setup);
    let looked_at = watched(watched(usual, setup, "conductor", monitors), setup, "worker", monitors);
    let file = looked_at.embedded(&listen).https(files).write(folder, "up");
    let mut arguments = vec!["up", "--conf-file", &file];
    arguments.extend((setup.workers == 0).then_some(NO_WORKER));
    (Process::new(UP, "wanlink", &arguments, folder), base)
}

fn real(
    setup: &Setup,
    usual: Configuration,
    monitors: &mut Vec<String>,
    folder: &Path,
    servers: &Servers,
    files: Option<&Certificates>,
) -> (Vec<Process>, Vec<String>) {
    let (mut processes, mut bases) = (Vec::new(), Vec::new());
    let database = servers.database.as_ref().expect("it is there until the end");
    let usual = usual.on_broker(&servers.role_amqp_url, &servers.prefix);
    let of_database = |it: Configuration| it.secured(files, Some(database));
    let conductor = usual.clone().conductor(database);
    let migrating = of_database(conductor.clone()).write(folder, "migrate");
    let migrated = command("wanlink", folder)
        .args(["migrate", "--conf-file", &migrating])
        .output()
        .expect("migrate runs");
    assert!(migrated.status.success(), "migrate: {}", String::from_utf8_lossy(&migrated.stderr));
    let mut add = |role: &str, name: &str, file: &str| {
        processes.push(Process::new(name, "wanlink", &[role, "--conf-file", file], folder));
    };
    for n in 0..REPLICAS {
        let name = format!("conductor-{n}");
        let configuration = watched(conductor.clone(), setup, "conductor", monitors);
        add("conductor", &name, &of_database(configuration).write(folder, &name));
    }
    for n in 0..REPLICAS {
        let name = format!("worker-{n}");
        let configuration = watched(usual.clone().worker(&name, folder), setup, "worker", monitors);
        add("worker", &name, &configuration.secured(files, None).write(folder, &name));
    }
    for n in 0..REPLICAS {
        let name = format!("api-{n}");
        let (listen, base) = address(setup);
        let api = of_database(usual.clone().api(&listen, database, folder)).https(files);
        add("api", &name, &api.write(folder, &name));
        bases.push(base);
    }
    (processes, bases)
}

impl Servers {
    async fn start(setup: &Setup, folder: &Path, files: Option<&Certificates>) -> Self {
        if let Some(files) = files {
            files.give_server(&folder.join("rabbitmq"));
            files.give_server(&folder.join("postgres"));
        }
        let (rabbitmq, postgres) = if setup.own_servers || setup.tls {
            // Side by side: the one waits for its timers, the other for its disk.
            std::thread::scope(|scope| {
                let rabbitmq = scope.spawn(|| RabbitMq::start(&folder.join("rabbitmq")));
                let postgres = Postgres::start(&folder.join("postgres"));
                (Some(rabbitmq.join().expect("RabbitMQ starts")), Some(postgres))
            })
        } else {
            (None, None)
        };
        let amqp_url = rabbitmq.as_ref().map_or_else(services::shared_amqp_url, RabbitMq::url);
        let by_tls = rabbitmq.as_ref().filter(|_| setup.tls).map(RabbitMq::url_tls);
        let role_amqp_url = by_tls.unwrap_or_else(|| amqp_url.clone());
        let database_url = postgres.as_ref().map_or_else(services::shared_database_url, Postgres::url);
        let (public, private) = generate_pair().expect("a key pair");
        public.write(&folder.join(PUBLIC_KEY)).expect("a public key's file");
        private.write(&folder.join(PRIVATE_KEY)).expect("a private key's file");
        let database = Database::create(&database_url).await;
        let prefix = format!("e2e-{:016x}", SystemEntropy.bits());
        Self { rabbitmq, postgres, amqp_url, role_amqp_url, prefix, database: Some(database) }
    }

    /// A connection to the system's broker beside those of its roles.
    pub async fn broker(&self) -> AmqpBroker {
        let config = AmqpConfig {
            endpoints: vec![self.amqp_url.clone()],
            prefix: self.prefix.clone(),
            ..AmqpConfig::default()
        };
        let broker = AmqpBroker::open(&config, Arc::new(SystemEntropy)).expect("a good configuration");
        let mut health = broker.health();
        let connected = tokio::time::timeout(SOON, health.wait_for(|health| health.ready())).await;
        assert!(connected.is_ok_and(|found| found.is_ok()), "no connection to the broker");
        broker
    }

    async fn remove(mut self, accounts: &[AccountId]) {
        if self.rabbitmq.is_none() {
            let broker = self.broker().await;
            for account in accounts {
                broker.delete_account(*account).await.expect("an account's queue can be deleted");
            }
            broker.delete_topology().await.expect("the queues can be deleted");
            broker.close(Duration::from_secs(1)).await;
        }
        if let (None, Some(database)) = (&self.postgres, self.database.take()) {
            database.remove().await;
        }
    }
}

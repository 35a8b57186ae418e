//! From a configuration to running roles: the one place that knows all of them, their ports and their engines.
//!
//! A role gets what it needs and nothing else: the api a database that can only be read, a worker none at all. Each
//! role has a broker connection of its own, also where they share a process. Deliberately absent: any choice of an
//! engine (the configuration's) and any rule of a role.

pub mod keys;
mod monitor;
mod otlp;
mod running;

pub use running::{Running, stop, until_asked};

use crate::exit::{Exit, Failure};
use monitor::Monitor;
use otlp::Exporter;
use std::sync::Arc;
use wanlink_api::{Api, ApiDeps, ApiHandle, ApiSettings};
use wanlink_broker::engines::{Registry as Brokers, Surroundings as BrokerSurroundings};
use wanlink_broker::port::Broker;
use wanlink_conductor::{Conductor, ConductorDeps, ConductorSettings};
use wanlink_connectors::egress::Limits;
use wanlink_connectors::registry::Connectors;
use wanlink_domain::connector::ConnectorCatalogue;
use wanlink_runtime::clock::{Clock, SystemClock};
use wanlink_runtime::config::Config;
use wanlink_runtime::entropy::{Entropy, SystemEntropy};
use wanlink_runtime::metrics::{Metrics, Role};
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_runtime::trace::{Recording, Tracer};
use wanlink_store::engines::{Registry as Stores, Surroundings as StoreSurroundings};
use wanlink_store::port::{ReadStore, Store, StoreError};
use wanlink_worker::{Worker, WorkerDeps, WorkerSettings};

/// Where leases and epochs are decided: rows of the database, until there is another engine.
pub const COORDINATION: [&str; 1] = ["database"];

/// Everything that roles are made of.
pub struct Assembly {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub brokers: Brokers,
    pub stores: Stores,
    pub connectors: Arc<Connectors>,
    /// Of all roles of this process.
    pub metrics: Arc<Metrics>,
    /// All roles are in this process.
    whole: bool,
}

impl Assembly {
    /// All roles in one process, with the engines and connectors of this build. An executable that brings others
    /// along registers them here.
    pub fn new(config: Config) -> Self {
        let connectors = Arc::new(Connectors::built_in(Limits::from_config(&config)));
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let (brokers, stores) = (Brokers::built_in(), Stores::built_in());
        Self { config, clock, entropy, brokers, stores, connectors, metrics: Arc::default(), whole: true }
    }

    /// A role in a process of its own.
    pub fn of_one_role(role: Role, config: Config) -> Self {
        Self { whole: false, metrics: Arc::new(Metrics::new(&[role])), ..Self::new(config) }
    }

    /// What one role tells of itself. Its spans go where those of the process's other roles go.
    fn telemetry(&self, role: Role, running: &mut Running) -> Result<Telemetry, Failure> {
        let metrics = self.metrics.clone();
        let mut telemetry = Telemetry { metrics: metrics.clone(), ..Telemetry::default() };
        let settings = &self.config.telemetry.otlp;
        if let Some(endpoint) = &settings.endpoint {
            if running.exporter.is_none() {
                running.exporter = Some(Exporter::start(endpoint, metrics.clone())?);
            }
            if let Some(exporter) = &running.exporter {
                let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
                let (sample, line) = (settings.sample, exporter.line.clone());
                telemetry.tracer = Tracer::new(Recording { role, clock, entropy, sample, line, metrics });
            }
        }
        Ok(telemetry)
    }

    /// What can be known without starting anything: that all engines exist, and that the one for coordination was
    /// given nothing that it does not know.
    pub fn check_engines(&self) -> Result<(), Failure> {
        let config = &self.config;
        let chosen = [
            ("database", &config.database.engine, self.stores.known()),
            ("message_broker", &config.message_broker.engine, self.brokers.known()),
            ("coordination", &config.coordination.engine, COORDINATION.to_vec()),
        ];
        let mut faults: Vec<String> = chosen
            .into_iter()
            .filter(|(_, name, known)| !known.contains(&name.as_str()))
            .map(|(section, name, known)| {
                format!("{section}.engine: unknown engine {name:?}; known: {}", known.join(", "))
            })
            .collect();
        let coordination = &config.coordination;
        let given = [
            ("endpoints", !coordination.endpoints.is_empty()),
            ("options", !coordination.options.table().is_empty()),
        ];
        faults.extend(given.into_iter().filter(|(_, given)| *given).map(|(key, _)| {
            format!("coordination.{key}: leases are rows of the database, whose section says where it is: leave it out")
        }));
        if faults.is_empty() { Ok(()) } else { Err(Failure::configuration(faults.join("\n"))) }
    }

    /// A connection for one role. It need not stand yet. A broker that lives in this process's memory joins only the
    /// roles of this process, and is refused to a role alone.
    async fn broker(&self) -> Result<Arc<dyn Broker>, Failure> {
        let with = BrokerSurroundings { clock: self.clock.clone(), entropy: self.entropy.clone() };
        let broker = self.brokers.open(&self.config.message_broker, &with).await;
        let broker = broker.map_err(|error| Failure::configuration(error.to_string()))?;
        let known = broker.capabilities();
        self.reaches_all_roles("message_broker", known.engine, known.durable)?;
        Ok(broker)
    }

    /// What lives in one process's memory is refused to a role alone.
    fn reaches_all_roles(&self, section: &str, engine: &str, durable: bool) -> Result<(), Failure> {
        if self.whole || durable {
            return Ok(());
        }
        Err(Failure::configuration(format!(
            "{section}.engine {engine:?} lives in one process's memory, so that a role of its own would be alone: \
             choose another (see `wanlink engines`), or run all roles in one process with `wanlink up`"
        )))
    }

    /// A database that forgets is not put beside a broker that does not: at the next start the broker would hand out
    /// what no record explains.
    fn forgets_alike(
        &self,
        broker: &dyn Broker,
        known: wanlink_store::port::Capabilities,
    ) -> Result<(), Failure> {
        let broker = broker.capabilities();
        if broker.durable && !known.durable {
            return Err(Failure::configuration(format!(
                "database.engine {:?} forgets everything at the end of the process, message_broker.engine {:?} does \
                 not: what was accepted would be lost, and the broker would hand out what no record explains. Choose a \
                 database that survives (see `wanlink engines`)",
                known.engine, broker.engine
            )));
        }
        Ok(())
    }

    fn store_surroundings(&self) -> StoreSurroundings {
        let (clock, entropy) = (self.clock.clone(), self.entropy.clone());
        StoreSurroundings { clock, entropy, data_dir: self.config.data_dir.clone() }
    }

    /// The database to write to.
    pub fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        let opened = self.stores.open(&self.config.database, &self.store_surroundings());
        let store = opened.map_err(|error| Failure::configuration(error.to_string()))?;
        let known = store.capabilities();
        self.reaches_all_roles("database", known.engine, known.durable)?;
        Ok(store)
    }

    fn read_store(&self) -> Result<Arc<dyn ReadStore>, Failure> {
        let opened = self.stores.open_read(&self.config.database, &self.store_surroundings());
        let store = opened.map_err(|error| Failure::configuration(error.to_string()))?;
        let known = store.capabilities();
        self.reaches_all_roles("database", known.engine, known.durable)?;
        Ok(store)
    }

    fn connector_catalogue(&self) -> Result<ConnectorCatalogue, Failure> {
        self.connectors.catalogue().map_err(|error| Failure::configuration(error.to_string()))
    }

    /// Starts an api. Neither broker nor database need be there; a database of another schema is refused.
    pub async fn start_api(&self, running: &mut Running) -> Result<std::net::SocketAddr, Failure> {
        let settings = ApiSettings::from_config(&self.config.api, &self.config.request)
            .map_err(|error| Failure::configuration(error.to_string()))?;
        let listen = settings.listen;
        let broker = self.broker().await?;
        let sealer = keys::sealer(&self.config)?;
        let connectors = self.connector_catalogue()?;
        let store = self.read_store()?;
        self.forgets_alike(broker.as_ref(), store.capabilities())?;
        if let Err(error @ StoreError::Schema { .. }) = store.check_schema().await {
            return Err(schema(&error));
        }
        let deps = ApiDeps {
            broker: broker.clone(),
            store: store.clone(),
            sealer,
            connectors,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings,
            telemetry: self.telemetry(Role::Api, running)?,
        };
        let handle: ApiHandle = Api::start(deps, &running.tasks).await.map_err(|error| {
            Failure::configuration(match error.kind() {
                // It names the key itself.
                std::io::ErrorKind::InvalidInput => error.to_string(),
                _ => format!(
                    "api.listen: {listen} cannot be listened on: {error}. Choose another with --listen ADDRESS:PORT; \
                     port 0 takes a free one"
                ),
            })
        })?;
        let addr = handle.addr;
        running.api = Some(running::RunningApi { handle, broker, store });
        Ok(addr)
    }

    /// Starts a conductor. A database or broker that is away is waited for; another schema is refused.
    pub async fn start_conductor(&self, running: &mut Running) -> Result<(), Failure> {
        let broker = self.broker().await?;
        let store = self.store()?;
        self.forgets_alike(broker.as_ref(), store.capabilities())?;
        if !store.capabilities().durable {
            tracing::warn!(
                engine = store.capabilities().engine,
                "the database forgets everything at the end of this process, also what explains links at controllers"
            );
        }
        let tasks = Tasks::new();
        let telemetry = self.telemetry(Role::Conductor, running)?;
        let deps = ConductorDeps {
            store: store.clone(),
            broker: broker.clone(),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings: ConductorSettings::from_config(&self.config),
            telemetry: telemetry.clone(),
            connectors: self.connector_catalogue()?,
            tasks: tasks.clone(),
        };
        let conductor = Conductor::start(deps).await.map_err(|error| schema(&error))?;
        let missing = |it: &wanlink_conductor::Readiness| {
            let missing = [&it.database, &it.message_broker, &it.consuming];
            let missing: Vec<&str> = missing.into_iter().filter_map(Option::as_deref).collect();
            (!missing.is_empty()).then(|| missing.join("; "))
        };
        let ready = conductor.ready();
        running.follow(Role::Conductor.name(), self.metrics.clone(), ready.clone(), missing);
        let missing: monitor::Missing = Arc::new(move || missing(&ready.borrow()));
        let monitor = Monitor { role: Role::Conductor.name(), telemetry, clock: self.clock.clone(), missing };
        monitor.serve(&self.config.conductor.listen, &running.tasks).await?;
        running.conductor = Some(running::RunningConductor { tasks, broker, store });
        Ok(())
    }

    /// Starts a worker.
    pub async fn start_worker(&self, running: &mut Running) -> Result<(), Failure> {
        let broker = self.broker().await?;
        let opener = Arc::new(keys::opener(&self.config)?);
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let telemetry = self.telemetry(Role::Worker, running)?;
        let deps = WorkerDeps {
            broker: broker.clone(),
            connectors: self.connectors.clone(),
            opener,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            settings: WorkerSettings::from_config(&self.config, &host),
            telemetry: telemetry.clone(),
        };
        let worker = Worker::start(deps, &running.tasks);
        let missing = |it: &wanlink_worker::Readiness| match it {
            wanlink_worker::Readiness::Ready => None,
            wanlink_worker::Readiness::NotReady(why) => Some(why.clone()),
        };
        let ready = worker.ready();
        running.follow(Role::Worker.name(), self.metrics.clone(), ready.clone(), missing);
        let missing: monitor::Missing = Arc::new(move || missing(&ready.borrow()));
        let monitor = Monitor { role: Role::Worker.name(), telemetry, clock: self.clock.clone(), missing };
        monitor.serve(&self.config.worker.listen, &running.tasks).await?;
        running.worker = Some(running::RunningWorker { worker, broker });
        Ok(())
    }

    /// Brings the database to this build's schema.
    pub async fn migrate(&self) -> Result<(), Failure> {
        let store = self.store()?;
        let done = store.migrate().await;
        store.close().await;
        done.map_err(|error| match error {
            StoreError::Schema { .. } => schema(&error),
            error if error.is_transient() => Failure::new(Exit::Unavailable, error.to_string()),
            error => Failure::configuration(error.to_string()),
        })
    }
}

fn schema(error: &StoreError) -> Failure {
    Failure::configuration(match error {
        StoreError::Schema { found, needed } if found > needed => format!(
            "the database schema is at version {found}, this build knows {needed}: it was migrated by a newer \
             release; start that one"
        ),
        error => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_runtime::config::Sources;

    #[test]
    fn all_unknown_engines_are_told_at_once_with_the_known_ones() {
        let mut config = Config::default();
        config.database.engine = "oracle".to_owned();
        config.message_broker.engine = "pigeon".to_owned();
        config.coordination.engine = "etcd".to_owned();
        let told = Assembly::new(config).check_engines().expect_err("a refusal").message;
        for part in [
            "\"oracle\"; known: memory, postgres, sqlite",
            "known: amqp, memory",
            "\"etcd\"; known: database",
        ] {
            assert!(told.contains(part), "{told}");
        }
        assert_eq!(Assembly::new(Config::default()).check_engines(), Ok(()));
    }

    #[test]
    fn settings_that_the_engine_of_coordination_does_not_know_are_refused() {
        for (key, value) in [("endpoints", "etcd://e:s3cret@host"), ("options.lease", "s3cret")] {
            let flags = vec![(format!("coordination.{key}"), value.to_owned())];
            let loaded = wanlink_runtime::config::load(&Sources { flags, ..Sources::default() });
            let told = Assembly::new(loaded.expect("well formed").config).check_engines();
            let told = told.expect_err("a refusal").message;
            let section = key.split('.').next().unwrap_or_default();
            assert!(
                told.contains(&format!("coordination.{section}: ")) && !told.contains("s3cret"),
                "{told}"
            );
        }
    }

    #[tokio::test]
    async fn a_broker_in_memory_is_refused_for_a_role_alone() {
        let opened = Assembly::of_one_role(Role::Api, Config::default()).broker().await;
        let told = opened.map(drop).expect_err("a refusal").message;
        assert!(told.contains("wanlink up") && told.contains("\"memory\""), "{told}");
        assert!(Assembly::new(Config::default()).broker().await.is_ok());
    }

    fn forgetting() -> Config {
        let mut config = Config::default();
        config.database.engine = "memory".to_owned();
        config.database.options =
            serde_json::from_value(serde_json::json!({ "forgets_at_exit": true })).expect("a table");
        config
    }

    #[tokio::test]
    async fn a_database_in_memory_is_refused_by_default_for_a_role_alone_and_beside_a_broker_that_keeps() {
        let mut unaware = forgetting();
        unaware.database.options = wanlink_runtime::config::Options::default();
        let told = Assembly::new(unaware).store().map(drop).expect_err("a refusal").message;
        assert!(told.contains("forgets_at_exit") && told.contains("sqlite"), "{told}");

        let alone = Assembly::of_one_role(Role::Conductor, forgetting());
        for told in [alone.store().map(drop), alone.read_store().map(drop)] {
            let told = told.expect_err("a refusal").message;
            assert!(told.contains("wanlink up") && told.contains("database.engine \"memory\""), "{told}");
        }

        let mut mixed = forgetting();
        mixed.message_broker.engine = "amqp".to_owned();
        mixed.message_broker.endpoints = vec![wanlink_runtime::config::Endpoint::new("amqp://127.0.0.1:1")];
        let mixed = Assembly::new(mixed);
        let told = mixed.start_conductor(&mut Running::default()).await.expect_err("a refusal").message;
        assert!(told.contains("\"amqp\"") && told.contains("forgets"), "{told}");

        let whole = Assembly::new(forgetting());
        assert!(whole.store().is_ok() && whole.read_store().is_ok());
    }
}

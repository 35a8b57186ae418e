//! The roles as processes: each started from the configuration, alone or all in one, and stopped by a signal.
//!
//! A worker is never given a database, and an api only one that cannot write: which parts a role gets is decided
//! here and nowhere else.

mod all;
mod parts;

pub use all::{AllInOne, Shape, up};
pub use parts::{KeyFiles, Parts};

use crate::failure::Failure;
use std::sync::Arc;
use std::time::Duration;
use wanlink_api::{Api, ApiDeps, ApiHandle, ApiSettings};
use wanlink_broker::port::Broker;
use wanlink_conductor::{Conductor, ConductorDeps, ConductorSettings};
use wanlink_runtime::config::Config;
use wanlink_runtime::shutdown::Shutdown;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::{Store, StoreError};
use wanlink_worker::{Worker, WorkerDeps, WorkerSettings};

/// How much longer than its own limits a role may take to stop.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// Starts an api.
pub async fn start_api(parts: &Parts, config: &Config, tasks: &Tasks) -> Result<ApiHandle, Failure> {
    let store = parts.read_store(config)?;
    if let Err(error @ StoreError::Schema { .. }) = store.check_schema().await {
        return Err(Failure::configuration(error));
    }
    let connectors =
        parts::connectors(config).catalogue().map_err(|kind| Failure::internal(format!("{kind:?}")))?;
    let deps = ApiDeps {
        broker: parts.broker(config).await?,
        store,
        sealer: parts::sealer(config)?,
        connectors,
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
        settings: ApiSettings::from_config(&config.api, &config.request).map_err(Failure::configuration)?,
    };
    Api::start(deps, tasks).await.map_err(|error| {
        Failure::configuration(format!("the api cannot listen on {}: {error}", config.api.listen))
    })
}

/// Starts a conductor.
pub async fn start_conductor(
    parts: &Parts,
    config: &Config,
    store: Arc<dyn Store>,
    tasks: &Tasks,
) -> Result<(Conductor, Arc<dyn Broker>), Failure> {
    let broker = parts.broker(config).await?;
    let deps = ConductorDeps {
        store,
        broker: broker.clone(),
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
        settings: ConductorSettings::from_config(config),
        tasks: tasks.clone(),
    };
    let conductor = Conductor::start(deps).await.map_err(Failure::configuration)?;
    Ok((conductor, broker))
}

/// Starts a worker.
pub async fn start_worker(parts: &Parts, config: &Config, tasks: &Tasks) -> Result<Worker, Failure> {
    let deps = WorkerDeps {
        broker: parts.broker(config).await?,
        connectors: Arc::new(parts::connectors(config)),
        opener: Arc::new(parts::opener(config)?),
        clock: parts.clock.clone(),
        entropy: parts.entropy.clone(),
        settings: WorkerSettings::from_config(config, &parts::host()),
    };
    Ok(Worker::start(deps, tasks))
}

/// Brings the schema to this build's version.
pub async fn migrate(config: &Config) -> Result<(), Failure> {
    let store = Parts::built_in().store(config)?;
    let migrated = store.migrate().await;
    store.close().await;
    migrated.map_err(|error| match error {
        StoreError::Unavailable(_) => Failure::unavailable(error),
        error => Failure::internal(error),
    })
}

/// Runs an api until a signal comes.
pub async fn api(config: &Config) -> Result<(), Failure> {
    let tasks = Tasks::new();
    let mut shutdown = Shutdown::listen().map_err(Failure::internal)?;
    let api = start_api(&Parts::built_in(), config, &tasks).await?;
    eprintln!("the api listens on http://{}", api.addr);
    shutdown.asked().await;
    stop(&mut shutdown, &tasks, config.api.call_timeout).await
}

/// Runs a conductor until a signal comes.
pub async fn conductor(config: &Config) -> Result<(), Failure> {
    let tasks = Tasks::new();
    let mut shutdown = Shutdown::listen().map_err(Failure::internal)?;
    let parts = Parts::built_in();
    let store = parts.store(config)?;
    let (_conductor, broker) = start_conductor(&parts, config, store.clone(), &tasks).await?;
    shutdown.asked().await;
    let stopped = stop(&mut shutdown, &tasks, Duration::ZERO).await;
    broker.close(Duration::from_secs(2)).await;
    store.close().await;
    stopped
}

/// Runs a worker until a signal comes, then drains it.
pub async fn worker(config: &Config) -> Result<(), Failure> {
    let tasks = Tasks::new();
    let mut shutdown = Shutdown::listen().map_err(Failure::internal)?;
    let _worker = start_worker(&Parts::built_in(), config, &tasks).await?;
    shutdown.asked().await;
    stop(&mut shutdown, &tasks, config.worker.drain).await
}

/// Stops in order within `limit` and a grace; a second signal does not wait.
async fn stop(shutdown: &mut Shutdown, tasks: &Tasks, limit: Duration) -> Result<(), Failure> {
    tracing::info!("stopping; a second signal stops at once");
    let within = limit + STOP_GRACE;
    tokio::select! {
        biased;
        stopped = tasks.stop(within) => match stopped {
            true => Ok(()),
            false => Err(Failure::internal(format!("some tasks had not stopped after {within:?}"))),
        },
        _ = shutdown.asked() => Err(Failure::internal("stopped at once by a second signal")),
    }
}

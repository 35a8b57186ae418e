//! All roles in one process with embedded engines: no other service, its state in one folder.

use super::parts::{KeyFiles, Parts};
use super::{start_api, start_conductor, start_worker, stop};
use crate::failure::Failure;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use wanlink_broker::port::Broker;
use wanlink_runtime::config::Config;
use wanlink_runtime::shutdown::Shutdown;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::Store;

/// Which roles a process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Without one, what is accepted is recorded and waits.
    pub worker: bool,
}

/// The running roles.
pub struct AllInOne {
    pub addr: SocketAddr,
    tasks: Tasks,
    store: Arc<dyn Store>,
    broker: Arc<dyn Broker>,
    drain: Duration,
}

impl AllInOne {
    /// Makes what is missing in the data folder (database, key pair) and starts the roles.
    pub async fn start(config: &Config, shape: Shape) -> Result<Self, Failure> {
        let mut config = config.clone();
        std::fs::create_dir_all(&config.data_dir).map_err(|error| {
            Failure::configuration(format!("data_dir {}: {error}", config.data_dir.display()))
        })?;
        own_keys(&mut config)?;
        let parts = Parts::built_in();
        let store = parts.store(&config)?;
        store.migrate().await.map_err(Failure::internal)?;
        let tasks = Tasks::new();
        let (_conductor, broker) = start_conductor(&parts, &config, store.clone(), &tasks).await?;
        if shape.worker {
            start_worker(&parts, &config, &tasks).await?;
        }
        let api = start_api(&parts, &config, &tasks).await?;
        let drain = config.worker.drain.max(config.api.call_timeout);
        Ok(Self { addr: api.addr, tasks, store, broker, drain })
    }

    /// Drains and stops; `Err` if something did not stop in time or a second signal came.
    pub async fn stop(self, shutdown: &mut Shutdown) -> Result<(), Failure> {
        let stopped = stop(shutdown, &self.tasks, self.drain).await;
        self.broker.close(Duration::from_secs(2)).await;
        self.store.close().await;
        stopped
    }
}

/// Uses the data folder's own key pair unless the configuration names another.
fn own_keys(config: &mut Config) -> Result<(), Failure> {
    if config.api.public_key_file.is_some() || !config.worker.private_key_files.is_empty() {
        return Ok(());
    }
    let files = KeyFiles::of(&config.data_dir);
    if !files.public.exists() {
        files.generate()?;
    }
    config.api.public_key_file = Some(files.public);
    config.worker.private_key_files = vec![files.private];
    Ok(())
}

/// Runs all roles until a signal comes.
pub async fn up(config: &Config, shape: Shape) -> Result<(), Failure> {
    let mut shutdown = Shutdown::listen().map_err(Failure::internal)?;
    let all = AllInOne::start(config, shape).await?;
    eprintln!("wanlink is up: http://{}, its state in {}", all.addr, config.data_dir.display());
    shutdown.asked().await;
    all.stop(&mut shutdown).await
}

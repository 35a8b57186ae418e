//! Roles that run in this process, and how they stop: the api first, for its calls wait for the others' words; the
//! worker next, which finishes or gives back; the conductor last, which hears what the worker says at its end.

use super::otlp::Exporter;
use crate::exit::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wanlink_api::ApiHandle;
use wanlink_broker::port::Broker;
use wanlink_runtime::config::Config;
use wanlink_runtime::metrics::Metrics;
use wanlink_runtime::shutdown::Shutdown;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::{ReadStore, Store};
use wanlink_worker::Worker;

/// Beyond what a role's own limits allow: for closing and for the last messages.
const GRACE: Duration = Duration::from_secs(5);
/// How long a broker connection may take to end.
const CLOSE: Duration = Duration::from_secs(2);

pub(super) struct RunningApi {
    pub handle: ApiHandle,
    pub broker: Arc<dyn Broker>,
    pub store: Arc<dyn ReadStore>,
}

pub(super) struct RunningWorker {
    pub worker: Worker,
    pub broker: Arc<dyn Broker>,
}

pub(super) struct RunningConductor {
    /// Its own: it must outlive the others' stop.
    pub tasks: Tasks,
    pub broker: Arc<dyn Broker>,
    pub store: Arc<dyn Store>,
}

/// What runs in this process.
#[derive(Default)]
pub struct Running {
    pub(super) tasks: Tasks,
    pub(super) api: Option<RunningApi>,
    pub(super) worker: Option<RunningWorker>,
    pub(super) conductor: Option<RunningConductor>,
    /// Last of all: the others' last spans go through it.
    pub(super) exporter: Option<Exporter>,
}

impl Running {
    /// Says in the log when a role becomes ready or ceases to be, until it stops. `missing`: what it lacks.
    pub(super) fn follow<T: Clone + Send + Sync + 'static>(
        &self,
        role: &'static str,
        metrics: Arc<Metrics>,
        mut ready: watch::Receiver<T>,
        missing: impl Fn(&T) -> Option<String> + Send + 'static,
    ) {
        let stop = self.tasks.token();
        self.tasks.spawn(async move {
            loop {
                let missing = missing(&ready.borrow_and_update());
                metrics.ready.set([role], f64::from(u8::from(missing.is_none())));
                match missing {
                    None => tracing::info!(role, "ready"),
                    Some(missing) => tracing::info!(role, missing, "not ready"),
                }
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    changed = ready.changed() => if changed.is_err() { return },
                }
            }
        });
    }

    /// Waits until the api says that all services are there; answers what is missing where it takes longer.
    pub async fn ready(&self, within: Duration) -> Result<(), Failure> {
        let Some(api) = &self.api else { return Ok(()) };
        let mut ready = api.handle.ready.clone();
        let waited = tokio::time::timeout(within, ready.wait_for(|it| it.ready)).await;
        if matches!(waited, Ok(Ok(_))) {
            return Ok(());
        }
        let now = api.handle.ready.borrow().clone();
        let checks = [
            ("database", now.database),
            ("schema", now.schema),
            ("message broker", now.message_broker),
            ("conductor", now.conductor),
        ];
        let missing: Vec<String> = checks
            .into_iter()
            .filter(|(_, check)| !check.ready)
            .map(|(name, check)| format!("{name}: {}", check.detail.unwrap_or_default()))
            .collect();
        Err(Failure::failed(format!("not ready after {} s: {}", within.as_secs(), missing.join("; "))))
    }

    /// Stops everything in order. `false`: something was still running at its limit and is left behind.
    pub async fn stop(self, config: &Config) -> bool {
        let Self { tasks, api, worker, conductor, exporter } = self;
        let mut clean = true;
        if let Some(api) = api {
            clean &= api.handle.stop(config.api.call_timeout + GRACE).await;
            api.broker.close(CLOSE).await;
            api.store.close().await;
        }
        if let Some(worker) = worker {
            let limit = config.worker.drain + GRACE + GRACE;
            clean &= tokio::time::timeout(limit, worker.worker.drain()).await.is_ok();
            worker.broker.close(CLOSE).await;
        }
        if let Some(conductor) = conductor {
            clean &= conductor.tasks.stop(config.database.statement_timeout + GRACE).await;
            conductor.broker.close(CLOSE).await;
            conductor.store.close().await;
        }
        clean &= tasks.stop(GRACE).await;
        if let Some(exporter) = exporter {
            exporter.stop().await;
        }
        clean
    }
}

/// Runs until a signal asks for the end, then stops in order. A second signal ends at once: leases run out, and what
/// was not acknowledged comes again.
pub async fn until_asked(running: Running, config: &Config, mut signals: Shutdown) -> Result<(), Failure> {
    let asked = signals.asked().await;
    tracing::info!(?asked, "stopping");
    stop(running, config, signals).await
}

/// Stops in order, or at once at the next signal.
pub async fn stop(running: Running, config: &Config, mut signals: Shutdown) -> Result<(), Failure> {
    let clean = tokio::select! {
        biased;
        _ = signals.asked() => return Err(Failure::failed("stopped at once: asked a second time")),
        clean = tokio::time::timeout(config.shutdown.within, running.stop(config)) => clean.unwrap_or(false),
    };
    if clean {
        tracing::info!("stopped");
        return Ok(());
    }
    Err(Failure::failed("something was still running at the end of its time limit and was cut off"))
}

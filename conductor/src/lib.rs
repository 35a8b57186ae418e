//! The conductor: the only writer of the database. It journals what was accepted, decides every change of state,
//! grants leases, dispatches what is due, and publishes events from the outbox. Any number of replicas.
//!
//! Every queue is consumed by one loop ([`batch`]); every change of an action goes through one unit of work
//! ([`work`]); every decision is the domain's. Deliberately absent: HTTP, controllers, and any memory of work that
//! is not in the database.

mod accounts;
mod batch;
mod census;
mod claims;
mod commands;
mod context;
mod control;
mod dispatch;
mod events;
mod figures;
mod journal;
mod leases;
mod listing;
mod loops;
mod outbox;
mod parked;
mod planner;
mod ready;
mod refresh;
mod reports;
mod resolve;
mod retention;
mod room;
mod services;
mod settings;
mod spans;
#[cfg(test)]
mod testing;
mod wishes;
mod work;

pub use ready::Readiness;
pub use retention::Retention;
pub use settings::ConductorSettings;

use crate::batch::{Handler, QueueState, consume};
use crate::context::{Context, Nudge};
use crate::loops::Loops;
use std::sync::Arc;
use tokio::sync::watch;
use wanlink_broker::port::Broker;
use wanlink_domain::connector::ConnectorCatalogue;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_store::port::{Store, StoreError};

/// What a conductor is given.
pub struct ConductorDeps {
    pub store: Arc<dyn Store>,
    pub broker: Arc<dyn Broker>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: ConductorSettings,
    pub telemetry: Telemetry,
    /// What the connector kinds of this build can do.
    pub connectors: ConnectorCatalogue,
    pub tasks: Tasks,
}

/// A running conductor. It stops when its tasks are stopped: consumers give back what they hold, and what was
/// committed but not acknowledged comes again and is found.
pub struct Conductor {
    ready: watch::Receiver<Readiness>,
}

impl Conductor {
    /// Starts all loops. Refused if the schema is not this build's; a database or broker that is away is waited for.
    ///
    /// # Errors
    /// [`StoreError::Schema`].
    pub async fn start(deps: ConductorDeps) -> Result<Self, StoreError> {
        if let Err(error @ StoreError::Schema { .. }) = deps.store.check_schema().await {
            return Err(error);
        }
        let publisher = Arc::from(deps.broker.publisher());
        let context = Arc::new(Context {
            store: deps.store,
            broker: deps.broker,
            publisher,
            clock: deps.clock,
            entropy: deps.entropy,
            settings: deps.settings,
            telemetry: deps.telemetry,
            connectors: deps.connectors,
            nudge: Nudge::default(),
        });
        let tasks = deps.tasks;
        let commands = commands::Commands { context: context.clone() };
        let handlers: [Arc<dyn Handler>; 4] = [
            Arc::new(journal::Journal { context: context.clone() }),
            Arc::new(reports::Reports { context: context.clone() }),
            Arc::new(control::Control { context: context.clone(), commands }),
            Arc::new(leases::Leases { context: context.clone() }),
        ];
        let mut states = Vec::new();
        let loops = Loops::new(tasks.clone());
        for handler in handlers {
            let state = Arc::new(QueueState::default());
            states.push(state.clone());
            let name = format!("the loop of queue {:?}", handler.queue());
            loops.run(&name, consume(handler, context.clone(), state, tasks.clone()));
        }
        loops.run("recording parked messages", parked::record(context.clone(), tasks.clone()));
        loops.run("dispatching what is due", dispatch::dispatch(context.clone(), tasks.clone()));
        loops.run("refreshing links", refresh::refresh(context.clone(), tasks.clone()));
        loops.run("planning leases", planner::plan(context.clone(), tasks.clone()));
        loops.run("looking after accounts", accounts::care(context.clone(), tasks.clone()));
        loops.run("relaying events", outbox::relay(context.clone(), tasks.clone()));
        loops.run("removing what is old", retention::forget(context.clone(), tasks.clone()));
        loops.run("counting what waits", census::count(context.clone(), tasks.clone()));
        let ready = ready::watch(context, states, &loops);
        Ok(Self { ready })
    }

    /// Whether it can do its work now, and if not, why.
    pub fn ready(&self) -> watch::Receiver<Readiness> {
        self.ready.clone()
    }
}

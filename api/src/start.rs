//! Starting and stopping the role.
//!
//! The listener and the intake from the broker stop first and calls in progress end; only then the inbox stops,
//! for those calls wait for it.

use crate::backpressure::JournalWatch;
use crate::broker_clients;
use crate::catalogue::CatalogueCache;
use crate::lane;
use crate::readiness::{self, Readiness};
use crate::routes;
use crate::secure::Secure;
use crate::server::{self, Limits};
use crate::settings::ApiSettings;
use crate::state::State;
use crate::stopping;
use crate::word::Inbox;
use axum::Router;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wanlink_broker::port::{Broker, Publisher};
use wanlink_domain::connector::ConnectorCatalogue;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::seal::Sealer;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_store::port::ReadStore;

/// Connections beyond the calls in progress: kept-alive ones that are idle.
const IDLE_CONNECTIONS: usize = 1_024;
/// How long the tasks behind the calls may take to stop.
const STOP_WAIT: Duration = Duration::from_secs(5);

/// What the role needs.
pub struct ApiDeps {
    pub broker: Arc<dyn Broker>,
    /// Over a connection that cannot write.
    pub store: Arc<dyn ReadStore>,
    /// Seals for the workers; nothing here can open.
    pub sealer: Sealer,
    /// What connector kinds there are, what they can do and which of their settings are secret.
    pub connectors: ConnectorCatalogue,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: ApiSettings,
    pub telemetry: Telemetry,
}

/// The role.
pub struct Api;

/// A running api.
pub struct ApiHandle {
    /// Where it listens.
    pub addr: SocketAddr,
    /// Whether it can do its work, and what is missing if not.
    pub ready: watch::Receiver<Readiness>,
    stop: CancellationToken,
    ended: JoinHandle<()>,
}

impl Api {
    /// Begins to listen and serves until `tasks` is stopped, or the handle. Neither broker nor database need be
    /// there yet. Fails where the address cannot or must not be listened on.
    pub async fn start(deps: ApiDeps, tasks: &Tasks) -> io::Result<ApiHandle> {
        deps.settings.check()?;
        let secure = deps.settings.tls.clone().map(Secure::start).transpose()?;
        let listener = TcpListener::bind(deps.settings.listen).await?;
        let addr = listener.local_addr()?;
        let stop = tasks.token().child_token();
        let (state, waiting) = state(deps);
        let state = Arc::new(state);
        let ready = state.readiness.subscribe();
        let tls = secure.is_some();
        let behind = Tasks::new();
        if let Some(secure) = &secure {
            behind.spawn(secure.clone().follow(behind.token()));
        }
        spawn_inbox(&state, &behind);
        lane::serve(&state, waiting, &behind);
        behind.spawn(readiness::follow(state.clone(), behind.clone()));
        let closing = CancellationToken::new();
        behind.spawn(stopping::announce(state.clone(), stop.clone(), closing.clone()));
        let front = {
            let (stop, tasks) = (stop.clone(), behind.clone());
            let connections_max = state.settings.calls_max + IDLE_CONNECTIONS;
            let limits = Limits { connections_max, drain: state.settings.call_timeout };
            let router = routes::router(state.clone());
            async move {
                let over_broker = over_broker(state, router.clone(), stop.clone(), tasks.clone());
                let over_http = server::serve(listener, secure, router, limits, closing, tasks.clone());
                futures::join!(over_http, over_broker);
                if !tasks.stop(STOP_WAIT).await {
                    tracing::warn!("some tasks of the api did not stop in time");
                }
            }
        };
        tracing::info!(%addr, tls, "the api listens");
        Ok(ApiHandle { addr, ready, stop, ended: tasks.spawn(front) })
    }
}

impl ApiHandle {
    /// Stops accepting, lets calls in progress end, and waits. `false`: it had not ended after `within`.
    pub async fn stop(self, within: Duration) -> bool {
        self.stop.cancel();
        tokio::time::timeout(within, self.ended).await.is_ok()
    }
}

fn state(deps: ApiDeps) -> (State, lane::Waiting) {
    let ApiDeps { broker, store, sealer, connectors, clock, entropy, settings, telemetry } = deps;
    let (lanes, waiting) = lane::Lanes::new(settings.calls_max);
    let publisher: Arc<dyn Publisher> = Arc::from(broker.publisher());
    let state = State {
        publisher,
        broker,
        store,
        sealer,
        connectors,
        clock,
        entropy,
        inbox: Inbox::default(),
        lanes,
        catalogue: CatalogueCache::default(),
        journal: JournalWatch::new(settings.word_missing_max),
        readiness: watch::Sender::new(Readiness::default()),
        stopping: CancellationToken::new(),
        calls_unread: watch::Sender::default(),
        telemetry,
        settings,
    };
    (state, waiting)
}

/// The second way in, where it is wanted.
async fn over_broker(state: Arc<State>, router: Router, stop: CancellationToken, tasks: Tasks) {
    if state.settings.broker_clients {
        broker_clients::serve(state, router, stop, tasks).await;
    }
}

fn spawn_inbox(state: &Arc<State>, tasks: &Tasks) {
    let heard = {
        let state = state.clone();
        move || state.journal.heard(state.clock.mono())
    };
    tasks.spawn(state.inbox.clone().read(state.publisher.clone(), tasks.clone(), heard));
}

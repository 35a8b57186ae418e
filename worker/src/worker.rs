//! Starting a worker's parts and stopping them in order: intake, attempts, reports, leases, then the rest.

use crate::answers::Answers;
use crate::claims::{self, Claims};
use crate::context::Context;
use crate::desk::Desk;
use crate::inbox;
use crate::post::Post;
use crate::readiness::{self, Readiness};
use crate::reports::{self, Reports};
use crate::session::{Line, Session};
use crate::settings::WorkerSettings;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use wanlink_broker::port::Broker;
use wanlink_connectors::registry::Connectors;
use wanlink_domain::ids::SessionId;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::seal::Opener;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;

/// Answers to renewals on their way to the session's task.
const RENEWALS_MAX: usize = 64;
/// After the drain's limit: for dropping calls and saying `released`.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What a worker stands on. No database among it.
pub struct WorkerDeps {
    pub broker: Arc<dyn Broker>,
    pub connectors: Arc<Connectors>,
    /// Opens the accounts' sealed secrets.
    pub opener: Arc<Opener>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: WorkerSettings,
    pub telemetry: Telemetry,
}

/// A running worker. Dropping it does not stop it.
#[derive(Debug)]
pub struct Worker {
    session: SessionId,
    readiness: watch::Receiver<Readiness>,
    draining: CancellationToken,
    stopped: CancellationToken,
}

impl Worker {
    /// Starts a worker under `tasks`; their stop drains it.
    pub fn start(deps: WorkerDeps, tasks: &Tasks) -> Self {
        let session = SessionId(deps.entropy.uuid_v7(deps.clock.wall()));
        tracing::info!(%session, worker = %deps.settings.name, "worker starts");
        let (readiness, ready) = watch::channel(Readiness::starting());
        let (draining, stopped) = (CancellationToken::new(), CancellationToken::new());
        let supervisor = Supervisor::start(deps, session, readiness, draining.clone());
        let outer = tasks.clone();
        let (asked, ended) = (draining.clone(), stopped.clone());
        tasks.spawn(async move {
            // Whatever becomes of the supervisor, those who wait for it hear of its end.
            let _ended = ended.drop_guard();
            tokio::select! {
                biased;
                () = asked.cancelled() => {}
                () = outer.stopped() => {}
            }
            supervisor.drain().await;
        });
        Self { session, readiness: ready, draining, stopped }
    }

    /// This start's session id.
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Follows whether the worker is of use.
    pub fn ready(&self) -> watch::Receiver<Readiness> {
        self.readiness.clone()
    }

    /// Takes nothing new, finishes what runs within the drain's limit, gives every account back, and ends.
    pub async fn drain(&self) {
        self.draining.cancel();
        self.stopped.cancelled().await;
    }
}

/// The worker's parts.
struct Supervisor {
    cx: Arc<Context>,
    /// A group of its own: stopping the process must not cut the parts off before they have drained.
    parts: Tasks,
    session: tokio::task::JoinHandle<()>,
    readiness: watch::Sender<Readiness>,
}

impl Supervisor {
    fn start(
        deps: WorkerDeps,
        session: SessionId,
        readiness: watch::Sender<Readiness>,
        draining: CancellationToken,
    ) -> Self {
        let WorkerDeps { broker, connectors, opener, clock, entropy, settings, telemetry } = deps;
        let (line, calls) = Line::new();
        let (claims, claiming) = Claims::new();
        let (reports, reporting) = Reports::new(settings.report_patience);
        let (renewals, renewed) = mpsc::channel(RENEWALS_MAX);
        let post = Post::new(broker.publisher(), clock.clone(), entropy.clone(), settings.repeat);
        let cx = Arc::new(Context {
            session,
            settings,
            telemetry,
            broker,
            connectors,
            opener,
            clock,
            entropy,
            post,
            line,
            claims,
            reports,
            answers: Answers::new(),
            settings_desk: Desk::new(),
            links_desk: Desk::new(),
            wim_desk: Desk::new(),
            probe_desk: Desk::new(),
            draining,
            unreadable: watch::Sender::new(0),
        });
        let parts = Tasks::new();
        spawn(&parts, inbox::run(cx.clone(), renewals));
        spawn(&parts, claims::run(cx.clone(), claiming));
        spawn(&parts, reports::run(cx.clone(), reporting));
        spawn(&parts, readiness::run(cx.clone(), readiness.clone()));
        let session = spawn(&parts, Session::new(cx.clone(), parts.clone()).run(calls, renewed));
        Self { cx, parts, session, readiness }
    }

    async fn drain(self) {
        let Self { cx, parts, session, readiness } = self;
        tracing::info!(session = %cx.session, "worker drains");
        cx.draining.cancel();
        let within = cx.settings.drain + LAST_WORDS;
        if tokio::time::timeout(within, session).await.is_err() {
            tracing::warn!(session = %cx.session, ?within, "not all leases were given back; they run out");
        }
        let out = parts.stop(LAST_WORDS).await;
        readiness.send_replace(Readiness::NotReady("stopped".to_owned()));
        tracing::info!(session = %cx.session, clean = out, "worker stopped");
    }
}

/// Runs one part until the parts are stopped.
fn spawn(parts: &Tasks, part: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
    let stop = parts.token();
    parts.spawn(async move {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = part => {}
        }
    })
}

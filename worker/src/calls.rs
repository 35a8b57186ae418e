//! Calls to a connector, each in a task of its own: a panic, a hang or a lost lease ends that call and nothing else.

use crate::account::Account;
use crate::figures;
use crate::trust::TrustView;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;
use wanlink_connectors::port::{Connector, Desired, Failure, Listing, Remote, Removal};
use wanlink_domain::action::{Found, Outcome};
use wanlink_domain::reason::{Code, Reason};
use wanlink_runtime::clock::Clock;
use wanlink_runtime::metrics::Metrics;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::trace::{self, Kind};

/// Why a call came to no answer of the connector's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It was not begun: the lease is not trusted.
    NotBegun,
    /// The lease ran out meanwhile; the call was dropped.
    Untrusted,
    /// It took longer than an attempt may; the call was dropped.
    TimedOut,
    Panicked,
}

impl Cut {
    pub fn reason(self) -> Reason {
        let (code, detail) = match self {
            Self::NotBegun => (Code::AttemptLost, "not begun: this worker's lease is not confirmed"),
            Self::Untrusted => (Code::AttemptLost, "the worker's lease ran out during the call"),
            Self::TimedOut => (Code::Timeout, "the controller took longer than an attempt may"),
            Self::Panicked => {
                (Code::ConnectorPanicked, "the connector panicked; its worker's log says where")
            }
        };
        Reason::new(code, detail)
    }

    /// How an attempt ends whose last call only looked: nothing was changed.
    pub fn while_looking(self) -> Outcome {
        Outcome::Retry { reason: self.reason(), after_ms: None }
    }

    /// How an attempt ends whose last call was to change something.
    pub fn while_changing(self) -> Outcome {
        match self {
            Self::NotBegun => self.while_looking(),
            Self::Untrusted | Self::TimedOut | Self::Panicked => Outcome::Unknown { reason: self.reason() },
        }
    }
}

/// What came of a call: the connector's answer, or why there is none.
pub(crate) type Called<T> = Result<Result<T, Failure>, Cut>;

/// The calls of one attempt, look or check: together they take no longer than its time limit.
pub(crate) struct Calls<'a> {
    connector: Arc<dyn Connector>,
    tasks: &'a Tasks,
    trust: &'a TrustView,
    clock: &'a dyn Clock,
    metrics: &'a Metrics,
    kind: &'static str,
    /// By the monotonic clock.
    deadline: Duration,
}

impl<'a> Calls<'a> {
    pub fn new(account: &'a Account, connector: Arc<dyn Connector>, limit: Duration) -> Self {
        let clock = &*account.cx.clock;
        Self {
            connector,
            tasks: &account.tasks,
            trust: &account.trust,
            clock,
            metrics: &account.cx.telemetry.metrics,
            kind: account.kind,
            deadline: clock.mono() + limit,
        }
    }

    pub async fn check(&self) -> Called<()> {
        let connector = self.connector.clone();
        self.isolated("check", async move { connector.check().await }).await
    }

    pub async fn observe(&self, remote: &Remote) -> Called<Found> {
        let (connector, remote) = (self.connector.clone(), remote.clone());
        self.isolated("observe", async move { connector.observe(&remote).await }).await
    }

    pub async fn ensure(&self, desired: Desired, known: Remote) -> Called<Found> {
        let connector = self.connector.clone();
        self.isolated("ensure", async move { connector.ensure(&desired, &known).await }).await
    }

    pub async fn remove(&self, remote: Remote) -> Called<Removal> {
        let connector = self.connector.clone();
        self.isolated("remove", async move { connector.remove(&remote).await }).await
    }

    pub async fn list(&self) -> Called<Box<dyn Listing>> {
        let connector = self.connector.clone();
        self.isolated("list", async move { connector.list().await }).await
    }

    /// No call of its own, though some lists ask for a part of it.
    pub async fn listed(&self, list: Arc<dyn Listing>, remote: Remote) -> Called<Found> {
        self.cut_off(async move { list.found(&remote).await }).await
    }

    /// Waits for `work` within the same limits, without a task of its own.
    pub async fn within<T>(&self, work: impl Future<Output = T>) -> Result<T, Cut> {
        tokio::select! {
            biased;
            () = self.trust.expired() => Err(Cut::Untrusted),
            ended = tokio::time::timeout(self.left(), work) => ended.map_err(|_| Cut::TimedOut),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.mono())
    }

    /// No call starts past the trust window, and one that is in flight at its end is dropped.
    async fn isolated<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Called<T> {
        let began = self.clock.mono();
        let mut span = trace::child(Kind::Internal, || format!("{} {operation}", self.kind));
        // The call's task is another one: the span goes along.
        let called = self.cut_off(span.around(call)).await;
        span.set("wanlink.class", || figures::class(&called));
        let labels = [self.kind, operation, figures::class(&called)];
        self.metrics.calls.observe(labels, self.clock.mono().saturating_sub(began));
        called
    }

    async fn cut_off<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Called<T> {
        if !self.trust.is_live() {
            return Err(Cut::NotBegun);
        }
        match self.within(AbortOnDropHandle::new(self.tasks.spawn(call))).await? {
            Ok(answer) => Ok(answer),
            Err(error) if error.is_panic() => Err(Cut::Panicked),
            // Aborted from outside: only the end of the process does that.
            Err(_) => Err(Cut::Untrusted),
        }
    }
}

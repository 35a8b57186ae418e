//! Whether this process can do its work, and if not, which service it lacks.
//!
//! The broker counts only after a probe of our own came back through our own inbox since the last connection
//! (design 3): a connection that publishes but receives nothing would leave every call without its word.

use crate::broker_clients;
use crate::state::{Shared, State};
use crate::stopping;
use crate::word::{About, Word};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use wanlink_broker::port::Queue;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::StoreError;
use wanlink_wire::lease::Probe;

/// Between two looks at what is missing.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long a probe's answer, or the database's, is waited for.
const ANSWER_WAIT: Duration = Duration::from_secs(2);

/// One service's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    pub ready: bool,
    /// Which engine stands behind the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<&'static str>,
    /// What is wrong; never holds a credential.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    pub ready: bool,
    pub database: Check,
    pub schema: Check,
    pub message_broker: Check,
    pub conductor: Check,
    /// Calls over the message broker, where they are taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broker_clients: Option<Check>,
    /// The process ends.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stopping: bool,
    /// Since when and why everything is frozen: reads go on, and this is no reason to send nobody here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
}

/// Looks again and again until the process stops.
pub async fn follow(state: Shared, tasks: Tasks) {
    let mut health = state.broker.health();
    let mut probed = Probed::default();
    loop {
        state.telemetry.pulse.beat("readiness", state.clock.mono());
        let look = async {
            probed.renew(&state).await;
            let now = look(&state, probed.generation).await;
            state.telemetry.metrics.ready.set(["api"], f64::from(u8::from(now.ready)));
            state.readiness.send_if_modified(|held| {
                let changed = *held != now;
                if changed {
                    tracing::info!(ready = now.ready, readiness = ?now, "readiness changed");
                    *held = now;
                }
                changed
            });
        };
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = look => {}
        }
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            changed = health.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The connection whose answers are known to reach us.
#[derive(Default)]
struct Probed {
    generation: Option<u64>,
    seen: u64,
}

impl Probed {
    /// Asks, unless this connection has answered before.
    async fn renew(&mut self, state: &State) {
        let health = state.broker.health().borrow().clone();
        if health.generation != self.seen {
            self.seen = health.generation;
            self.generation = None;
            // Words on their way over the former connection are lost.
            state.journal.reconnected(state.clock.mono());
        }
        if !health.ready() || self.generation == Some(health.generation) {
            return;
        }
        let nonce = state.entropy.bits();
        let mut waiting = state.inbox.wait_for(About::Probe(nonce));
        let mut message = state.outgoing(Queue::Leases, Probe { nonce }, true);
        message.expires = Some(ANSWER_WAIT);
        if state.publisher.publish(message).await.is_ok()
            && waiting.within(ANSWER_WAIT).await == Some(Word::Probed)
        {
            self.generation = Some(health.generation);
        }
    }
}

async fn look(state: &State, probed: Option<u64>) -> Readiness {
    let health = state.broker.health().borrow().clone();
    let (database, schema) = database(state).await;
    let message_broker = Check {
        ready: health.ready(),
        engine: Some(state.broker.capabilities().engine),
        detail: (!health.ready()).then(|| match (health.connected, health.detail.clone()) {
            (_, Some(detail)) => detail,
            (true, None) => "it has blocked publishers".to_owned(),
            (false, None) => "not connected".to_owned(),
        }),
    };
    let answered = probed == Some(health.generation) && health.ready();
    let conductor = Check {
        ready: answered,
        engine: None,
        detail: (!answered).then(|| "no conductor has answered over this connection".to_owned()),
    };
    let broker_clients = broker_clients::check(state);
    let ready = [&database, &schema, &message_broker, &conductor].into_iter().chain(&broker_clients);
    let ready = ready.into_iter().all(|check| check.ready);
    let frozen = if database.ready { frozen(state).await } else { None };
    let now = Readiness {
        ready,
        database,
        schema,
        message_broker,
        conductor,
        broker_clients,
        stopping: false,
        frozen,
    };
    if state.stopping.is_cancelled() { stopping::stopping(now) } else { now }
}

async fn frozen(state: &State) -> Option<String> {
    let looked = tokio::time::timeout(ANSWER_WAIT, state.catalogue.with_holds(state.store.as_ref())).await;
    let (_, holds) = looked.ok()?.ok()?;
    holds.freeze().map(|freeze| freeze.why().detail)
}

async fn database(state: &State) -> (Check, Check) {
    let engine = Some(state.store.capabilities().engine);
    let failed = |detail: String| Check { ready: false, engine, detail: Some(detail) };
    let fine = Check { ready: true, engine, detail: None };
    let unseen = Check { ready: false, engine: None, detail: Some("the database is away".to_owned()) };
    match tokio::time::timeout(ANSWER_WAIT, state.store.check_schema()).await {
        Ok(Ok(())) => (fine, Check { ready: true, ..Check::default() }),
        Ok(Err(error @ StoreError::Schema { .. })) => {
            (fine, Check { ready: false, engine: None, detail: Some(error.to_string()) })
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "the database does not answer");
            (failed("it does not answer".to_owned()), unseen)
        }
        Err(_) => (failed(format!("no answer within {} s", ANSWER_WAIT.as_secs())), unseen),
    }
}

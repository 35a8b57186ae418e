//! Keeps one process connected: two connections, made together, watched, torn down together, made again.
//!
//! A [`Session`] is one pair of connections (one publishes, one consumes and administrates, so that a broker
//! that blocks publishers does not stop acknowledgements) and one generation of [`Health`]. Whoever finds it dead
//! (an error, a limit that passed) says so by [`Session::kill`]; the supervisor then drops both connections and
//! tries the endpoints in their order, waiting longer after each failure.
//! Deliberately absent: replay. Publishers and consumers each start anew on the next session.

use super::config::{AmqpConfig, Timeouts};
use super::topology::Topology;
use super::wire::{Endpoint, Security, WireConnection, WireError, WireEvent};
use crate::port::Health;
use futures::StreamExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wanlink_domain::retry::Schedule;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::tasks::Tasks;

const RETRY: Schedule = Schedule {
    initial: Duration::from_millis(200),
    max: Duration::from_secs(5),
    multiplier: 2.0,
    jitter: 0.5,
};
/// A connection that died without a word is found by asking, at the latest after this.
const LIFE_CHECK: Duration = Duration::from_secs(1);

/// One pair of live connections.
pub(super) struct Session {
    pub publish: WireConnection,
    pub consume: WireConnection,
    blocked: AtomicBool,
    dead: CancellationToken,
    reason: OnceLock<String>,
}

impl Session {
    /// Declares this session dead. The first reason counts.
    pub(super) fn kill(&self, reason: &str) {
        let _ = self.reason.set(reason.to_owned());
        self.dead.cancel();
    }

    /// Declares it dead if the error says so.
    pub(super) fn judge(&self, error: &WireError) {
        if let WireError::Dead(reason) = error {
            self.kill(reason);
        }
    }

    pub(super) async fn died(&self) {
        self.dead.cancelled().await;
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Ordering::Acquire)
    }

    fn reason(&self) -> String {
        self.reason.get().cloned().unwrap_or_else(|| "connection lost".to_owned())
    }
}

/// What the engine's parts share.
pub(super) struct Shared {
    pub topology: Topology,
    pub timeouts: Timeouts,
    pub entropy: Arc<dyn Entropy>,
    pub session: watch::Sender<Option<Arc<Session>>>,
    pub health: watch::Sender<Health>,
    /// Publishers: stopped first, for they have confirms to wait for.
    pub publishers: Tasks,
    /// The supervisor and the consumers.
    pub rest: Tasks,
}

impl Shared {
    pub(super) fn new(config: &AmqpConfig, entropy: Arc<dyn Entropy>) -> Self {
        let detail = Some("not connected yet".to_owned());
        Self {
            topology: Topology::new(config),
            timeouts: config.timeouts(),
            entropy,
            session: watch::Sender::new(None),
            health: watch::Sender::new(Health { connected: false, blocked: false, generation: 0, detail }),
            publishers: Tasks::new(),
            rest: Tasks::new(),
        }
    }

    /// The session now, or why there is none.
    pub(super) fn current(&self) -> Result<Arc<Session>, String> {
        let session = self.session.borrow().clone();
        match session {
            Some(session) if !session.dead.is_cancelled() => Ok(session),
            _ => Err(self.health.borrow().detail.clone().unwrap_or_else(|| "not connected".to_owned())),
        }
    }

    /// Waits for a live session. Never ends without one: race it with a stop signal.
    pub(super) async fn next_session(&self) -> Arc<Session> {
        let mut sessions = self.session.subscribe();
        loop {
            if let Ok(session) = self.current() {
                return session;
            }
            if sessions.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Waits between tries that grow with each failure in a row.
pub(super) struct Backoff {
    tries: u32,
    entropy: Arc<dyn Entropy>,
}

impl Backoff {
    pub(super) fn new(entropy: Arc<dyn Entropy>) -> Self {
        Self { tries: 0, entropy }
    }

    pub(super) fn reset(&mut self) {
        self.tries = 0;
    }

    pub(super) fn next(&mut self) -> Duration {
        let pause = RETRY.interval(self.tries, self.entropy.bits());
        self.tries = self.tries.saturating_add(1);
        pause
    }
}

/// Runs until the engine is closed.
pub(super) async fn run(shared: Arc<Shared>, endpoints: Vec<Endpoint>, security: Security) {
    let mut backoff = Backoff::new(shared.entropy.clone());
    let mut attempt = 0_usize;
    loop {
        let endpoint = &endpoints[attempt % endpoints.len()];
        let opened = tokio::select! {
            biased;
            () = shared.rest.stopped() => break,
            opened = open(endpoint, &security, shared.timeouts) => opened,
        };
        match opened {
            Ok(session) => {
                attempt = 0;
                backoff.reset();
                serve(&shared, Arc::new(session), endpoint).await;
            }
            Err(error) => {
                attempt += 1;
                let reason = format!("{endpoint}: {error}");
                tracing::warn!(engine = "amqp", %endpoint, %error, "message broker unreachable");
                shared.health.send_modify(|health| health.detail = Some(reason));
            }
        }
        tokio::select! {
            biased;
            () = shared.rest.stopped() => break,
            () = tokio::time::sleep(backoff.next()) => {}
        }
    }
    shared.health.send_modify(|health| {
        health.connected = false;
        health.detail = Some("closed".to_owned());
    });
}

async fn open(endpoint: &Endpoint, security: &Security, timeouts: Timeouts) -> Result<Session, WireError> {
    let publish = WireConnection::open(endpoint, security, "wanlink publish", timeouts).await?;
    let consume = WireConnection::open(endpoint, security, "wanlink consume", timeouts).await?;
    let (blocked, dead, reason) = (AtomicBool::new(false), CancellationToken::new(), OnceLock::new());
    Ok(Session { publish, consume, blocked, dead, reason })
}

/// Announces a session, watches it until it dies or the engine is closed, and takes it down.
async fn serve(shared: &Shared, session: Arc<Session>, endpoint: &Endpoint) {
    // Listening starts before the first use, so that no event of this session is missed.
    let watching = watch_events(shared, &session);
    shared.session.send_replace(Some(session.clone()));
    shared.health.send_modify(|health| {
        health.connected = true;
        health.blocked = false;
        health.generation += 1;
        health.detail = None;
    });
    tracing::info!(engine = "amqp", %endpoint, "message broker connected");
    tokio::select! {
        biased;
        () = shared.rest.stopped() => session.kill("closed"),
        () = session.died() => {}
        () = watching => {}
    }
    let reason = session.reason();
    shared.session.send_replace(None);
    shared.health.send_modify(|health| {
        health.connected = false;
        health.blocked = false;
        health.detail = Some(format!("{endpoint}: {reason}"));
    });
    if !shared.rest.is_stopping() {
        tracing::warn!(engine = "amqp", %endpoint, %reason, "message broker connection lost");
    }
    futures::join!(session.publish.close(), session.consume.close());
}

/// Follows both connections' events and life signs; ends when the session is dead.
fn watch_events(shared: &Shared, session: &Arc<Session>) -> impl Future<Output = ()> {
    let mut events = futures::stream::select(session.publish.events(), session.consume.events());
    let session = session.clone();
    async move {
        loop {
            tokio::select! {
                biased;
                () = session.died() => return,
                event = events.next() => match event {
                    Some(WireEvent::Blocked(blocked)) => {
                        session.blocked.store(blocked, Ordering::Release);
                        shared.health.send_modify(|health| {
                            health.blocked = blocked;
                            health.detail = blocked.then(|| "publishers are blocked by the broker".to_owned());
                        });
                        tracing::warn!(engine = "amqp", blocked, "message broker blocks publishers");
                    }
                    Some(WireEvent::Dead(reason)) => session.kill(&reason),
                    None => session.kill("connection lost"),
                },
                () = tokio::time::sleep(LIFE_CHECK) => {
                    if !session.publish.is_alive() || !session.consume.is_alive() {
                        session.kill("connection lost");
                    }
                }
            }
        }
    }
}

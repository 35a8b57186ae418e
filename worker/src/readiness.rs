//! Whether the worker is of use: connected, and a probe of its own came back since the connection was made.

use crate::context::Context;
use std::sync::Arc;
use tokio::sync::watch;
use wanlink_broker::port::{Health, Queue};
use wanlink_wire::lease::Probe;

/// What a readiness check answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// With the reason, for people.
    NotReady(String),
}

impl Readiness {
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }

    pub(crate) fn starting() -> Self {
        Self::NotReady("starting".to_owned())
    }
}

/// Keeps `readiness` true until the broker is closed.
pub(crate) async fn run(cx: Arc<Context>, readiness: watch::Sender<Readiness>) {
    let mut health = cx.broker.health();
    let set = |now: Readiness| {
        readiness.send_if_modified(|was| std::mem::replace(was, now.clone()) != now);
    };
    loop {
        let seen = health.borrow_and_update().clone();
        if !seen.ready() {
            let why = seen.detail.unwrap_or_else(|| "no connection".to_owned());
            set(Readiness::NotReady(format!("message broker: {why}")));
            if health.changed().await.is_err() {
                return;
            }
            continue;
        }
        set(Readiness::NotReady("waiting for a conductor's answer to a probe".to_owned()));
        tokio::select! {
            biased;
            changed = health.changed() => if changed.is_err() { return } else { continue },
            () = probe(&cx) => {}
        }
        while_connected(&cx, &mut health, &seen, &set).await;
    }
}

/// Asks until an answer comes through our own inbox.
async fn probe(cx: &Context) {
    let nonce = cx.entropy.bits();
    let ask = || async { drop(cx.post.ask(Queue::Leases, Probe { nonce }).await) };
    cx.probe_desk.ask(nonce, cx.settings.repeat, &*cx.entropy, ask).await;
}

/// Follows what else readiness hangs on, until the connection is another one.
async fn while_connected(
    cx: &Context,
    health: &mut watch::Receiver<Health>,
    proven: &Health,
    set: &impl Fn(Readiness),
) {
    let mut unreadable = cx.unreadable.subscribe();
    loop {
        let now = health.borrow().clone();
        if !now.ready() || now.generation != proven.generation {
            return;
        }
        set(match *unreadable.borrow_and_update() {
            0 => Readiness::Ready,
            queues => {
                Readiness::NotReady(format!("{queues} account queues hold messages of a newer release"))
            }
        });
        tokio::select! {
            biased;
            changed = health.changed() => if changed.is_err() { return },
            // Its sender lives in the context.
            _ = unreadable.changed() => {}
        }
    }
}

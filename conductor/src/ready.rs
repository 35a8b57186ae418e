//! Readiness: the topology is declared, the database answers with the right schema, every queue is being consumed,
//! and a probe of our own came back since the last reconnection.

use crate::batch::QueueState;
use crate::context::Context;
use crate::loops::Loops;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wanlink_broker::port::{Address, Outgoing, Queue};
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::lease::{Probe, Probed};
use wanlink_wire::{Message, decode};

/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(500);

/// What is ready and what is not; `engine` names stand beside in the logs of the engines themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Why the database is not usable.
    pub database: Option<String>,
    /// Why the message broker is not usable.
    pub message_broker: Option<String>,
    /// Why nothing is consumed, or not proven to be.
    pub consuming: Option<String>,
}

impl Readiness {
    pub fn is_ready(&self) -> bool {
        self.database.is_none() && self.message_broker.is_none() && self.consuming.is_none()
    }
}

/// Follows readiness until the tasks are stopped.
pub fn watch(
    context: Arc<Context>,
    states: Vec<Arc<QueueState>>,
    loops: &Loops,
) -> watch::Receiver<Readiness> {
    let starting = Readiness { consuming: Some("starting".into()), ..Readiness::default() };
    let (sender, receiver) = watch::channel(starting);
    let (proven_in, proof) = watch::channel(0_u64);
    let (tasks, sender) = (loops.tasks(), Arc::new(sender));
    loops.run("reading the answers to probes", inbox(context.clone(), proven_in, tasks.clone()));
    let (told, mut broken) = (sender.clone(), loops.broken());
    let looked = Looks { context, states, proof, broken: loops.broken(), sender };
    loops.run("following readiness", looked.follow(tasks.clone()));
    // Beside the loop that follows everything else, for that one may be the one that ended.
    let stop = tasks.clone();
    tasks.spawn(async move {
        tokio::select! {
            biased;
            () = stop.stopped() => {}
            found = broken.wait_for(Option::is_some) => if let Ok(why) = found {
                let why = why.clone();
                told.send_modify(|readiness| readiness.consuming = why);
            }
        }
    });
    receiver
}

/// What readiness is made of.
struct Looks {
    context: Arc<Context>,
    states: Vec<Arc<QueueState>>,
    proof: watch::Receiver<u64>,
    broken: watch::Receiver<Option<String>>,
    sender: Arc<watch::Sender<Readiness>>,
}

impl Looks {
    async fn follow(self, tasks: Tasks) {
        let Self { context, states, proof, broken, sender } = self;
        let mut declared_in = None;
        while !tasks.is_stopping() {
            context.telemetry.pulse.beat("readiness", context.clock.mono());
            let health = context.broker.health().borrow().clone();
            if health.connected && declared_in != Some(health.generation) {
                match context.broker.declare_topology().await {
                    Ok(()) => declared_in = Some(health.generation),
                    Err(error) => {
                        tracing::error!(%error, "the message broker's queues could not be declared")
                    }
                }
            }
            let proven = *proof.borrow() == health.generation && health.generation > 0;
            if health.ready() && !proven {
                probe(&context, health.generation).await;
            }
            let readiness = Readiness {
                database: context.store.check_schema().await.err().map(|error| error.to_string()),
                message_broker: (!health.ready() || declared_in != Some(health.generation))
                    .then(|| health.detail.clone().unwrap_or_else(|| "not connected".into())),
                consuming: if let Some(why) = broken.borrow().clone() {
                    Some(why)
                } else if !states.iter().all(|state| state.working()) {
                    Some("a queue is not being consumed".into())
                } else {
                    (!proven).then(|| "no probe of its own has come back yet".into())
                },
            };
            sender.send_if_modified(|now| {
                let changed = *now != readiness;
                *now = readiness;
                changed
            });
            tokio::select! {
                biased;
                () = tasks.stopped() => return,
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }
}

async fn probe(context: &Context, generation: u64) {
    let probe = Outgoing {
        to: Address::Queue(Queue::Leases),
        payload: context.seal(Probe { nonce: generation }.into()).into(),
        wants_reply: true,
        expires: Some(Duration::from_secs(10)),
    };
    if let Err(error) = context.publisher.publish(probe).await {
        tracing::debug!(%error, "a probe was not sent");
    }
}

async fn inbox(context: Arc<Context>, proven_in: watch::Sender<u64>, tasks: Tasks) {
    loop {
        let reply = tokio::select! {
            biased;
            () = tasks.stopped() => return,
            reply = context.publisher.next_reply() => reply,
        };
        let Some(reply) = reply else { return };
        if let Ok(envelope) = decode(&reply)
            && let Message::Probed(Probed { nonce }) = envelope.message
        {
            proven_in.send_replace(nonce);
        }
    }
}

//! The in-process engine: for the embedded profile, for tests and for simulation.
//!
//! A [`Hub`] is the broker; each [`MemoryBroker`] is one process's connection to it (several roles in one
//! process make one each). The semantics are the port's, also where a broker over a network has them only
//! because it is one: a connection can be cut ([`MemoryBroker::disconnect`]), publishers can be blocked, the
//! whole broker can lose its memory ([`Hub::lose_everything`]).
//!
//! Deliberately absent: durability (declared in the capabilities), threads, timers and a clock of its own.
//! Expiry is judged by the clock that is passed in, at the moment somebody looks.

mod consumer;
mod publisher;
mod state;

use crate::port::{Broker, BrokerError, Capabilities, Consumer, Health, Publisher, Queue, QueueState};
use async_trait::async_trait;
use consumer::MemoryConsumer;
use publisher::MemoryPublisher;
use state::{Number, Place, State};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use wanlink_domain::ids::AccountId;
use wanlink_runtime::clock::Clock;

pub(super) const CAPABILITIES: Capabilities = Capabilities { engine: "memory", durable: false };

/// How much the broker holds before it refuses or drops: memory is bounded (P11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Messages ready in the journal, beyond which a publish is refused.
    pub journal_length_max: usize,
    /// Messages ready in the reports queue, beyond which a publish is refused.
    pub reports_length_max: usize,
    /// Parked messages, beyond which a publish is refused.
    pub parked_length_max: usize,
    /// Events waiting for one subscriber; a subscriber that lags more loses the oldest.
    pub events_pending_max: usize,
    /// Unsettled events in one subscriber's hands.
    pub events_prefetch: u16,
    /// Replies waiting in one inbox; further ones are dropped, for their askers repeat.
    pub replies_pending_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            journal_length_max: 100_000,
            reports_length_max: 200_000,
            parked_length_max: 100_000,
            events_pending_max: 10_000,
            events_prefetch: 256,
            replies_pending_max: 65_536,
        }
    }
}

/// The broker itself. Connections to it are made by [`Hub::connect`].
pub struct Hub {
    state: Mutex<State>,
    /// The health of each connection, for those who follow it.
    healths: Mutex<BTreeMap<Number, watch::Sender<Health>>>,
    clock: Arc<dyn Clock>,
    limits: Limits,
}

impl Hub {
    /// An empty broker without queues; expiry follows `clock`.
    pub fn new(clock: Arc<dyn Clock>, limits: Limits) -> Arc<Self> {
        let (state, healths) = (Mutex::default(), Mutex::default());
        Arc::new(Self { state, healths, clock, limits })
    }

    /// A connection of its own: its consumers, inboxes and health are apart from all others'.
    pub fn connect(self: &Arc<Self>) -> MemoryBroker {
        let connection = self.lock().connect();
        let health = Health { connected: true, blocked: false, generation: 1, detail: None };
        self.healths().insert(connection, watch::Sender::new(health));
        MemoryBroker { hub: self.clone(), connection }
    }

    /// Loses every queue with its content and cuts every connection, as a broker does whose disc is gone.
    /// The connections come back by [`MemoryBroker::reconnect`], and find nothing declared.
    pub fn lose_everything(&self) {
        self.lock().delete_all();
        let connections = self.lock().connection_ids();
        for connection in connections {
            self.cut(connection, "the broker lost its memory");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn healths(&self) -> MutexGuard<'_, BTreeMap<Number, watch::Sender<Health>>> {
        self.healths.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self, connection: Number, why: &str) {
        {
            let mut state = self.lock();
            if let Some(entry) = state.connection_mut(connection) {
                entry.connected = false;
            }
            state.release(connection);
        }
        self.announce(connection, Some(why));
    }

    /// Tells the followers of a connection's health how it is now.
    fn announce(&self, connection: Number, detail: Option<&str>) {
        let Some(now) = self.lock().connection(connection) else { return };
        if let Some(health) = self.healths().get(&connection) {
            health.send_replace(Health {
                connected: now.connected,
                blocked: now.blocked,
                generation: now.generation,
                detail: detail.map(str::to_owned),
            });
        }
    }
}

/// One process's connection to a [`Hub`]. Clones are the same connection.
#[derive(Clone)]
pub struct MemoryBroker {
    hub: Arc<Hub>,
    connection: Number,
}

impl MemoryBroker {
    /// A broker of one's own with default limits, and the connection to it.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Hub::new(clock, Limits::default()).connect()
    }

    /// The broker behind this connection.
    pub fn hub(&self) -> Arc<Hub> {
        self.hub.clone()
    }

    /// Cuts this connection: what is unsettled goes back and will be redelivered, replies and events on their
    /// way are lost, publishing ends `Unavailable`, until [`MemoryBroker::reconnect`].
    pub fn disconnect(&self) {
        self.hub.cut(self.connection, "disconnected");
    }

    /// Restores a cut connection as the next generation; its consumers go on by themselves. A connection that
    /// stands is left alone.
    pub fn reconnect(&self) {
        {
            let mut state = self.hub.lock();
            let Some(entry) = state.connection_mut(self.connection) else { return };
            if entry.connected {
                return;
            }
            entry.connected = true;
            entry.generation += 1;
            state.wake_connection(self.connection);
        }
        self.hub.announce(self.connection, None);
    }

    /// Blocks publishers, as a broker short of memory or disc does, or lets them go on.
    pub fn block(&self, blocked: bool) {
        if let Some(entry) = self.hub.lock().connection_mut(self.connection) {
            entry.blocked = blocked;
        }
        self.hub.announce(self.connection, blocked.then_some("blocked by the broker"));
    }

    /// The state, if this connection may be used for administration now.
    fn connected(&self) -> Result<MutexGuard<'_, State>, BrokerError> {
        let state = self.hub.lock();
        match state.connection(self.connection) {
            Some(connection) if connection.connected => Ok(state),
            Some(_) => Err(BrokerError::Unavailable("not connected".into())),
            None => Err(BrokerError::Unavailable("closed".into())),
        }
    }

    /// The fixed queues and how much each holds.
    fn fixed_queues(&self) -> [(Queue, Option<usize>); 6] {
        let limits = self.hub.limits;
        [
            (Queue::Journal, Some(limits.journal_length_max)),
            (Queue::Reports, Some(limits.reports_length_max)),
            (Queue::Conductor, None),
            (Queue::Leases, None),
            (Queue::Requests, Some(limits.journal_length_max)),
            (Queue::Parked, Some(limits.parked_length_max)),
        ]
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn health(&self) -> watch::Receiver<Health> {
        let healths = self.hub.healths();
        healths.get(&self.connection).map_or_else(closed_health, watch::Sender::subscribe)
    }

    async fn declare_topology(&self) -> Result<(), BrokerError> {
        let mut state = self.connected()?;
        for (queue, length_max) in self.fixed_queues() {
            state.declare(Place::Named(queue), length_max);
        }
        Ok(())
    }

    async fn declare_account(&self, account: AccountId) -> Result<QueueState, BrokerError> {
        let now = self.hub.clock.mono();
        let place = Place::Named(Queue::Account(account));
        let mut state = self.connected()?;
        state.declare(place, None);
        Ok(state.inspect(place, now).unwrap_or(QueueState { ready: 0, consumers: 0 }))
    }

    async fn delete_account(&self, account: AccountId) -> Result<(), BrokerError> {
        self.connected()?.delete(Place::Named(Queue::Account(account)));
        Ok(())
    }

    async fn inspect(&self, queue: Queue) -> Result<Option<QueueState>, BrokerError> {
        let now = self.hub.clock.mono();
        Ok(self.connected()?.inspect(Place::Named(queue), now))
    }

    async fn purge(&self, queue: Queue) -> Result<u32, BrokerError> {
        let now = self.hub.clock.mono();
        Ok(self.connected()?.purge(Place::Named(queue), now))
    }

    fn publisher(&self) -> Box<dyn Publisher> {
        Box::new(MemoryPublisher::new(self.clone()))
    }

    fn consumer(&self, queue: Queue, prefetch: u16) -> Box<dyn Consumer> {
        Box::new(MemoryConsumer::new(self, Place::Named(queue), prefetch))
    }

    fn subscribe(&self, tenant: Option<String>) -> Box<dyn Consumer> {
        Box::new(MemoryConsumer::of_events(self, tenant))
    }

    /// There is nothing to wait for: a publish here ends before it returns.
    async fn close(&self, _within: Duration) {
        self.hub.cut(self.connection, "closed");
        self.hub.lock().remove_connection(self.connection);
        self.hub.healths().remove(&self.connection);
    }
}

/// What a connection that was closed for good shows.
fn closed_health() -> watch::Receiver<Health> {
    let detail = Some("closed".to_owned());
    watch::Sender::new(Health { connected: false, blocked: false, generation: 0, detail }).subscribe()
}

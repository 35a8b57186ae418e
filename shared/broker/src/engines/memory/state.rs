//! The in-process broker's whole state and what may be done to it, without locks, tasks or clocks.
//!
//! Every operation is a plain function of the state and its arguments (the time is one of them), over ordered
//! maps only, so that the same calls always have the same effects: a simulation depends on it.
//! Deliberately absent: waiting. Who waits has left a [`Notify`] here and is woken when it pays to look again.

mod fan;

use crate::port::{Queue, QueueState};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Numbers for connections, consumers, inboxes and deliveries, from one sequence: none is ever used twice.
pub type Number = u64;

/// A queue of the port, or the private queue of one event subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Named(Queue),
    Subscription(Number),
}

/// A message in a queue or in a consumer's hands.
#[derive(Clone, Debug)]
pub struct Stored {
    pub payload: Bytes,
    pub redelivered: bool,
    pub reply_to: Option<String>,
    /// By the monotonic clock; a message is dropped when it would be delivered at or after this.
    pub expires_at: Option<Duration>,
}

/// What became of a message that was put somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    Taken,
    Absent,
    Full,
}

#[derive(Debug, Default)]
struct Messages {
    ready: VecDeque<Stored>,
    length_max: Option<usize>,
}

#[derive(Debug)]
struct ConsumerEntry {
    connection: Number,
    place: Place,
    prefetch: usize,
    /// In order of delivery, so that a lost connection puts them back as they were.
    held: BTreeMap<Number, Stored>,
    wake: Arc<Notify>,
}

#[derive(Debug)]
struct Inbox {
    connection: Number,
    replies: VecDeque<Bytes>,
    wake: Arc<Notify>,
}

#[derive(Debug)]
struct Subscription {
    connection: Number,
    tenant: Option<String>,
}

/// One process's way to the broker.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    pub connected: bool,
    pub blocked: bool,
    pub generation: u64,
}

#[derive(Debug, Default)]
pub struct State {
    last_number: Number,
    connections: BTreeMap<Number, Connection>,
    queues: BTreeMap<Place, Messages>,
    consumers: BTreeMap<Number, ConsumerEntry>,
    /// Which consumers a place has, so that a message wakes only those.
    consumers_of: BTreeMap<Place, BTreeSet<Number>>,
    inboxes: BTreeMap<Number, Inbox>,
    subscriptions: BTreeMap<Number, Subscription>,
}

impl State {
    fn number(&mut self) -> Number {
        self.last_number += 1;
        self.last_number
    }

    // Connections.

    pub fn connect(&mut self) -> Number {
        let id = self.number();
        self.connections.insert(id, Connection { connected: true, blocked: false, generation: 1 });
        id
    }

    /// `None`: closed for good.
    pub fn connection(&self, id: Number) -> Option<Connection> {
        self.connections.get(&id).copied()
    }

    fn is_connected(&self, id: Number) -> bool {
        self.connection(id).is_some_and(|connection| connection.connected)
    }

    pub fn connection_mut(&mut self, id: Number) -> Option<&mut Connection> {
        self.connections.get_mut(&id)
    }

    /// All connections that have not been closed for good.
    pub fn connection_ids(&self) -> Vec<Number> {
        self.connections.keys().copied().collect()
    }

    /// Forgets a connection for good, with its consumers, inboxes and subscriptions.
    pub fn remove_connection(&mut self, id: Number) {
        self.release(id);
        let consumers: Vec<Number> = self.consumers_on(id);
        for consumer in consumers {
            self.detach(consumer);
        }
        self.subscriptions.retain(|_, subscription| subscription.connection != id);
        for inbox in self.inboxes.values().filter(|inbox| inbox.connection == id) {
            inbox.wake.notify_one();
        }
        self.inboxes.retain(|_, inbox| inbox.connection != id);
        self.connections.remove(&id);
    }

    /// What the end of a connection does to the messages: everything unsettled goes back in its old order,
    /// replies and events on their way to it are lost.
    pub fn release(&mut self, connection: Number) {
        for consumer in self.consumers_on(connection) {
            self.put_back_held(consumer);
        }
        for inbox in self.inboxes.values_mut().filter(|inbox| inbox.connection == connection) {
            inbox.replies.clear();
        }
        let lost: Vec<Number> = self.subscriptions_on(connection);
        for subscription in lost {
            if let Some(messages) = self.queues.get_mut(&Place::Subscription(subscription)) {
                messages.ready.clear();
            }
        }
        self.wake_connection(connection);
    }

    /// Wakes everybody who waits on this connection, because its state has changed.
    pub fn wake_connection(&self, connection: Number) {
        for consumer in self.consumers.values().filter(|consumer| consumer.connection == connection) {
            consumer.wake.notify_one();
        }
        for inbox in self.inboxes.values().filter(|inbox| inbox.connection == connection) {
            inbox.wake.notify_one();
        }
    }

    fn consumers_on(&self, connection: Number) -> Vec<Number> {
        let on = |entry: &ConsumerEntry| entry.connection == connection;
        self.consumers.iter().filter(|(_, entry)| on(entry)).map(|(id, _)| *id).collect()
    }

    fn subscriptions_on(&self, connection: Number) -> Vec<Number> {
        let on = |entry: &Subscription| entry.connection == connection;
        self.subscriptions.iter().filter(|(_, entry)| on(entry)).map(|(id, _)| *id).collect()
    }

    // Queues.

    pub fn declare(&mut self, place: Place, length_max: Option<usize>) {
        let messages = self.queues.entry(place).or_default();
        messages.length_max = length_max;
        self.wake_place(place);
    }

    /// Removes a queue with its content, also what consumers hold of it.
    pub fn delete(&mut self, place: Place) {
        self.queues.remove(&place);
        for id in self.consumers_of.get(&place).cloned().unwrap_or_default() {
            if let Some(consumer) = self.consumers.get_mut(&id) {
                consumer.held.clear();
            }
        }
    }

    /// Removes every named queue: a broker that lost its disc.
    pub fn delete_all(&mut self) {
        let named: Vec<Place> =
            self.queues.keys().filter(|place| matches!(place, Place::Named(_))).copied().collect();
        for place in named {
            self.delete(place);
        }
    }

    pub fn inspect(&mut self, place: Place, now: Duration) -> Option<QueueState> {
        let consumers = self.consumers_of.get(&place).map_or(0, |ids| {
            let entries = ids.iter().filter_map(|id| self.consumers.get(id));
            entries.filter(|entry| self.is_connected(entry.connection)).count()
        });
        let messages = self.queues.get_mut(&place)?;
        drop_expired(messages, now);
        Some(QueueState { ready: count(messages.ready.len()), consumers: count(consumers) })
    }

    pub fn purge(&mut self, place: Place, now: Duration) -> u32 {
        self.queues.get_mut(&place).map_or(0, |messages| {
            drop_expired(messages, now);
            count(messages.ready.drain(..).count())
        })
    }

    pub fn put(&mut self, place: Place, message: Stored, now: Duration) -> Put {
        let Some(messages) = self.queues.get_mut(&place) else { return Put::Absent };
        if let Some(max) = messages.length_max
            && messages.ready.len() >= max
        {
            drop_expired(messages, now);
            if messages.ready.len() >= max {
                return Put::Full;
            }
        }
        messages.ready.push_back(message);
        self.wake_place(place);
        Put::Taken
    }

    fn wake_place(&self, place: Place) {
        for id in self.consumers_of.get(&place).into_iter().flatten() {
            if let Some(consumer) = self.consumers.get(id) {
                consumer.wake.notify_one();
            }
        }
    }

    // Consumers.

    pub fn attach(&mut self, connection: Number, place: Place, prefetch: u16, wake: Arc<Notify>) -> Number {
        let id = self.number();
        let prefetch = usize::from(prefetch.max(1));
        let entry = ConsumerEntry { connection, place, prefetch, held: BTreeMap::new(), wake };
        self.consumers.insert(id, entry);
        self.consumers_of.entry(place).or_default().insert(id);
        id
    }

    /// Ends a consumer; what it holds goes back. A subscription's private queue goes with its consumer.
    pub fn detach(&mut self, id: Number) {
        self.put_back_held(id);
        let Some(consumer) = self.consumers.remove(&id) else { return };
        if let Some(ids) = self.consumers_of.get_mut(&consumer.place) {
            ids.remove(&id);
            if ids.is_empty() {
                self.consumers_of.remove(&consumer.place);
            }
        }
        if let Place::Subscription(subscription) = consumer.place {
            self.subscriptions.remove(&subscription);
            self.queues.remove(&consumer.place);
        }
        consumer.wake.notify_one();
    }

    /// Whether this consumer is still there; a closed connection takes its consumers with it.
    pub fn is_attached(&self, id: Number) -> bool {
        self.consumers.contains_key(&id)
    }

    /// The next message for this consumer, if there is one and its prefetch allows it.
    pub fn take(&mut self, id: Number, now: Duration) -> Option<(Number, Stored)> {
        let consumer = self.consumers.get(&id)?;
        if !self.is_connected(consumer.connection) || consumer.held.len() >= consumer.prefetch {
            return None;
        }
        let messages = self.queues.get_mut(&consumer.place)?;
        let message = std::iter::from_fn(|| messages.ready.pop_front()).find(|m| !is_expired(m, now))?;
        let tag = self.number();
        self.consumers.get_mut(&id)?.held.insert(tag, message.clone());
        Some((tag, message))
    }

    /// Takes an unsettled message off for good. `false`: it is no longer this consumer's to settle.
    pub fn ack(&mut self, consumer: Number, tag: Number) -> bool {
        self.unhold(consumer, tag).is_some()
    }

    /// Puts an unsettled message back, behind what is ready: a message that nobody can handle yet must not
    /// stand in front of those that somebody can.
    pub fn give_back(&mut self, consumer: Number, tag: Number) -> bool {
        let Some((place, mut message)) = self.unhold(consumer, tag) else { return false };
        message.redelivered = true;
        if let Some(messages) = self.queues.get_mut(&place) {
            messages.ready.push_back(message);
        }
        self.wake_place(place);
        true
    }

    fn unhold(&mut self, consumer: Number, tag: Number) -> Option<(Place, Stored)> {
        let entry = self.consumers.get_mut(&consumer)?;
        let message = entry.held.remove(&tag)?;
        entry.wake.notify_one();
        Some((entry.place, message))
    }

    fn put_back_held(&mut self, id: Number) {
        let Some(consumer) = self.consumers.get_mut(&id) else { return };
        let place = consumer.place;
        let held = std::mem::take(&mut consumer.held);
        if let Some(messages) = self.queues.get_mut(&place) {
            for (_, mut message) in held.into_iter().rev() {
                message.redelivered = true;
                messages.ready.push_front(message);
            }
        }
        self.wake_place(place);
    }
}

fn is_expired(message: &Stored, now: Duration) -> bool {
    message.expires_at.is_some_and(|at| at <= now)
}

/// Looks at every message, so it stands only where the true length matters.
fn drop_expired(messages: &mut Messages, now: Duration) {
    messages.ready.retain(|message| !is_expired(message, now));
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

//! Consuming from the in-process broker.

use super::state::{Number, Place};
use super::{Hub, MemoryBroker};
use crate::port::{Consumer, Delivery, ReplyTo, Settle, Settled};
use async_trait::async_trait;
use std::sync::Arc;
use tokio::sync::Notify;

pub(super) struct MemoryConsumer {
    hub: Arc<Hub>,
    id: Number,
    wake: Arc<Notify>,
}

impl MemoryConsumer {
    pub(super) fn new(broker: &MemoryBroker, place: Place, prefetch: u16) -> Self {
        let wake = Arc::new(Notify::new());
        let id = broker.hub.lock().attach(broker.connection, place, prefetch, wake.clone());
        Self { hub: broker.hub.clone(), id, wake }
    }

    pub(super) fn of_events(broker: &MemoryBroker, tenant: Option<String>) -> Self {
        let place = broker.hub.lock().subscribe(broker.connection, tenant);
        Self::new(broker, place, broker.hub.limits.events_prefetch)
    }
}

#[async_trait]
impl Consumer for MemoryConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(delivery) = self.try_next() {
                return Some(delivery);
            }
            if !self.hub.lock().is_attached(self.id) {
                return None;
            }
            // Nothing is taken before this await, so a caller that drops the future loses nothing.
            self.wake.notified().await;
        }
    }

    fn try_next(&mut self) -> Option<Delivery> {
        let now = self.hub.clock.mono();
        let (tag, message) = self.hub.lock().take(self.id, now)?;
        let settle = MemorySettle { hub: self.hub.clone(), consumer: self.id, tag };
        let reply_to = message.reply_to.map(ReplyTo);
        Some(Delivery::new(message.payload, message.redelivered, reply_to, Box::new(settle)))
    }

    async fn close(&mut self) {
        self.hub.lock().detach(self.id);
    }
}

impl Drop for MemoryConsumer {
    fn drop(&mut self) {
        self.hub.lock().detach(self.id);
    }
}

/// The handle on one delivery. Its tag is never used twice, so one of an earlier generation finds nothing.
struct MemorySettle {
    hub: Arc<Hub>,
    consumer: Number,
    tag: Number,
}

fn settled(found: bool) -> Settled {
    if found { Settled::Sent } else { Settled::Gone }
}

#[async_trait]
impl Settle for MemorySettle {
    async fn ack(self: Box<Self>) -> Settled {
        settled(self.hub.lock().ack(self.consumer, self.tag))
    }

    async fn give_back(self: Box<Self>) -> Settled {
        settled(self.hub.lock().give_back(self.consumer, self.tag))
    }
}

//! Publishing into the in-process broker, and the publisher's inbox.

use super::MemoryBroker;
use super::state::{Number, Place, Put, Stored};
use crate::port::{Address, Outgoing, PublishError, Publisher};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

pub(super) struct MemoryPublisher {
    broker: MemoryBroker,
    inbox: Number,
    wake: Arc<Notify>,
    lost: AtomicU64,
}

impl MemoryPublisher {
    pub(super) fn new(broker: MemoryBroker) -> Self {
        let wake = Arc::new(Notify::new());
        let inbox = broker.hub.lock().open_inbox(broker.connection, wake.clone());
        Self { broker, inbox, wake, lost: AtomicU64::new(0) }
    }

    /// Routes one message under one lock: what it finds cannot change halfway.
    fn route(&self, message: Outgoing) -> Result<(), PublishError> {
        let hub = &self.broker.hub;
        let now = hub.clock.mono();
        let mut state = hub.lock();
        let Some(connection) = state.connection(self.broker.connection) else {
            return Err(PublishError::Unavailable("closed".into()));
        };
        if !connection.connected {
            return Err(PublishError::Unavailable("not connected".into()));
        }
        if connection.blocked {
            return Err(PublishError::Unavailable("publishers are blocked".into()));
        }
        let reply_to = if message.wants_reply { state.inbox_address(self.inbox) } else { None };
        let stored = Stored {
            payload: message.payload,
            redelivered: false,
            reply_to,
            expires_at: message.expires.map(|after| now.saturating_add(after)),
        };
        match message.to {
            Address::Queue(queue) => match state.put(Place::Named(queue), stored, now) {
                Put::Taken => Ok(()),
                Put::Absent => Err(PublishError::Returned),
                Put::Full => Err(PublishError::Refused),
            },
            Address::Reply(to) => {
                state.reply(&to.0, stored.payload, hub.limits.replies_pending_max);
                Ok(())
            }
            Address::Event { tenant, .. } => {
                state.fan_out(&tenant, &stored, hub.limits.events_pending_max);
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Publisher for MemoryPublisher {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        self.route(message)
    }

    async fn publish_unwaited(&self, message: Outgoing) -> Result<(), PublishError> {
        match self.route(message) {
            Err(PublishError::Returned | PublishError::Refused) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            ended => ended,
        }
    }

    fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    async fn next_reply(&self) -> Option<Bytes> {
        loop {
            if let Some(reply) = self.broker.hub.lock().take_reply(self.inbox).ok()? {
                return Some(reply);
            }
            self.wake.notified().await;
        }
    }
}

impl Drop for MemoryPublisher {
    fn drop(&mut self) {
        self.broker.hub.lock().close_inbox(self.inbox);
    }
}

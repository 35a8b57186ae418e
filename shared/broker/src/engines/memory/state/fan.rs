//! The part of the state that fans out: replies into inboxes, events to subscribers.
//!
//! Neither is a queue that somebody relies on: what finds nobody, or nobody with room, is dropped. Deliberately
//! absent: taking and settling events, which are ordinary deliveries from a subscriber's private queue.

use super::{Inbox, Number, Place, State, Stored, Subscription};
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::Notify;

/// The inbox's connection was closed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxGone;

impl State {
    pub fn open_inbox(&mut self, connection: Number, wake: Arc<Notify>) -> Number {
        let id = self.number();
        self.inboxes.insert(id, Inbox { connection, replies: VecDeque::new(), wake });
        id
    }

    pub fn close_inbox(&mut self, id: Number) {
        self.inboxes.remove(&id);
    }

    /// The address of an inbox: of this generation of its connection only.
    pub fn inbox_address(&self, id: Number) -> Option<String> {
        let inbox = self.inboxes.get(&id)?;
        let connection = self.connection(inbox.connection)?;
        Some(format!("inbox.{id}.{}", connection.generation))
    }

    /// Delivers a reply, or drops it: an address that leads nowhere, an earlier generation, a full inbox.
    pub fn reply(&mut self, address: &str, payload: Bytes, inbox_max: usize) {
        let id = address.split('.').nth(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        if self.inbox_address(id).as_deref() != Some(address) {
            return;
        }
        if let Some(inbox) = self.inboxes.get_mut(&id)
            && inbox.replies.len() < inbox_max
        {
            inbox.replies.push_back(payload);
            inbox.wake.notify_one();
        }
    }

    /// The oldest reply in an inbox; `Err`: the inbox is gone for good.
    pub fn take_reply(&mut self, id: Number) -> Result<Option<Bytes>, InboxGone> {
        self.inboxes.get_mut(&id).map(|inbox| inbox.replies.pop_front()).ok_or(InboxGone)
    }

    /// A private queue of the events of one tenant, or of all.
    pub fn subscribe(&mut self, connection: Number, tenant: Option<String>) -> Place {
        let id = self.number();
        self.subscriptions.insert(id, Subscription { connection, tenant });
        let place = Place::Subscription(id);
        self.declare(place, None);
        place
    }

    /// Copies an event to every connected subscriber it concerns; one that lags loses its oldest.
    pub fn fan_out(&mut self, tenant: &str, event: &Stored, pending_max: usize) {
        let concerned: Vec<Number> = self
            .subscriptions
            .iter()
            .filter(|(_, entry)| entry.tenant.as_deref().is_none_or(|wanted| wanted == tenant))
            .filter(|(_, entry)| self.is_connected(entry.connection))
            .map(|(id, _)| *id)
            .collect();
        for id in concerned {
            let place = Place::Subscription(id);
            if let Some(messages) = self.queues.get_mut(&place) {
                messages.ready.push_back(event.clone());
                while messages.ready.len() > pending_max {
                    messages.ready.pop_front();
                }
            }
            self.wake_place(place);
        }
    }
}

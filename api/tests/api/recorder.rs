//! The in-process broker with a log of what was published, and with faults on demand.

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use wanlink_broker::engines::memory::MemoryBroker;
use wanlink_broker::port::{
    Address, Broker, BrokerError, Capabilities, Consumer, Health, Outgoing, PublishError, Publisher, Queue,
    QueueState,
};
use wanlink_domain::ids::AccountId;
use wanlink_wire::{Message, decode};

/// What the test may do to it.
#[derive(Default)]
pub struct Control {
    pub log: Mutex<Vec<(Queue, Message)>>,
    /// Every publish into this queue ends so.
    pub fault: Mutex<Option<(Queue, PublishError)>>,
    pub durable: Mutex<bool>,
    /// What goes into the journal arrives there, but its confirm does not.
    pub confirm_lost: Mutex<bool>,
    /// The journal takes as many messages as this has permits; `None`: any.
    pub journal_gate: Mutex<Option<Arc<Semaphore>>>,
}

impl Control {
    /// Everything but probes.
    pub fn published(&self) -> Vec<(Queue, Message)> {
        let log = self.log.lock().unwrap();
        log.iter().filter(|(_, message)| !matches!(message, Message::Probe(_))).cloned().collect()
    }

    pub fn journaled(&self) -> Vec<wanlink_wire::journal::Request> {
        let mut journaled = Vec::new();
        for (_, message) in self.published() {
            match message {
                Message::Request(request) => journaled.push(request),
                Message::Requests(bundle) => {
                    journaled.extend(bundle.requests.into_iter().map(|it| it.request))
                }
                _ => {}
            }
        }
        journaled
    }

    /// How many requests each message to the journal carried.
    pub fn bundles(&self) -> Vec<usize> {
        let size = |message: &Message| match message {
            Message::Request(_) => Some(1),
            Message::Requests(bundle) => Some(bundle.requests.len()),
            _ => None,
        };
        self.published().iter().filter_map(|(_, message)| size(message)).collect()
    }

    pub fn prompts(&self) -> usize {
        self.published().iter().filter(|(_, it)| matches!(it, Message::Prompt(_))).count()
    }

    /// All that was published, as text: for looking for what must not be in it.
    pub fn text(&self) -> String {
        format!("{:?}", self.published())
    }
}

pub struct Recorder {
    pub inner: MemoryBroker,
    pub control: Arc<Control>,
}

struct RecordingPublisher {
    inner: Box<dyn Publisher>,
    control: Arc<Control>,
}

impl RecordingPublisher {
    fn note(&self, message: &Outgoing) -> Result<(), PublishError> {
        let Address::Queue(queue) = message.to else { return Ok(()) };
        if let Some((at, error)) = self.control.fault.lock().unwrap().clone()
            && at == queue
        {
            return Err(error);
        }
        let envelope = decode(&message.payload).expect("the api publishes what can be read");
        self.control.log.lock().unwrap().push((queue, envelope.message));
        Ok(())
    }
}

#[async_trait]
impl Publisher for RecordingPublisher {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        self.note(&message)?;
        let journal = message.to == Address::Queue(Queue::Journal);
        let gate = self.control.journal_gate.lock().unwrap().clone();
        if let Some(gate) = gate.filter(|_| journal) {
            gate.acquire().await.expect("the gate stays").forget();
        }
        self.inner.publish(message).await?;
        match *self.control.confirm_lost.lock().unwrap() {
            true if journal => Err(PublishError::Unknown("cut".to_owned())),
            _ => Ok(()),
        }
    }

    async fn publish_unwaited(&self, message: Outgoing) -> Result<(), PublishError> {
        self.note(&message)?;
        self.inner.publish_unwaited(message).await
    }

    fn lost(&self) -> u64 {
        self.inner.lost()
    }

    async fn next_reply(&self) -> Option<Bytes> {
        self.inner.next_reply().await
    }
}

#[async_trait]
impl Broker for Recorder {
    fn capabilities(&self) -> Capabilities {
        Capabilities { durable: *self.control.durable.lock().unwrap(), ..self.inner.capabilities() }
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.inner.health()
    }

    async fn declare_topology(&self) -> Result<(), BrokerError> {
        self.inner.declare_topology().await
    }

    async fn declare_account(&self, account: AccountId) -> Result<QueueState, BrokerError> {
        self.inner.declare_account(account).await
    }

    async fn delete_account(&self, account: AccountId) -> Result<(), BrokerError> {
        self.inner.delete_account(account).await
    }

    async fn inspect(&self, queue: Queue) -> Result<Option<QueueState>, BrokerError> {
        self.inner.inspect(queue).await
    }

    async fn purge(&self, queue: Queue) -> Result<u32, BrokerError> {
        self.inner.purge(queue).await
    }

    fn publisher(&self) -> Box<dyn Publisher> {
        Box::new(RecordingPublisher { inner: self.inner.publisher(), control: self.control.clone() })
    }

    fn consumer(&self, queue: Queue, prefetch: u16) -> Box<dyn Consumer> {
        self.inner.consumer(queue, prefetch)
    }

    fn subscribe(&self, tenant: Option<String>) -> Box<dyn Consumer> {
        self.inner.subscribe(tenant)
    }

    async fn close(&self, within: Duration) {
        self.inner.close(within).await;
    }
}

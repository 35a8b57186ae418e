//! A broker whose publishers lose confirms, and which counts its consumers: faults that an engine cannot be told.

use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use wanlink_broker::engines::memory::MemoryBroker;
use wanlink_broker::port::{
    Address, Broker, BrokerError, Capabilities, Consumer, Health, Outgoing, PublishError, Publisher, Queue,
    QueueState,
};
use wanlink_domain::ids::AccountId;

/// What shall go wrong, and what was counted.
#[derive(Default)]
pub struct Faults {
    /// So many reports are taken without their confirm coming back.
    pub confirms_lost: AtomicU32,
    /// Consumers of account queues that were opened.
    pub consumers: AtomicU32,
}

pub struct Faulty {
    pub broker: MemoryBroker,
    pub faults: Arc<Faults>,
}

struct FaultyPublisher {
    publisher: Box<dyn Publisher>,
    faults: Arc<Faults>,
}

#[async_trait]
impl Publisher for FaultyPublisher {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        let lose = message.to == Address::Queue(Queue::Reports)
            && self
                .faults
                .confirms_lost
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                .is_ok();
        self.publisher.publish(message).await?;
        if lose { Err(PublishError::Unknown("the confirm was lost".into())) } else { Ok(()) }
    }

    async fn publish_unwaited(&self, message: Outgoing) -> Result<(), PublishError> {
        self.publisher.publish_unwaited(message).await
    }

    fn lost(&self) -> u64 {
        self.publisher.lost()
    }

    async fn next_reply(&self) -> Option<Bytes> {
        self.publisher.next_reply().await
    }
}

#[async_trait]
impl Broker for Faulty {
    fn capabilities(&self) -> Capabilities {
        self.broker.capabilities()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.broker.health()
    }

    async fn declare_topology(&self) -> Result<(), BrokerError> {
        self.broker.declare_topology().await
    }

    async fn declare_account(&self, account: AccountId) -> Result<QueueState, BrokerError> {
        self.broker.declare_account(account).await
    }

    async fn delete_account(&self, account: AccountId) -> Result<(), BrokerError> {
        self.broker.delete_account(account).await
    }

    async fn inspect(&self, queue: Queue) -> Result<Option<QueueState>, BrokerError> {
        self.broker.inspect(queue).await
    }

    async fn purge(&self, queue: Queue) -> Result<u32, BrokerError> {
        self.broker.purge(queue).await
    }

    fn publisher(&self) -> Box<dyn Publisher> {
        Box::new(FaultyPublisher { publisher: self.broker.publisher(), faults: self.faults.clone() })
    }

    fn consumer(&self, queue: Queue, prefetch: u16) -> Box<dyn Consumer> {
        self.faults.consumers.fetch_add(1, Ordering::SeqCst);
        self.broker.consumer(queue, prefetch)
    }

    fn subscribe(&self, tenant: Option<String>) -> Box<dyn Consumer> {
        self.broker.subscribe(tenant)
    }

    async fn close(&self, within: Duration) {
        self.broker.close(within).await;
    }
}

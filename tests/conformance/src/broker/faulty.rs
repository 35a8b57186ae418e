//! Engines with one fault each, to prove that the suite would notice.
//!
//! A faulty engine is a sound one behind a wrapper that breaks one promise of the port; [`FAULTS`] names for each
//! fault the cases that must fail on it, the telling one first. Deliberately absent: faults that no case can see.

use super::Harness;
use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wanlink_broker::port::{
    Broker, BrokerError, Capabilities, Consumer, Delivery, Health, Outgoing, PublishError, Publisher, Queue,
    QueueState, Settle, Settled,
};
use wanlink_domain::ids::AccountId;

/// The promise that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None: the wrapper itself disturbs nothing.
    None,
    /// A message is acknowledged as soon as it is delivered.
    AcksEarly,
    /// What was unsettled when the connection ended is not delivered again.
    LosesOnReconnect,
    /// After a reconnection consumers wait for ever.
    NeverResumes,
    /// Consumers hold as much as there is.
    IgnoresPrefetch,
    /// A confirm counts, also of a message that no queue took.
    CountsReturnedAsConfirmed,
    /// A message that comes again is thrown away, as poison.
    DropsAtRedelivery,
    /// Settling claims success on a connection that is gone.
    SettlesWhatIsGone,
}

/// Each fault with exactly the cases that fail on it.
pub const FAULTS: &[(Fault, &[&str])] = &[
    (
        Fault::AcksEarly,
        &[
            "an_unsettled_message_comes_back_when_its_consumer_closes",
            "an_unsettled_message_comes_back_when_its_consumer_is_dropped",
            "a_dropped_delivery_stays_unsettled",
            "a_message_given_back_comes_again_marked_redelivered",
            "twenty_five_give_backs_lose_nothing",
            "prefetch_bounds_what_is_unsettled",
            "settling_makes_room_for_the_next",
            "settling_after_the_consumer_closed_is_gone",
            "settling_after_a_reconnection_is_gone",
            "unsettled_messages_are_not_ready",
            "inspecting_counts_messages_and_consumers",
            "other_consumers_get_what_a_closed_one_held",
            "what_was_unsettled_at_a_cut_comes_again",
            "what_a_closed_process_held_comes_back",
        ],
    ),
    (
        Fault::LosesOnReconnect,
        &["what_was_unsettled_at_a_cut_comes_again", "settling_after_a_reconnection_is_gone"],
    ),
    (
        Fault::NeverResumes,
        &[
            "consuming_resumes_after_a_cut",
            "what_was_unsettled_at_a_cut_comes_again",
            "settling_after_a_reconnection_is_gone",
            "replies_come_again_after_a_cut",
            "three_cuts_under_load_lose_nothing_confirmed",
        ],
    ),
    (Fault::IgnoresPrefetch, &["prefetch_bounds_what_is_unsettled", "settling_makes_room_for_the_next"]),
    (
        Fault::CountsReturnedAsConfirmed,
        &[
            "a_returned_publish_is_no_success_and_stores_nothing",
            "a_publish_to_an_absent_queue_is_returned",
            "concurrent_publishes_each_get_their_own_verdict",
        ],
    ),
    (
        Fault::DropsAtRedelivery,
        &[
            "twenty_five_give_backs_lose_nothing",
            "a_message_given_back_comes_again_marked_redelivered",
            "an_unsettled_message_comes_back_when_its_consumer_closes",
            "an_unsettled_message_comes_back_when_its_consumer_is_dropped",
            "a_dropped_delivery_stays_unsettled",
            "settling_after_the_consumer_closed_is_gone",
            "settling_after_a_reconnection_is_gone",
            "other_consumers_get_what_a_closed_one_held",
            "what_was_unsettled_at_a_cut_comes_again",
            "what_a_closed_process_held_comes_back",
        ],
    ),
    (
        Fault::SettlesWhatIsGone,
        &["settling_after_a_reconnection_is_gone", "settling_after_the_consumer_closed_is_gone"],
    ),
];

/// A harness whose brokers all have one fault.
pub struct FaultyHarness {
    pub sound: Arc<dyn Harness>,
    pub fault: Fault,
}

#[async_trait]
impl Harness for FaultyHarness {
    async fn connect(&self) -> Result<Arc<dyn Broker>, String> {
        Ok(Arc::new(FaultyBroker { sound: self.sound.connect().await?, fault: self.fault }))
    }

    async fn cut(&self) {
        self.sound.cut().await;
    }

    async fn heal(&self) {
        self.sound.heal().await;
    }

    async fn block(&self, blocked: bool) {
        self.sound.block(blocked).await;
    }

    async fn clean(&self, accounts: &BTreeSet<AccountId>) {
        self.sound.clean(accounts).await;
    }
}

struct FaultyBroker {
    sound: Arc<dyn Broker>,
    fault: Fault,
}

impl FaultyBroker {
    fn wrap(&self, sound: Box<dyn Consumer>) -> Box<dyn Consumer> {
        let health = self.sound.health();
        let generation = health.borrow().generation;
        Box::new(FaultyConsumer { sound, fault: self.fault, health, generation })
    }
}

#[async_trait]
impl Broker for FaultyBroker {
    fn capabilities(&self) -> Capabilities {
        self.sound.capabilities()
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.sound.health()
    }

    async fn declare_topology(&self) -> Result<(), BrokerError> {
        self.sound.declare_topology().await
    }

    async fn declare_account(&self, account: AccountId) -> Result<QueueState, BrokerError> {
        self.sound.declare_account(account).await
    }

    async fn delete_account(&self, account: AccountId) -> Result<(), BrokerError> {
        self.sound.delete_account(account).await
    }

    async fn inspect(&self, queue: Queue) -> Result<Option<QueueState>, BrokerError> {
        self.sound.inspect(queue).await
    }

    async fn purge(&self, queue: Queue) -> Result<u32, BrokerError> {
        self.sound.purge(queue).await
    }

    fn publisher(&self) -> Box<dyn Publisher> {
        Box::new(FaultyPublisher { sound: self.sound.publisher(), fault: self.fault })
    }

    fn consumer(&self, queue: Queue, prefetch: u16) -> Box<dyn Consumer> {
        let prefetch = if self.fault == Fault::IgnoresPrefetch { u16::MAX } else { prefetch };
        self.wrap(self.sound.consumer(queue, prefetch))
    }

    fn subscribe(&self, tenant: Option<String>) -> Box<dyn Consumer> {
        self.sound.subscribe(tenant)
    }

    async fn close(&self, within: Duration) {
        self.sound.close(within).await;
    }
}

struct FaultyPublisher {
    sound: Box<dyn Publisher>,
    fault: Fault,
}

#[async_trait]
impl Publisher for FaultyPublisher {
    async fn publish(&self, message: Outgoing) -> Result<(), PublishError> {
        match self.sound.publish(message).await {
            Err(PublishError::Returned) if self.fault == Fault::CountsReturnedAsConfirmed => Ok(()),
            ended => ended,
        }
    }

    async fn publish_unwaited(&self, message: Outgoing) -> Result<(), PublishError> {
        self.sound.publish_unwaited(message).await
    }

    fn lost(&self) -> u64 {
        self.sound.lost()
    }

    async fn next_reply(&self) -> Option<Bytes> {
        self.sound.next_reply().await
    }
}

struct FaultyConsumer {
    sound: Box<dyn Consumer>,
    fault: Fault,
    health: watch::Receiver<Health>,
    generation: u64,
}

/// What the wrapper does with a delivery.
enum Treatment {
    Pass,
    ThrowAway,
    Hide,
}

impl FaultyConsumer {
    fn treat(&self, delivery: &Delivery) -> Treatment {
        let is_reconnected = self.health.borrow().generation != self.generation;
        match self.fault {
            Fault::DropsAtRedelivery if delivery.redelivered => Treatment::ThrowAway,
            Fault::LosesOnReconnect if is_reconnected && delivery.redelivered => Treatment::ThrowAway,
            Fault::NeverResumes if is_reconnected => Treatment::Hide,
            _ => Treatment::Pass,
        }
    }

    /// The delivery as the caller gets it. The in-process engine settles without waiting.
    fn disguise(&self, delivery: Delivery) -> Delivery {
        let (payload, redelivered, reply_to) =
            (delivery.payload.clone(), delivery.redelivered, delivery.reply_to.clone());
        match self.fault {
            Fault::AcksEarly => {
                delivery.ack().now_or_never();
                Delivery::new(payload, redelivered, reply_to, Box::new(Pretended(None)))
            }
            Fault::SettlesWhatIsGone => {
                Delivery::new(payload, redelivered, reply_to, Box::new(Pretended(Some(delivery))))
            }
            _ => delivery,
        }
    }
}

#[async_trait]
impl Consumer for FaultyConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            let delivery = self.sound.next().await?;
            match self.treat(&delivery) {
                Treatment::Pass => return Some(self.disguise(delivery)),
                Treatment::ThrowAway => drop(delivery.ack().await),
                Treatment::Hide => std::future::pending().await,
            }
        }
    }

    fn try_next(&mut self) -> Option<Delivery> {
        loop {
            let delivery = self.sound.try_next()?;
            match self.treat(&delivery) {
                Treatment::Pass => return Some(self.disguise(delivery)),
                Treatment::ThrowAway => drop(delivery.ack().now_or_never()),
                Treatment::Hide => return None,
            }
        }
    }

    async fn close(&mut self) {
        self.sound.close().await;
    }
}

/// A handle that always claims to have settled, and settles what it still has.
struct Pretended(Option<Delivery>);

#[async_trait]
impl Settle for Pretended {
    async fn ack(mut self: Box<Self>) -> Settled {
        if let Some(delivery) = self.0.take() {
            delivery.ack().await;
        }
        Settled::Sent
    }

    async fn give_back(mut self: Box<Self>) -> Settled {
        if let Some(delivery) = self.0.take() {
            delivery.give_back().await;
        }
        Settled::Sent
    }
}

//! One suite for every message broker engine: cases that know the port and nothing else.
//!
//! A [`Harness`] makes an engine's broker and can take it away; [`CASES`] runs unchanged on each. What only one
//! engine can show (a silent socket, a second endpoint) is tested beside, in that engine's test binary.
//! Deliberately absent: the order of messages. Nothing in wanlink rests on it.

pub mod amqp;
mod closing;
mod confirms;
mod connections;
mod deliveries;
mod events;
pub mod faulty;
pub mod memory;
mod proxy;
mod queues;
mod replies;
mod routing;
mod unsettled;

use async_trait::async_trait;
use bytes::Bytes;
use futures::future::BoxFuture;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;
use wanlink_broker::port::{
    Address, Broker, Consumer, Delivery, Health, Outgoing, PublishError, Publisher, Queue,
};
use wanlink_domain::ids::AccountId;

/// A case's end: what was seen instead of what was expected.
pub type Outcome = Result<(), String>;

/// One case, given a bench of its own.
pub type Case = fn(Bench) -> BoxFuture<'static, Outcome>;

/// How many messages the journal of every harness holds before it refuses.
pub const JOURNAL_LENGTH_MAX: u32 = 20;

/// Makes brokers of one engine, all leading to the same place, and takes them away.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A process's broker of its own, connected.
    async fn connect(&self) -> Result<Arc<dyn Broker>, String>;

    /// Cuts every connection and lets none come back before [`Harness::heal`].
    async fn cut(&self);

    async fn heal(&self);

    /// Has the broker tell every connection that publishers are blocked, or no longer.
    async fn block(&self, blocked: bool);

    /// Removes what the case has made, after it.
    async fn clean(&self, accounts: &BTreeSet<AccountId>);
}

/// What a case works with: a harness, and the few steps that most cases share.
#[derive(Clone)]
pub struct Bench {
    harness: Arc<dyn Harness>,
    accounts: Arc<Mutex<BTreeSet<AccountId>>>,
    next_account: Arc<AtomicU64>,
}

/// How long what must happen may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long what must not happen is watched for.
const QUIET: Duration = Duration::from_millis(300);

impl Bench {
    pub fn new(harness: Arc<dyn Harness>) -> Self {
        Self { harness, accounts: Arc::default(), next_account: Arc::default() }
    }

    /// Runs one case and cleans up behind it.
    pub async fn run(self, case: Case) -> Outcome {
        let (harness, accounts) = (self.harness.clone(), self.accounts.clone());
        let outcome = case(self).await;
        let accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner).clone();
        harness.clean(&accounts).await;
        outcome
    }

    /// A connected broker with its fixed queues.
    async fn broker(&self) -> Result<Arc<dyn Broker>, String> {
        let broker = self.harness.connect().await?;
        broker.declare_topology().await.map_err(text)?;
        Ok(broker)
    }

    /// An account without a queue.
    fn account(&self) -> AccountId {
        let number = self.next_account.fetch_add(1, Ordering::Relaxed);
        let account = AccountId(Uuid::from_u128(0xACC0_0000 + u128::from(number)));
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).insert(account);
        account
    }

    /// An account with a queue.
    async fn declared(&self, broker: &Arc<dyn Broker>) -> Result<Queue, String> {
        let account = self.account();
        broker.declare_account(account).await.map_err(text)?;
        Ok(Queue::Account(account))
    }

    async fn cut(&self, broker: &Arc<dyn Broker>) -> Outcome {
        self.harness.cut().await;
        until_health(broker, "disconnected", |health| !health.connected).await
    }

    async fn cut_and_heal(&self, broker: &Arc<dyn Broker>) -> Outcome {
        let generation = broker.health().borrow().generation;
        self.cut(broker).await?;
        self.harness.heal().await;
        until_health(broker, "a new generation", |health| health.ready() && health.generation > generation)
            .await
    }
}

/// An error as a case's end.
fn text(error: impl Display) -> String {
    error.to_string()
}

/// Fails the case unless `holds`.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    ensure(found == expected, || format!("{what}: {found:?} instead of {expected:?}"))
}

async fn until_health(broker: &Arc<dyn Broker>, what: &str, holds: impl FnMut(&Health) -> bool) -> Outcome {
    let mut health = broker.health();
    let reached = tokio::time::timeout(PATIENCE, health.wait_for(holds)).await;
    ensure(matches!(reached, Ok(Ok(_))), || format!("health never became: {what}"))
}

fn message(to: Address, payload: &str) -> Outgoing {
    Outgoing { to, payload: Bytes::from(payload.to_owned()), wants_reply: false, expires: None }
}

fn to_queue(queue: Queue, payload: &str) -> Outgoing {
    message(Address::Queue(queue), payload)
}

async fn publish(publisher: &dyn Publisher, queue: Queue, payload: &str) -> Outcome {
    publisher.publish(to_queue(queue, payload)).await.map_err(text)
}

/// Publishes `count` messages with the payloads `0`, `1`, ...
async fn publish_numbers(publisher: &dyn Publisher, queue: Queue, count: usize) -> Outcome {
    for number in 0..count {
        publish(publisher, queue, &number.to_string()).await?;
    }
    Ok(())
}

/// Publishes until it works: what a role does after a reconnection.
async fn publish_at_last(publisher: &dyn Publisher, queue: Queue, payload: &str) -> Outcome {
    let tries = async {
        loop {
            match publisher.publish(to_queue(queue, payload)).await {
                Ok(()) => return Ok(()),
                Err(PublishError::Unavailable(_) | PublishError::Unknown(_)) => {
                    tokio::task::yield_now().await;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                Err(error) => return Err(text(error)),
            }
        }
    };
    tokio::time::timeout(PATIENCE, tries).await.unwrap_or_else(|_| Err("publishing never worked".to_owned()))
}

async fn take(consumer: &mut Box<dyn Consumer>) -> Result<Delivery, String> {
    match tokio::time::timeout(PATIENCE, consumer.next()).await {
        Ok(Some(delivery)) => Ok(delivery),
        Ok(None) => Err("the consumer ended".to_owned()),
        Err(_) => Err("no delivery came".to_owned()),
    }
}

/// Takes and acknowledges one message; it must be this one.
async fn take_and_ack(consumer: &mut Box<dyn Consumer>, payload: &str) -> Outcome {
    let delivery = take(consumer).await?;
    equal("payload", read(&delivery), payload.to_owned())?;
    delivery.ack().await;
    Ok(())
}

/// Takes and acknowledges messages until each of `0..count` was there; repeats are allowed.
async fn take_numbers(consumer: &mut Box<dyn Consumer>, count: usize) -> Outcome {
    let mut missing: BTreeSet<String> = (0..count).map(|number| number.to_string()).collect();
    while !missing.is_empty() {
        let delivery = take(consumer).await.map_err(|why| format!("{why}; missing {missing:?}"))?;
        missing.remove(&read(&delivery));
        delivery.ack().await;
    }
    Ok(())
}

async fn nothing_comes(consumer: &mut Box<dyn Consumer>) -> Outcome {
    match tokio::time::timeout(QUIET, consumer.next()).await {
        Ok(Some(delivery)) => Err(format!("an unexpected delivery: {}", read(&delivery))),
        _ => Ok(()),
    }
}

fn read(delivery: &Delivery) -> String {
    String::from_utf8_lossy(&delivery.payload).into_owned()
}

/// Looks again until a queue holds `ready` messages.
async fn until_ready(broker: &Arc<dyn Broker>, queue: Queue, ready: u32) -> Outcome {
    until(&format!("{ready} ready in {queue:?}"), || async {
        matches!(broker.inspect(queue).await, Ok(Some(state)) if state.ready == ready)
    })
    .await
}

/// Looks again until `holds`.
async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) -> Outcome {
    let looking = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.map_err(|_| format!("never came true: {what}"))
}

/// Makes the table of cases, and a macro that makes one test of each in a test binary:
/// `broker_case_tests!(run, tokio::test)`, where `run` takes a case's name.
macro_rules! cases {
    ($d:tt $($module:ident::$name:ident,)+) => {
        /// Every case by its name.
        pub const CASES: &[(&str, Case)] =
            &[$((stringify!($name), |bench| Box::pin($module::$name(bench)))),+];

        /// One test per case of the broker suite.
        #[macro_export]
        macro_rules! broker_case_tests {
            ($d run:path, $d ($d attribute:tt)*) => {
                $(
                    #[$d ($d attribute)*]
                    async fn $name() {
                        $d run(stringify!($name)).await;
                    }
                )+
            };
        }
    };
}

cases! { $
    routing::a_prompt_reaches_the_queue_of_its_account_only,
    routing::each_fixed_queue_gets_its_own_messages,
    routing::a_payload_arrives_byte_for_byte,
    routing::an_empty_payload_arrives,
    routing::every_message_arrives_once,
    confirms::a_publish_to_an_absent_queue_is_returned,
    confirms::a_returned_publish_is_no_success_and_stores_nothing,
    confirms::an_unwaited_prompt_without_a_queue_is_counted_lost,
    confirms::an_unwaited_prompt_that_arrives_is_not_counted,
    confirms::many_unwaited_prompts_arrive,
    confirms::concurrent_publishes_each_get_their_own_verdict,
    confirms::a_thousand_concurrent_publishes_are_confirmed_and_none_is_lost,
    confirms::a_full_queue_refuses,
    confirms::a_full_queue_takes_again_when_it_was_emptied,
    deliveries::a_first_delivery_is_not_marked_redelivered,
    deliveries::an_acknowledged_message_never_comes_again,
    deliveries::a_message_given_back_comes_again_marked_redelivered,
    deliveries::twenty_five_give_backs_lose_nothing,
    deliveries::prefetch_bounds_what_is_unsettled,
    deliveries::settling_makes_room_for_the_next,
    deliveries::trying_never_waits,
    deliveries::a_cancelled_wait_loses_nothing,
    deliveries::two_consumers_share_and_each_message_goes_to_one,
    deliveries::an_expired_message_is_not_delivered,
    deliveries::a_message_taken_in_time_does_not_expire,
    unsettled::an_unsettled_message_comes_back_when_its_consumer_closes,
    unsettled::an_unsettled_message_comes_back_when_its_consumer_is_dropped,
    unsettled::a_dropped_delivery_stays_unsettled,
    unsettled::settling_after_the_consumer_closed_is_gone,
    unsettled::a_closed_consumer_ends,
    unsettled::unsettled_messages_are_not_ready,
    unsettled::other_consumers_get_what_a_closed_one_held,
    queues::declaring_the_topology_twice_keeps_its_messages,
    queues::declaring_an_account_twice_keeps_its_messages,
    queues::an_absent_queue_is_none,
    queues::inspecting_counts_messages_and_consumers,
    queues::deleting_an_account_takes_its_messages_along,
    queues::deleting_an_absent_account_is_no_error,
    queues::purging_answers_how_many_it_removed,
    queues::a_consumer_of_an_absent_queue_starts_when_it_is_declared,
    queues::a_consumer_goes_on_when_its_queue_was_deleted_and_made_again,
    queues::accounts_made_and_deleted_leave_nothing_behind,
    replies::a_reply_reaches_the_publisher_that_asked_and_no_other,
    replies::every_reply_arrives,
    replies::a_reply_to_a_vanished_publisher_is_no_error,
    replies::a_reply_to_nonsense_is_no_error,
    replies::who_wants_no_reply_leaves_no_address,
    events::an_event_without_subscribers_is_no_error,
    events::an_event_reaches_every_subscriber,
    events::a_subscriber_of_one_tenant_sees_no_other,
    events::separators_and_wildcards_in_an_event_are_plain_text,
    connections::the_generation_grows_with_each_connection,
    connections::publishing_while_disconnected_is_unavailable,
    connections::administration_while_disconnected_is_unavailable,
    connections::consuming_resumes_after_a_cut,
    connections::publishing_resumes_after_a_cut,
    connections::what_was_unsettled_at_a_cut_comes_again,
    connections::settling_after_a_reconnection_is_gone,
    connections::confirmed_messages_outlive_a_cut,
    connections::replies_come_again_after_a_cut,
    connections::events_come_again_after_a_cut,
    connections::three_cuts_under_load_lose_nothing_confirmed,
    connections::blocked_publishers_are_refused_and_go_on,
    closing::closing_waits_for_what_was_published,
    closing::publishing_after_closing_is_unavailable,
    closing::closing_ends_consumers_and_inboxes,
    closing::what_a_closed_process_held_comes_back,
    closing::closing_one_process_leaves_the_other_alone,
}

/// The case of this name.
pub fn case(name: &str) -> Option<Case> {
    CASES.iter().find(|(known, _)| *known == name).map(|(_, case)| *case)
}

//! The broker suite on the AMQP engine, against the broker that `WANLINK_TEST_AMQP_URL` names.

use bytes::Bytes;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use wanlink_broker::engines::amqp::{AmqpBroker, AmqpConfig};
use wanlink_broker::port::{Address, Broker, BrokerError, Outgoing, PublishError, Queue};
use wanlink_conformance::broker::amqp::{AmqpHarness, Weather};
use wanlink_conformance::broker::{Bench, Harness, case};
use wanlink_domain::ids::AccountId;

const PATIENCE: Duration = Duration::from_secs(20);

async fn harness() -> AmqpHarness {
    match AmqpHarness::start().await {
        Ok(harness) => harness,
        Err(why) => panic!("{why}"),
    }
}

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(harness().await)).run(case).await {
        panic!("{name}: {why}");
    }
}

wanlink_conformance::broker_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

// What only a broker over a network can show.

fn report(payload: &'static str) -> Outgoing {
    let (to, payload) = (Address::Queue(Queue::Reports), Bytes::from_static(payload.as_bytes()));
    Outgoing { to, payload, wants_reply: false, expires: None }
}

/// Settings that find a silent connection soon.
fn impatient(harness: &AmqpHarness) -> AmqpConfig {
    let soon = Duration::from_millis(1_000);
    let config = harness.config().expect("a readable URL");
    AmqpConfig { confirm_timeout: soon, call_timeout: soon, connect_timeout: soon, ..config }
}

async fn open(harness: &AmqpHarness, config: &AmqpConfig) -> AmqpBroker {
    let broker = harness.open(config).await.expect("a connection");
    broker.declare_topology().await.expect("a topology");
    broker
}

async fn until_generation(broker: &AmqpBroker, least: u64) {
    let mut health = broker.health();
    let reached = health.wait_for(|health| health.ready() && health.generation >= least);
    tokio::time::timeout(PATIENCE, reached).await.expect("in time").expect("an open engine");
}

async fn next_payload(broker: &AmqpBroker, queue: Queue) -> Bytes {
    let mut consumer = broker.consumer(queue, 1);
    let delivery = tokio::time::timeout(PATIENCE, consumer.next()).await.expect("in time");
    let delivery = delivery.expect("an open consumer");
    let payload = delivery.payload.clone();
    delivery.ack().await;
    payload
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_is_found_dead_and_its_publish_is_unknown() {
    let harness = harness().await;
    let broker = open(&harness, &impatient(&harness)).await;
    let publisher = broker.publisher();
    publisher.publish(report("heard")).await.expect("a confirm");
    harness.proxy.set(Weather::Silent);
    let ended = publisher.publish(report("perhaps")).await;
    assert!(matches!(ended, Err(PublishError::Unknown(_))), "{ended:?}");
    let administration = broker.inspect(Queue::Journal).await;
    assert!(matches!(administration, Err(BrokerError::Unavailable(_))), "{administration:?}");
    harness.proxy.set(Weather::Fair);
    until_generation(&broker, 2).await;
    assert_eq!(next_payload(&broker, Queue::Reports).await, "heard");
    harness.clean(&BTreeSet::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_endpoint_is_tried_when_one_is_away() {
    let harness = harness().await;
    let config = impatient(&harness);
    // Port 1 is reserved and nobody listens there.
    let dead = "amqp://nobody:secret@127.0.0.1:1/%2f".to_owned();
    let endpoints = [vec![dead], config.endpoints.clone()].concat();
    let broker = open(&harness, &AmqpConfig { endpoints, ..config }).await;
    broker.publisher().publish(report("there")).await.expect("a confirm");
    assert_eq!(next_payload(&broker, Queue::Reports).await, "there");
    harness.clean(&BTreeSet::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_broker_is_reported_without_its_password() {
    let harness = harness().await;
    let config = impatient(&harness);
    let endpoints = vec!["amqp://nobody:hunter2@127.0.0.1:1/%2f".to_owned()];
    let entropy = Arc::new(wanlink_runtime::entropy::SystemEntropy);
    let broker = AmqpBroker::open(&AmqpConfig { endpoints, ..config }, entropy).expect("good settings");
    let mut health = broker.health();
    let reported = health
        .wait_for(|health| health.detail.as_deref().is_some_and(|detail| detail.contains("127.0.0.1:1")));
    let reported = tokio::time::timeout(PATIENCE, reported).await.expect("in time").expect("open").clone();
    assert!(!format!("{reported:?}").contains("hunter2"), "{reported:?}");
    let ended = broker.publisher().publish(report("no")).await;
    assert!(matches!(&ended, Err(PublishError::Unavailable(why)) if !why.contains("hunter2")), "{ended:?}");
    broker.close(Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_with_other_properties_is_refused_by_name() {
    let harness = harness().await;
    let config = harness.config().expect("a readable URL");
    open(&harness, &config).await;
    let other = AmqpConfig { journal_max_length: config.journal_max_length + 1, ..config };
    let broker = harness.open(&other).await.expect("a connection");
    match broker.declare_topology().await {
        Err(BrokerError::Incompatible { queue, detail }) => {
            assert!(queue.ends_with(".journal") && detail.contains("x-max-length"), "{queue}: {detail}");
        }
        ended => panic!("{ended:?}"),
    }
    harness.clean(&BTreeSet::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_queues_can_be_classic() {
    let harness = harness().await;
    let config = harness.config().expect("a readable URL");
    let account_queues = wanlink_runtime::config::AccountQueues::Classic;
    let broker = open(&harness, &AmqpConfig { account_queues, ..config }).await;
    let account = AccountId(Uuid::from_u128(1));
    broker.declare_account(account).await.expect("a queue");
    let prompt = Outgoing { to: Address::Queue(Queue::Account(account)), ..report("prompt") };
    broker.publisher().publish(prompt).await.expect("a confirm");
    assert_eq!(next_payload(&broker, Queue::Account(account)).await, "prompt");
    harness.clean(&BTreeSet::from([account])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_does_not_answer_costs_its_own_channel_alone() {
    let harness = harness().await;
    let broker = open(&harness, &impatient(&harness)).await;
    let (well, ill) = (AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2)));
    for account in [well, ill] {
        broker.declare_account(account).await.expect("a queue");
    }
    let publisher = broker.publisher();
    let prompt = |account| Outgoing { to: Address::Queue(Queue::Account(account)), ..report("prompt") };
    let mut healthy = broker.consumer(Queue::Account(well), 1);
    publisher.publish(prompt(well)).await.expect("a confirm");
    healthy.next().await.expect("a delivery").ack().await;

    harness.proxy.withhold_consume_ok(true);
    let mut silent = broker.consumer(Queue::Account(ill), 1);
    let asked_again = async {
        while harness.proxy.withheld() < 3 {
            publisher.publish(prompt(well)).await.expect("a confirm");
            healthy.next().await.expect("a delivery").ack().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked_again)
        .await
        .expect("it is tried again, and the other queue goes on");
    assert_eq!(broker.health().borrow().generation, 1, "the connection lives on");

    harness.proxy.withhold_consume_ok(false);
    publisher.publish(prompt(ill)).await.expect("a confirm");
    let delivery = tokio::time::timeout(PATIENCE, silent.next()).await.expect("in time");
    delivery.expect("a delivery").ack().await;
    assert_eq!(broker.health().borrow().generation, 1);
    harness.clean(&BTreeSet::from([well, ill])).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_keeps_the_kind_of_its_queue_when_the_configuration_changes() {
    use wanlink_runtime::config::AccountQueues::{Classic, Quorum};
    let harness = harness().await;
    let config = harness.config().expect("a readable URL");
    let mut accounts = BTreeSet::new();
    for (id, before, after) in [(1, Quorum, Classic), (2, Classic, Quorum)] {
        let account = AccountId(Uuid::from_u128(id));
        accounts.insert(account);
        let of = |account_queues| AmqpConfig { account_queues, ..config.clone() };
        let prompt = Outgoing { to: Address::Queue(Queue::Account(account)), ..report("prompt") };
        let former = open(&harness, &of(before)).await;
        former.declare_account(account).await.expect("a queue");
        former.publisher().publish(prompt.clone()).await.expect("a confirm");
        let broker = open(&harness, &of(after)).await;
        broker.declare_account(account).await.expect("the queue that is there");
        assert_eq!(next_payload(&broker, Queue::Account(account)).await, "prompt");
        broker.publisher().publish(prompt).await.expect("a confirm");
        assert_eq!(next_payload(&broker, Queue::Account(account)).await, "prompt");
    }
    harness.clean(&accounts).await;
}

//! Calls over the message broker: the same answers as HTTP's, once each, and what cannot be read out of the way.

use crate::world::{World, end, link};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;
use wanlink_broker::engines::memory::MemoryBroker;
use wanlink_broker::port::{Address, Broker, Outgoing, Publisher, Queue};
use wanlink_domain::ids::MessageId;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::time::Timestamp;
use wanlink_wire::call::{Call, Called};
use wanlink_wire::report::Parked;
use wanlink_wire::{Envelope, Message, decode, encode};

/// A program that knows only the broker.
struct Client {
    broker: MemoryBroker,
    publisher: Box<dyn Publisher>,
}

const fn numbered(id: u128) -> MessageId {
    MessageId(Uuid::from_u128(id))
}

fn call(method: &str, path: &str, key: Option<&str>, body: Value) -> Call {
    let (method, path) = (method.to_owned(), path.to_owned());
    Call { method, path, idempotency_key: key.map(str::to_owned), body }
}

async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.unwrap_or_else(|_| panic!("{what} in time"))
}

impl Client {
    fn of(world: &World) -> Self {
        let broker = world.broker.hub().connect();
        Self { publisher: broker.publisher(), broker }
    }

    async fn raw(&self, payload: Vec<u8>, wants_reply: bool) {
        let to = Address::Queue(Queue::Requests);
        let message = Outgoing { to, payload: payload.into(), wants_reply, expires: None };
        self.publisher.publish(message).await.expect("the queue takes it");
    }

    async fn send(&self, id: u128, call: Call, wants_reply: bool) {
        let envelope = Envelope { id: numbered(id), at: Timestamp(0), trace: None, message: call.into() };
        self.raw(encode(&envelope), wants_reply).await;
    }

    async fn answer(&self) -> Called {
        let payload = in_time("an answer", self.publisher.next_reply()).await.expect("an open broker");
        match decode(&payload).expect("readable").message {
            Message::Called(called) => called,
            other => panic!("{} is no answer", other.kind()),
        }
    }

    async fn ask(&self, id: u128, call: Call) -> Called {
        self.send(id, call, true).await;
        let called = self.answer().await;
        assert_eq!(called.call, numbered(id));
        called
    }

    async fn parked(&self) -> Parked {
        let mut consumer = self.broker.consumer(Queue::Parked, 1);
        let delivery = in_time("a parked message", consumer.next()).await.expect("an open broker");
        let message = decode(&delivery.payload).expect("readable").message;
        delivery.ack().await;
        match message {
            Message::Parked(parked) => parked,
            other => panic!("{} is not parked", other.kind()),
        }
    }

    async fn waiting(&self) -> u32 {
        self.broker.inspect(Queue::Requests).await.unwrap().expect("the queue").ready
    }
}

async fn world() -> (World, Client) {
    let world = World::start_with(|settings| settings.broker_clients = true).await;
    world.furnish().await;
    let client = Client::of(&world);
    (world, client)
}

#[tokio::test]
async fn a_call_creates_a_link_as_http_would_and_once_by_its_key() {
    let (world, client) = world().await;
    let made = client.ask(1, call("POST", "/v1/links", Some("k"), link())).await;
    assert_eq!((made.status, &made.body["journaled"]), (202, &json!(true)), "{made:?}");
    let again = client.ask(2, call("POST", "/v1/links", Some("k"), link())).await;
    let over_http = world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    assert_eq!((&again.body, &again.location), (&made.body, &made.location));
    assert_eq!(over_http.body, made.body, "the key names the same call, whichever way it comes");
    assert_eq!(Some(over_http.header("location")), made.location.as_deref());
    assert_eq!(world.record.tables().requests.len(), 1);

    let shown = client.ask(3, call("GET", &made.location.unwrap(), None, Value::Null)).await;
    assert_eq!((shown.status, &shown.body["id"]), (200, &made.body["request"]["id"]));
    let other = client.ask(4, call("POST", "/v1/links", Some("k"), json!({"tenant": "acme"}))).await;
    assert_eq!(other.status, 400, "{other:?}");
    let mut wider = link();
    wider["bandwidth_kbps"] = json!(7);
    let conflict = client.ask(5, call("POST", "/v1/links", Some("k"), wider)).await;
    assert_eq!((conflict.status, &conflict.body["code"]), (422, &json!("key-conflict")));
    world.stop().await;
}

#[tokio::test]
async fn a_deletion_that_is_delivered_again_is_one_request() {
    let (world, client) = world().await;
    let made = client.ask(1, call("POST", "/v1/links", Some("k"), link())).await;
    let path = format!("/v1/links/{}", made.body["actions"][0]["link"].as_str().unwrap());
    let first = client.ask(2, call("DELETE", &path, None, Value::Null)).await;
    let again = client.ask(2, call("DELETE", &path, None, Value::Null)).await;
    assert_eq!((first.status, &first.location), (202, &again.location));
    let another = client.ask(3, call("DELETE", &path, None, Value::Null)).await;
    assert_ne!(another.location, first.location);
    world.stop().await;
}

#[tokio::test]
async fn a_bad_call_is_answered_with_the_problem_that_names_the_field() {
    let (world, client) = world().await;
    let huge = json!({"tenant": "acme", "name": "x".repeat(2 << 20)});
    let mut bad = link();
    bad["endpoints"] = json!([end("a"), {"site": "b", "colour": "blue"}]);
    let secret = json!({"tenant": "acme", "wim": "core", "name": "n", "password": "pw-2"});
    let token = json!({"config": {"auth": {"token": "tok-2"}}});
    for (number, (call, status, code, place)) in [
        (call("POST", "/v1/links", Some("k"), bad), 400, "invalid", json!("/endpoints/1/colour")),
        (call("POST", "/v1/links", None, link()), 400, "invalid", json!("idempotency-key")),
        (call("POST", "/v1/links", Some("k"), huge), 413, "body-too-large", Value::Null),
        (call("GET", "/v1/links?colour=blue", None, Value::Null), 400, "invalid", json!("colour")),
        (call("GET", "/readyz", None, Value::Null), 404, "no-route", Value::Null),
        (call("PUT", "/v1/links", None, link()), 405, "method-not-allowed", Value::Null),
        (call("POST", "/v1/accounts", Some("a"), secret), 400, "invalid", json!("/password")),
        (call("PATCH", "/v1/accounts/acme-core", None, token), 400, "invalid", json!("/config/auth/token")),
    ]
    .into_iter()
    .enumerate()
    {
        let called = client.ask(number as u128, call).await;
        assert_eq!((called.status, called.body["code"].as_str()), (status, Some(code)), "{called:?}");
        let error = &called.body["errors"][0];
        let named = ["pointer", "header", "parameter"].iter().find_map(|place| error.get(place));
        assert_eq!(named.unwrap_or(&Value::Null), &place, "{called:?}");
        assert!(!format!("{called:?}").contains("pw-2"), "{called:?}");
    }
    assert_eq!(world.control.published(), [], "nothing was sent");
    world.stop().await;
}

#[tokio::test]
async fn a_refusal_for_now_is_an_answer_and_the_same_key_works_later() {
    let (world, client) = world().await;
    let reason = Reason::new(Code::AccountNotReady, "not ready");
    world.script(|script| script.refuse = Some(reason));
    let refused = client.ask(1, call("POST", "/v1/links", Some("a"), link())).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    world.script(|script| script.refuse = None);
    *world.control.fault.lock().unwrap() =
        Some((Queue::Journal, wanlink_broker::port::PublishError::Refused));
    let full = client.ask(2, call("POST", "/v1/links", Some("b"), link())).await;
    assert_eq!((full.status, full.retry_after_s.is_some()), (503, true), "{full:?}");
    *world.control.fault.lock().unwrap() = None;
    let taken = client.ask(3, call("POST", "/v1/links", Some("b"), link())).await;
    assert_eq!(taken.status, 202, "{taken:?}");
    assert_eq!(client.waiting().await, 0, "each was acknowledged");
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_handled_is_parked_and_the_queue_goes_on() {
    let (world, client) = world().await;
    let kind = br#"{"v":1,"kind":"dance","id":"00000000-0000-0000-0000-000000000001","at":0,"body":{}}"#;
    let journaled = Message::from(wanlink_wire::journal::Journaled { words: vec![] });
    let stray = Envelope { id: numbered(1), at: Timestamp(0), trace: None, message: journaled };
    for (payload, reason) in [
        (kind.to_vec(), "unknown message kind \"dance\""),
        (b"no json".to_vec(), "malformed message"),
        (encode(&stray), "a message of kind journaled is no call"),
    ] {
        client.raw(payload, true).await;
        let parked = client.parked().await;
        assert_eq!(parked.origin, "requests");
        assert!(parked.reason.starts_with(reason), "{}", parked.reason);
    }
    let called = client.ask(2, call("GET", "/v1/tenants", None, Value::Null)).await;
    assert_eq!(called.status, 200);
    assert_eq!(client.waiting().await, 0);
    world.stop().await;
}

#[tokio::test]
async fn a_call_without_a_reply_address_is_made_all_the_same() {
    let (world, client) = world().await;
    client.send(1, call("POST", "/v1/tenants", Some("t"), json!({"name": "quiet"})), false).await;
    let called = client.ask(2, call("POST", "/v1/tenants", Some("t"), json!({"name": "quiet"}))).await;
    assert_eq!(called.status, 201, "{called:?}");
    let found = world.get("/v1/tenants?name=quiet").await.is(200);
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(1), "one object for both");
    world.stop().await;
}

#[tokio::test]
async fn a_newer_version_stops_the_intake_until_a_newer_process_has_taken_it() {
    let (world, client) = world().await;
    client.raw(br#"{"v":2,"shape":"new"}"#.to_vec(), false).await;
    world.until_ready(false).await;
    let readiness = world.handle.ready.borrow().broker_clients.clone().expect("it is on");
    assert!(!readiness.ready && readiness.detail.is_some_and(|detail| detail.contains("version 2")));

    let mut newer = client.broker.consumer(Queue::Requests, 1);
    in_time("the message is given back", newer.next()).await.expect("an open broker").ack().await;
    newer.close().await;
    world.until_ready(true).await;
    let called = client.ask(1, call("GET", "/v1/tenants", None, Value::Null)).await;
    assert_eq!(called.status, 200);
    world.stop().await;
}

#[tokio::test]
async fn stopping_takes_no_more_and_finishes_what_is_in_progress() {
    let (world, client) = world().await;
    world.script(|script| script.silent_journal = true);
    client.send(1, call("POST", "/v1/links", Some("k"), link()), true).await;
    in_time("the request is published", async {
        while world.control.journaled().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let handle = world.handle;
    assert!(handle.stop(Duration::from_secs(10)).await, "the api stops");
    let called = client.answer().await;
    assert_eq!((called.status, &called.body["journaled"]), (202, &json!(false)));
    client.send(2, call("GET", "/v1/tenants", None, Value::Null), true).await;
    assert_eq!(client.waiting().await, 1, "what came later stays, what was answered is gone");
    world.tasks.stop(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn it_is_off_unless_it_is_asked_for() {
    let world = World::start().await;
    world.furnish().await;
    let client = Client::of(&world);
    client.send(1, call("GET", "/v1/tenants", None, Value::Null), true).await;
    let state = client.broker.inspect(Queue::Requests).await.unwrap().expect("the queue");
    assert_eq!((state.ready, state.consumers), (1, 0));
    assert_eq!(world.get("/readyz").await.is(200).body.get("broker_clients"), None);
    world.stop().await;
}

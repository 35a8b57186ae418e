//! Poisonous messages: set aside with their reason, listed, replayable; what stands behind them goes on. Real profile
//! only, for nobody else can publish to a broker that lives inside a process.

use crate::Setup;
use crate::client::text;
use crate::estate::{Estate, active_link, link};
use crate::system::System;
use crate::wait::{SOON, holds, wait_until};
use bytes::Bytes;
use serde_json::Value;
use wanlink_broker::port::{Address, Broker as _, Outgoing, Queue};
use wanlink_domain::ids::AccountId;

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// What nobody can read, and what nobody knows.
const POISON: [&str; 3] = [
    "\u{0}not json",
    r#"{"v": 1, "kind": "riddle", "id": "00000000-0000-7000-8000-000000000001", "at": 0, "body": {"password": "hunter2"}}"#,
    r#"{"v": 1, "kind": "request", "id": "00000000-0000-7000-8000-000000000002", "at": 0, "body": {"id": 7}}"#,
];

pub async fn poisonous_messages_are_parked_and_their_queues_go_on(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let account = Queue::Account(AccountId::parse(&estate.accounts[0]).expect("an id"));
    let origins =
        [("journal".to_owned(), Queue::Journal), (format!("account/{}", estate.accounts[0]), account)];
    let broker = system.servers.as_ref().expect("the real profile").broker().await;
    let publisher = broker.publisher();
    for (_, queue) in &origins {
        for poison in POISON {
            let message = Outgoing {
                to: Address::Queue(*queue),
                payload: Bytes::from_static(poison.as_bytes()),
                wants_reply: false,
                expires: None,
            };
            publisher.publish(message).await.expect("the broker takes what is put on a queue");
        }
    }
    broker.close(SOON).await;

    // What comes behind them is not held up.
    active_link(&api, &link(100)).await;
    let parked = wait_until("all of them to be parked", SOON, async || {
        let parked = api.list("/v1/parked").await;
        holds(parked.len() >= POISON.len() * origins.len(), || format!("{parked:?}")).map(|()| parked)
    })
    .await;
    for (origin, _) in &origins {
        let from: Vec<&Value> =
            parked.iter().filter(|message| message["origin"] == origin.as_str()).collect();
        assert_eq!(from.len(), POISON.len(), "from {origin}: {parked:?}");
        assert!(
            from.iter().all(|message| message["reason"].as_str().is_some_and(|reason| !reason.is_empty()))
        );
    }
    replay(system, &parked).await;
    active_link(&api, &link(101)).await;
}

/// Shown without secrets; sent again it fails again, and is parked again: the same row, counted up.
async fn replay(system: &System, parked: &[Value]) {
    let api = &system.api;
    let riddle = parked
        .iter()
        .find(|message| message["origin"] == "journal" && text(message, "reason").contains("riddle"));
    let path = format!("/v1/parked/{}", text(riddle.expect("the unknown kind is named"), "id"));
    let shown = api.get(&path).await;
    assert_eq!(shown["message"]["kind"], "riddle", "{shown}");
    assert!(!shown.to_string().contains("hunter2"), "{shown}");
    let replayed = api.send("POST", &format!("{path}/replay"), &Value::Null).await.expect(200);
    assert!(replayed["replayed_at"].is_string(), "{replayed}");
    wait_until("it to be parked again", SOON, async || {
        let shown = api.get(&path).await;
        holds(shown["count"] == 2, || shown.to_string())
    })
    .await;
}

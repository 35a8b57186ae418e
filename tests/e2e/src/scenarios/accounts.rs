//! WIM accounts that change and go while there is work (race 26).

use crate::Setup;
use crate::estate::{Estate, account_becomes, active_link, finished, link, link_becomes};
use crate::system::System;
use crate::wait::{SOON, holds, wait_until};
use serde_json::{Value, json};
use wanlink_broker::port::{Broker as _, Queue};
use wanlink_domain::ids::AccountId;
use wanlink_emulator::Action;

const LINKS: u64 = 30;

pub fn setup(_: &str) -> Setup {
    Setup { max_in_flight: 4, ..Setup::USUAL }
}

pub async fn an_account_is_edited_while_its_links_are_made(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    system.controller.fault("PUT", "", Action::DelayMs(100), None).await;
    let links: Vec<Value> = (0..LINKS).map(|n| link(100 + n)).collect();
    let accepted = api.accepted("POST", "/v1/links", &json!({ "links": links })).await;
    let account = format!("/v1/accounts/{}", estate.accounts[0]);
    // Each edit ends the epoch: what runs is dropped, looked at again, and finished under the next one.
    for (made, in_flight) in [(3, 2), (10, 6)] {
        wait_until("some links to be made", SOON, async || {
            let created = system.controller.ledger().await.totals.service_creates;
            holds(created >= made, || format!("{created} are made"))
        })
        .await;
        let edit = json!({ "config": { "max_in_flight": in_flight } });
        let edited = api.send("PATCH", &account, &edit).await.expect(200);
        assert_eq!(edited["config"]["max_in_flight"], in_flight);
    }
    assert_eq!(finished(&api, &accepted.request).await["done"], LINKS);
    for link in &accepted.links {
        link_becomes(&api, link, "ACTIVE").await;
    }
}

pub async fn an_account_goes_after_its_links(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let path = format!("/v1/accounts/{}", estate.accounts[0]);
    let made = active_link(&api, &link(100)).await;
    let refused = api.send("DELETE", &path, &Value::Null).await;
    assert_eq!((refused.status, refused.code()), (409, "still-referenced"), "{}", refused.body);
    active_link(&api, &link(101)).await;

    for link in api.list("/v1/links").await {
        let path = format!("/v1/links/{}", link["id"].as_str().expect("an id"));
        let deleted = api.accepted("DELETE", &path, &Value::Null).await;
        assert_eq!(finished(&api, &deleted.request).await["done"], 1);
    }
    let going = api.send("DELETE", &path, &Value::Null).await;
    assert!([202, 204].contains(&going.status), "{going:?}");
    wait_until("the account to be gone", SOON, async || {
        let answer = api.send("GET", &path, &Value::Null).await;
        holds(answer.status == 404, || answer.body.to_string())
    })
    .await;
    assert_queue_gone(system, &estate.accounts[0]).await;
    link_becomes(&api, made.link(), "DELETED").await;

    // The same again under the same name is another account.
    let again = api.create("/v1/accounts", &estate.account_body(system, 0)).await;
    let id = again["id"].as_str().expect("an id");
    assert_ne!(id, estate.accounts[0]);
    account_becomes(&api, id, "phase", "READY").await;
    active_link(&api, &link(100)).await;
}

/// Only a broker of its own can be asked.
async fn assert_queue_gone(system: &System, account: &str) {
    let Some(servers) = &system.servers else { return };
    let broker = servers.broker().await;
    let queue = Queue::Account(AccountId::parse(account).expect("an id"));
    assert_eq!(broker.inspect(queue).await, Ok(None), "the account's queue goes with it");
    broker.close(SOON).await;
}

//! A link that is no longer wanted before it was made.

use crate::client::Accepted;
use crate::estate::{Estate, actions_of, active_link, finished, link, link_becomes, summary};
use crate::scenarios::networks;
use crate::system::System;
use crate::wait::{SOON, holds, wait_until};
use crate::{Profile, Setup};
use serde_json::Value;
use std::time::Duration;
use wanlink_emulator::Action;

pub fn setup(scenario: &str) -> Setup {
    let workers = if scenario.contains("before_any_worker_ran") { 0 } else { 2 };
    Setup { workers, ..Setup::USUAL }
}

async fn delete(system: &System, link: &str) -> Accepted {
    system.api.accepted("DELETE", &format!("/v1/links/{link}"), &Value::Null).await
}

async fn assert_superseded_unseen(system: &System, link: &str) {
    link_becomes(&system.api, link, "DELETED").await;
    let actions = actions_of(&system.api, link).await;
    let ends: Vec<String> = actions.iter().map(summary).collect();
    assert_eq!(ends, ["CREATE SUPERSEDED", "DELETE DONE"]);
    assert!(actions.iter().all(|action| action["attempt"] == 0), "{actions:?}");
    assert_eq!(system.controller.ledger().await.services.get(link), None, "no controller was called");
}

pub async fn a_link_deleted_before_any_worker_ran_reaches_no_controller(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let created = api.accepted("POST", "/v1/links", &link(100)).await;
    let deleted = delete(system, created.link()).await;
    assert!(created.journaled && deleted.journaled);
    assert_superseded_unseen(system, created.link()).await;

    // The prompts of both are still in the account's queue: whoever takes them is told to let them be.
    system.start_workers();
    system.ready().await;
    active_link(&api, &link(101)).await;
    assert_superseded_unseen(system, created.link()).await;
}

pub async fn a_link_deleted_while_its_networks_build_reaches_no_controller(system: &mut System, _: &Estate) {
    let (_, created) = networks::link_on_building_networks(system).await;
    // It was claimed, and told to wait: that is no attempt.
    wait_until("the link to wait for its networks", SOON, async || {
        let actions = actions_of(&system.api, created.link()).await;
        holds(actions[0]["reason"]["code"] == "networks-building", || actions[0].to_string())
    })
    .await;
    delete(system, created.link()).await;
    assert_superseded_unseen(system, created.link()).await;
}

/// The CREATE is inside its call: the DELETE waits for its end, then removes what it made.
pub async fn a_link_deleted_while_it_is_made_is_gone(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let slow = Duration::from_millis(1_500);
    let slow = Action::DelayMs(u64::try_from(slow.as_millis()).expect("a short delay"));
    system.controller.fault("PUT", "vpn-service=", slow, Some(1)).await;
    let created = api.accepted("POST", "/v1/links", &link(100)).await;
    wait_until("the call to be under way", SOON, async || {
        let fired = system.controller.fired().await;
        holds(fired > 0, || "it has not begun".to_owned())
    })
    .await;
    let deleted = delete(system, created.link()).await;
    finished(&api, &deleted.request).await;
    link_becomes(&api, created.link(), "DELETED").await;
    let entry = system.controller.ledger().await.services[created.link()];
    assert_eq!((entry.service.creates, entry.service.deletes), (1, 1));
    if system.profile == Profile::Real {
        assert_eq!(system.of_role("api").len(), 2, "the two calls went to two replicas");
    }
}

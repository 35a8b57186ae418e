//! A worker that stands still for longer than its lease lasts, and goes on as if nothing had been (race 5).

use crate::client::text;
use crate::estate::{Estate, active_link, finished, link, link_becomes};
use crate::system::System;
use crate::wait::{SOON, holds, until_passed, wait_until};
use crate::{Profile, Setup};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use wanlink_emulator::Action;

const LINKS: u64 = 12;
/// Longer than the lease's time to live, and than any call.
const FROZEN: Duration = Duration::from_secs(5);

pub fn setup(_: &str) -> Setup {
    Setup { workers: 1, max_in_flight: 4, ..Setup::USUAL }
}

pub async fn a_worker_frozen_beyond_its_lease_changes_nothing(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    // Slow enough that it is frozen inside its calls.
    system.controller.fault("PUT", "", Action::DelayMs(400), None).await;
    let links: Vec<Value> = (0..LINKS).map(|n| link(100 + n)).collect();
    let accepted = api.accepted("POST", "/v1/links", &json!({ "links": links })).await;
    wait_until("calls to be under way", SOON, async || {
        let ledger = system.controller.ledger().await;
        holds(ledger.totals.service_creates >= 2, || format!("{:?}", ledger.totals))
    })
    .await;

    let holder = system.of_role("worker").remove(0);
    system.process(&holder).freeze();
    match system.profile {
        Profile::Real => {
            // The other one takes over once the lease has run out, and finishes everything.
            let other = system.of_role("worker").remove(1);
            system.process(&other).start();
            assert_eq!(finished(&api, &accepted.request).await["done"], LINKS);
        }
        // Nobody else is there: the same process finds its own lease run out.
        Profile::Embedded => until_passed(FROZEN).await,
    }
    let before = system.controller.ledger().await;
    system.process(&holder).thaw();
    system.ready().await;
    assert_eq!(finished(&api, &accepted.request).await["done"], LINKS);
    for link in &accepted.links {
        link_becomes(&api, link, "ACTIVE").await;
    }
    let after = system.controller.ledger().await;
    assert!(after.services.values().all(|entry| entry.service.creates == 1), "{:?}", after.services);
    if system.profile == Profile::Real {
        assert_eq!(before.totals.service_creates, LINKS, "all was made while it stood still");
        let sessions = sessions(system, &accepted.actions).await;
        assert_eq!(sessions.len(), 2, "both have worked on it: {sessions:?}");
    }
    // It is of use again.
    system.controller.heal().await;
    active_link(&api, &link(200)).await;
}

/// The sessions that ran attempts of these actions.
async fn sessions(system: &System, actions: &[String]) -> BTreeSet<String> {
    let mut sessions = BTreeSet::new();
    for action in actions {
        let action = system.api.get(&format!("/v1/actions/{action}")).await;
        let attempts = action["attempts"].as_array().expect("attempts");
        sessions.extend(attempts.iter().map(|attempt| text(attempt, "session_id")));
    }
    sessions
}

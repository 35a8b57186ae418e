//! The issue's own proof: five hundred links while everything is killed, one thing after the other.
//!
//! Work is handed in all along, never more than a backlog of it, so that faults meet every part of a link's life: a
//! call to the api, a message, a batch, a claim, a call at the controller, a poll.

use crate::Setup;
use crate::client::Api;
use crate::estate::{Estate, link_of};
use crate::ledger;
use crate::system::{Fault, System};
use crate::wait::{PATIENCE, holds, wait_until};
use serde_json::{Value, json};
use std::time::Duration;
use wanlink_emulator::Action;

const LINKS: usize = 500;
const TENANTS: usize = 4;
/// Links of one request.
const TOGETHER: usize = 10;
/// Links that are handed in before those before them are settled.
const BACKLOG: usize = 150;
/// For everything: each fault may cost a takeover and a server's restart.
const LIMIT: Duration = Duration::from_secs(400);

pub fn setup(_: &str) -> Setup {
    Setup {
        own_servers: true,
        accounts: TENANTS,
        max_in_flight: 8,
        build: (Duration::from_millis(200), Duration::from_millis(2_000)),
        ..Setup::USUAL
    }
}

#[expect(clippy::disallowed_methods, reason = "a client of the test, joined at its end")]
pub async fn five_hundred_links_outlive_every_process_and_server(system: &mut System, _: &Estate) {
    // Without this the work would be over before everything has been killed.
    system.controller.fault("PUT", "vpn-service=", Action::DelayMs(150), None).await;
    let client = Api::new(system.api.bases().to_vec());
    // On a thread of its own: it goes on while this one waits for servers to start again.
    let handing_in = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(hand_in(client))
    });
    let faults = faults(system);
    for (n, fault) in faults.iter().enumerate() {
        let at_least = LINKS * (12 + 70 * n / faults.len()) / 100;
        let settled = wait_until(&format!("{at_least} links before {fault:?}"), LIMIT, async || {
            let settled = active(&system.api).await?;
            holds(settled >= at_least, || format!("{settled} are ACTIVE")).map(|()| settled)
        })
        .await;
        assert!((LINKS / 10..=LINKS * 9 / 10).contains(&settled), "{fault:?} came at {settled} of {LINKS}");
        println!("at {settled} of {LINKS}: {fault:?}");
        system.strike(fault);
    }
    wait_until("all links to be ACTIVE", LIMIT, async || {
        let settled = active(&system.api).await?;
        let failed = system.api.try_get("/v1/actions?state=FAILED&limit=1").await?;
        assert_eq!(failed["items"], json!([]), "no fault is a reason to fail");
        holds(settled == LINKS, || format!("{settled} are ACTIVE"))
    })
    .await;
    let links = handing_in.join().expect("all work was handed in");
    assert_eq!(links.len(), LINKS);
    system.ready().await;

    let tally = ledger::assert_ledger_equals_database(system).await;
    println!("{} faults: {tally:?}", faults.len());
    assert_eq!((tally.active, tally.effects), (LINKS, LINKS as u64), "one effect per link");
    assert!(tally.repeats <= faults.len() as u64, "{} faults: {tally:?}", faults.len());
    let lost = system.api.list("/v1/actions").await.iter().filter(|action| action["attempt"] != 1).count();
    println!("{lost} links needed more than one attempt");
    assert!(lost > 0, "no fault has met an attempt");
    system.controller.heal().await;
    delete_all(system, &links).await;
}

/// Everything once; where that is one process alone, that one again and again.
fn faults(system: &System) -> Vec<Fault> {
    let faults = system.faults();
    let rounds = if faults.len() == 1 { 5 } else { 1 };
    faults.iter().cycle().take(faults.len() * rounds).cloned().collect()
}

/// Links that are ACTIVE now, as far as anyone can be asked.
async fn active(api: &Api) -> Result<usize, String> {
    let page = api.try_get("/v1/links?status=ACTIVE&limit=1000").await?;
    Ok(page["items"].as_array().map_or(0, Vec::len))
}

/// Hands everything in, a part after the other, and answers the links.
async fn hand_in(api: Api) -> Vec<String> {
    let mut links = Vec::new();
    for part in 0..LINKS / TOGETHER {
        wait_until("room for more work", LIMIT, async || {
            let settled = active(&api).await?;
            holds(links.len() < settled + BACKLOG, || format!("{settled} of {} settled", links.len()))
        })
        .await;
        let tenant = part % TENANTS;
        let bodies: Vec<Value> =
            (0..TOGETHER).map(|n| link_of(tenant, (100 + part * TOGETHER + n) as u64)).collect();
        let body = json!({ "links": bodies });
        let accepted =
            api.until_accepted("POST", "/v1/links", &body, &format!("part-{part}"), PATIENCE).await;
        links.extend(accepted.links);
    }
    links
}

async fn delete_all(system: &System, links: &[String]) {
    for link in links {
        let path = format!("/v1/links/{link}");
        system.api.until_accepted("DELETE", &path, &Value::Null, "away", PATIENCE).await;
    }
    wait_until("all links to be gone", LIMIT, async || {
        let left = system.api.try_get("/v1/links?limit=1000").await?;
        let left = left["items"].as_array().map_or(0, Vec::len);
        holds(left == 0, || format!("{left} are left"))
    })
    .await;
    let ledger = system.controller.ledger().await;
    assert!(ledger.present.is_empty(), "{:?}", ledger.present);
    assert_eq!(ledger.totals.service_deletes, LINKS as u64);
}

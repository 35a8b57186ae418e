//! Accounts observed by lists: what changes behind everyone's back is seen, and what does not costs no look.

use crate::Setup;
use crate::client::{Api, text};
use crate::estate::{Estate, finished, link, link_becomes};
use crate::system::System;
use crate::wait::{PATIENCE, SOON, holds, wait_until};
use serde_json::json;

/// Refreshes that are looked at for what they cost.
const REFRESHES: u64 = 3;

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// Waits until the account was compared with another list than that of `before`; answers when it was asked for.
async fn listed(api: &Api, account: &str, before: &str) -> String {
    wait_until("the account's next list", SOON, async || {
        let account = api.get(&format!("/v1/accounts/{account}")).await;
        let at = account["listed_at"].as_str().unwrap_or_default().to_owned();
        if at.as_str() > before { Ok(at) } else { Err(account.to_string()) }
    })
    .await
}

pub async fn a_whole_account_is_observed_by_one_list(system: &mut System, estate: &Estate) {
    let (api, account) = (system.api.clone(), &estate.accounts[0]);
    let links: Vec<_> = (0..6).map(|n| link(100 + n)).collect();
    let made = api.accepted("POST", "/v1/links", &json!({ "links": links })).await;
    assert_eq!(finished(&api, &made.request).await["done"], 6);

    // What rests costs its share of the list, and is seen.
    let mut at = listed(&api, account, "").await;
    at = listed(&api, account, &at).await;
    for path in ["vpn-services", "/vpn-service=", "/site-network-access=", "/probe/"] {
        system.controller.count_reads(path).await;
    }
    let before = system.controller.fired_each().await;
    for _ in 0..REFRESHES {
        at = listed(&api, account, &at).await;
    }
    let after = system.controller.fired_each().await;
    let read: Vec<u64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    assert_eq!(read, [REFRESHES, 0, 0, 0], "lists, and looks at services, accesses and probes");
    let seen = api.get(&format!("/v1/links/{}", made.links[5])).await;
    assert!(text(&seen, "last_seen_at") >= at && seen["version"].is_number(), "{seen}");
    system.controller.heal().await;

    system.controller.vanish(&made.links[0]).await;
    system.controller.force_status(&made.links[1], Some("DOWN")).await;
    let vanished = link_becomes(&api, &made.links[0], "ERROR").await;
    assert_eq!(vanished["status_reason"]["code"], "controller-vanished", "{vanished}");
    link_becomes(&api, &made.links[1], "DOWN").await;
    system.controller.force_status(&made.links[1], None).await;
    link_becomes(&api, &made.links[1], "ACTIVE").await;
    wait_until("all others to be as they were", PATIENCE, async || {
        let active = api.list("/v1/links?status=ACTIVE").await.len();
        holds(active == 5, || active.to_string())
    })
    .await;
}

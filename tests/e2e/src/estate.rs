//! What a scenario finds made: tenants with an account each, three sites, one WIM that reaches them all.

use crate::client::{Accepted, Api, text};
use crate::controller::{PASSWORD, USER};
use crate::system::System;
use crate::wait::{PATIENCE, SOON, holds, wait_until};
use serde_json::{Value, json};
use std::time::Duration;

/// Every site has one switch with one port, and the WIM maps it.
pub const SITES: [&str; 3] = ["north", "south", "west"];
pub const SWITCH: &str = "00:0a";
pub const PORT: &str = "1";

/// The objects by their ids.
#[derive(Debug)]
pub struct Estate {
    pub wim: String,
    /// By number: `tenant-0`, ...
    pub tenants: Vec<String>,
    /// The account of the tenant of the same number.
    pub accounts: Vec<String>,
}

impl Estate {
    pub async fn make(system: &System) -> Self {
        let api = &system.api;
        for site in SITES {
            api.create("/v1/sites", &json!({ "name": site })).await;
        }
        let wim = json!({ "name": "wan", "type": "ietf_l2sm", "wim_url": system.controller.url() });
        let wim = text(&api.create("/v1/wims", &wim).await, "id");
        let mapped: Vec<Value> = SITES.iter().map(|site| mapping(site)).collect();
        let mapped = json!({ "port_mappings": mapped });
        api.send("PUT", &format!("/v1/wims/{wim}/port-mappings"), &mapped).await.expect(200);
        let mut estate = Self { wim, tenants: Vec::new(), accounts: Vec::new() };
        for n in 0..system.setup.accounts {
            let tenant = api.create("/v1/tenants", &json!({ "name": format!("tenant-{n}") })).await;
            estate.tenants.push(text(&tenant, "id"));
            let account = api.create("/v1/accounts", &estate.account_body(system, n)).await;
            assert_eq!(account["password"], "********", "secrets are not shown");
            estate.accounts.push(text(&account, "id"));
        }
        for account in &estate.accounts {
            account_becomes(api, account, "phase", "READY").await;
        }
        estate
    }

    /// The body with which the account of a tenant is made.
    pub fn account_body(&self, system: &System, tenant: usize) -> Value {
        json!({
            "tenant": self.tenants[tenant],
            "wim": self.wim,
            "user": USER,
            "password": PASSWORD,
            "config": {
                "probe_url": system.controller.probe_url(),
                "probe_list_url": system.controller.probe_list_url(),
                "max_in_flight": system.setup.max_in_flight,
            },
        })
    }
}

fn mapping(site: &str) -> Value {
    json!({
        "site": site,
        "pop_switch_dpid": SWITCH,
        "pop_switch_port": PORT,
        "wan_service_endpoint_id": format!("{site}-pe:1"),
    })
}

/// One end at a site's port.
pub fn endpoint(site: &str, vlan: u64) -> Value {
    json!({
        "site": site,
        "port": { "switch": SWITCH, "port": PORT },
        "encapsulation": { "type": "dot1q", "vlan": vlan },
    })
}

/// A link from north to south for the first tenant.
pub fn link(vlan: u64) -> Value {
    link_of(0, vlan)
}

pub fn link_of(tenant: usize, vlan: u64) -> Value {
    json!({
        "tenant": format!("tenant-{tenant}"),
        "endpoints": [endpoint("north", vlan), endpoint("south", vlan)],
        "bandwidth_kbps": 100_000,
    })
}

/// Waits until a link has a status, and answers the link.
pub async fn link_becomes(api: &Api, link: &str, status: &str) -> Value {
    becomes(api, &format!("/v1/links/{link}"), "status", status, PATIENCE).await
}

/// Waits until an account has a phase or status.
pub async fn account_becomes(api: &Api, account: &str, field: &str, wanted: &str) -> Value {
    becomes(api, &format!("/v1/accounts/{account}"), field, wanted, SOON).await
}

/// Waits until all actions of a request have ended, and answers the request with them.
pub async fn finished(api: &Api, request: &str) -> Value {
    let path = format!("/v1/requests/{request}");
    wait_until(&format!("{path} to be finished"), PATIENCE, async || {
        let found = api.try_get(&path).await?;
        holds(found["open"] == 0, || found.to_string()).map(|()| found)
    })
    .await
}

async fn becomes(api: &Api, path: &str, field: &str, wanted: &str, within: Duration) -> Value {
    wait_until(&format!("{path} to have {field} {wanted}"), within, async || {
        let found = api.try_get(path).await?;
        holds(found[field] == wanted, || found.to_string()).map(|()| found)
    })
    .await
}

/// Makes a link and waits until it is ACTIVE.
pub async fn active_link(api: &Api, body: &Value) -> Accepted {
    let accepted = api.accepted("POST", "/v1/links", body).await;
    link_becomes(api, accepted.link(), "ACTIVE").await;
    accepted
}

/// The actions of one link, oldest first.
pub async fn actions_of(api: &Api, link: &str) -> Vec<Value> {
    api.list(&format!("/v1/actions?link={link}")).await
}

/// What an action's end looks like: `KIND STATE`.
pub fn summary(action: &Value) -> String {
    format!("{} {}", text(action, "kind"), text(action, "state"))
}

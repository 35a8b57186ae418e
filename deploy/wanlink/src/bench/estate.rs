//! What the links stand on: one simulated WIM, two sites, and a tenant with an account for each unit of queueing. All
//! names begin with the run's prefix, by which everything is found again and removed.

use super::options::LoadArgs;
use crate::client::http::{Client, Query};
use crate::client::progress::Progress;
use crate::client::wait::Deadline;
use crate::exit::{Exit, Failure};
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

/// How long accounts may take until links can be asked for on them.
const ACCOUNTS_WAIT: Duration = Duration::from_secs(300);
/// VLAN ids that one port has.
const VLANS: usize = 4_094;
const SWITCH: &str = "00:01";

/// The names of one run's objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estate {
    prefix: String,
    accounts: usize,
    links: usize,
    links_per_request: usize,
}

impl Estate {
    /// Makes everything and waits until each account can be asked on; with a worker: until one holds it.
    pub async fn make(client: &Client, args: &LoadArgs, prefix: &str) -> Result<Self, Failure> {
        let estate = Self {
            prefix: prefix.to_owned(),
            accounts: args.accounts,
            links: args.links,
            links_per_request: args.links_per_request,
        };
        let mut config = Map::new();
        let latency = u64::try_from(args.controller_latency.as_millis()).unwrap_or(u64::MAX);
        config.insert("latency_ms".to_owned(), json!(latency));
        config.extend(args.controller_script.as_ref().map(|rules| ("script".to_owned(), json!(rules))));
        let wim = json!({
            "name": prefix, "type": "simulator", "wim_url": format!("http://simulator/{prefix}"), "config": config,
        });
        create(client, "wims", &wim).await?;
        let mut mappings = Vec::new();
        for end in ["a", "z"] {
            let site = format!("{prefix}-{end}");
            create(client, "sites", &json!({ "name": site })).await?;
            mappings.push(json!({
                "site": site, "pop_switch_dpid": SWITCH, "pop_switch_port": "1", "wan_service_endpoint_id": end,
            }));
        }
        let mappings = json!({ "port_mappings": mappings });
        let path = ["wims", prefix, "port-mappings"];
        client.send(Method::PUT, &path, &Query::new(), Some(&mappings), None).await?;
        let mut progress = Progress::new("accounts made");
        for n in 0..args.accounts {
            progress.set(count(n), count(args.accounts));
            let name = estate.tenant(n);
            create(client, "tenants", &json!({ "name": name })).await?;
            let config: Map<String, Value> =
                args.max_in_flight.map(|max| ("max_in_flight".to_owned(), json!(max))).into_iter().collect();
            create(client, "accounts", &json!({ "tenant": name, "wim": prefix, "config": config })).await?;
        }
        progress.set(count(args.accounts), count(args.accounts));
        drop(progress);
        estate.ready(client, args.when_queued.is_none()).await?;
        Ok(estate)
    }

    async fn ready(&self, client: &Client, with_worker: bool) -> Result<(), Failure> {
        let deadline = Deadline::within(ACCOUNTS_WAIT);
        let query = vec![("wim", self.prefix.clone())];
        let mut progress = Progress::new("accounts ready");
        loop {
            let accounts = client.list(&["accounts"], &query).await?;
            let ready = accounts
                .iter()
                .filter(|it| it["phase"] == "READY" && (!with_worker || it["status"] == "REACHABLE"));
            let ready = ready.count();
            progress.set(count(ready), count(self.accounts));
            if ready == self.accounts {
                return Ok(());
            }
            deadline.pause("not all accounts are ready").await?;
        }
    }

    fn tenant(&self, n: usize) -> String {
        format!("{}-{n}", self.prefix)
    }

    /// The account, by number, of a call.
    pub fn account(&self, call: usize) -> usize {
        call % self.accounts
    }

    /// The links of a call, the last of which may have fewer.
    fn links(&self, call: usize) -> std::ops::Range<usize> {
        let first = call * self.links_per_request;
        first..(first + self.links_per_request).min(self.links)
    }

    pub fn links_of(&self, call: usize) -> usize {
        self.links(call).len()
    }

    /// A call's body.
    pub fn body(&self, call: usize) -> String {
        let tenant = self.tenant(self.account(call));
        let mut body = String::with_capacity(400 * self.links_per_request);
        let links = self.links(call);
        if self.links_per_request == 1 {
            self.link(&mut body, links.start, Some(&tenant));
            return body;
        }
        // Names consist of letters, digits and dashes: they need no escaping.
        let _ = write!(body, r#"{{"tenant":"{tenant}","links":["#);
        for link in links.clone() {
            if link > links.start {
                body.push(',');
            }
            self.link(&mut body, link, None);
        }
        body.push_str("]}");
        body
    }

    fn link(&self, body: &mut String, link: usize, tenant: Option<&str>) {
        let (prefix, vlan) = (&self.prefix, link % VLANS + 1);
        body.push('{');
        if let Some(tenant) = tenant {
            let _ = write!(body, r#""tenant":"{tenant}","#);
        }
        let _ = write!(body, r#""name":"{prefix}-{link}","bandwidth_kbps":10000,"endpoints":["#);
        for (n, end) in ["a", "z"].into_iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let _ = write!(
                body,
                r#"{comma}{{"site":"{prefix}-{end}","port":{{"switch":"{SWITCH}","port":"1"}},"encapsulation":{{"type":"dot1q","vlan":{vlan}}}}}"#
            );
        }
        body.push_str("]}");
    }
}

async fn create(client: &Client, path: &str, body: &Value) -> Result<(), Failure> {
    client.create(&[path], &Query::new(), body, None).await.map(drop)
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// Removes everything whose name begins with the prefix; what a killed run has left as well. Twice is once.
pub async fn remove(client: &Client, prefix: &str) -> Result<(), Failure> {
    let none = Query::new();
    let names = |rows: Vec<Value>| -> BTreeSet<String> {
        let ours = |name: &str| {
            name == prefix || name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'))
        };
        rows.iter()
            .filter_map(|row| row["name"].as_str())
            .filter(|name| ours(name))
            .map(str::to_owned)
            .collect()
    };
    let tenants = names(client.list(&["tenants"], &none).await?);
    let mut progress = Progress::new("tenants' links deleted");
    for (n, tenant) in tenants.iter().enumerate() {
        progress.set(count(n), count(tenants.len()));
        for link in client.list(&["links"], &vec![("tenant", tenant.clone())]).await? {
            let id = link["id"].as_str().unwrap_or_default();
            if link["status"] != "SCHEDULED_DELETION" {
                absent_or(client.send(Method::DELETE, &["links", id], &none, None, None).await.map(drop))?;
            }
        }
    }
    drop(progress);
    for tenant in &tenants {
        let query = vec![("tenant", tenant.clone())];
        let deadline = Deadline::within(ACCOUNTS_WAIT);
        while !client.pages(&["links"], &query, Some(1)).next().await?.unwrap_or_default().is_empty() {
            deadline.pause(&format!("tenant {tenant} has links still")).await?;
        }
        for account in client.list(&["accounts"], &query).await? {
            let id = account["id"].as_str().unwrap_or_default();
            absent_or(client.send(Method::DELETE, &["accounts", id], &none, None, None).await.map(drop))?;
        }
    }
    for tenant in &tenants {
        let deadline = Deadline::within(ACCOUNTS_WAIT);
        while !client.list(&["accounts"], &vec![("tenant", tenant.clone())]).await?.is_empty() {
            deadline.pause(&format!("tenant {tenant} has its account still")).await?;
        }
        absent_or(client.send(Method::DELETE, &["tenants", tenant], &none, None, None).await.map(drop))?;
    }
    for path in ["wims", "sites"] {
        for name in names(client.list(&[path], &none).await?) {
            if path == "wims" {
                let mappings = ["wims", name.as_str(), "port-mappings"];
                client.send(Method::DELETE, &mappings, &none, None, None).await?;
            }
            absent_or(client.send(Method::DELETE, &[path, &name], &none, None, None).await.map(drop))?;
        }
    }
    Ok(())
}

fn absent_or(done: Result<(), Failure>) -> Result<(), Failure> {
    match done {
        Err(failure) if failure.exit == Exit::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estate(links: usize, links_per_request: usize) -> Estate {
        Estate { prefix: "p".to_owned(), accounts: 3, links, links_per_request }
    }

    #[test]
    fn a_single_link_is_a_body_of_its_own() {
        let body: Value = serde_json::from_str(&estate(5_000, 1).body(4_094)).expect("JSON");
        assert_eq!((&body["tenant"], &body["name"]), (&json!("p-2"), &json!("p-4094")));
        assert_eq!(body["endpoints"][1]["site"], "p-z");
        assert_eq!(body["endpoints"][0]["encapsulation"]["vlan"], 1, "VLANs begin anew");
        assert!(body.get("links").is_none());
    }

    #[test]
    fn several_links_are_one_request_of_one_tenant_and_the_last_one_has_the_rest() {
        let estate = estate(7, 3);
        let names = |call| -> Vec<String> {
            let body: Value = serde_json::from_str(&estate.body(call)).expect("JSON");
            let links = body["links"].as_array().expect("links");
            assert!(
                links.iter().all(|link| link.get("tenant").is_none())
                    && body["tenant"] == format!("p-{call}")
            );
            links.iter().map(|link| link["name"].as_str().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(names(0), ["p-0", "p-1", "p-2"]);
        assert_eq!(names(2), ["p-6"]);
        assert_eq!((estate.links_of(1), estate.links_of(2)), (3, 1));
    }
}

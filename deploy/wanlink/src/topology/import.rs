//! The import itself: reads what is there, and makes what is missing by as few calls as there can be: one per new
//! site, one for all port mappings, one per thousand links.

use super::plan::{self, Port, Present, SitePort};
use crate::client::http::{Client, Query};
use crate::client::wait::Accepted;
use crate::exit::{Exit, Failure};
use futures::StreamExt as _;
use futures::TryStreamExt as _;
use reqwest::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wanlink_domain::topology::Topology;

/// Sites made at once; conductors take their commands in batches.
const AT_ONCE: usize = 8;
/// What a port mapping is made of; the rest of what the api shows is its own.
const MAPPING: [&str; 4] =
    ["pop_switch_dpid", "pop_switch_port", "wan_service_endpoint_id", "wan_service_mapping_info"];

/// For whom and where.
#[derive(Clone, Debug)]
pub struct Target {
    /// Id or name.
    pub tenant: String,
    /// Id or name.
    pub wim: String,
    pub create_tenant: bool,
    /// Links in one request.
    pub batch_max: usize,
}

/// How many were there and how many were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    pub found: usize,
    pub created: usize,
}

/// What an import came to.
#[derive(Clone, Debug)]
pub struct Imported {
    pub sites: Made,
    pub port_mappings: Made,
    pub made: Made,
    /// The requests that were accepted.
    pub requests: Vec<String>,
    /// All links of the topology, by their ids.
    pub links: BTreeSet<String>,
}

impl Imported {
    /// For programs. `active`: how many links are, where that was waited for.
    pub fn summary(&self, topology: &str, active: Option<usize>) -> Value {
        let counts = |made: Made| json!({ "found": made.found, "created": made.created });
        json!({
            "topology": topology,
            "sites": counts(self.sites),
            "port_mappings": counts(self.port_mappings),
            "links": counts(self.made),
            "links_active": active,
            "requests": self.requests,
        })
    }

    /// For people.
    pub fn table(&self, active: Option<usize>) -> String {
        let mut lines = vec![format!("{:<14}{:>8}{:>9}{:>8}", "", "CREATED", "FOUND", "ACTIVE")];
        let active = active.map_or("-".to_owned(), |count| count.to_string());
        for (what, made, active) in [
            ("sites", self.sites, "-"),
            ("port mappings", self.port_mappings, "-"),
            ("links", self.made, &active),
        ] {
            lines.push(format!("{what:<14}{:>8}{:>9}{active:>8}", made.created, made.found));
        }
        lines.extend(self.requests.iter().map(|request| format!("request {request}")));
        lines.join("\n") + "\n"
    }
}

pub async fn import(client: &Client, topology: &Topology, target: &Target) -> Result<Imported, Failure> {
    let tenant = tenant(client, target).await?;
    let wim = id(&client.get(&["wims", &target.wim], &Query::new()).await?)?;
    let (ids, sites) = sites(client, topology).await?;
    let (ports, port_mappings) = ports(client, topology, &ids, &wim).await?;
    let present = present(client, topology, &ports, &tenant).await?;
    let plan = plan::links(topology, &ports, (&tenant, &wim), &present, target.batch_max)?;
    let made = Made { found: plan.found.len(), created: plan.missing };
    let mut links: BTreeSet<String> = plan.found.into_iter().collect();
    let mut requests = Vec::new();
    for batch in plan.batches {
        let answer = client.create(&["links"], &Query::new(), &batch.body, Some(&batch.key)).await?;
        let accepted = Accepted::of(&answer.body)?;
        requests.push(accepted.request);
        links.extend(accepted.links.into_iter().map(|(link, _)| link));
    }
    Ok(Imported { sites, port_mappings, made, requests, links })
}

fn id(object: &Value) -> Result<String, Failure> {
    text(object, "id").ok_or_else(|| Failure::failed("the api's answer has no id"))
}

fn text(object: &Value, field: &str) -> Option<String> {
    object[field].as_str().map(str::to_owned)
}

async fn tenant(client: &Client, target: &Target) -> Result<String, Failure> {
    match client.get(&["tenants", &target.tenant], &Query::new()).await {
        Err(failure) if failure.exit == Exit::NotFound && target.create_tenant => {
            let body = json!({ "name": target.tenant });
            let key = plan::key("tenant", &body);
            id(&client.create(&["tenants"], &Query::new(), &body, Some(&key)).await?.body)
        }
        other => id(&other?),
    }
}

/// The sites' ids in the topology's order.
async fn sites(client: &Client, topology: &Topology) -> Result<(Vec<String>, Made), Failure> {
    let found = client.list(&["sites"], &Query::new()).await?;
    let known: BTreeMap<String, String> =
        found.iter().filter_map(|site| Some((text(site, "name")?, text(site, "id")?))).collect();
    let site = |place: usize| {
        let site = &topology.sites[place];
        let known = known.get(&site.name).cloned();
        async move {
            if let Some(id) = known {
                return Ok((id, false));
            }
            let mut body = json!({ "name": site.name });
            if let Some((latitude, longitude)) = site.position {
                body["latitude"] = latitude.into();
                body["longitude"] = longitude.into();
            }
            let key = plan::key("site", &body);
            let answer = client.create(&["sites"], &Query::new(), &body, Some(&key)).await?;
            Ok::<_, Failure>((id(&answer.body)?, true))
        }
    };
    let all: Vec<(String, bool)> =
        futures::stream::iter((0..topology.sites.len()).map(site)).buffered(AT_ONCE).try_collect().await?;
    let created = all.iter().filter(|(_, created)| *created).count();
    let made = Made { found: all.len() - created, created };
    Ok((all.into_iter().map(|(id, _)| id).collect(), made))
}

/// Each site with its port at the WIM: the first that is mapped, else a new one. The api sets all mappings of a WIM
/// at once, so the others are sent along.
async fn ports(
    client: &Client,
    topology: &Topology,
    ids: &[String],
    wim: &str,
) -> Result<(Vec<SitePort>, Made), Failure> {
    let path = ["wims", wim, "port-mappings"];
    let mapped = client.list(&path, &Query::new()).await?;
    let mut first: BTreeMap<String, Port> = BTreeMap::new();
    for mapping in &mapped {
        let port = (text(mapping, "pop_switch_dpid"), text(mapping, "pop_switch_port"));
        let (Some(site), (Some(switch), Some(port))) = (text(mapping, "site_id"), port) else { continue };
        let port = Port { switch, port };
        let best = first.entry(site).or_insert_with(|| port.clone());
        *best = best.clone().min(port);
    }
    let mut mappings: Vec<Value> = mapped.iter().map(draft).collect();
    let mut ports = Vec::new();
    for (site, id) in topology.sites.iter().zip(ids) {
        let port = first.get(id).cloned().unwrap_or_else(|| {
            let port = Port::usual();
            mappings.push(port.mapping(id, &site.name));
            port
        });
        ports.push(SitePort { id: id.clone(), port });
    }
    let created = mappings.len() - mapped.len();
    if created > 0 {
        let body = json!({ "port_mappings": mappings });
        client.send(Method::PUT, &path, &Query::new(), Some(&body), None).await?;
    }
    Ok((ports, Made { found: topology.sites.len() - created, created }))
}

/// A mapping as it is sent, from what the api shows.
fn draft(mapping: &Value) -> Value {
    let mut draft = Map::new();
    draft.insert("site".to_owned(), mapping["site_id"].clone());
    for field in MAPPING.into_iter().filter(|field| !mapping[*field].is_null()) {
        draft.insert(field.to_owned(), mapping[field].clone());
    }
    Value::Object(draft)
}

/// What is on record of links: the tenant's by their names, everybody's VLANs.
async fn present(
    client: &Client,
    topology: &Topology,
    ports: &[SitePort],
    tenant: &str,
) -> Result<Present, Failure> {
    let names: BTreeMap<&str, (&str, &Port)> = ports
        .iter()
        .zip(&topology.sites)
        .map(|(port, site)| (port.id.as_str(), (site.name.as_str(), &port.port)))
        .collect();
    let mut present = Present::default();
    for link in client.list(&["links"], &vec![("deleted", "true".to_owned())]).await? {
        let (id, deleted) = (id(&link)?, link["status"] == "DELETED");
        if link["tenant_id"] == tenant
            && let Some(name) = text(&link, "name")
        {
            if deleted {
                present.buried.entry(name).or_default().insert(id);
            } else {
                present.links.insert(name, id);
            }
        }
        if deleted {
            continue;
        }
        for end in link["endpoints"].as_array().into_iter().flatten() {
            let Some((name, port)) = end["site_id"].as_str().and_then(|site| names.get(site)) else {
                continue;
            };
            // An end without a port of its own may be at any port of its site.
            let here = end["port"].is_null()
                || (end["port"]["switch"] == port.switch && end["port"]["port"] == port.port);
            if let Some(vlan) = end["encapsulation"]["vlan"].as_u64().and_then(|it| u16::try_from(it).ok())
                && here
            {
                present.vlans.entry((*name).to_owned()).or_default().insert(vlan);
            }
        }
    }
    Ok(present)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imported() -> Imported {
        let (new, old) = (Made { found: 0, created: 22 }, Made { found: 200, created: 31 });
        let requests = vec!["r-1".to_owned()];
        Imported { sites: new, port_mappings: new, made: old, requests, links: BTreeSet::new() }
    }

    #[test]
    fn a_summary_counts_what_was_found_and_what_was_made() {
        let table = imported().table(Some(231));
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "               CREATED    FOUND  ACTIVE");
        assert_eq!(lines[1], "sites               22        0       -");
        assert_eq!(lines[3], "links               31      200     231");
        assert_eq!(lines[4], "request r-1");
        let summary = imported().summary("geant", None);
        assert_eq!(summary["links"], json!({"found": 200, "created": 31}));
        assert_eq!(summary["links_active"], Value::Null);
    }

    #[test]
    fn a_mapping_is_sent_along_as_it_is() {
        let shown = json!({"id": "m", "wim_id": "w", "site_id": "s", "pop_switch_dpid": "00:01",
            "pop_switch_port": "1", "wan_service_endpoint_id": "pe:1", "wan_service_mapping_info": null,
            "version": 3, "created_at": "x"});
        let sent = json!({"site": "s", "pop_switch_dpid": "00:01", "pop_switch_port": "1",
            "wan_service_endpoint_id": "pe:1"});
        assert_eq!(draft(&shown), sent);
    }
}

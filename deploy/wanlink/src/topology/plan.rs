//! What an import has to make, as bodies of calls: a pure function of the topology and of what is there.
//!
//! Links are known by their names, which follow from their sites' names, so that a second import finds the first
//! one's. The keys of calls are derived from their bodies: an import that was cut off and is run again sends the
//! same calls. VLANs are chosen in the file's order beside those that are taken, so that a link gets the same VLAN
//! whether it is made with the others or after some of them.

use crate::exit::Failure;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use wanlink_domain::ids::derive;
use wanlink_domain::topology::{Topology, TopologyLink, choose_vlans};

/// Links in one request: what the api takes by default.
pub const BATCH_MAX: usize = 1_000;
/// Bytes of one request's links: below the api's limit for a body (1 MiB), with room for the rest of it.
const BATCH_BYTES_MAX: usize = 900 << 10;
/// The namespace of an import's keys.
const KEYS: Uuid = Uuid::from_u128(0x0f6c_1f0e_5a1d_5c0b_9a53_2b7d_c0de_70b0);

/// A switch port of a site that the WIM reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port {
    pub switch: String,
    pub port: String,
}

impl Port {
    /// The port that an import maps where a site has none: switches are numbered per site.
    pub fn usual() -> Self {
        Self { switch: "00:01".to_owned(), port: "1".to_owned() }
    }

    /// Its mapping.
    pub fn mapping(&self, site_id: &str, site: &str) -> Value {
        json!({
            "site": site_id,
            "pop_switch_dpid": self.switch,
            "pop_switch_port": self.port,
            "wan_service_endpoint_id": format!("{site}-pe:1"),
        })
    }
}

/// A site as it is on record, with its port at the WIM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePort {
    pub id: String,
    pub port: Port,
}

/// What is on record of links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// The tenant's links: id by name.
    pub links: BTreeMap<String, String>,
    /// Links of the tenant that were deleted, by their names' sake: making one again is not the call that made it.
    pub buried: BTreeMap<String, BTreeSet<String>>,
    /// VLANs at the sites' ports, by the site's name.
    pub vlans: BTreeMap<String, BTreeSet<u16>>,
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    pub body: Value,
    pub key: String,
}

/// What is to be done about links.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkPlan {
    /// Ids of the topology's links that are there.
    pub found: Vec<String>,
    pub missing: usize,
    pub batches: Vec<Batch>,
}

/// The name of a link of a topology.
pub fn link_name(topology: &Topology, link: &TopologyLink) -> String {
    let [a, b] = link.sites.map(|place| topology.sites[place].name.as_str());
    format!("{a}--{b}")
}

/// A key for the call with this body.
pub fn key(call: &str, body: &Value) -> String {
    derive(KEYS, &[call, &body.to_string()]).to_string()
}

/// Plans the links of a topology whose sites are on record, in the order of `topology.sites`.
pub fn links(
    topology: &Topology,
    sites: &[SitePort],
    (tenant, wim): (&str, &str),
    present: &Present,
    batch_max: usize,
) -> Result<LinkPlan, Failure> {
    let mut found = Vec::new();
    let mut missing = Topology { links: Vec::new(), ..topology.clone() };
    let mut names = BTreeSet::new();
    for link in &topology.links {
        let name = link_name(topology, link);
        match present.links.get(&name) {
            Some(id) => found.push(id.clone()),
            None => missing.links.push(*link),
        }
        if !names.insert(name.clone()) {
            return Err(Failure::usage(format!(
                "two links would be named {name:?}: rename one of the sites"
            )));
        }
    }
    let vlans = choose_vlans(&missing, &present.vlans).map_err(|error| Failure::failed(error.to_string()))?;
    let drafts: Vec<Value> = missing
        .links
        .iter()
        .zip(vlans)
        .map(|(link, vlans)| {
            let end = |n: usize| endpoint(&sites[link.sites[n]], vlans[n]);
            json!({
                "name": link_name(topology, link),
                "wim": wim,
                "bandwidth_kbps": link.bandwidth_kbps,
                "endpoints": [end(0), end(1)],
            })
        })
        .collect();
    let batches = batches(drafts, tenant, present, batch_max);
    Ok(LinkPlan { found, missing: missing.links.len(), batches })
}

fn endpoint(site: &SitePort, vlan: u16) -> Value {
    json!({
        "site": site.id,
        "port": {"switch": site.port.switch, "port": site.port.port},
        "encapsulation": {"type": "dot1q", "vlan": vlan},
    })
}

/// Parts the links among as few requests as their count and size allow.
fn batches(drafts: Vec<Value>, tenant: &str, present: &Present, batch_max: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let (mut batch, mut bytes) = (Vec::new(), 0);
    for draft in drafts {
        let size = draft.to_string().len() + 1;
        if batch.len() == batch_max || (bytes + size > BATCH_BYTES_MAX && !batch.is_empty()) {
            batches.push(sealed(std::mem::take(&mut batch), tenant, present));
            bytes = 0;
        }
        bytes += size;
        batch.push(draft);
    }
    if !batch.is_empty() {
        batches.push(sealed(batch, tenant, present));
    }
    batches
}

fn sealed(links: Vec<Value>, tenant: &str, present: &Present) -> Batch {
    let buried: Vec<&BTreeSet<String>> =
        links.iter().filter_map(|link| present.buried.get(link["name"].as_str()?)).collect();
    let buried = json!(buried);
    let body = json!({ "tenant": tenant, "links": links });
    let key = key("links", &json!([body, buried]));
    Batch { body, key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_domain::topology::TopologySite;

    /// Sites `a`, `b`, ... with a link for each pair.
    fn mesh(sites: usize) -> (Topology, Vec<SitePort>) {
        let names: Vec<String> = ('a'..).take(sites).map(String::from).collect();
        let links = (0..sites).flat_map(|a| (a + 1..sites).map(move |b| [a, b]));
        let topology = Topology {
            name: "mesh".to_owned(),
            sites: names.iter().map(|name| TopologySite { name: name.clone(), position: None }).collect(),
            links: links.map(|sites| TopologyLink { sites, bandwidth_kbps: 7 }).collect(),
        };
        let ports = names.iter().map(|name| SitePort { id: format!("id-{name}"), port: Port::usual() });
        (topology, ports.collect())
    }

    fn plan(topology: &Topology, sites: &[SitePort], present: &Present, batch_max: usize) -> LinkPlan {
        links(topology, sites, ("t", "w"), present, batch_max).expect("a plan")
    }

    fn drafts(plan: &LinkPlan) -> Vec<Value> {
        plan.batches.iter().flat_map(|batch| batch.body["links"].as_array().expect("links").clone()).collect()
    }

    #[test]
    fn every_pair_becomes_a_link_with_vlans_of_its_own_at_each_port() {
        let (topology, sites) = mesh(4);
        let plan = plan(&topology, &sites, &Present::default(), BATCH_MAX);
        assert_eq!((plan.found.len(), plan.missing, plan.batches.len()), (0, 6, 1));
        let mut used = BTreeSet::new();
        for draft in drafts(&plan) {
            for end in draft["endpoints"].as_array().expect("two ends") {
                let (site, vlan) = (end["site"].to_string(), end["encapsulation"]["vlan"].as_u64());
                assert!(used.insert((site, vlan)), "{draft}");
            }
        }
        assert_eq!(plan.batches[0].body["links"][0]["name"], "a--b");
    }

    #[test]
    fn a_plan_made_again_is_the_same_and_one_made_later_sends_only_the_rest() {
        let (topology, sites) = mesh(4);
        let whole = plan(&topology, &sites, &Present::default(), 2);
        assert_eq!(whole, plan(&topology, &sites, &Present::default(), 2));
        let keys: BTreeSet<&str> = whole.batches.iter().map(|batch| batch.key.as_str()).collect();
        assert_eq!(keys.len(), 3);

        // The first batch was taken before the import was cut off.
        let mut present = Present::default();
        for (n, draft) in drafts(&whole).iter().take(2).enumerate() {
            present.links.insert(draft["name"].as_str().expect("a name").to_owned(), format!("link-{n}"));
            for end in draft["endpoints"].as_array().expect("two ends") {
                let site = end["site"].as_str().expect("a site").trim_start_matches("id-").to_owned();
                let vlan = end["encapsulation"]["vlan"].as_u64().expect("a VLAN");
                present.vlans.entry(site).or_default().insert(u16::try_from(vlan).expect("a VLAN"));
            }
        }
        let rest = plan(&topology, &sites, &present, 2);
        assert_eq!(rest.found, ["link-0", "link-1"]);
        assert_eq!(rest.batches, whole.batches[1..]);
    }

    #[test]
    fn a_link_that_was_deleted_is_asked_for_under_another_key() {
        let (topology, sites) = mesh(2);
        let first = plan(&topology, &sites, &Present::default(), BATCH_MAX);
        let buried = BTreeMap::from([("a--b".to_owned(), BTreeSet::from(["gone".to_owned()]))]);
        let again = plan(&topology, &sites, &Present { buried, ..Present::default() }, BATCH_MAX);
        assert_eq!(first.batches[0].body, again.batches[0].body);
        assert_ne!(first.batches[0].key, again.batches[0].key);
    }

    #[test]
    fn a_request_stays_below_the_api_s_limits() {
        let (topology, sites) = mesh(20);
        for (batch_max, least) in [(1, 190), (100, 2), (BATCH_MAX, 1)] {
            let plan = plan(&topology, &sites, &Present::default(), batch_max);
            assert_eq!(plan.batches.len(), least);
            assert_eq!(drafts(&plan).len(), 190);
        }
        let long = json!({ "name": "x".repeat(BATCH_BYTES_MAX / 2) });
        assert_eq!(batches(vec![long; 3], "t", &Present::default(), BATCH_MAX).len(), 3);
    }

    #[test]
    fn names_that_run_into_each_other_are_refused() {
        let (mut topology, sites) = mesh(4);
        for (place, name) in ["a", "b--c", "a--b", "c"].into_iter().enumerate() {
            name.clone_into(&mut topology.sites[place].name);
        }
        assert!(links(&topology, &sites, ("t", "w"), &Present::default(), BATCH_MAX).is_err());
    }
}

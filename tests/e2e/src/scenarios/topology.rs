//! A real topology comes in by the command that operators use, and a second time changes nothing.

use crate::Setup;
use crate::client::text;
use crate::estate::{Estate, SITES};
use crate::process::command;
use crate::system::System;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wanlink_domain::topology::{Topology, parse};

pub fn setup(_: &str) -> Setup {
    Setup { max_in_flight: 32, ..Setup::USUAL }
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/topologies/abilene.json")
}

fn import(system: &System) {
    let url = &system.api.bases()[0];
    let mut import = command("wanlink", system.folder.path());
    import
        .args(["--url", url, "topology", "import", "--tenant", "tenant-0", "--wim", "wan", "--wait"])
        .arg(file());
    let output = import.output().expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", output.status);
}

pub async fn a_topology_is_imported_once(system: &mut System, _: &Estate) {
    let wanted = parse(&std::fs::read(file()).expect("the topology"), 1.0).expect("a topology");
    import(system);
    let first = stored(system).await;
    let [sites, mappings, links] = &first;
    assert_eq!(sites.len(), SITES.len() + wanted.sites.len());
    assert_eq!(mappings.len(), SITES.len() + wanted.sites.len());
    assert_links(links, sites, &wanted);

    import(system);
    assert_eq!(
        stored(system).await.map(|rows| rows.len()),
        first.map(|rows| rows.len()),
        "nothing is made twice"
    );
}

async fn stored(system: &System) -> [Vec<Value>; 3] {
    let api = &system.api;
    [api.list("/v1/sites").await, api.list("/v1/port-mappings").await, api.list("/v1/links").await]
}

/// One link per pair with demand, both directions' demand its bandwidth, none at a VLAN that its port has already.
fn assert_links(links: &[Value], sites: &[Value], wanted: &Topology) {
    let names: BTreeMap<String, String> =
        sites.iter().map(|site| (text(site, "id"), text(site, "name"))).collect();
    let mut found = BTreeMap::new();
    let mut vlans = BTreeMap::new();
    for link in links {
        assert_eq!(link["status"], "ACTIVE", "{link}");
        let ends = link["endpoints"].as_array().expect("endpoints");
        let mut pair: Vec<&str> = ends.iter().map(|end| names[&text(end, "site_id")].as_str()).collect();
        pair.sort_unstable();
        let pair = pair.join(" - ");
        for end in ends {
            let place = format!("{} {} {}", end["site_id"], end["port"], end["encapsulation"]["vlan"]);
            let other = vlans.insert(place, pair.clone());
            assert_eq!(other, None, "two links share a VLAN: {link}");
        }
        found.insert(pair, link["bandwidth_kbps"].clone());
    }
    assert_eq!(found.len(), links.len(), "a pair has two links");
    let expected = wanted.links.iter().map(|link| {
        let mut pair = link.sites.map(|n| wanted.sites[n].name.as_str());
        pair.sort_unstable();
        (pair.join(" - "), Value::from(link.bandwidth_kbps))
    });
    assert_eq!(found, expected.collect());
}

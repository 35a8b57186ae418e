//! The topologies that come with wanlink, files that are none, and VLANs that must never meet.

use super::*;
use crate::validate::rule::VLAN_MAX;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const GEANT: &[u8] = include_bytes!("../../../../deploy/topologies/geant.json");
const ABILENE: &[u8] = include_bytes!("../../../../deploy/topologies/abilene.json");

fn collisions(topology: &Topology, vlans: &[[u16; 2]], taken: &BTreeMap<String, BTreeSet<u16>>) -> usize {
    let mut used: Vec<BTreeSet<u16>> =
        topology.sites.iter().map(|site| taken.get(&site.name).cloned().unwrap_or_default()).collect();
    let ends = topology.links.iter().zip(vlans).flat_map(|(link, vlans)| link.sites.into_iter().zip(*vlans));
    ends.filter(|(site, vlan)| !(1..=VLAN_MAX).contains(vlan) || !used[*site].insert(*vlan)).count()
}

#[test]
fn the_topologies_that_come_along_are_read_whole() {
    let geant = parse(GEANT, 1.0).unwrap();
    assert_eq!((geant.name.as_str(), geant.sites.len(), geant.links.len()), ("geant", 22, 231));
    let at = &geant.sites[0];
    assert_eq!((at.name.as_str(), at.position), ("at1.at", Some((48.21, 16.37))));
    // 0 -> 1: 1799 and 1 -> 0: 46267.
    assert_eq!(geant.links[0], TopologyLink { sites: [0, 1], bandwidth_kbps: 48_066 });
    let vlans = choose_vlans(&geant, &BTreeMap::new()).unwrap();
    assert_eq!(collisions(&geant, &vlans, &BTreeMap::new()), 0);
    assert!(vlans.iter().all(|[a, b]| a == b));

    let abilene = parse(ABILENE, 1.0).unwrap();
    assert_eq!((abilene.sites.len(), abilene.links.len()), (12, 66));
    assert_eq!(
        parse(ABILENE, 1000.0).unwrap().links[0].bandwidth_kbps,
        abilene.links[0].bandwidth_kbps * 1000
    );
}

#[test]
fn demands_are_summed_rounded_up_and_those_of_nothing_left_out() {
    let text = r#"{"nodes": [{"id": 0}, {"id": "b", "name": "B"}, {"id": 2}, {"id": 3}], "graph": {"demands": {
        "0": {"b": 0.1, "0": 9, "2": 0}, "b": {"0": 0.2}, "2": {"3": 1.5}, "3": {"2": 1.5}}}}"#;
    let topology = parse(text.as_bytes(), 1.0).unwrap();
    assert_eq!(topology.sites[0].name, "0");
    assert_eq!(
        topology.links,
        [
            TopologyLink { sites: [0, 1], bandwidth_kbps: 1 },
            TopologyLink { sites: [2, 3], bandwidth_kbps: 3 }
        ]
    );
}

#[test]
fn files_that_are_no_topology_are_refused_with_the_place() {
    for (text, part) in [
        ("", "EOF"),
        ("[]", "must be an object"),
        (r#"{"graph": {}}"#, "missing field `nodes`"),
        (r#"{"graph": {}, "nodes": [{"id": 1, "pos": [1]}]}"#, "/nodes/0/pos"),
        (r#"{"graph": {}, "nodes": [{"id": 1, "pos": [1, 91]}]}"#, "node 1: its latitude"),
        (r#"{"graph": {}, "nodes": [{"id": 1, "pos": [181, 1]}]}"#, "node 1: its longitude"),
        (r#"{"graph": {}, "nodes": [{"id": 1}, {"id": 1}]}"#, "node 1"),
        (r#"{"graph": {}, "nodes": [{"id": 1, "name": "a"}, {"id": 2, "name": "a"}]}"#, "another node"),
        (r#"{"graph": {}, "nodes": [{"id": 1, "name": "a;b"}]}"#, "its name"),
        (r#"{"graph": {"demands": {"1": {"2": 1}}}, "nodes": [{"id": 1}]}"#, "names node 2"),
        (r#"{"graph": {"demands": {"1": {"2": -1}}}, "nodes": [{"id": 1}, {"id": 2}]}"#, "is -1"),
        (r#"{"graph": {"demands": {"1": {"2": 1e13}}}, "nodes": [{"id": 1}, {"id": 2}]}"#, "between 1 and 2"),
        (r#"{"graph": {"demands": {"1": {"2": "x"}}}, "nodes": []}"#, "/graph/demands/1/2"),
    ] {
        let error = parse(text.as_bytes(), 1.0).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

/// A star, or a bundle of links between the same two sites.
fn bundle(links: usize) -> Topology {
    let site = |name: &str| TopologySite { name: name.to_owned(), position: None };
    let link = TopologyLink { sites: [0, 1], bandwidth_kbps: 1 };
    Topology { name: String::new(), sites: vec![site("a"), site("b")], links: vec![link; links] }
}

#[test]
fn a_port_holds_as_many_links_as_there_are_vlans_and_no_more() {
    let full = bundle(usize::from(VLAN_MAX));
    assert_eq!(collisions(&full, &choose_vlans(&full, &BTreeMap::new()).unwrap(), &BTreeMap::new()), 0);
    let error = choose_vlans(&bundle(usize::from(VLAN_MAX) + 1), &BTreeMap::new()).unwrap_err();
    assert_eq!((error.wanted, error.taken), (4095, 0));
}

#[test]
fn ends_take_numbers_of_their_own_where_none_is_free_at_both() {
    let topology = bundle(1);
    let taken = BTreeMap::from([
        ("a".to_owned(), (1..=2000).collect::<BTreeSet<u16>>()),
        ("b".to_owned(), (2001..=VLAN_MAX).collect()),
    ]);
    assert_eq!(choose_vlans(&topology, &taken).unwrap(), [[2001, 1]]);
}

proptest! {
    #[test]
    fn vlans_never_collide(
        pairs in prop::collection::vec((0usize..8, 0usize..8), 0..200),
        taken in prop::collection::vec((0usize..8, 1u16..40), 0..60),
    ) {
        let sites = (0..8).map(|n| TopologySite { name: n.to_string(), position: None }).collect();
        let links = pairs
            .into_iter()
            .filter(|(a, b)| a != b)
            .map(|(a, b)| TopologyLink { sites: [a, b], bandwidth_kbps: 1 })
            .collect();
        let topology = Topology { name: String::new(), sites, links };
        let mut busy: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
        for (site, vlan) in taken {
            busy.entry(site.to_string()).or_default().insert(vlan);
        }
        let vlans = choose_vlans(&topology, &busy).unwrap();
        prop_assert_eq!(vlans.len(), topology.links.len());
        prop_assert_eq!(collisions(&topology, &vlans, &busy), 0);
        prop_assert_eq!(choose_vlans(&topology, &busy).unwrap(), vlans, "the same again");
    }
}

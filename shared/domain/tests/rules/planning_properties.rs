//! Planning against the plainest possible second opinion, over random catalogues.

use crate::samples::{START, id};
use crate::world::{account_at, mapping, site, tenant, wim};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use wanlink_domain::catalogue::{Network, NetworkStatus};
use wanlink_domain::ids::{NetworkId, SiteId, TenantId, WimId};
use wanlink_domain::link::Encapsulation;
use wanlink_domain::plan::{
    CatalogueIndex, Hints, Strategy as WimStrategy, WimChoice, derive_wan_links, find_common_wim,
    find_common_wims,
};
use wanlink_domain::port_mapping::derived_endpoint_id;
use wanlink_domain::reason::Code;

const NUMBERS: std::ops::Range<u128> = 1..5;

fn index(accounts: &BTreeSet<(u128, u128)>, mappings: &BTreeSet<(u128, u128, u8)>) -> CatalogueIndex {
    CatalogueIndex::new(
        NUMBERS.map(tenant).collect(),
        NUMBERS.map(site).collect(),
        NUMBERS.map(|number| wim(number, "wide")).collect(),
        accounts.iter().map(|(tenant, wim)| account_at(tenant * 10 + wim, *tenant, *wim)).collect(),
        mappings.iter().map(|(wim, site, port)| mapping(*wim, *site, &port.to_string())).collect(),
    )
}

fn network(
    number: usize,
    tenant: u128,
    site: u128,
    service: Option<u8>,
    virtual_link: Option<u8>,
) -> Network {
    Network {
        id: id(number as u128),
        tenant_id: id(tenant),
        site_id: id(site),
        name: number.to_string(),
        service: service.map(|number| number.to_string()),
        virtual_link: virtual_link.map(|number| number.to_string()),
        status: NetworkStatus::Active,
        status_detail: None,
        vim_info: Map::new(),
        external_port: None,
        encapsulation: Encapsulation::None,
        network_service_id: None,
        leaving: false,
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

/// Any JSON of small depth.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-c\"\\\\:,{}]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]{1,2}", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn info() -> impl Strategy<Value = Map<String, Value>> {
    (
        prop::sample::select(vec!["a", "a:b", "dpid-port"]),
        prop::collection::btree_map("[a-c]{1,2}", json_value(), 0..4),
    )
        .prop_map(|(kind, rest)| {
            let mut info: Map<String, Value> = rest.into_iter().collect();
            info.insert("mapping_type".to_owned(), json!(kind));
            info
        })
}

proptest! {
    #[test]
    fn common_wims_are_exactly_those_with_an_account_and_a_mapping_at_every_site(
        accounts in prop::collection::btree_set((NUMBERS, NUMBERS), 0..10),
        mappings in prop::collection::btree_set((NUMBERS, NUMBERS, 1u8..3), 0..24),
        sites in prop::collection::btree_set(NUMBERS, 1..4),
        tenant in NUMBERS,
        links in prop::collection::btree_map(NUMBERS, 0u64..3, 0..4),
    ) {
        let index = index(&accounts, &mappings);
        let wanted: BTreeSet<SiteId> = sites.iter().map(|site| id(*site)).collect();
        let joins = |wim: u128| {
            accounts.contains(&(tenant, wim))
                && sites.iter().all(|site| mappings.iter().any(|(w, s, _)| *w == wim && s == site))
        };
        let expected: Vec<WimId> = NUMBERS.filter(|wim| joins(*wim)).map(id).collect();
        prop_assert_eq!(find_common_wims(&index, &wanted, id(tenant)), expected.clone());

        let hints = Hints { links: links.iter().map(|(wim, links)| (id(*wim), *links)).collect(), ..Hints::default() };
        let choice = WimChoice::By(WimStrategy::LeastLoaded);
        match find_common_wim(&index, &wanted, id(tenant), choice, &hints) {
            Ok(chosen) => {
                let load = |wim: &WimId| hints.links.get(wim).copied().unwrap_or(0);
                let least = expected.iter().copied().min_by_key(|wim| (load(wim), *wim));
                prop_assert!(chosen.is_some() && chosen == least, "{:?} is not {:?}", chosen, least);
            }
            Err(reason) => {
                prop_assert!(expected.is_empty());
                prop_assert_eq!(reason.code, Code::NoCommonWim);
                for site in &sites {
                    prop_assert!(reason.detail.contains(&format!("site{site}")), "{}", reason);
                }
            }
        }
    }

    #[test]
    fn derived_links_are_the_groups_that_touch_more_than_one_site(
        rows in prop::collection::vec((1u128..3, NUMBERS, prop::option::of(0u8..2), prop::option::of(0u8..2)), 0..16),
    ) {
        let networks: Vec<Network> = rows
            .iter()
            .enumerate()
            .map(|(number, (tenant, site, service, virtual_link))| network(number, *tenant, *site, *service, *virtual_link))
            .collect();
        let derived = derive_wan_links(&networks);
        let mut groups: BTreeMap<(TenantId, Option<String>, String), Vec<&Network>> = BTreeMap::new();
        for network in networks.iter().filter(|network| network.virtual_link.is_some()) {
            let key = (network.tenant_id, network.service.clone(), network.virtual_link.clone().unwrap_or_default());
            groups.entry(key).or_default().push(network);
        }
        groups.retain(|_, members| members.iter().any(|member| member.site_id != members[0].site_id));
        let told: BTreeMap<_, Vec<NetworkId>> = derived
            .iter()
            .map(|link| ((link.tenant_id, link.service.clone(), link.virtual_link.clone()), link.networks.clone()))
            .collect();
        let expected: BTreeMap<_, Vec<NetworkId>> =
            groups.into_iter().map(|(key, members)| (key, members.iter().map(|one| one.id).collect())).collect();
        prop_assert_eq!(derived.len(), told.len(), "each group once");
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn endpoint_ids_are_alike_only_for_the_same_place(one in info(), other in info()) {
        let place = |info: &Map<String, Value>| {
            let mut info = info.clone();
            if info["mapping_type"] == "dpid-port" {
                info.retain(|key, _| matches!(key.as_str(), "mapping_type" | "wan_switch_dpid" | "wan_switch_port"));
            }
            info
        };
        let same = place(&one) == place(&other);
        prop_assert_eq!(derived_endpoint_id(&one) == derived_endpoint_id(&other), same);
        prop_assert_eq!(derived_endpoint_id(&one), derived_endpoint_id(&one.clone()));
    }
}

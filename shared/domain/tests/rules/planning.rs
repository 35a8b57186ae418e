//! Planning by example: which WIM, which port, what is refused and in which words.

use crate::samples::{START, id, link, reason};
use crate::world::{TENANT, World, between, connectors, network};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::ActionKind;
use wanlink_domain::catalogue::{AccountPhase, Network, NetworkGate, NetworkStatus};
use wanlink_domain::draft::LinkPatch;
use wanlink_domain::ids::{AccountId, LinkId, NetworkId, SiteId, TenantId, WimId};
use wanlink_domain::link::{Encapsulation, Link, ServiceType};
use wanlink_domain::plan::{
    Call, Intent, PlanError, Strategy, Target, WimChoice, connection_points, derive_wan_links, derived_ids,
    find_common_wim, gate, incorporate, plan_edit, request_id,
};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::validate::read_value;

#[test]
fn a_plan_has_wim_account_type_and_a_name() {
    let world = World::new();
    let planned = world.plan(between(&["net1", "net2"])).unwrap();
    assert_eq!((planned.wim_id, planned.account_id), (id::<WimId>(1), id::<AccountId>(11)));
    assert_eq!((planned.wish.service_type, planned.name.as_str()), (ServiceType::Eline, "site1 - site2"));
    let planned = world.plan(between(&["net1", "net2", &id::<NetworkId>(3).to_string()])).unwrap();
    assert_eq!((planned.wim_id, planned.wish.service_type), (id::<WimId>(2), ServiceType::Elan));
    let mut asked = between(&["net1", "net2"]);
    asked["service_type"] = json!("L3");
    assert_eq!(world.plan(asked).unwrap().wish.service_type, ServiceType::L3);
}

#[test]
fn strategies_choose_among_the_wims_that_can() {
    let mut world = World::new();
    world.wims[0].kind = "wide".to_owned();
    world.hints.links.extend([(id(1), 5), (id(2), 4)]);
    world.hints.latency_ms.extend([(id(2), 30)]);
    let with = |key: &str, value: &str| {
        let mut draft = between(&["net1", "net2"]);
        draft[key] = json!(value);
        draft
    };
    for (draft, wim) in [
        (with("strategy", "first"), 1),
        (with("strategy", "least_loaded"), 2),
        (with("strategy", "lowest_latency"), 2),
        (with("wim", "wim2"), 2),
        (with("wim", &id::<WimId>(1).to_string()), 1),
    ] {
        assert_eq!(world.plan(draft.clone()).unwrap().wim_id, id::<WimId>(wim), "{draft}");
    }
    world.hints.latency_ms.insert(id(1), 10);
    assert_eq!(world.plan(with("strategy", "lowest_latency")).unwrap().wim_id, id::<WimId>(1));
    let sites: BTreeSet<SiteId> = [id(1), id(2)].into();
    let none =
        find_common_wim(&world.index(), &sites, id(TENANT), WimChoice::By(Strategy::None), &world.hints);
    assert_eq!(none, Ok(None));
    // What the first WIM cannot do, another may.
    world.wims[0].kind = "narrow".to_owned();
    let mut draft = between(&["net1", "net2"]);
    draft["bandwidth_kbps"] = json!(5);
    assert_eq!(world.plan(draft).unwrap().wim_id, id::<WimId>(2));
}

#[test]
fn refusals_say_what_is_missing() {
    let world = World::new();
    let with = |names: &[&str], key: &str, value: Value| {
        let mut draft = between(names);
        draft[key] = value;
        draft
    };
    for (draft, code, part) in [
        (between(&["net1", "net4"]), Code::NoCommonWim, "port mapping at site4"),
        (with(&["net1", "net3"], "wim", json!("wim1")), Code::NoCommonWim, "no port mapping at site3"),
        (with(&["net1", "net2"], "wim", json!("wim3")), Code::NoCommonWim, "no account at WIM wim3"),
        (with(&["net1", "net2"], "wim", json!("nope")), Code::NotFound, "\"nope\""),
        (
            json!({"endpoints": [{"network": "net1"}, {"network": "net2"}], "bandwidth_kbps": 1, "wim": "wim1"}),
            Code::Unsupported,
            "bandwidth",
        ),
        (
            json!({"endpoints": [{"network": "net1"}, {"site": "site2", "port": {"switch": "s1", "port": 9}}]}),
            Code::NoPortMapping,
            "site site2, switch s1, port 9",
        ),
        (
            json!({"endpoints": [{"network": "net1"}, {"site": "site1", "port": {"switch": "s1", "port": 1},
                "encapsulation": {"type": "dot1q", "vlan": 100}}]}),
            Code::Invalid,
            "same service endpoint",
        ),
    ] {
        let reason = world.refusal(draft.clone());
        assert_eq!(reason.code, code, "{draft}: {reason}");
        assert!(reason.detail.contains(part), "{draft}: {reason}");
    }
}

#[test]
fn accounts_that_are_not_ready_are_not_planned_on() {
    let mut world = World::new();
    world.accounts[0].phase = AccountPhase::Creating;
    assert_eq!(world.plan(between(&["net1", "net2"])).unwrap().wim_id, id::<WimId>(2), "the other one is");
    world.accounts[1].phase = AccountPhase::Deleting;
    assert_eq!(world.refusal(between(&["net1", "net2"])).code, Code::AccountNotReady);
    let sites: BTreeSet<SiteId> = [id(1), id(2)].into();
    let choice = WimChoice::By(Strategy::First);
    let found = find_common_wim(&world.index(), &sites, id(TENANT), choice, &world.hints);
    assert_eq!(found.map_err(|reason| reason.code), Err(Code::AccountNotReady));
    world.accounts.clear();
    let reason = world.refusal(between(&["net1", "net2"]));
    assert!(reason.code == Code::NoCommonWim && reason.detail.contains("no account at any WIM"), "{reason}");
}

#[test]
fn what_a_draft_names_must_be_there_and_fit_together() {
    let mut world = World::new();
    world.networks[3].tenant_id = id(2);
    for (draft, at) in [
        (between(&["net1", "net9"]), vec!["/endpoints/1/network"]),
        (between(&["net1", "net4"]), vec!["/endpoints/1/network"]),
        (between(&["net1", &id::<NetworkId>(4).to_string()]), vec!["/endpoints/1/network"]),
        (between(&["net1", "net1"]), vec!["/endpoints/1/network"]),
        (
            json!({"endpoints": [{"network": "net1", "site": "site2"}, {"network": "net2"}]}),
            vec!["/endpoints/0/site"],
        ),
        (
            json!({"endpoints": [{"site": "nowhere", "port": {"switch": "s", "port": 1}}, {"network": "zz"}]}),
            vec!["/endpoints/0/site", "/endpoints/1/network"],
        ),
        (
            json!({"endpoints": [
                {"site": "site1", "port": {"switch": "s1", "port": 1}, "encapsulation": {"type": "dot1q", "vlan": 5}},
                {"site": "site1", "port": {"switch": "s1", "port": "1"}, "encapsulation": {"type": "dot1q", "vlan": 5}},
            ]}),
            vec!["/endpoints/1"],
        ),
    ] {
        assert_eq!(world.faults(draft.clone()), at, "{draft}");
    }
    let hairpin = json!({"endpoints": [
        {"site": "site1", "port": {"switch": "s1", "port": 1}, "encapsulation": {"type": "dot1q", "vlan": 5}},
        {"site": "site1", "port": {"switch": "s1", "port": 1}, "encapsulation": {"type": "dot1q", "vlan": 6}},
    ]});
    assert!(world.plan(hairpin).is_ok());
}

#[test]
fn a_network_leaves_by_its_own_port_or_by_the_first_rule_that_matches() {
    let mut world = World::new();
    let endpoint = |world: &World| -> Result<String, Reason> {
        let planned = world.plan(between(&["net1", "net2"])).map_err(|error| match error {
            PlanError::Refused(reason) => reason,
            PlanError::Fields(errors) => panic!("{errors:?}"),
        })?;
        let resolved = connection_points(&world.index(), &world.networks(), planned.wim_id, &planned.wish)?;
        assert_eq!(resolved.connection_points[0].site, "site1");
        assert_eq!(
            resolved.connection_points[0].service_endpoint_encapsulation,
            Encapsulation::Dot1q { vlan: 100 },
            "the network's, for the endpoint says none"
        );
        Ok(resolved.connection_points[0].service_endpoint_id.clone())
    };
    for (vim_info, port) in [
        (json!({"zone": "x"}), "1"),
        (json!({"zone": "x", "rack": 2}), "1"),
        (json!({"zone": "y", "rack": 2}), "3"),
    ] {
        world.networks[0].vim_info = serde_json::from_value(vim_info).unwrap();
        assert_eq!(endpoint(&world).unwrap(), format!("wim1-site1-port{port}"));
    }
    world.networks[0].vim_info = serde_json::from_value(json!({"zone": "y", "rack": "2"})).unwrap();
    let refused = endpoint(&world).unwrap_err();
    assert_eq!(refused.code, Code::NoExternalPort);
    assert!(refused.detail.contains("net1") && refused.detail.contains("site1"), "{refused}");
    world.networks[0].external_port = serde_json::from_value(json!({"switch": "s1", "port": "3"})).unwrap();
    assert_eq!(endpoint(&world).unwrap(), "wim1-site1-port3");
}

#[test]
fn a_network_that_is_still_building_is_not_asked_for_its_port() {
    let mut world = World::new();
    world.networks[0].vim_info.clear();
    assert_eq!(world.refusal(between(&["net1", "net2"])).code, Code::NoExternalPort);
    world.networks[0].status = NetworkStatus::Build;
    let planned = world.plan(between(&["net1", "net2"])).unwrap();
    let verdict = connection_points(&world.index(), &world.networks(), planned.wim_id, &planned.wish);
    assert_eq!(verdict.map_err(|reason| reason.code), Err(Code::NoExternalPort));
}

#[test]
fn the_gate_names_what_holds_a_link_back() {
    let mut world = World::new();
    let wish = world.plan(between(&["net1", "net2"])).unwrap().wish;
    let judge = |world: &World| {
        let (gate, reason) = gate(&world.networks(), &wish);
        (gate, reason.map(|reason| (reason.code, reason.detail)))
    };
    assert_eq!(judge(&world), (NetworkGate::Open, None));
    for status in [NetworkStatus::ScheduledCreation, NetworkStatus::Build, NetworkStatus::Inactive] {
        world.networks[0].status = status;
        let told = format!("network net1 is {}", status.as_str());
        assert_eq!(judge(&world), (NetworkGate::Building, Some((Code::NetworksBuilding, told))));
    }
    for status in [NetworkStatus::Down, NetworkStatus::Error, NetworkStatus::VimError, NetworkStatus::Deleted]
    {
        world.networks[1].status = status;
        world.networks[1].status_detail = Some("dark".to_owned());
        let told = format!("network net2 is {} (dark)", status.as_str());
        assert_eq!(judge(&world), (NetworkGate::Failed, Some((Code::NetworkFailed, told))));
    }
    world.networks.remove(1);
    assert_eq!(judge(&world).0, NetworkGate::Failed);
}

#[test]
fn edits_are_refused_where_the_connector_cannot() {
    let world = World::new();
    let edit = |wim: u128, patch: Value| {
        let link = Link { wim_id: id(wim), ..link() };
        let patch: LinkPatch = read_value(patch).unwrap();
        plan_edit(&world.index(), &connectors(), &link, patch)
    };
    assert_eq!(edit(2, json!({"bandwidth_kbps": 9, "latency_ms": 3})), Ok((Some(9), Some(3))));
    let refused = edit(1, json!({"bandwidth_kbps": 9}));
    assert!(matches!(refused, Err(PlanError::Refused(reason)) if reason.code == Code::Unsupported));
    assert!(matches!(edit(2, json!({"bandwidth_kbps": 0})), Err(PlanError::Fields(_))));
}

#[test]
fn two_virtual_links_over_two_sites_are_two_links() {
    let part = |number, site, service: Option<&str>, virtual_link: Option<&str>| Network {
        service: service.map(str::to_owned),
        virtual_link: virtual_link.map(str::to_owned),
        ..network(number, site, json!({}))
    };
    let networks = [
        part(1, 1, Some("s"), Some("data")),
        part(2, 2, Some("s"), Some("data")),
        part(3, 1, Some("s"), Some("mgmt")),
        part(4, 2, Some("s"), Some("mgmt")),
        part(5, 1, Some("t"), Some("data")),
        part(6, 1, Some("t"), Some("data")),
        part(7, 2, Some("s"), None),
        Network { tenant_id: id(2), ..part(8, 3, Some("s"), Some("data")) },
    ];
    let derived = derive_wan_links(&networks);
    let told: Vec<(&str, Vec<NetworkId>)> =
        derived.iter().map(|link| (link.virtual_link.as_str(), link.networks.clone())).collect();
    assert_eq!(told, [("data", vec![id(1), id(2)]), ("mgmt", vec![id(3), id(4)])]);
}

#[test]
fn a_request_is_numbered_the_same_way_however_often_it_is_made() {
    let call = Call { tenant: "t", caller: "c", method: "POST", path: "/v1/links", idempotency_key: "k" };
    let request = request_id(&call);
    assert_eq!(request, request_id(&call));
    assert_ne!(request, request_id(&Call { idempotency_key: "k2", ..call }));
    assert_ne!(request, request_id(&Call { tenant: "tc", caller: "", ..call }), "parts keep their ends");
    let intent =
        |target| Intent { target, account_id: id::<AccountId>(1), kind: ActionKind::Create, change: () };
    let intents = || {
        let existing = Target::Existing { link: id::<LinkId>(5), newest: AcceptedAt(START.0 + 10) };
        vec![intent(Target::New), intent(existing), intent(existing), intent(Target::New)]
    };
    let numbered = incorporate(intents(), START, 4, derived_ids(request)).unwrap();
    assert_eq!(numbered, incorporate(intents(), START, 4, derived_ids(request)).unwrap());
    let times: Vec<i64> = numbered.iter().map(|one| one.accepted_at.0 - START.0).collect();
    assert_eq!(times, [0, 11, 12, 0]);
    let ids: BTreeSet<_> = numbered.iter().flat_map(|one| [one.id.0, one.link_id.0]).collect();
    assert_eq!(ids.len(), 7, "four actions on three links");
    assert_eq!(incorporate(intents(), START, 3, derived_ids(request)).unwrap_err().code, Code::Invalid);
    assert_eq!(
        incorporate(Vec::<Intent<()>>::new(), START, 3, derived_ids(request)).unwrap_err().code,
        Code::Invalid
    );
}

#[test]
fn objects_are_found_by_id_and_by_exact_name() {
    let world = World::new();
    let index = world.index();
    assert_eq!(index.find_site("site2").unwrap().id, id::<SiteId>(2));
    assert_eq!(index.find_site(&id::<SiteId>(2).0.simple().to_string()).unwrap().name, "site2");
    assert_eq!(index.find_site("SITE2").unwrap_err().code, Code::NotFound);
    assert_eq!(index.find_tenant("tenant2").unwrap().id, id::<TenantId>(2));
    assert_eq!(index.find_account("acme").unwrap_err().code, Code::Invalid, "several have that name");
    assert_eq!(index.find_account(&id::<AccountId>(12).to_string()).unwrap().wim_id, id::<WimId>(2));
    assert_eq!(PlanError::from(reason(Code::Busy)).to_string(), "controller-busy: because");
}

//! Drafts and patches as a client sends them, with the faults that they are answered with.

use super::*;
use crate::catalogue::{AccountPhase, NetworkStatus, Sealed, Tenant, Wim};
use crate::connector::ConnectorCatalogue;
use crate::connector::tests::SAMPLE;
use crate::ids::{AccountId, NetworkId, PortMappingId, SiteId, TenantId, WimId};
use crate::link::{Encapsulation, ServiceType};
use crate::time::Timestamp;
use crate::validate::read_value;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1);

fn draft<T: serde::de::DeserializeOwned>(value: Value) -> T {
    read_value(value).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Where the faults of an outcome are.
fn fields<T: std::fmt::Debug>(outcome: Result<T, Vec<FieldError>>) -> Vec<String> {
    outcome.expect_err("it is taken").into_iter().map(|error| error.field).collect()
}

fn connectors() -> ConnectorCatalogue {
    ConnectorCatalogue::new([SAMPLE]).unwrap()
}

fn tenant() -> Tenant {
    draft::<TenantDraft>(json!({"name": "acme"})).create(TenantId(Uuid::from_u128(1)), NOW).unwrap()
}

fn wim() -> Wim {
    let body = json!({"name": "w", "type": "sample", "wim_url": "http://h/", "config": {"auth": {"kind": "bearer"}}});
    draft::<WimDraft>(body).create(WimId(Uuid::from_u128(2)), &connectors(), NOW).unwrap()
}

#[test]
fn absent_keeps_null_clears_and_a_value_replaces() {
    let body = json!({"name": "acme", "description": "d"});
    let mut tenant = draft::<TenantDraft>(body).create(TenantId(Uuid::nil()), NOW).unwrap();
    let edit = |tenant: &mut Tenant, patch: Value| draft::<TenantPatch>(patch).edit(tenant);
    assert_eq!(edit(&mut tenant, json!({})), Ok(false));
    assert_eq!(edit(&mut tenant, json!({"description": "d"})), Ok(false));
    assert_eq!(edit(&mut tenant, json!({"description": null, "name": "b"})), Ok(true));
    assert_eq!((tenant.name.as_str(), tenant.description.as_deref()), ("b", None));
    let before = tenant.clone();
    assert_eq!(
        fields(edit(&mut tenant, json!({"name": null, "description": "x\u{0}"}))),
        ["/name", "/description"]
    );
    assert_eq!(tenant, before, "a refused patch changes nothing");
}

#[test]
fn all_faults_of_a_site_are_told_at_once() {
    let body = json!({
        "name": "a;b", "latitude": 91, "longitude": -181, "description": "x".repeat(1001),
        "external_connections": [
            {"vim_external_port": {"switch": "ok:1", "port": 1}},
            {"condition": {"a": "\u{0}"}, "vim_external_port": {"switch": "a::b", "port": "123456"}},
        ]
    });
    assert_eq!(
        fields(draft::<SiteDraft>(body).create(SiteId(Uuid::nil()), NOW)),
        [
            "/name",
            "/description",
            "/latitude",
            "/longitude",
            "/external_connections/1/condition/a",
            "/external_connections/1/vim_external_port/switch",
            "/external_connections/1/vim_external_port/port",
        ]
    );
    let half = json!({"name": "a", "latitude": 1});
    assert_eq!(fields(draft::<SiteDraft>(half).create(SiteId(Uuid::nil()), NOW)), ["/longitude"]);
    let body = json!({"name": "a", "latitude": 1, "longitude": 2,
        "external_connections": [{"vim_external_port": {"switch": "s", "port": 7}}]});
    let mut site = draft::<SiteDraft>(body).create(SiteId(Uuid::nil()), NOW).unwrap();
    assert_eq!(site.external_connections[0].vim_external_port.port, "7");
    assert_eq!(fields(draft::<SitePatch>(json!({"latitude": null})).edit(&mut site)), ["/latitude"]);
    let patch = json!({"latitude": null, "longitude": null, "external_connections": null});
    assert_eq!(draft::<SitePatch>(patch).edit(&mut site), Ok(true));
    assert_eq!((site.latitude, site.external_connections.len()), (None, 0));
}

#[test]
fn a_wim_knows_its_kind_and_holds_no_secret() {
    let create = |body: Value| draft::<WimDraft>(body).create(WimId(Uuid::nil()), &connectors(), NOW);
    let body = json!({"name": "w", "type": "nope", "wim_url": "ftp://h"});
    assert_eq!(fields(create(body)), ["/wim_url", "/type"]);
    let body = json!({"name": "w", "type": "sample", "wim_url": "http://h", "config": {"auth": {"token": "t"}, "x": 1}});
    assert_eq!(fields(create(body)), ["/config/x", "/config/auth/token"]);
    let mut wim = wim();
    assert_eq!(wim.wim_url, "http://h");
    let edit = |wim: &mut Wim, patch: Value| draft::<WimPatch>(patch).edit(wim, &connectors());
    assert_eq!(edit(&mut wim, json!({"config": {"auth": {"kind": null}, "verify": true}})), Ok(true));
    assert_eq!(Value::Object(wim.config.clone()), json!({"auth": {}, "verify": true}));
    assert_eq!(fields(edit(&mut wim, json!({"config": {"verify": 1}}))), ["/config/verify"]);
    assert!(read_value::<WimPatch>(json!({"type": "sample"})).is_err(), "a WIM's kind stays");
}

#[test]
fn an_account_is_made_of_sealed_secrets_only() {
    let body = json!({"wim": "w", "user": "u", "password": "pw-secret", "config": {"auth": {"token": "tok-secret"}}});
    let given = draft::<AccountDraft>(body);
    assert!(!format!("{given:?}").contains("secret"));
    let (checked, secrets) = given.check(&tenant(), &wim(), &connectors()).unwrap();
    assert!(!format!("{checked:?} {secrets:?}").contains("-secret"));
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["auth.token", PASSWORD]);
    assert_eq!(secrets[PASSWORD].expose(), "pw-secret");
    let sealed = secrets.keys().map(|key| (key.clone(), Sealed(format!("sealed {key}")))).collect();
    let mut account = checked.create(AccountId(Uuid::nil()), sealed, NOW);
    assert_eq!((account.name.as_str(), account.phase), ("acme", AccountPhase::Creating));
    assert!(account.config.is_empty());

    let patch = json!({"password": null, "config": {"auth": {"token": "new-secret"}, "timeout_ms": 9}});
    let (checked, secrets) = draft::<AccountPatch>(patch).check(&account, &wim(), &connectors()).unwrap();
    assert_eq!(secrets.keys().collect::<Vec<_>>(), ["auth.token"]);
    assert!(
        checked.edit(&mut account, BTreeMap::from([("auth.token".to_owned(), Sealed("again".to_owned()))]))
    );
    assert_eq!(account.secrets, BTreeMap::from([("auth.token".to_owned(), Sealed("again".to_owned()))]));
    assert_eq!(Value::Object(account.config.clone()), json!({"timeout_ms": 9}));
    let (checked, _) = draft::<AccountPatch>(json!({})).check(&account, &wim(), &connectors()).unwrap();
    assert!(!checked.edit(&mut account, BTreeMap::new()));
}

#[test]
fn faulty_accounts_are_told_where_without_their_secrets() {
    let long = "secret".repeat(11);
    let body = json!({"wim": "w", "name": "", "user": "", "password": long,
        "config": {"auth": {"token": {"secret": 1}}, "timeout_ms": "x", "zz": 1}});
    let errors = draft::<AccountDraft>(body).check(&tenant(), &wim(), &connectors()).unwrap_err();
    let at: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    assert_eq!(at, ["/name", "/user", "/password", "/config/auth/token", "/config/timeout_ms", "/config/zz"]);
    assert!(!format!("{errors:?}").contains("secretsecret"));
    let wrong = read_value::<AccountDraft>(json!({"wim": "w", "password": 1234567})).unwrap_err();
    assert_eq!((wrong.field.as_str(), wrong.message.contains("1234567")), ("/password", false));
    let mut bare = wim();
    bare.config.clear();
    let errors = draft::<AccountDraft>(json!({"wim": "w"})).check(&tenant(), &bare, &connectors());
    assert_eq!(fields(errors), ["/config/auth/kind"]);
}

#[test]
fn a_port_mapping_names_its_endpoint_or_where_it_leads() {
    let create = |body: Value| {
        let ids = (PortMappingId(Uuid::nil()), WimId(Uuid::nil()), SiteId(Uuid::nil()));
        draft::<PortMappingDraft>(body).create(ids.0, ids.1, ids.2, NOW)
    };
    let info = json!({"mapping_type": "dpid-port", "wan_switch_dpid": "0a", "wan_switch_port": 3});
    let mut mapping = create(
        json!({"site": "s", "pop_switch_dpid": "1", "pop_switch_port": 2, "wan_service_mapping_info": info}),
    )
    .unwrap();
    let derived = mapping.wan_service_endpoint_id.clone();
    assert!(derived.starts_with("dpid-port:") && derived.len() == 50);
    let edit = |mapping: &mut _, patch: Value| draft::<PortMappingPatch>(patch).edit(mapping);
    assert_eq!(edit(&mut mapping, json!({"wan_service_endpoint_id": "pe1:uni(1)"})), Ok(true));
    assert_eq!(edit(&mut mapping, json!({"wan_service_endpoint_id": null})), Ok(true));
    assert_eq!(mapping.wan_service_endpoint_id, derived);
    let gone = json!({"wan_service_endpoint_id": null, "wan_service_mapping_info": null});
    assert_eq!(fields(edit(&mut mapping, gone)), ["/wan_service_endpoint_id"]);
    let body = json!({"site": "s", "pop_switch_dpid": "-", "pop_switch_port": 0});
    assert_eq!(fields(create(body)), ["/pop_switch_dpid", "/pop_switch_port", "/wan_service_endpoint_id"]);
    let body =
        json!({"site": "s", "pop_switch_dpid": "1", "pop_switch_port": 1, "wan_service_mapping_info": {}});
    assert_eq!(fields(create(body)), ["/wan_service_mapping_info/mapping_type"]);
}

#[test]
fn a_network_is_checked_down_to_its_peers() {
    let create = |body: Value| {
        let ids = (NetworkId(Uuid::nil()), TenantId(Uuid::nil()), SiteId(Uuid::nil()));
        draft::<NetworkDraft>(body).create(ids.0, ids.1, ids.2, NOW)
    };
    let mut network = create(json!({"site": "s", "name": "n", "vim_info": {"a": 1, "b": null}})).unwrap();
    assert_eq!((network.status, network.vim_info.len()), (NetworkStatus::Active, 1));
    for (encapsulation, at) in [
        (json!({"type": "dot1q", "vlan": 5000}), vec!["/encapsulation/vlan"]),
        (json!({"type": "dot1q"}), vec!["/encapsulation/vlan"]),
        (json!({"type": "none", "vlan": 5, "vni": 1}), vec!["/encapsulation/vlan", "/encapsulation/vni"]),
        (
            json!({"type": "vxlan", "vni": 1 << 24, "peers": ["10.0.0.1", "x"]}),
            vec!["/encapsulation/vni", "/encapsulation/peers/1"],
        ),
    ] {
        assert_eq!(fields(create(json!({"site": "s", "name": "n", "encapsulation": encapsulation}))), at);
    }
    let patch = json!({"status": "BUILD", "vim_info": {"a": null, "c": 2}, "external_port": {"switch": "1", "port": "2"},
        "encapsulation": {"type": "dot1q", "vlan": 5}});
    assert_eq!(draft::<NetworkPatch>(patch).edit(&mut network), Ok(true));
    assert_eq!(
        (network.status, network.encapsulation.clone()),
        (NetworkStatus::Build, Encapsulation::Dot1q { vlan: 5 })
    );
    assert_eq!(Value::Object(network.vim_info.clone()), json!({"c": 2}));
    assert_eq!(draft::<NetworkPatch>(json!({"encapsulation": null})).edit(&mut network), Ok(true));
    assert_eq!(network.encapsulation, Encapsulation::None);
    assert!(read_value::<NetworkPatch>(json!({"status": "UP"})).unwrap_err().message.contains("VIM_ERROR"));
}

#[test]
fn links_are_checked_as_far_as_a_draft_alone_tells() {
    let check = |body: Value| draft::<LinkDraft>(body).check();
    let end = |network: &str| json!({"network": network});
    let two = check(json!({"endpoints": [end("a"), end("b")]})).unwrap();
    let three = check(json!({"endpoints": [end("a"), end("b"), end("c")], "bandwidth_kbps": 5})).unwrap();
    assert_eq!((two.service_type, three.service_type), (ServiceType::Eline, ServiceType::Elan));
    for (body, at) in [
        (json!({"endpoints": []}), vec!["/endpoints"]),
        (json!({"endpoints": [end("a")]}), vec!["/endpoints"]),
        (
            json!({"endpoints": [end("a"), end("b"), end("c")], "service_type": "ELINE"}),
            vec!["/service_type"],
        ),
        (json!({"endpoints": [end("a"), {"site": "s"}]}), vec!["/endpoints/1/port"]),
        (json!({"endpoints": [end("a"), {}]}), vec!["/endpoints/1"]),
        (
            json!({"endpoints": [end("a"), {"site": "s", "port": {"switch": "", "port": 0},
                "encapsulation": {"type": "dot1q", "vlan": 0}}]}),
            vec!["/endpoints/1/port/switch", "/endpoints/1/port/port", "/endpoints/1/encapsulation/vlan"],
        ),
        (
            json!({"endpoints": [end("a"), end("b")], "bandwidth_kbps": 0, "latency_ms": 0, "name": ""}),
            vec!["/name", "/bandwidth_kbps", "/latency_ms"],
        ),
        (json!({"endpoints": [end("a"), end("b")], "strategy": "none"}), vec!["/strategy"]),
        (json!({"endpoints": [end("a"), end("b")], "wim": "w", "strategy": "first"}), vec!["/strategy"]),
    ] {
        assert_eq!(fields(check(body)), at);
    }
    let patch = |body: Value| draft::<LinkPatch>(body).check();
    assert_eq!(patch(json!({"bandwidth_kbps": 7})), Ok((Some(7), None)));
    assert_eq!(fields(patch(json!({}))), [""]);
    assert_eq!(
        fields(patch(json!({"bandwidth_kbps": null, "latency_ms": 0}))),
        ["/bandwidth_kbps", "/latency_ms"]
    );
}

//! Tests that need no controller: golden bodies, their validity against the true module, and the settings.
//!
//! `WANLINK_WRITE_GOLDEN=1` writes the golden files anew; a change of them is a change of what controllers are sent.

use super::body::{Plan, access_path, entry, service_patch, service_path};
use super::settings::{Account, Shape};
use super::*;
use crate::egress::Trust;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use uuid::Uuid;
use wanlink_domain::ids::{AccountId, InstallationId, LinkId};
use wanlink_domain::link::{ConnectionPoint, Encapsulation, ResolvedWish, ServiceType};
use wanlink_runtime::seal::Secret;

const MARK: &str = "wanlink-00000000000000000000000000000abc-000000000001";

fn point(site: &str, endpoint: &str, encapsulation: Encapsulation, info: Option<Value>) -> ConnectionPoint {
    ConnectionPoint {
        site: site.to_owned(),
        service_endpoint_id: endpoint.to_owned(),
        service_endpoint_encapsulation: encapsulation,
        service_mapping_info: info,
    }
}

fn vlan(vlan: u16) -> Encapsulation {
    Encapsulation::Dot1q { vlan }
}

/// Each wish with what shapes it, by the name of its golden file.
fn wishes() -> Vec<(&'static str, ResolvedWish, Shape)> {
    let eline = |points, bandwidth_kbps| ResolvedWish {
        service_type: ServiceType::Eline,
        connection_points: points,
        bandwidth_kbps,
        latency_ms: None,
    };
    let usual = Shape::default();
    let dot1q =
        vec![point("DC1", "pe1:uni1", vlan(300), None), point("GÉANT/2", "pe2:uni1", vlan(301), None)];
    let peers = vec!["192.0.2.7".to_owned(), "2001:db8::7".to_owned()];
    let mapped = json!({"site-id": "operator-site", "device_reference": "edge-7", "bearer_reference": "b-9"});
    let located = json!({"location_reference": "wan-DC2-loc"});
    vec![
        ("eline_dot1q", eline(dot1q.clone(), Some(100_000)), usual.clone()),
        (
            "eline_untagged",
            eline(
                vec![
                    point("DC1", "pe1:uni1", Encapsulation::None, None),
                    point("DC2", "pe2:uni1", Encapsulation::None, None),
                ],
                None,
            ),
            usual.clone(),
        ),
        (
            "eline_vxlan",
            eline(
                vec![
                    point("DC1", "pe1:uni1", Encapsulation::Vxlan { vni: 16_000_000, peers }, None),
                    point("DC2", "pe2:uni1", Encapsulation::Vxlan { vni: 7, peers: Vec::new() }, None),
                ],
                Some(1),
            ),
            usual.clone(),
        ),
        (
            "elan_mapped",
            ResolvedWish {
                service_type: ServiceType::Elan,
                connection_points: vec![
                    point("DC1", "pe1:uni1", vlan(1), Some(mapped)),
                    point("DC2", "pe2:uni1", vlan(4094), Some(located)),
                    point("DC3", "pe3:uni1", Encapsulation::None, None),
                ],
                bandwidth_kbps: Some(400_000_000),
                latency_ms: None,
            },
            Shape { site_prefix: "wan-".to_owned(), svc_mtu: 9000, ..usual.clone() },
        ),
        (
            "eline_bum_oam",
            eline(dot1q, Some(500_000)),
            Shape {
                bum: true,
                ethernet_oam: true,
                device_reference: "ce-{site}-{endpoint}".to_owned(),
                ..usual
            },
        ),
    ]
}

fn plan(wish: &ResolvedWish, shape: &Shape) -> Plan {
    let link = LinkId(Uuid::from_u128(0x0192_5a40_0000_7000_8000_0000_0000_0001));
    Plan::new(&link.to_string(), link, wish, MARK, shape).unwrap()
}

/// Every request of a creation, in order, and the patch of an edit.
fn requests(plan: &Plan) -> Value {
    let mut all = vec![json!({"PUT": service_path(&plan.vpn), "body": entry("vpn-service", &plan.service)})];
    for (name, access) in &plan.accesses {
        all.push(json!({"PUT": access_path(name), "body": entry("site-network-access", access)}));
    }
    let (name, access) = &plan.accesses[0];
    all.push(json!({"PATCH": format!("{}/service", access_path(name)), "body": service_patch(access)}));
    Value::Array(all)
}

#[test]
fn bodies_are_golden() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/l2sm");
    for (name, wish, shape) in wishes() {
        let path = folder.join(format!("{name}.json"));
        let text = format!("{:#}\n", requests(&plan(&wish, &shape)));
        if std::env::var_os("WANLINK_WRITE_GOLDEN").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(text, golden, "{}", path.display());
    }
}

/// The tree that a controller holds after a creation: the operator's sites with our accesses.
fn tree(plan: &Plan) -> Value {
    let mut sites: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (name, access) in &plan.accesses {
        sites.entry(&name.site).or_default().push(access);
    }
    let sites: Vec<Value> = sites
        .into_iter()
        .map(|(site, accesses)| {
            let devices = accesses.iter().filter_map(|access| access["device-reference"].as_str());
            let devices: Vec<Value> =
                devices.map(|id| json!({"device-id": id, "location": format!("{site}-loc")})).collect();
            let by_location = accesses.iter().any(|access| access.get("location-reference").is_some());
            let management = if by_location { "customer-managed" } else { "provider-managed" };
            let mut site = json!({
                "site-id": site,
                "management": {"type": format!("ietf-l2vpn-svc:{management}")},
                "default-ce-vlan-id": 1,
                "locations": {"location": [{"location-id": format!("{site}-loc")}]},
                "site-network-accesses": {"site-network-access": accesses},
            });
            if !devices.is_empty() {
                site["devices"] = json!({ "device": devices });
            }
            site
        })
        .collect();
    json!({"ietf-l2vpn-svc:l2vpn-svc": {
        "vpn-services": {"vpn-service": [plan.service]}, "sites": {"site": sites}}})
}

#[test]
fn yang_golden_bodies_are_valid() {
    let base = "bearer-reference,dot1q,qinq,qinany,vxlan,input-bw";
    for (name, wish, shape) in wishes() {
        let features = match name {
            "eline_bum_oam" => format!("{base},bum,ethernet-oam"),
            _ => base.to_owned(),
        };
        let validate = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/yang/validate");
        let mut child = Command::new(validate)
            .args(["--features", &features])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", tree(&plan(&wish, &shape))).unwrap();
        let answer = child.wait_with_output().unwrap();
        assert!(answer.status.success(), "{name}: {}", String::from_utf8_lossy(&answer.stdout));
    }
}

#[test]
fn wishes_that_cannot_be_written_are_refused() {
    let (_, good, shape) = wishes().remove(0);
    let with = |change: fn(&mut ResolvedWish)| {
        let mut wish = good.clone();
        change(&mut wish);
        let link = LinkId(Uuid::from_u128(1));
        Plan::new("v", link, &wish, MARK, &shape).unwrap_err().detail
    };
    assert!(with(|wish| wish.connection_points.truncate(1)).contains("exactly two"));
    assert!(with(|wish| wish.service_type = ServiceType::L3).contains("ELINE and ELAN"));
    assert!(with(|wish| wish.service_type = ServiceType::Etree).contains("ELINE and ELAN"));
    assert!(with(|wish| wish.connection_points[1] = wish.connection_points[0].clone()).contains("same site"));
}

fn settings(url: &str, user: Option<&str>, config: Value) -> Settings {
    Settings {
        account: AccountId(Uuid::from_u128(1)),
        installation: InstallationId(Uuid::from_u128(0xabc)),
        account_name: "acme".to_owned(),
        wim_url: url.to_owned(),
        user: user.map(str::to_owned),
        config: serde_json::from_value::<Map<String, Value>>(config).unwrap(),
        secrets: user.map(|_| ("password".to_owned(), Secret::new("hush"))).into_iter().collect(),
    }
}

#[test]
fn settings_that_cannot_work_say_what_to_change() {
    let url = "http://127.0.0.1:1";
    for (url, user, config, fault) in [
        ("controller", None, json!({}), "is no absolute URL"),
        ("http://root:hush@h/", None, json!({}), "must not hold credentials"),
        (url, None, json!({"auth": "magic"}), "/config/auth: must be one of none, basic"),
        (url, None, json!({"nope": 1}), "/config/nope: is no setting"),
        (url, None, json!({"auth": "basic"}), "the account has no user"),
        (url, Some("a:b"), json!({}), "colon"),
        (url, None, json!({"status_source": "probe"}), "probe_url is missing"),
        (url, None, json!({"probe_url": "http://h/probe"}), "probe_url must contain {vpn_id}"),
        (url, None, json!({"probe_url": "h/{vpn_id}"}), "probe_url is no absolute URL"),
        (
            url,
            None,
            json!({"probe_url": "http://h/{vpn_id}", "probe_list_url": "h"}),
            "probe_list_url is no absolute URL",
        ),
        (url, None, json!({"connect_timeout_ms": 500, "request_timeout_ms": 500}), "must be above"),
        (url, None, json!({"request_timeout_ms": 100}), "must be above connect_timeout_ms (5000)"),
        (
            url,
            None,
            json!({"request_timeout_ms": 60_000}),
            "must be below the worker's attempt.timeout (60000 ms)",
        ),
        (url, None, json!({"operation_timeout_ms": 60_000}), "operation_timeout_ms (60000) must be below"),
        (url, None, json!({"tls": {"ca": "/nonexistent/ca.pem"}}), "cannot be read"),
        (url, None, json!({"tls": {"ca": "-----BEGIN CERTIFICATE-----\nnone"}}), "is not PEM"),
        (url, None, json!({"svc_mtu": 60}), "from 68 to 9216"),
    ] {
        let refused = L2smFactory::new(Limits::default()).build(settings(url, user, config.clone())).err();
        let refused = refused.unwrap_or_else(|| panic!("{url} {config} was taken"));
        assert!(refused.detail.contains(fault), "{config}: {refused}");
        assert!(refused.detail.contains("account \"acme\"") && !refused.detail.contains("hush"), "{refused}");
    }
}

#[test]
fn settings_are_read_with_their_defaults() {
    let read =
        |url: &str, user, config| Account::read(&settings(url, user, config), Limits::default()).unwrap();
    let plain = read("https://h:8443/api/", None, json!({}));
    assert_eq!(plain.root.to_string(), "https://h:8443/api/restconf");
    assert!(plain.login.is_none() && plain.probe.is_none());
    assert_eq!(
        (plain.trust, plain.limits, plain.shape),
        (Trust::System, Limits::default(), Shape::default())
    );
    assert_eq!(plain.mark.as_str(), MARK);
    assert_eq!(plain.operation_timeout.as_secs(), 54, "between a request's 30 and an attempt's 60");
    let patient = read("http://h", None, json!({"request_timeout_ms": 59_000}));
    assert_eq!(patient.operation_timeout.as_millis(), 59_800);

    assert_eq!(read("http://h/restconf", None, json!({})).root.to_string(), "http://h/restconf");
    assert_eq!(
        read("http://h", None, json!({"restconf_root": "api/v1"})).root.to_string(),
        "http://h/api/v1"
    );
    assert_eq!(read("http://h", None, json!({"restconf_root": "/"})).root.to_string(), "http://h/");

    let full = read(
        "http://h",
        Some("admin"),
        json!({"probe_url": "http://m/{vpn_id}", "operation_timeout_ms": 7, "connect_timeout_ms": 10,
               "features": ["bum", "dot1q"], "elan_service_type": "pbb-evpn"}),
    );
    assert!(full.login.is_some_and(|login| !format!("{login:?}").contains("hush")));
    assert!(full.probe.is_some());
    assert_eq!((full.operation_timeout.as_millis(), full.limits.connect_timeout.as_millis()), (7, 10));
    assert!(full.shape.bum && !full.shape.ethernet_oam);
    assert_eq!(full.shape.elan_service_type, "pbb-evpn");
    assert!(read("http://h", Some("admin"), json!({"auth": "none"})).login.is_none());
    let configured =
        read("http://h", None, json!({"status_source": "configured", "probe_url": "http://m/{vpn_id}"}));
    assert!(configured.probe.is_none());
}

//! The emulator's verdicts held against the true YANG module, as tests/yang judges by it.
//!
//! The emulator's schema is written by hand; here it must agree with the module, except where the table says why
//! not. These tests need Python and a package registry, hence the prefix `yang_`, by which
//! the quick tier leaves them out.

mod client;

use client::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use wanlink_emulator::Options;

/// What emulator and validator say of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    BothAccept,
    BothRefuse,
    /// The emulator is narrower than the module, as a real controller is.
    EmulatorRefuses,
    /// yangson demands a container without presence whose content is mandatory only under a `when` that does not
    /// hold; RFC 7950 section 7.6.5 does not.
    YangsonRefuses,
}
use Expect::{BothAccept, BothRefuse, EmulatorRefuses, YangsonRefuses};

/// Runs the validator over whole trees, one verdict each.
async fn validate(trees: &[Value]) -> Vec<bool> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../yang/validate");
    let mut child = Command::new(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/yang/validate starts");
    let lines: String = trees.iter().map(|tree| format!("{tree}\n")).collect();
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(lines.as_bytes()).await.expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    assert_ne!(output.status.code(), Some(2), "the validator could not be run: its own message stands above");
    let verdicts: Vec<bool> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["valid"].as_bool().expect("a verdict"))
        .collect();
    assert_eq!(verdicts.len(), trees.len(), "one verdict per tree");
    verdicts
}

/// A tree in the parts in which it is written: one service, the site DC1 and one access at it.
#[derive(Clone)]
struct Parts {
    service: Value,
    site: Value,
    access: Value,
}

impl Parts {
    fn good() -> Self {
        let site = json!({"site-id": "DC1", "management": {"type": "provider-managed"}, "default-ce-vlan-id": 1,
            "locations": {"location": [{"location-id": "DC1-loc", "city": "Basel"}]},
            "devices": {"device": [{"device-id": "DC1-ce", "location": "DC1-loc"}]}});
        let service = service("l1")["ietf-l2vpn-svc:vpn-service"][0].clone();
        Self { service, site, access: access_entry("DC1", "l1-1", "l1") }
    }

    fn part(&mut self, name: &str) -> &mut Value {
        match name {
            "service" => &mut self.service,
            "site" => &mut self.site,
            "access" => &mut self.access,
            other => panic!("no part {other}"),
        }
    }

    /// The good tree with one value changed; null removes.
    fn with(part: &str, pointer: &str, value: Value) -> Self {
        let mut parts = Self::good();
        let held = parts.part(part);
        *held = altered(held.clone(), pointer, value);
        parts
    }

    fn tree(&self) -> Value {
        let mut site = self.site.clone();
        if let Some(site) = site.as_object_mut() {
            site.insert("site-network-accesses".to_owned(), json!({"site-network-access": [self.access]}));
        }
        json!({"ietf-l2vpn-svc:l2vpn-svc": {"vpn-services": {"vpn-service": [self.service]}, "sites": {"site": [site]}}})
    }

    /// Writes the parts to an emulator of its own; true where all of them were taken.
    async fn accepted(&self) -> bool {
        let (handle, caller) = start(Options { sites: Vec::new(), ..options() }).await;
        let writes = [
            (service_path("l1"), json!({"ietf-l2vpn-svc:vpn-service": [self.service]})),
            ("/sites/site=DC1".to_owned(), json!({"ietf-l2vpn-svc:site": [self.site]})),
            (access_path("DC1", "l1-1"), json!({"ietf-l2vpn-svc:site-network-access": [self.access]})),
        ];
        let mut accepted = true;
        for (path, body) in writes {
            accepted &= caller.send("PUT", &path, &body).await.status == 201;
        }
        handle.stop().await;
        accepted
    }
}

fn cases() -> Vec<(&'static str, &'static str, Value, Expect)> {
    let tagged = "/connection/tagged-interface";
    let q_in_q = json!({"type": "qinq", "qinq": {"tag-type": "c-s-vlan", "svlan-id": 10, "cvlan-id": 20}});
    let half_q_in_q = json!({"type": "qinq", "qinq": {"svlan-id": 10}});
    let vxlan = json!({"type": "vxlan", "vxlan": {"vni-id": 70_000, "peer-mode": "static-mode",
        "peer-list": [{"peer-ip": "192.0.2.1"}, {"peer-ip": "2001:db8::1"}]}});
    let bad_peer = json!({"type": "vxlan", "vxlan": {"vni-id": 1, "peer-list": [{"peer-ip": "somewhere"}]}});
    let bandwidth = |alter: Value| {
        let mut entry =
            json!({"direction": "input-bw", "type": "bw-per-svc", "vpn-id": "l1", "cir": "1", "cbs": "1"});
        for (name, value) in alter.as_object().expect("an object") {
            entry[name] = value.clone();
        }
        json!({"bandwidth": [entry]})
    };
    let bw = "/service/svc-bandwidth";
    let twice = json!({"bandwidth": [
        {"direction": "input-bw", "type": "bw-per-port", "cir": "1", "cbs": "1"},
        {"direction": "ietf-l2vpn-svc:input-bw", "type": "bw-per-port", "cir": "2", "cbs": "1"}]});
    let both_ways = json!({"bandwidth": [
        {"direction": "input-bw", "type": "bw-per-port", "cir": "1", "cbs": "1"},
        {"direction": "output-bw", "type": "bw-per-port", "cir": "2", "cbs": "1"}]});
    vec![
        ("service", "/vpn-svc-type", json!("vpws-evpn"), BothAccept),
        ("service", "/vpn-svc-type", Value::Null, BothAccept),
        ("service", "/vpn-svc-type", json!("vpls"), BothRefuse),
        ("service", "/vpn-svc-type", json!("ietf-netconf-acm:vpws"), BothRefuse),
        ("service", "/svc-topo", json!("hub-spoke-disjoint"), BothAccept),
        ("service", "/customer-name", json!(""), BothAccept),
        ("service", "/customer-name", json!(5), BothRefuse),
        ("service", "/ce-vlan-preservation", Value::Null, BothRefuse),
        ("service", "/ce-vlan-cos-preservation", json!("true"), BothRefuse),
        ("service", "/carrierscarrier", json!(false), BothRefuse),
        ("service", "/frame-delivery", json!({"multicast-gp-port-mapping": "static-mapping"}), BothRefuse),
        ("service", "/colour", json!("red"), BothRefuse),
        ("site", "/management", Value::Null, BothRefuse),
        ("site", "/management/type", json!("co-managed"), BothAccept),
        ("site", "/management/type", json!("customer-managed"), BothRefuse),
        ("site", "/default-ce-vlan-id", Value::Null, BothRefuse),
        ("site", "/default-ce-vlan-id", json!(-1), BothRefuse),
        ("site", "/devices/device", json!([{"device-id": "DC1-ce", "location": "nowhere"}]), BothRefuse),
        ("site", "/devices/device", json!([{"device-id": "DC1-ce"}]), BothRefuse),
        ("site", "/devices/device", json!([{"location": "DC1-loc"}]), BothRefuse),
        ("site", "/bundling-type", json!("one2one-bundling"), BothAccept),
        ("site", "/vpn-policies", json!({}), EmulatorRefuses),
        ("access", "/network-access-id", json!(1), BothRefuse),
        ("access", "/type", json!("multipoint"), BothAccept),
        ("access", "/device-reference", Value::Null, BothRefuse),
        ("access", "/device-reference", json!("other"), BothRefuse),
        ("access", "/location-reference", json!("DC1-loc"), BothRefuse),
        ("access", "/vpn-attachment", Value::Null, BothRefuse),
        ("access", "/vpn-attachment/vpn-id", json!("l2"), BothRefuse),
        ("access", "/vpn-attachment/vpn-policy-id", json!("p"), BothRefuse),
        ("access", "/vpn-attachment/site-role", json!("hub-role"), BothAccept),
        ("access", "/bearer", Value::Null, BothAccept),
        ("access", "/bearer/always-on", json!(true), BothRefuse),
        ("access", "/availability", json!({"access-priority": 5, "all-active": [null]}), BothAccept),
        ("access", "/availability", json!({"single-active": [null], "all-active": [null]}), BothRefuse),
        ("access", "/availability", json!({"all-active": true}), BothRefuse),
        ("access", "/connection", Value::Null, YangsonRefuses),
        ("access", "/connection", json!({"eth-inf-type": "untagged"}), YangsonRefuses),
        ("access", "/connection", json!({"eth-inf-type": "untagged", "tagged-interface": {}}), BothAccept),
        ("access", "/connection/encapsulation-type", json!("mpls"), BothRefuse),
        ("access", "/connection/untagged-interface", json!({"mode": "auto-neg", "lldp": true}), BothAccept),
        ("access", "/connection/untagged-interface", json!({"mode": "simplex"}), BothRefuse),
        ("access", "/connection/oam", json!({"md-name": "a", "md-level": 1}), BothRefuse),
        ("access", tagged, json!({"type": "dot1q"}), BothRefuse),
        (
            "access",
            tagged,
            json!({"type": "priority-tagged", "priority-tagged": {"tag-type": "c-vlan"}}),
            BothAccept,
        ),
        ("access", tagged, json!({"priority-tagged": {}}), BothAccept),
        ("access", tagged, json!({"type": "qinq", "dot1q-vlan-tagged": {"cvlan-id": 1}}), BothRefuse),
        ("access", tagged, json!({"dot1q-vlan-tagged": {"cvlan-id": 1}}), BothRefuse),
        ("access", tagged, q_in_q, BothAccept),
        ("access", tagged, half_q_in_q, BothRefuse),
        ("access", tagged, vxlan, BothAccept),
        ("access", tagged, bad_peer, BothRefuse),
        ("access", "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id", json!(4094), BothAccept),
        ("access", "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id", json!(0), EmulatorRefuses),
        ("access", "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id", json!(5000), EmulatorRefuses),
        ("access", "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id", json!(70_000), BothRefuse),
        ("access", "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id", json!("300"), BothRefuse),
        ("access", "/service", Value::Null, BothRefuse),
        ("access", "/service/svc-mtu", json!(9000), BothAccept),
        ("access", "/service/svc-mtu", json!(9217), EmulatorRefuses),
        ("access", "/service/svc-mtu", json!("1500"), BothRefuse),
        ("access", bw, Value::Null, BothAccept),
        ("access", bw, bandwidth(json!({"eir": "5", "pbs": "18446744073709551615"})), BothAccept),
        ("access", bw, bandwidth(json!({"cir": "18446744073709551616"})), BothRefuse),
        ("access", bw, bandwidth(json!({"cir": 100})), BothRefuse),
        ("access", bw, bandwidth(json!({"cir": "-1"})), BothRefuse),
        ("access", bw, bandwidth(json!({"type": "bw-per-access"})), BothRefuse),
        ("access", bw, bandwidth(json!({"type": "bw-per-cos"})), BothRefuse),
        ("access", bw, bandwidth(json!({"cos-id": 1})), BothRefuse),
        ("access", bw, json!({"bandwidth": [{"direction": "input-bw", "cir": "1", "cbs": "1"}]}), BothRefuse),
        (
            "access",
            bw,
            json!({"bandwidth": [{"direction": "input-bw", "type": "bw-per-port", "cir": "1"}]}),
            BothRefuse,
        ),
        ("access", bw, twice, BothRefuse),
        ("access", bw, both_ways, BothAccept),
        ("access", bw, json!({"bandwidth": {}}), BothRefuse),
    ]
}

#[tokio::test]
async fn yang_emulator_and_module_agree() {
    let cases = cases();
    let mut parts = vec![Parts::good()];
    parts.extend(cases.iter().map(|(part, pointer, value, _)| Parts::with(part, pointer, value.clone())));
    let trees: Vec<Value> = parts.iter().map(Parts::tree).collect();
    let module = validate(&trees).await;
    assert!(module[0] && parts[0].accepted().await, "the body that all others are made from is good");
    let mut wrong = Vec::new();
    for (n, (part, pointer, value, expect)) in cases.iter().enumerate() {
        let found = match (parts[n + 1].accepted().await, module[n + 1]) {
            (true, true) => BothAccept,
            (false, false) => BothRefuse,
            (false, true) => EmulatorRefuses,
            (true, false) => YangsonRefuses,
        };
        if found != *expect {
            wrong.push(format!("{part}{pointer} = {value}: expected {expect:?}, found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn yang_what_the_emulator_serves_is_valid() {
    let mut trees = Vec::new();
    for any_site in [false, true] {
        let sites = if any_site { Vec::new() } else { options().sites };
        let (handle, caller) = start(Options { any_site, sites, ..options() }).await;
        caller.create_link("l1").await;
        caller.create_link("l2").await;
        assert_eq!(caller.post("/faults/foreign", &json!({"vpn-id": "theirs"})).await.status, 204);
        trees.push(caller.send("GET", "", &Value::Null).await.body);
        handle.stop().await;
    }
    assert_eq!(validate(&trees).await, [true, true]);
}

//! A connector made up for tests, and the tables of what its schema and abilities let through.

use super::*;
use crate::ids::SiteId;
use crate::link::Endpoint;
use serde_json::json;
use uuid::Uuid;

/// Takes ELINE and ELAN with VLANs, a bandwidth but no latency, and one setting of each kind.
pub(crate) const SAMPLE: ConnectorDescriptor = ConnectorDescriptor {
    kind: "sample",
    summary: "made up",
    service_types: &[ServiceType::Eline, ServiceType::Elan],
    max_endpoints: 4,
    encapsulations: &[EncapsulationKind::None, EncapsulationKind::Dot1q],
    bandwidth: true,
    latency: false,
    can_list: true,
    client_chosen_id: true,
    config_schema: &[
        ConfigKey {
            name: "auth.kind",
            kind: ValueKind::OneOf { values: &["none", "basic", "bearer"] },
            required: true,
            secret: false,
            doc: "how to authenticate",
        },
        ConfigKey {
            name: "auth.token",
            kind: ValueKind::Text,
            required: false,
            secret: true,
            doc: "bearer token",
        },
        ConfigKey {
            name: "timeout_ms",
            kind: ValueKind::Integer { min: 1, max: 1000 },
            required: false,
            secret: false,
            doc: "time for one call",
        },
        ConfigKey {
            name: "verify",
            kind: ValueKind::Boolean,
            required: false,
            secret: false,
            doc: "check TLS",
        },
        ConfigKey {
            name: "features",
            kind: ValueKind::TextList,
            required: false,
            secret: false,
            doc: "YANG features",
        },
        ConfigKey {
            name: "dialect",
            kind: ValueKind::Object,
            required: false,
            secret: false,
            doc: "switches",
        },
    ],
    status_sources: &[StatusSource::Configured],
    max_in_flight_default: 4,
};

fn faults(config: Value, part: ConfigPart) -> Vec<(String, String)> {
    let config: Map<String, Value> = serde_json::from_value(config).unwrap();
    let mut faults = Faults::default();
    SAMPLE.check_config("/config", &config, part, |_| false, &mut faults);
    match faults.is_empty() {
        true => Vec::new(),
        false => faults
            .finish::<()>(None)
            .unwrap_err()
            .into_iter()
            .map(|error| (error.field, error.message))
            .collect(),
    }
}

#[test]
fn settings_are_compared_with_the_schema() {
    let good = json!({
        "auth": {"kind": "basic"}, "timeout_ms": 5, "verify": true, "features": ["a"], "dialect": {"x": [1]}
    });
    assert_eq!(faults(good, ConfigPart::Whole), []);
    assert_eq!(faults(json!({}), ConfigPart::Wim), []);
    for (config, field, part) in [
        (json!({}), "/config/auth/kind", "required by connector sample"),
        (json!({"auth": {"kind": "magic"}}), "/config/auth/kind", "one of none, basic, bearer"),
        (json!({"auth": {"kind": "none", "x": 1}}), "/config/auth/x", "known ones: auth.kind, auth.token"),
        (json!({"auth": "none"}), "/config/auth", "an object"),
        (json!({"auth": {"kind": "none"}, "auth.kind": "none"}), "/config/auth.kind", "is no setting"),
        (json!({"auth": {"kind": "none"}, "timeout_ms": 0}), "/config/timeout_ms", "from 1 to 1000"),
        (json!({"auth": {"kind": "none"}, "timeout_ms": 1.5}), "/config/timeout_ms", "whole number"),
        (json!({"auth": {"kind": "none"}, "verify": "yes"}), "/config/verify", "true or false"),
        (json!({"auth": {"kind": "none"}, "features": ["a", 1]}), "/config/features", "list of texts"),
        (json!({"auth": {"kind": "none"}, "nope": 1}), "/config/nope", "is no setting of connector sample"),
    ] {
        let found = faults(config.clone(), ConfigPart::Whole);
        let told = found.iter().any(|(at, message)| at == field && message.contains(part));
        assert!(told, "{config}: {found:?}");
    }
}

#[test]
fn a_secret_in_the_settings_of_a_wim_is_refused_without_repeating_it() {
    let found = faults(json!({"auth": {"token": "hush"}}), ConfigPart::Wim);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "/config/auth/token");
    assert!(!found[0].1.contains("hush"));
    assert_eq!(SAMPLE.secret_keys(), ["auth.token"]);
}

#[test]
fn wishes_beyond_its_abilities_are_named() {
    let wish = |service_type, endpoints: usize, bandwidth_kbps, latency_ms| Wish {
        service_type,
        endpoints: (0..endpoints)
            .map(|n| Endpoint {
                site_id: SiteId(Uuid::from_u128(n as u128)),
                network_id: None,
                port: None,
                encapsulation: Encapsulation::None,
            })
            .collect(),
        bandwidth_kbps,
        latency_ms,
    };
    let none = [Encapsulation::None];
    let vxlan = [Encapsulation::None, Encapsulation::Vxlan { vni: 1, peers: Vec::new() }];
    for (wish, encapsulations, part) in [
        (wish(ServiceType::Eline, 2, Some(1), None), &none[..], None),
        (wish(ServiceType::L3, 2, None, None), &none[..], Some("L3")),
        (wish(ServiceType::Elan, 5, None, None), &none[..], Some("5 endpoints")),
        (wish(ServiceType::Eline, 2, None, Some(1)), &none[..], Some("latency")),
        (wish(ServiceType::Eline, 2, None, None), &vxlan[..], Some("vxlan")),
    ] {
        let reason = SAMPLE.unsupported(&wish, encapsulations);
        assert_eq!(reason.is_some(), part.is_some(), "{wish:?}");
        if let (Some(reason), Some(part)) = (reason, part) {
            assert_eq!(reason.code, Code::Unsupported);
            assert!(reason.detail.contains(part), "{reason}");
        }
    }
}

#[test]
fn kinds_are_sorted_unique_and_listed_when_one_is_unknown() {
    let other = ConnectorDescriptor { kind: "other", ..SAMPLE };
    let catalogue = ConnectorCatalogue::new([SAMPLE, other]).unwrap();
    assert_eq!(catalogue.iter().map(|one| one.kind).collect::<Vec<_>>(), ["other", "sample"]);
    assert!(catalogue.require("nope").unwrap_err().ends_with("known kinds: other, sample"));
    assert_eq!(ConnectorCatalogue::new([SAMPLE, SAMPLE]), Err(DuplicateKind("sample")));
}

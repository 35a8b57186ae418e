//! What this kind can do and what settings it takes: the one list of them.

use wanlink_domain::connector::{ConfigKey, ConnectorDescriptor, ValueKind};
use wanlink_domain::link::{EncapsulationKind, ServiceType, StatusSource};

const HOUR_MS: i64 = 3_600_000;

const fn key(name: &'static str, kind: ValueKind, doc: &'static str) -> ConfigKey {
    ConfigKey { name, kind, required: false, secret: false, doc }
}

/// Kind `ietf_l2sm`.
pub const DESCRIPTOR: ConnectorDescriptor = ConnectorDescriptor {
    kind: "ietf_l2sm",
    summary: "L2VPN service model (RFC 8466) over RESTCONF (RFC 8040)",
    service_types: &[ServiceType::Eline, ServiceType::Elan],
    max_endpoints: 64,
    encapsulations: &[EncapsulationKind::None, EncapsulationKind::Dot1q, EncapsulationKind::Vxlan],
    bandwidth: true,
    latency: false,
    can_list: true,
    client_chosen_id: true,
    config_schema: &[
        key(
            "auth",
            ValueKind::OneOf { values: &["none", "basic"] },
            "how to authenticate: none, or basic with the account's user and password; default: basic where a user is set",
        ),
        key(
            "status_source",
            ValueKind::OneOf { values: &["probe", "configured"] },
            "where ACTIVE comes from: probe_url, or the configuration read back; default: probe where probe_url is set",
        ),
        key(
            "probe_url",
            ValueKind::Text,
            "address that answers a link's operational status as JSON, with {vpn_id} where the link's id belongs",
        ),
        key(
            "probe_list_url",
            ValueKind::Text,
            "address that answers the status of all links at once: a JSON object with an entry like probe_url's answer by each vpn-id; default: each link is asked for",
        ),
        key(
            "probe_field",
            ValueKind::Text,
            "dotted path of the status in the probe's answer; default: status",
        ),
        key(
            "restconf_root",
            ValueKind::Text,
            "path of RESTCONF's root below the WIM's URL (RFC 8040, section 3.1); default: /restconf",
        ),
        key(
            "tls.ca",
            ValueKind::Text,
            "certificates to trust instead of the system's: PEM, or the path of a file with it",
        ),
        key(
            "connect_timeout_ms",
            ValueKind::Integer { min: 1, max: HOUR_MS },
            "for name resolution, TCP and TLS; default: the worker's",
        ),
        key(
            "request_timeout_ms",
            ValueKind::Integer { min: 1, max: HOUR_MS },
            "for one request, to the last byte of its answer, above connect_timeout_ms and below the worker's attempt.timeout; default: the worker's",
        ),
        key(
            "operation_timeout_ms",
            ValueKind::Integer { min: 1, max: HOUR_MS },
            "for all requests of one operation on a link, below the worker's attempt.timeout; default: four fifths of the way to it from one request's",
        ),
        key("site_prefix", ValueKind::Text, "put before a site's name to make its site-id at the controller"),
        key(
            "device_reference",
            ValueKind::Text,
            "device-reference of an access, with {site} and {endpoint}, where the port mapping gives none; default: {site}-ce",
        ),
        key(
            "features",
            ValueKind::TextList,
            "YANG features that the controller has on; bum and ethernet-oam make further nodes mandatory",
        ),
        key(
            "elan_service_type",
            ValueKind::OneOf { values: &["ldp-l2tp-vpls", "bgp-vpls", "pbb-evpn"] },
            "vpn-svc-type of an ELAN; default: bgp-vpls",
        ),
        key(
            "svc_mtu",
            ValueKind::Integer { min: 68, max: 9216 },
            "svc-mtu of every access, in bytes; default: 1500",
        ),
        key(
            "max_in_flight",
            ValueKind::Integer { min: 1, max: 64 },
            "links of the account worked on at once; default: 4",
        ),
    ],
    status_sources: &[StatusSource::Probe, StatusSource::Configured],
    max_in_flight_default: 4,
};

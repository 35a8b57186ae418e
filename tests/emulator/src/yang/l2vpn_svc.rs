//! The schema of ietf-l2vpn-svc@2018-10-09 (RFC 8466) as this controller offers it.
//!
//! Features on: `bearer-reference`, `dot1q`, `qinq`, `qinany`, `vxlan`, `input-bw`; all others are off, so their
//! nodes are unknown here, as at any server that does not announce them. Deliberately narrower than the module, as
//! real controllers are: VLAN ids must be 1..4094 (the module says uint16), the MTU 68..9216, and `vpn-profiles`,
//! `vpn-policies`, `lag-interfaces` and `cvlan-id-to-svc-map` are not supported.

use super::node::{Node, Place, Type, When, choice, container, leaf, list};

/// The module's name, which is also the prefix of its members in JSON (RFC 7951 section 4).
pub(crate) const MODULE: &str = "ietf-l2vpn-svc";
pub(crate) const REVISION: &str = "2018-10-09";
pub(crate) const NAMESPACE: &str = "urn:ietf:params:xml:ns:yang:ietf-l2vpn-svc";
pub(crate) const FEATURES: &[&str] = &["bearer-reference", "dot1q", "qinq", "qinany", "vxlan", "input-bw"];

const VLAN_ID: Type = Type::Number { low: 1, high: 4094 };
const UINT32: Type = Type::Number { low: 0, high: u32::MAX as u64 };
const TAG: Type = Type::Identity(&["c-vlan", "s-vlan", "c-s-vlan"]);

/// `vpn-services/vpn-service`.
pub(crate) const VPN_SERVICE: &[Node] = &[
    leaf("vpn-id", Type::Text).mandatory(),
    leaf(
        "vpn-svc-type",
        Type::Identity(&["vpws", "pwe3", "ldp-l2tp-vpls", "bgp-vpls", "vpws-evpn", "pbb-evpn"]),
    ),
    leaf("customer-name", Type::Text),
    leaf("svc-topo", Type::Identity(&["any-to-any", "hub-spoke", "hub-spoke-disjoint"])),
    leaf("ce-vlan-preservation", Type::Boolean).mandatory(),
    leaf("ce-vlan-cos-preservation", Type::Boolean).mandatory(),
];

/// `sites/site`, without the accesses, which the tree keeps apart.
pub(crate) const SITE: &[Node] = &[
    leaf("site-id", Type::Text).mandatory(),
    leaf(
        "site-vpn-flavor",
        Type::Identity(&["site-vpn-flavor-single", "site-vpn-flavor-multi", "site-vpn-flavor-nni"]),
    ),
    container("devices", &[list("device", &["device-id"], DEVICE)])
        .when(When::Management(&["provider-managed", "co-managed"])),
    container(
        "management",
        &[leaf("type", Type::Identity(&["provider-managed", "co-managed", "customer-managed"])).mandatory()],
    ),
    container("locations", &[list("location", &["location-id"], LOCATION)]),
    container("service", &[]),
    leaf("bundling-type", Type::Identity(&["one2one-bundling", "multi-svc-bundling", "all2one-bundling"])),
    leaf("default-ce-vlan-id", UINT32).mandatory(),
];

const DEVICE: &[Node] = &[
    leaf("device-id", Type::Text).mandatory(),
    leaf("location", Type::Reference(Place::Location)).mandatory(),
    container(
        "management",
        &[leaf("transport", Type::Identity(&["ipv4", "ipv6"])), leaf("address", Type::Address)],
    )
    .when(When::Management(&["co-managed"])),
];

const LOCATION: &[Node] = &[
    leaf("location-id", Type::Text).mandatory(),
    leaf("address", Type::Text),
    leaf("postal-code", Type::Text),
    leaf("state", Type::Text),
    leaf("city", Type::Text),
    leaf("country-code", Type::Text),
];

/// `site-network-accesses/site-network-access`.
pub(crate) const ACCESS: &[Node] = &[
    leaf("network-access-id", Type::Text).mandatory(),
    leaf("type", Type::Identity(&["point-to-point", "multipoint"])),
    choice(
        "location-flavor",
        &[
            &[leaf("location-reference", Type::Reference(Place::Location))
                .when(When::Management(&["customer-managed"]))],
            &[leaf("device-reference", Type::Reference(Place::Device))
                .when(When::Management(&["provider-managed", "co-managed"]))],
        ],
    )
    .mandatory(),
    container("bearer", &[leaf("bearer-reference", Type::Text)]),
    container("connection", CONNECTION),
    container(
        "availability",
        &[
            leaf("access-priority", UINT32),
            choice(
                "redundancy-mode",
                &[&[leaf("single-active", Type::Empty)], &[leaf("all-active", Type::Empty)]],
            ),
        ],
    ),
    container(
        "vpn-attachment",
        &[choice(
            "attachment-flavor",
            &[
                &[
                    leaf("vpn-id", Type::Reference(Place::VpnService)),
                    leaf("site-role", Type::Identity(&["any-to-any-role", "hub-role", "spoke-role"])),
                ],
                &[leaf("vpn-policy-id", Type::Reference(Place::Nowhere))],
            ],
        )
        .mandatory()],
    ),
    container("service", SERVICE),
];

/// `site-network-access/service`: what a bandwidth edit patches.
pub(crate) const SERVICE: &[Node] = &[
    container("svc-bandwidth", &[list("bandwidth", &["direction", "type"], BANDWIDTH)]),
    leaf("svc-mtu", Type::Number { low: 68, high: 9216 }).mandatory(),
];

const BANDWIDTH: &[Node] = &[
    leaf("direction", Type::Identity(&["input-bw", "output-bw"])).mandatory(),
    leaf("type", Type::Identity(&["bw-per-cos", "bw-per-port", "bw-per-site", "bw-per-svc"])).mandatory(),
    leaf("cos-id", Type::Number { low: 0, high: u8::MAX as u64 }).when(When::Sibling {
        leaf: "type",
        default: "",
        is: &["bw-per-cos"],
    }),
    leaf("vpn-id", Type::Text).when(When::Sibling { leaf: "type", default: "", is: &["bw-per-svc"] }),
    leaf("cir", Type::Long).mandatory(),
    leaf("cbs", Type::Long).mandatory(),
    leaf("eir", Type::Long),
    leaf("ebs", Type::Long),
    leaf("pir", Type::Long),
    leaf("pbs", Type::Long),
];

const CONNECTION: &[Node] = &[
    leaf("encapsulation-type", Type::Identity(&["ethernet", "vlan"])),
    leaf("eth-inf-type", Type::Identity(&["tagged", "untagged", "lag"])),
    container("tagged-interface", TAGGED),
    container(
        "untagged-interface",
        &[
            leaf("speed", UINT32),
            leaf("mode", Type::Enumeration(&["full-duplex", "auto-neg"])),
            leaf("phy-mtu", UINT32),
            leaf("lldp", Type::Boolean),
            leaf("uni-loop-prevention", Type::Boolean),
        ],
    ),
];

const TAGGED: &[Node] = &[
    leaf("type", Type::Identity(&["dot1q", "priority-tagged", "qinq", "qinany", "vxlan"])),
    container("dot1q-vlan-tagged", &[leaf("tg-type", TAG), leaf("cvlan-id", VLAN_ID).mandatory()])
        .when(tagged(&["dot1q"])),
    container("priority-tagged", &[leaf("tag-type", TAG)]).when(tagged(&["priority-tagged"])),
    container(
        "qinq",
        &[
            leaf("tag-type", TAG),
            leaf("svlan-id", VLAN_ID).mandatory(),
            leaf("cvlan-id", VLAN_ID).mandatory(),
        ],
    )
    .when(tagged(&["qinq"])),
    container("qinany", &[leaf("tag-type", TAG), leaf("svlan-id", VLAN_ID).mandatory()])
        .when(tagged(&["qinany"])),
    container(
        "vxlan",
        &[
            leaf("vni-id", UINT32).mandatory(),
            leaf("peer-mode", Type::Identity(&["static-mode", "bgp-mode"])),
            list("peer-list", &["peer-ip"], &[leaf("peer-ip", Type::Address).mandatory()]),
        ],
    )
    .when(tagged(&["vxlan"])),
];

const fn tagged(is: &'static [&'static str]) -> When {
    When::Sibling { leaf: "type", default: "priority-tagged", is }
}

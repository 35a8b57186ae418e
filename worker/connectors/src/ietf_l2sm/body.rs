//! The bodies that are written: strict YANG JSON (RFC 7951), pure functions of the wish.
//!
//! Identities carry the module's prefix and 64-bit numbers are texts, as the RFC wants and every server takes. A
//! feature that the controller has on makes nodes mandatory; they are filled here.

use super::names::{AccessName, access_id};
use super::settings::Shape;
use crate::port::{Class, Failure};
use crate::restconf::key;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::{ConnectionPoint, Encapsulation, ResolvedWish, ServiceType};

const MODULE: &str = "ietf-l2vpn-svc";
/// Below RESTCONF's `data`.
pub(super) const ROOT: &str = "/ietf-l2vpn-svc:l2vpn-svc";
/// A burst is as much as the committed rate brings in a hundredth of a second, and at least one large frame.
const BURST_DIVISOR: u64 = 100;
const BURST_MIN: u64 = 9_216;

pub(super) fn service_path(vpn: &str) -> String {
    format!("{ROOT}/vpn-services/vpn-service={}", key(vpn))
}

pub(super) fn access_path(name: &AccessName) -> String {
    format!(
        "{ROOT}/sites/site={}/site-network-accesses/site-network-access={}",
        key(&name.site),
        key(&name.id)
    )
}

/// What shall be at the controller for a link.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) vpn: String,
    pub(super) service: Value,
    pub(super) accesses: Vec<(AccessName, Value)>,
}

impl Plan {
    /// `vpn` is the service's id, which is the link's but for services that were adopted.
    pub(super) fn new(
        vpn: &str,
        link: LinkId,
        wish: &ResolvedWish,
        mark: &str,
        shape: &Shape,
    ) -> Result<Self, Failure> {
        let service = service(vpn, wish, mark, shape)?;
        let mut accesses = Vec::new();
        for point in &wish.connection_points {
            let name = access_name(link, point, shape);
            let value = access(vpn, &name, point, wish, shape);
            accesses.push((name, value));
        }
        let distinct: BTreeSet<&AccessName> = accesses.iter().map(|(name, _)| name).collect();
        if distinct.len() < accesses.len() {
            return Err(refused("two endpoints of the link are the same site, bearer and encapsulation"));
        }
        Ok(Self { vpn: vpn.to_owned(), service, accesses })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &AccessName> {
        self.accesses.iter().map(|(name, _)| name)
    }
}

/// The accesses of a wish, for where only their names are needed.
pub(super) fn access_names(link: LinkId, wish: &ResolvedWish, shape: &Shape) -> Vec<AccessName> {
    wish.connection_points.iter().map(|point| access_name(link, point, shape)).collect()
}

fn access_name(link: LinkId, point: &ConnectionPoint, shape: &Shape) -> AccessName {
    let site = match mapped(point, "site_id") {
        Some(site) => site.to_owned(),
        None => format!("{}{}", shape.site_prefix, point.site),
    };
    let id = access_id(link, &site, point);
    AccessName { site, id }
}

fn refused(detail: &str) -> Failure {
    Failure { class: Class::Invalid, detail: detail.to_owned(), retry_after: None }
}

fn identity(name: &str) -> String {
    format!("{MODULE}:{name}")
}

/// `vpn-service` (RFC 8466, section 5.2).
fn service(vpn: &str, wish: &ResolvedWish, mark: &str, shape: &Shape) -> Result<Value, Failure> {
    let service_type = match wish.service_type {
        ServiceType::Eline if wish.connection_points.len() != 2 => {
            return Err(refused("an ELINE joins exactly two endpoints"));
        }
        ServiceType::Eline => "vpws",
        ServiceType::Elan => shape.elan_service_type.as_str(),
        ServiceType::Etree | ServiceType::L3 => {
            return Err(refused("this connector makes ELINE and ELAN services alone"));
        }
    };
    let mut service = json!({
        "vpn-id": vpn,
        "vpn-svc-type": identity(service_type),
        "svc-topo": identity("any-to-any"),
        "customer-name": mark,
        "ce-vlan-preservation": true,
        "ce-vlan-cos-preservation": true,
    });
    if shape.bum {
        service["frame-delivery"] = json!({ "multicast-gp-port-mapping": identity("static-mapping") });
    }
    Ok(service)
}

/// `site-network-access` (RFC 8466, section 5.6).
fn access(
    vpn: &str,
    name: &AccessName,
    point: &ConnectionPoint,
    wish: &ResolvedWish,
    shape: &Shape,
) -> Value {
    let bearer = mapped(point, "bearer_reference").unwrap_or(&point.service_endpoint_id);
    let mut access = json!({
        "network-access-id": name.id,
        "type": identity("point-to-point"),
        "connection": connection(&point.service_endpoint_encapsulation),
        "bearer": { "bearer-reference": bearer },
        "vpn-attachment": { "vpn-id": vpn, "site-role": identity("any-to-any-role") },
        "service": access_service(vpn, wish.bandwidth_kbps, shape),
    });
    // One of the two is mandatory; which one fits depends on who manages the site.
    match mapped(point, "location_reference") {
        Some(location) => access["location-reference"] = json!(location),
        None => {
            let device = mapped(point, "device_reference").map_or_else(
                || {
                    let template = shape.device_reference.replace("{site}", &name.site);
                    template.replace("{endpoint}", &point.service_endpoint_id)
                },
                str::to_owned,
            );
            access["device-reference"] = json!(device);
        }
    }
    if shape.ethernet_oam {
        access["connection"]["oam"] = json!({ "md-name": "wanlink", "md-level": 0 });
    }
    access
}

/// `connection` (RFC 8466, section 5.6.4).
fn connection(encapsulation: &Encapsulation) -> Value {
    let tagged = |interface: Value| {
        json!({
            "encapsulation-type": identity("vlan"),
            "eth-inf-type": identity("tagged"),
            "tagged-interface": interface,
        })
    };
    match encapsulation {
        Encapsulation::None => json!({
            "encapsulation-type": identity("ethernet"),
            "eth-inf-type": identity("untagged"),
            // Servers built on yangson demand it, for the sake of mandatory leaves that do not apply (RFC 7950,
            // section 7.6.5, does not); nobody minds it.
            "tagged-interface": {},
        }),
        Encapsulation::Dot1q { vlan } => tagged(json!({
            "type": identity("dot1q"),
            "dot1q-vlan-tagged": { "tg-type": identity("c-vlan"), "cvlan-id": vlan },
        })),
        Encapsulation::Vxlan { vni, peers } => {
            let peers: Vec<Value> = peers.iter().map(|peer| json!({ "peer-ip": peer })).collect();
            let mut vxlan = json!({ "vni-id": vni, "peer-mode": identity("static-mode") });
            if !peers.is_empty() {
                vxlan["peer-list"] = json!(peers);
            }
            tagged(json!({ "type": identity("vxlan"), "vxlan": vxlan }))
        }
    }
}

/// `service` of an access: what a bandwidth edit patches. Limiting what each site receives limits both directions.
fn access_service(vpn: &str, bandwidth_kbps: Option<u64>, shape: &Shape) -> Value {
    let mut service = json!({ "svc-mtu": shape.svc_mtu });
    if let Some(kbps) = bandwidth_kbps {
        let cir = kbps.saturating_mul(1000);
        let cbs = (cir / BURST_DIVISOR).max(BURST_MIN);
        service["svc-bandwidth"] = json!({ "bandwidth": [{
            "direction": identity("input-bw"),
            "type": identity("bw-per-svc"),
            "vpn-id": vpn,
            "cir": cir.to_string(),
            "cbs": cbs.to_string(),
        }]});
    }
    service
}

/// The body of a PUT: the entry in the array of its list.
pub(super) fn entry(list: &str, value: &Value) -> Value {
    json!({ format!("{MODULE}:{list}"): [value] })
}

/// The body of a PATCH of an access's `service`.
pub(super) fn service_patch(access: &Value) -> Value {
    json!({ format!("{MODULE}:service"): access["service"] })
}

/// A text that the operator wrote into the port mapping, under our spelling or the model's.
fn mapped<'a>(point: &'a ConnectionPoint, name: &str) -> Option<&'a str> {
    let info = point.service_mapping_info.as_ref()?;
    info.get(name)
        .or_else(|| info.get(name.replace('_', "-")))
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

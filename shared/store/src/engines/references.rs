//! What catalogue objects refer to, and which port mappings meet: the same for every engine.

use std::collections::BTreeSet;
use uuid::Uuid;
use wanlink_domain::catalogue::PortMapping;
use wanlink_domain::ids::SiteId;
use wanlink_domain::object::{Kind, Object};

/// The rows that must be there before this one.
pub(super) fn parents(object: &Object) -> Vec<(Kind, Uuid)> {
    match object {
        Object::Tenant(_) | Object::Site(_) | Object::Wim(_) => Vec::new(),
        Object::Account(row) => vec![(Kind::Tenant, row.tenant_id.0), (Kind::Wim, row.wim_id.0)],
        Object::PortMapping(row) => vec![(Kind::Site, row.site_id.0), (Kind::Wim, row.wim_id.0)],
        Object::Network(row) => vec![(Kind::Tenant, row.tenant_id.0), (Kind::Site, row.site_id.0)],
    }
}

/// The first mapping that meets an earlier one of the same list: by id, by port or by service endpoint.
pub(super) fn meeting(mappings: &[PortMapping]) -> Option<Uuid> {
    let mut ids = BTreeSet::new();
    let mut ports: BTreeSet<(SiteId, &str, &str)> = BTreeSet::new();
    let mut endpoints = BTreeSet::new();
    for mapping in mappings {
        let port = (mapping.site_id, mapping.pop_switch_dpid.as_str(), mapping.pop_switch_port.as_str());
        let fresh = ids.insert(mapping.id)
            & ports.insert(port)
            & endpoints.insert(mapping.wan_service_endpoint_id.as_str());
        if !fresh {
            return Some(mapping.id.0);
        }
    }
    None
}

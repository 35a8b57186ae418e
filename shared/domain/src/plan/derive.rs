//! The links of a multi-site service, from its networks.

use crate::catalogue::Network;
use crate::ids::{NetworkId, SiteId, TenantId};
use std::collections::{BTreeMap, BTreeSet};

/// One link that the networks of a virtual link ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedLink {
    pub tenant_id: TenantId,
    pub service: Option<String>,
    pub virtual_link: String,
    /// Its endpoints, in id order.
    pub networks: Vec<NetworkId>,
}

/// Networks without a virtual link are ignored; the rest are grouped by tenant, service and virtual link; each
/// group that touches more than one site becomes one link. Links come in the order of their groups.
pub fn derive_wan_links<'a>(networks: impl IntoIterator<Item = &'a Network>) -> Vec<DerivedLink> {
    type Key<'a> = (TenantId, Option<&'a str>, &'a str);
    let mut groups: BTreeMap<Key<'a>, BTreeMap<NetworkId, SiteId>> = BTreeMap::new();
    for network in networks {
        if let Some(virtual_link) = &network.virtual_link {
            let key = (network.tenant_id, network.service.as_deref(), virtual_link.as_str());
            groups.entry(key).or_default().insert(network.id, network.site_id);
        }
    }
    groups
        .into_iter()
        .filter(|(_, members)| members.values().collect::<BTreeSet<_>>().len() > 1)
        .map(|((tenant_id, service, virtual_link), members)| DerivedLink {
            tenant_id,
            service: service.map(str::to_owned),
            virtual_link: virtual_link.to_owned(),
            networks: members.into_keys().collect(),
        })
        .collect()
}

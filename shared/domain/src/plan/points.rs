//! From a wish to its connection points at a WIM: which port each end leaves its site by, and where that leads.
//!
//! Used when a link is planned, to refuse early, and again at each verdict, for rules, mappings and networks change.

use super::{CatalogueIndex, Networks};
use crate::catalogue::{Network, NetworkGate, Site, SwitchPort};
use crate::ids::WimId;
use crate::link::{ConnectionPoint, Encapsulation, Endpoint, ResolvedWish, Wish};
use crate::reason::{Code, Reason};

/// The wish as a connector is given it.
///
/// # Errors
/// `no-external-port` naming the network, `no-port-mapping` with what was looked for, `network-failed` for a
/// network that is gone.
pub fn connection_points(
    index: &CatalogueIndex,
    networks: &Networks,
    wim: WimId,
    wish: &Wish,
) -> Result<ResolvedWish, Reason> {
    let points: Result<Vec<_>, Reason> =
        wish.endpoints.iter().map(|endpoint| connection_point(index, networks, wim, endpoint)).collect();
    Ok(ResolvedWish {
        service_type: wish.service_type,
        connection_points: points?,
        bandwidth_kbps: wish.bandwidth_kbps,
        latency_ms: wish.latency_ms,
    })
}

pub(super) fn connection_point(
    index: &CatalogueIndex,
    networks: &Networks,
    wim: WimId,
    endpoint: &Endpoint,
) -> Result<ConnectionPoint, Reason> {
    let site = index.site(endpoint.site_id).ok_or_else(|| {
        Reason::new(
            Code::NoPortMapping,
            format!("site {} is gone, and its port mappings with it", endpoint.site_id),
        )
    })?;
    let network = match endpoint.network_id {
        None => None,
        Some(id) => Some(networks.get(id).ok_or_else(|| {
            Reason::new(Code::NetworkFailed, format!("network {id} at site {} is gone", site.name))
        })?),
    };
    let port = port_of(endpoint, network, site)?;
    let mapping = index.mapping(wim, site.id, &port.switch, &port.port).ok_or_else(|| {
        let wim = index.wim(wim).map_or_else(|| wim.to_string(), |wim| wim.name.clone());
        let detail = format!(
            "WIM {wim} has no port mapping for site {}, switch {}, port {}",
            site.name, port.switch, port.port
        );
        Reason::new(Code::NoPortMapping, detail)
    })?;
    Ok(ConnectionPoint {
        site: site.name.clone(),
        service_endpoint_id: mapping.wan_service_endpoint_id.clone(),
        service_endpoint_encapsulation: encapsulation(endpoint, network).clone(),
        service_mapping_info: mapping.wan_service_mapping_info.clone(),
    })
}

/// The endpoint's encapsulation; where it says none, its network's.
pub(super) fn encapsulation<'a>(endpoint: &'a Endpoint, network: Option<&'a Network>) -> &'a Encapsulation {
    match (&endpoint.encapsulation, network) {
        (Encapsulation::None, Some(network)) => &network.encapsulation,
        (given, _) => given,
    }
}

/// The port that is given with the endpoint, or that its network leaves the site by.
fn port_of<'a>(
    endpoint: &'a Endpoint,
    network: Option<&'a Network>,
    site: &'a Site,
) -> Result<&'a SwitchPort, Reason> {
    let found = endpoint.port.as_ref().or_else(|| network.and_then(|network| external_port(network, site)));
    found.ok_or_else(|| {
        let detail = match network {
            Some(network) => format!(
                "network {} ({}) has no external port: none is given with it, and no rule of site {} matches it",
                network.name, network.id, site.name
            ),
            None => format!("an endpoint at site {} has neither a port nor a network", site.name),
        };
        Reason::new(Code::NoExternalPort, detail)
    })
}

/// The port by which a network leaves its site: its own, or that of the first rule of which all conditions equal
/// the network's `vim_info`.
pub fn external_port<'a>(network: &'a Network, site: &'a Site) -> Option<&'a SwitchPort> {
    let matching = || {
        site.external_connections
            .iter()
            .find(|rule| rule.condition.iter().all(|(key, value)| network.vim_info.get(key) == Some(value)))
            .map(|rule| &rule.vim_external_port)
    };
    network.external_port.as_ref().or_else(matching)
}

/// What the states of a wish's networks mean for it, and why: failed ones weigh more than building ones, and all
/// of the weightiest are named. The reason is `None` exactly where the gate is open.
pub fn gate(networks: &Networks, wish: &Wish) -> (NetworkGate, Option<Reason>) {
    let (mut failed, mut building) = (Vec::new(), Vec::new());
    for id in wish.endpoints.iter().filter_map(|endpoint| endpoint.network_id) {
        match networks.get(id) {
            None => failed.push(format!("network {id} is gone")),
            Some(network) => {
                let told = || {
                    let detail = network.status_detail.as_ref().map(|detail| format!(" ({detail})"));
                    format!(
                        "network {} is {}{}",
                        network.name,
                        network.status.as_str(),
                        detail.unwrap_or_default()
                    )
                };
                match network.status.gate() {
                    NetworkGate::Open => {}
                    NetworkGate::Building => building.push(told()),
                    NetworkGate::Failed => failed.push(told()),
                }
            }
        }
    }
    if !failed.is_empty() {
        (NetworkGate::Failed, Some(Reason::new(Code::NetworkFailed, failed.join(", "))))
    } else if !building.is_empty() {
        (NetworkGate::Building, Some(Reason::new(Code::NetworksBuilding, building.join(", "))))
    } else {
        (NetworkGate::Open, None)
    }
}

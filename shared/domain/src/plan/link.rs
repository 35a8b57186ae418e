//! One link: from a draft to a wish, a WIM and an account, or to what stands in the way.

use super::points::{connection_point, encapsulation};
use super::shared_wim::{candidates, choose, ready_account};
use super::{CatalogueIndex, Hints, Networks, PlanError, Strategy, WimChoice};
use crate::catalogue::{Network, NetworkGate};
use crate::connector::ConnectorCatalogue;
use crate::draft::{CheckedEndpoint, LinkDraft, LinkPatch};
use crate::ids::{AccountId, SiteId, TenantId, WimId};
use crate::link::{Endpoint, Link, Wish};
use crate::reason::{Code, Reason};
use crate::validate::{Faults, rule};
use std::collections::{BTreeMap, BTreeSet};

/// A link that can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedLink {
    pub name: String,
    pub wim_id: WimId,
    pub account_id: AccountId,
    pub wish: Wish,
}

/// Plans a draft of `tenant`. `networks` holds at least those that the draft names ([`LinkDraft::networks`]).
///
/// Of the WIMs that join the sites, those are weighed that can really do it: account ready, connector able, every
/// end's port mapped. If none is left, the first one's obstacle is the answer. The port of a network that is still
/// building is not looked at, for what its site's rules match on may not be known yet.
pub fn plan_link(
    index: &CatalogueIndex,
    networks: &Networks,
    connectors: &ConnectorCatalogue,
    tenant: TenantId,
    draft: LinkDraft,
    hints: &Hints,
) -> Result<PlannedLink, PlanError> {
    let checked = draft.check()?;
    let mut faults = Faults::default();
    let endpoints: Vec<Option<Endpoint>> = checked
        .endpoints
        .iter()
        .enumerate()
        .map(|(n, endpoint)| resolve(index, networks, tenant, n, endpoint, &mut faults))
        .collect();
    let endpoints = faults.finish(endpoints.into_iter().collect::<Option<Vec<_>>>())?;
    refuse_duplicates(&endpoints)?;
    let wish = Wish {
        service_type: checked.service_type,
        endpoints,
        bandwidth_kbps: checked.bandwidth_kbps,
        latency_ms: checked.latency_ms,
    };
    let choice = checked.wim.as_deref().map_or(WimChoice::By(checked.strategy), WimChoice::Pinned);
    let wim_id = place(index, networks, connectors, tenant, &wish, choice, hints)?;
    let account = index.account_of(tenant, wim_id).ok_or_else(|| {
        Reason::new(Code::Internal, format!("the account at WIM {wim_id} went while it was planned on"))
    })?;
    let name = checked.name.unwrap_or_else(|| default_name(index, &wish));
    Ok(PlannedLink { name, wim_id, account_id: account.id, wish })
}

/// The bandwidth and latency that a patch gives an existing link, if its connector can be asked for them.
pub fn plan_edit(
    index: &CatalogueIndex,
    connectors: &ConnectorCatalogue,
    link: &Link,
    patch: LinkPatch,
) -> Result<(Option<u64>, Option<u32>), PlanError> {
    let (bandwidth_kbps, latency_ms) = patch.check()?;
    ready_account(index, link.tenant_id, link.wim_id)?;
    let asked = Wish { bandwidth_kbps, latency_ms, ..link.wish.clone() };
    let kind = index.wim(link.wim_id).map(|wim| wim.kind.as_str()).unwrap_or_default();
    match connectors.get(kind).and_then(|connector| connector.unsupported(&asked, [])) {
        Some(reason) => Err(reason.into()),
        None => Ok((bandwidth_kbps, latency_ms)),
    }
}

/// The endpoint with what it names looked up; faults at their places in the draft.
fn resolve(
    index: &CatalogueIndex,
    networks: &Networks,
    tenant: TenantId,
    n: usize,
    endpoint: &CheckedEndpoint,
    faults: &mut Faults,
) -> Option<Endpoint> {
    let place = format!("/endpoints/{n}");
    let network = match &endpoint.network {
        None => None,
        Some(text) => {
            let found = networks.find(tenant, text).map_err(|reason| reason.detail);
            Some(faults.check(format!("{place}/network"), found)?)
        }
    };
    let site_id = site_of(index, network, endpoint, &place, faults)?;
    Some(Endpoint {
        site_id,
        network_id: network.map(|network| network.id),
        port: endpoint.port.clone(),
        encapsulation: endpoint.encapsulation.clone(),
    })
}

fn site_of(
    index: &CatalogueIndex,
    network: Option<&Network>,
    endpoint: &CheckedEndpoint,
    place: &str,
    faults: &mut Faults,
) -> Option<SiteId> {
    let named = match &endpoint.site {
        None => None,
        Some(text) => {
            let found = index.find_site(text).map_err(|reason| reason.detail);
            Some(faults.check(format!("{place}/site"), found)?.id)
        }
    };
    match (network, named) {
        (Some(network), Some(site)) if network.site_id != site => {
            let at = index.site_name(network.site_id);
            faults.add(format!("{place}/site"), format!("network {} is at site {at}", network.name));
            None
        }
        (Some(network), _) => Some(network.site_id),
        (None, site) => site,
    }
}

/// The same network twice, or the same port with the same encapsulation twice, joins nothing with nothing.
fn refuse_duplicates(endpoints: &[Endpoint]) -> Result<(), PlanError> {
    let mut faults = Faults::default();
    let (mut networks, mut ports) = (BTreeMap::new(), BTreeMap::new());
    for (n, endpoint) in endpoints.iter().enumerate() {
        let first_of_network = endpoint.network_id.and_then(|id| networks.insert(id, n));
        let first_of_port = endpoint
            .port
            .as_ref()
            .and_then(|port| ports.insert((endpoint.site_id, port, &endpoint.encapsulation), n));
        if let Some(first) = first_of_network {
            faults.add(
                format!("/endpoints/{n}/network"),
                format!("is the network of endpoint {first} as well"),
            );
        } else if let Some(first) = first_of_port {
            let message = format!("is the same site, port and encapsulation as endpoint {first}");
            faults.add(format!("/endpoints/{n}"), message);
        }
    }
    faults.finish(Some(())).map_err(PlanError::Fields)
}

/// The WIM that gets the wish.
pub(super) fn place(
    index: &CatalogueIndex,
    networks: &Networks,
    connectors: &ConnectorCatalogue,
    tenant: TenantId,
    wish: &Wish,
    choice: WimChoice<'_>,
    hints: &Hints,
) -> Result<WimId, PlanError> {
    let sites: BTreeSet<SiteId> = wish.endpoints.iter().map(|endpoint| endpoint.site_id).collect();
    let (mut able, mut obstacle) = (Vec::new(), None);
    for wim in candidates(index, &sites, tenant, choice)? {
        match obstacle_at(index, networks, connectors, tenant, wim, wish) {
            None => able.push(wim),
            Some(reason) => {
                obstacle.get_or_insert(reason);
            }
        }
    }
    let strategy = match choice {
        WimChoice::By(strategy) => strategy,
        WimChoice::Pinned(_) => Strategy::First,
    };
    match (choose(strategy, &able, hints), obstacle) {
        (Some(wim), _) => Ok(wim),
        (None, Some(reason)) => Err(reason.into()),
        (None, None) => Err(Reason::new(Code::NoCommonWim, "no WIM joins these sites").into()),
    }
}

/// Why a WIM that joins the sites can still not be given the wish.
pub(super) fn obstacle_at(
    index: &CatalogueIndex,
    networks: &Networks,
    connectors: &ConnectorCatalogue,
    tenant: TenantId,
    wim: WimId,
    wish: &Wish,
) -> Option<Reason> {
    if let Err(reason) = ready_account(index, tenant, wim) {
        return Some(reason);
    }
    let kind = index.wim(wim).map(|wim| wim.kind.as_str()).unwrap_or_default();
    let Some(connector) = connectors.get(kind) else {
        return Some(Reason::new(Code::Unsupported, format!("connector kind {kind:?} is not in this build")));
    };
    let network_of = |endpoint: &Endpoint| endpoint.network_id.and_then(|id| networks.get(id));
    let encapsulations = wish.endpoints.iter().map(|endpoint| encapsulation(endpoint, network_of(endpoint)));
    if let Some(reason) = connector.unsupported(wish, encapsulations) {
        return Some(reason);
    }
    let mut taken = BTreeMap::new();
    for endpoint in &wish.endpoints {
        let building = network_of(endpoint).is_some_and(|one| one.status.gate() == NetworkGate::Building);
        if building && endpoint.port.is_none() {
            continue;
        }
        let point = match connection_point(index, networks, wim, endpoint) {
            Ok(point) => point,
            Err(reason) => return Some(reason),
        };
        let place = (point.service_endpoint_id, point.service_endpoint_encapsulation);
        if let Some(site) = taken.insert(place.clone(), point.site) {
            let detail = format!("two endpoints at site {site} are the same service endpoint {}", place.0);
            return Some(Reason::new(Code::Invalid, detail));
        }
    }
    None
}

/// The names of the sites, as far as a name may be long.
fn default_name(index: &CatalogueIndex, wish: &Wish) -> String {
    let names: Vec<String> =
        wish.endpoints.iter().map(|endpoint| index.site_name(endpoint.site_id)).collect();
    names.join(" - ").chars().take(rule::NAME_MAX).collect()
}

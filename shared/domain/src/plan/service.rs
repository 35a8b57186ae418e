//! A network service: which networks it shall have, and what that asks of its links. Making, changing and deleting one
//! are the same question: what lies between the links that there are and those that its networks ask for.
//!
//! Deliberately absent: numbering the actions (`incorporate`), and waiting for networks, which each link does itself.

use super::link::{obstacle_at, place};
use super::{CatalogueIndex, Hints, Intent, Networks, PlanError, Target, WimChoice, derive_wan_links};
use crate::action::ActionKind;
use crate::catalogue::Network;
use crate::connector::ConnectorCatalogue;
use crate::draft::NetworkDraft;
use crate::ids::{NetworkId, WimId};
use crate::link::{Encapsulation, Endpoint, Link, LinkStatus, ServiceType, Wish};
use crate::reason::{Code, Reason};
use crate::service::{Service, ServicePhase};
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError};
use crate::wish::WishPatch;
use std::collections::{BTreeMap, BTreeSet};

/// A service's networks as they shall be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members {
    /// All that are part of it.
    pub members: Vec<Network>,
    /// Those of them that come to be.
    pub join: Vec<Network>,
    /// Those on record that are changed, and those that leave.
    pub change: Vec<Network>,
}

/// What becomes of one link of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkPlan {
    New { virtual_link: String, name: String, wim_id: WimId, wish: Wish },
    Edit(WishPatch),
    Delete,
}

/// Lays the drafts over the networks that the service has on record, by name. One that is there already keeps its site
/// and its status, which is its site's to tell; what else its draft says is taken.
pub fn members(
    index: &CatalogueIndex,
    service: &Service,
    known: &[Network],
    drafts: Vec<NetworkDraft>,
    now: Timestamp,
    ids: impl Fn(usize) -> NetworkId,
) -> Result<Members, Vec<FieldError>> {
    let mut faults = Faults::default();
    let mut found = Members::default();
    let known: BTreeMap<&str, &Network> =
        known.iter().map(|network| (network.name.as_str(), network)).collect();
    let mut named: BTreeMap<String, usize> = BTreeMap::new();
    for (n, draft) in drafts.into_iter().enumerate() {
        let place = format!("/networks/{n}");
        for (given, field) in [(draft.tenant.is_some(), "tenant"), (draft.service.is_some(), "service")] {
            if given {
                faults.add(format!("{place}/{field}"), "is the service's");
            }
        }
        if let Some(first) = named.insert(draft.name.clone(), n) {
            faults.add(format!("{place}/name"), format!("is the name of network {first} as well"));
        }
        let site = index.find_site(&draft.site).map_err(|reason| reason.detail);
        let Some(site) = faults.check(format!("{place}/site"), site).map(|site| site.id) else { continue };
        let encapsulated = draft.encapsulation.is_some();
        let given = match draft.create(ids(n), service.tenant_id, site, now) {
            Ok(network) => network,
            Err(errors) => {
                faults.nest(&place, errors);
                continue;
            }
        };
        let Some(before) = known.get(given.name.as_str()) else {
            let network = Network {
                service: Some(service.name.clone()),
                network_service_id: Some(service.id),
                ..given
            };
            found.join.push(network.clone());
            found.members.push(network);
            continue;
        };
        if before.site_id != site {
            let at = index.site_name(before.site_id);
            faults.add(
                format!("{place}/site"),
                format!("network {} is at site {at}, and stays there", before.name),
            );
        }
        let network = changed(before, given, encapsulated);
        if network != **before {
            found.change.push(network.clone());
        }
        found.members.push(network);
    }
    let leaves = known.values().filter(|network| !network.leaving && !named.contains_key(&network.name));
    found.change.extend(leaves.map(|network| Network { leaving: true, ..(*network).clone() }));
    faults.finish(Some(found))
}

fn changed(before: &Network, given: Network, encapsulated: bool) -> Network {
    let keeps_info = given.vim_info.is_empty();
    Network {
        virtual_link: given.virtual_link,
        vim_info: if keeps_info { before.vim_info.clone() } else { given.vim_info },
        external_port: given.external_port.or_else(|| before.external_port.clone()),
        encapsulation: if encapsulated { given.encapsulation } else { before.encapsulation.clone() },
        leaving: false,
        ..before.clone()
    }
}

/// What a service asks of its links. `links`: those that it has, without tombstones; `members`: all its networks, of
/// which `changed` are on record otherwise. A service in phase DELETING asks for none.
///
/// # Errors
/// The first virtual link that cannot be made or changed, named, with what stands in the way: nothing of the service
/// is planned then.
pub fn plan_service(
    index: &CatalogueIndex,
    connectors: &ConnectorCatalogue,
    service: &Service,
    members: &[Network],
    changed: &BTreeSet<NetworkId>,
    links: &[Link],
    hints: &Hints,
) -> Result<Vec<Intent<LinkPlan>>, PlanError> {
    let planner = Planner { index, connectors, service, networks: Networks::new(members.to_vec()), changed };
    let wanted = match service.phase {
        ServicePhase::Live => derive_wan_links(members),
        ServicePhase::Deleting => Vec::new(),
    };
    let live = links.iter().filter(|link| link.status != LinkStatus::Deleted);
    let mut standing: BTreeMap<&str, &Link> = BTreeMap::new();
    let mut going: Vec<&Link> = Vec::new();
    for link in live {
        match link.virtual_link.as_deref() {
            // One that is being deleted is no part of the service any more: it is made anew where it is wanted.
            Some(virtual_link) if link.deletion.is_none() => drop(standing.insert(virtual_link, link)),
            _ => going.push(link),
        }
    }
    let (mut intents, mut hints) = (Vec::new(), hints.clone());
    for wish in wanted {
        let intent = match standing.remove(wish.virtual_link.as_str()) {
            None => Some(planner.make(&wish.virtual_link, &wish.networks, &mut hints)),
            Some(link) => planner.change(link, &wish.networks).transpose(),
        };
        if let Some(intent) = intent {
            intents.push(intent.map_err(|error| in_virtual_link(&wish.virtual_link, error))?);
        }
    }
    intents.extend(standing.into_values().map(delete));
    if service.phase == ServicePhase::Deleting {
        // A removal that failed is tried again; one that is under way is done once, whoever asks.
        intents.extend(going.into_iter().map(delete));
    }
    Ok(intents)
}

fn delete(link: &Link) -> Intent<LinkPlan> {
    intent(link, ActionKind::Delete, LinkPlan::Delete)
}

fn intent(link: &Link, kind: ActionKind, change: LinkPlan) -> Intent<LinkPlan> {
    let target = Target::Existing { link: link.id, newest: link.newest_at };
    Intent { target, account_id: link.account_id, kind, change }
}

fn in_virtual_link(virtual_link: &str, error: PlanError) -> PlanError {
    match error {
        PlanError::Refused(reason) => {
            let detail = format!("virtual link {virtual_link}: {}", reason.detail);
            PlanError::Refused(Reason::new(reason.code, detail))
        }
        fields @ PlanError::Fields(_) => fields,
    }
}

struct Planner<'a> {
    index: &'a CatalogueIndex,
    connectors: &'a ConnectorCatalogue,
    service: &'a Service,
    networks: Networks,
    changed: &'a BTreeSet<NetworkId>,
}

impl Planner<'_> {
    /// Port and encapsulation are the network's, as they are when an attempt starts.
    fn endpoint(&self, id: NetworkId) -> Option<Endpoint> {
        let site_id = self.networks.get(id)?.site_id;
        Some(Endpoint { site_id, network_id: Some(id), port: None, encapsulation: Encapsulation::None })
    }

    fn make(
        &self,
        virtual_link: &str,
        networks: &[NetworkId],
        hints: &mut Hints,
    ) -> Result<Intent<LinkPlan>, PlanError> {
        let endpoints: Vec<Endpoint> = networks.iter().filter_map(|id| self.endpoint(*id)).collect();
        let wish = Wish {
            service_type: self.service.service_type.unwrap_or(ServiceType::joining(endpoints.len())),
            endpoints,
            bandwidth_kbps: self.service.bandwidth_kbps,
            latency_ms: self.service.latency_ms,
        };
        self.check_kind(&wish)?;
        let pinned = self.service.wim_id.map(|id| id.to_string());
        let choice = pinned.as_deref().map_or(WimChoice::By(self.service.strategy), WimChoice::Pinned);
        let tenant = self.service.tenant_id;
        let wim_id = place(self.index, &self.networks, self.connectors, tenant, &wish, choice, hints)?;
        let account = self.index.account_of(tenant, wim_id).ok_or_else(|| {
            Reason::new(Code::Internal, format!("the account at WIM {wim_id} went while it was planned on"))
        })?;
        // What this service itself adds counts for the strategy of its later links.
        *hints.links.entry(wim_id).or_default() += 1;
        let name = format!("{} {virtual_link}", self.service.name);
        let name = name.chars().take(crate::validate::rule::NAME_MAX).collect();
        let change = LinkPlan::New { virtual_link: virtual_link.to_owned(), name, wim_id, wish };
        Ok(Intent { target: Target::New, account_id: account.id, kind: ActionKind::Create, change })
    }

    /// The patch between a link's wish and what is wanted, if there is any.
    fn change(&self, link: &Link, networks: &[NetworkId]) -> Result<Option<Intent<LinkPlan>>, PlanError> {
        let held: BTreeSet<NetworkId> = link.wish.endpoints.iter().filter_map(|end| end.network_id).collect();
        let wanted: BTreeSet<NetworkId> = networks.iter().copied().collect();
        let differing = |wanted: Option<u64>, held: Option<u64>| wanted.filter(|value| Some(*value) != held);
        let patch = WishPatch {
            bandwidth_kbps: differing(self.service.bandwidth_kbps, link.wish.bandwidth_kbps),
            latency_ms: self.service.latency_ms.filter(|ms| Some(*ms) != link.wish.latency_ms),
            join: wanted.difference(&held).filter_map(|id| self.endpoint(*id)).collect(),
            leave: held.difference(&wanted).copied().collect(),
            retype: self.service.service_type.is_none(),
        };
        let same = WishPatch { retype: patch.retype, ..WishPatch::default() };
        if patch == same && networks.iter().all(|id| !self.changed.contains(id)) {
            return Ok(None);
        }
        let wish = patch.over(&link.wish);
        self.check_kind(&wish)?;
        let tenant = self.service.tenant_id;
        if !self.index.reaches_all(link.wim_id, wish.endpoints.iter().map(|end| end.site_id)) {
            let sites = wish.endpoints.iter().filter(|end| !self.index.reaches(link.wim_id, end.site_id));
            let names: Vec<String> = sites.map(|end| self.index.site_name(end.site_id)).collect();
            let wim =
                self.index.wim(link.wim_id).map_or_else(|| link.wim_id.to_string(), |wim| wim.name.clone());
            let detail =
                format!("its link is on WIM {wim}, which has no port mapping at {}", names.join(", "));
            return Err(Reason::new(Code::NoCommonWim, detail).into());
        }
        match obstacle_at(self.index, &self.networks, self.connectors, tenant, link.wim_id, &wish) {
            Some(reason) => Err(reason.into()),
            None => Ok(Some(intent(link, ActionKind::Edit, LinkPlan::Edit(patch)))),
        }
    }

    fn check_kind(&self, wish: &Wish) -> Result<(), PlanError> {
        if wish.service_type == ServiceType::Eline && wish.endpoints.len() > 2 {
            let detail =
                format!("ELINE joins exactly two endpoints, not {}; ELAN joins more", wish.endpoints.len());
            return Err(Reason::new(Code::Invalid, detail).into());
        }
        Ok(())
    }
}

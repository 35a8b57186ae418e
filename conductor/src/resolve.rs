//! Where wishes lead: the sites, networks and port mappings behind a batch of them, read once.

use std::collections::{BTreeMap, BTreeSet};
use wanlink_domain::catalogue::{Network, NetworkGate, PortMapping, Site};
use wanlink_domain::ids::{NetworkId, SiteId, WimId};
use wanlink_domain::link::{Link, ResolvedWish, Wish};
use wanlink_domain::plan::connection_points;
use wanlink_domain::reason::Reason;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::account::Task;

/// What is needed to resolve wishes, as it is now.
#[derive(Debug, Default)]
pub struct Places {
    sites: BTreeMap<SiteId, Site>,
    networks: BTreeMap<NetworkId, Network>,
    mappings: BTreeMap<WimId, Vec<PortMapping>>,
}

impl Places {
    pub async fn read<'a>(
        tx: &mut dyn Transaction,
        wishes: impl Iterator<Item = (WimId, &'a Wish)>,
    ) -> Result<Self, StoreError> {
        let mut sites = BTreeSet::new();
        let mut networks = BTreeSet::new();
        let mut pairs = BTreeSet::new();
        for (wim, wish) in wishes {
            for end in &wish.endpoints {
                sites.insert(end.site_id);
                networks.extend(end.network_id);
                pairs.insert((wim, end.site_id));
            }
        }
        if sites.is_empty() {
            return Ok(Self::default());
        }
        let sites: Vec<SiteId> = sites.into_iter().collect();
        let networks: Vec<NetworkId> = networks.into_iter().collect();
        let pairs: Vec<(WimId, SiteId)> = pairs.into_iter().collect();
        let networks = if networks.is_empty() { Vec::new() } else { tx.networks(&networks).await? };
        let mut mappings: BTreeMap<WimId, Vec<PortMapping>> = BTreeMap::new();
        for mapping in tx.port_mappings(&pairs).await? {
            mappings.entry(mapping.wim_id).or_default().push(mapping);
        }
        Ok(Self {
            sites: tx.sites(&sites).await?.into_iter().map(|row| (row.id, row)).collect(),
            networks: networks.into_iter().map(|row| (row.id, row)).collect(),
            mappings,
        })
    }

    /// The connection points behind a wish, or why there are none.
    pub fn resolve(&self, wim: WimId, wish: &Wish) -> Result<ResolvedWish, Reason> {
        let mappings = self.mappings.get(&wim).map(Vec::as_slice).unwrap_or_default();
        connection_points(wim, wish, &self.sites, &self.networks, mappings)
    }

    /// Whether the wish's networks let its link be made, and which of them does not.
    pub fn gate(&self, wish: &Wish) -> (NetworkGate, String) {
        let mut building = None;
        for id in wish.endpoints.iter().filter_map(|end| end.network_id) {
            let (gate, detail) = match self.networks.get(&id) {
                Some(network) => {
                    let why =
                        network.status_detail.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
                    (network.status.gate(), format!("network {} is {:?}{why}", network.name, network.status))
                }
                None => (NetworkGate::Failed, format!("network {id} does not exist any more")),
            };
            match gate {
                NetworkGate::Open => {}
                NetworkGate::Building => building = building.or(Some(detail)),
                NetworkGate::Failed => return (NetworkGate::Failed, detail),
            }
        }
        match building {
            Some(detail) => (NetworkGate::Building, detail),
            None => (NetworkGate::Open, String::new()),
        }
    }

    /// Everything that a connector needs to look at this link.
    pub fn task(&self, link: &Link, wish: &Wish) -> Task {
        Task {
            link: link.id,
            name: link.name.clone(),
            wish: self.resolve(link.wim_id, wish).ok(),
            service_id: link.service_id.clone(),
            conn_info: link.conn_info.clone(),
        }
    }
}

//! Where wishes lead: the sites, networks and port mappings behind a batch of them, read once.

use std::collections::BTreeSet;
use wanlink_domain::catalogue::NetworkGate;
use wanlink_domain::ids::{NetworkId, SiteId, WimId};
use wanlink_domain::link::{Link, ResolvedWish, Wish};
use wanlink_domain::plan::{CatalogueIndex, Networks, connection_points, gate};
use wanlink_domain::reason::Reason;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::account::Task;

/// What is needed to resolve wishes, as it is now.
pub struct Places {
    index: CatalogueIndex,
    networks: Networks,
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
        let sites: Vec<SiteId> = sites.into_iter().collect();
        let networks: Vec<NetworkId> = networks.into_iter().collect();
        let pairs: Vec<(WimId, SiteId)> = pairs.into_iter().collect();
        let (sites, mappings) = match sites.as_slice() {
            [] => (Vec::new(), Vec::new()),
            sites => (tx.sites(sites).await?, tx.port_mappings(&pairs).await?),
        };
        let networks = match networks.as_slice() {
            [] => Vec::new(),
            networks => tx.networks(networks).await?,
        };
        Ok(Self { index: CatalogueIndex::of_points(sites, mappings), networks: Networks::new(networks) })
    }

    /// The connection points behind a wish, or why there are none.
    pub fn resolve(&self, wim: WimId, wish: &Wish) -> Result<ResolvedWish, Reason> {
        connection_points(&self.index, &self.networks, wim, wish)
    }

    /// Whether the wish's networks let its link be made, and why not.
    pub fn gate(&self, wish: &Wish) -> (NetworkGate, Option<Reason>) {
        gate(&self.networks, wish)
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

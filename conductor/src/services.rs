//! The journal's part in network services: their rows and networks, validated again and recorded with the request.
//!
//! A change names the version that it was planned on, so that of two plans for one service at most one is recorded; the
//! actions on its links are the journal's own. A batch without services asks the database nothing. Deliberately
//! absent: when a service's record closes, which follows from its links (`work`, the store's `settle_services`).

use std::collections::{BTreeMap, BTreeSet};
use wanlink_domain::catalogue::Network;
use wanlink_domain::ids::{ServiceId, SiteId, TenantId};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::service::{Service, ServicePhase};
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::journal::{Request, ServiceChange};

type Named = (TenantId, String);

/// The services that a batch is about, and what it changes of them.
#[derive(Default)]
pub struct Services {
    rows: BTreeMap<ServiceId, Service>,
    service_names: BTreeSet<Named>,
    network_names: BTreeSet<Named>,
    sites: BTreeSet<SiteId>,
    new: BTreeSet<ServiceId>,
    edited: BTreeSet<ServiceId>,
    join: Vec<Network>,
    change: Vec<Network>,
}

impl Services {
    /// Locks the services and looks up which of the names that the batch brings are taken.
    pub async fn read<'a>(
        tx: &mut dyn Transaction,
        requests: impl Iterator<Item = &'a Request>,
    ) -> Result<Self, StoreError> {
        let changes: Vec<&ServiceChange> =
            requests.filter_map(|request| request.service.as_deref()).collect();
        if changes.is_empty() {
            return Ok(Self::default());
        }
        let ids: BTreeSet<ServiceId> = changes.iter().map(|change| change.service.id).collect();
        let rows = tx.lock_services(&ids.into_iter().collect::<Vec<_>>()).await?;
        let new = changes.iter().filter(|change| change.expected.is_none());
        let names: BTreeSet<Named> = new.map(|change| named(&change.service)).collect();
        let services = tx.services_named(&names.into_iter().collect::<Vec<_>>()).await?;
        let join = || changes.iter().flat_map(|change| change.join.iter());
        let names: BTreeSet<Named> = join().map(name_of).collect();
        let networks = tx.networks_named(&names.into_iter().collect::<Vec<_>>()).await?;
        let sites: BTreeSet<SiteId> = join().map(|network| network.site_id).collect();
        let sites = tx.sites(&sites.into_iter().collect::<Vec<_>>()).await?;
        Ok(Self {
            rows: rows.into_iter().map(|row| (row.id, row)).collect(),
            service_names: services.iter().map(named).collect(),
            network_names: networks.iter().map(name_of).collect(),
            sites: sites.into_iter().map(|site| site.id).collect(),
            ..Self::default()
        })
    }

    /// Why a request's change of a service cannot be recorded, if so.
    pub fn problem(&self, request: &Request) -> Option<Reason> {
        let change = request.service.as_deref()?;
        let service = &change.service;
        let absent = || Reason::new(Code::NotFound, format!("no service {} of this tenant", service.id));
        if service.tenant_id != request.tenant_id {
            return Some(absent());
        }
        match (change.expected, self.rows.get(&service.id)) {
            (None, Some(_)) => {
                return Some(Reason::new(
                    Code::AlreadyExists,
                    format!("service {} exists already", service.id),
                ));
            }
            (None, None) if self.service_names.contains(&named(service)) => {
                let detail = format!("the tenant has a service named {:?} already", service.name);
                return Some(Reason::new(Code::AlreadyExists, detail));
            }
            (None, None) => {}
            (Some(_), None) => return Some(absent()),
            (Some(_), Some(row)) if row.tenant_id != request.tenant_id => return Some(absent()),
            (Some(expected), Some(row)) if row.version != expected => {
                let detail = format!("service {} is at version {}, not {expected}", row.id, row.version);
                return Some(Reason::new(Code::VersionMismatch, detail));
            }
            (Some(_), Some(row)) => {
                if row.phase == ServicePhase::Deleting && service.phase != ServicePhase::Deleting {
                    return Some(Reason::new(
                        Code::ServiceDeleted,
                        format!("service {} is being deleted", row.id),
                    ));
                }
            }
        }
        self.network_problem(change)
    }

    fn network_problem(&self, change: &ServiceChange) -> Option<Reason> {
        let service = &change.service;
        let mut own = BTreeSet::new();
        change.join.iter().find_map(|network| {
            let name = name_of(network);
            if network.tenant_id != service.tenant_id || network.network_service_id != Some(service.id) {
                let detail = format!("network {} is not of service {}", network.name, service.name);
                Some(Reason::new(Code::Invalid, detail))
            } else if !self.sites.contains(&network.site_id) {
                let detail =
                    format!("site {} of network {} does not exist any more", network.site_id, network.name);
                Some(Reason::new(Code::NotFound, detail))
            } else if self.network_names.contains(&name) || !own.insert(name) {
                let detail = format!("the tenant has a network named {:?} already", network.name);
                Some(Reason::new(Code::AlreadyExists, detail))
            } else {
                None
            }
        })
    }

    /// Takes a request's change of a service into the batch.
    pub fn record(&mut self, request: &Request, now: Timestamp) {
        let Some(change) = request.service.as_deref() else { return };
        let mut service = change.service.clone();
        service.modified_at = now;
        match self.rows.get(&service.id) {
            None => {
                service.version = 1;
                service.created_at = now;
                self.new.insert(service.id);
            }
            Some(before) => {
                service.version = before.version + 1;
                service.created_at = before.created_at;
                self.edited.insert(service.id);
            }
        }
        self.service_names.insert(named(&service));
        self.rows.insert(service.id, service);
        let stamped = |network: &Network| Network { modified_at: now, ..network.clone() };
        self.network_names.extend(change.join.iter().map(name_of));
        self.join.extend(change.join.iter().map(|network| Network {
            version: 1,
            created_at: now,
            ..stamped(network)
        }));
        // What an earlier request of the batch brought is on record before it is changed; the later change holds.
        self.change.retain(|known| change.change.iter().all(|later| later.id != known.id));
        self.change.extend(change.change.iter().map(stamped));
    }

    /// Writes the services and their networks.
    pub async fn write(&self, tx: &mut dyn Transaction) -> Result<(), StoreError> {
        let rows = |ids: &BTreeSet<ServiceId>| -> Vec<Service> {
            ids.iter().filter_map(|id| self.rows.get(id).cloned()).collect()
        };
        let (new, mut edited) = (rows(&self.new), rows(&self.edited));
        edited.retain(|service| !self.new.contains(&service.id));
        if !new.is_empty() && tx.insert_services(&new).await?.len() < new.len() {
            return Err(met("service"));
        }
        if !edited.is_empty() {
            tx.update_services(&edited).await?;
        }
        if !self.join.is_empty() && tx.insert_networks(&self.join).await?.len() < self.join.len() {
            return Err(met("network"));
        }
        if !self.change.is_empty() {
            tx.update_networks(&self.change).await?;
        }
        Ok(())
    }

    /// Lets go at once what no link has to be waited for.
    pub async fn settle(&self, tx: &mut dyn Transaction) -> Result<(), StoreError> {
        if !self.edited.is_empty() {
            tx.settle_services(&self.edited.iter().copied().collect::<Vec<_>>()).await?;
        }
        Ok(())
    }
}

fn named(service: &Service) -> Named {
    (service.tenant_id, service.name.clone())
}

fn name_of(network: &Network) -> Named {
    (network.tenant_id, network.name.clone())
}

/// Somebody took the name since it was looked up: beginning again finds the row.
fn met(noun: &str) -> StoreError {
    StoreError::Conflict(format!("a {noun} of this batch was recorded meanwhile"))
}

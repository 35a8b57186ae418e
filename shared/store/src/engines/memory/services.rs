//! Network services: their rows and networks, what is theirs, and how they end.

use super::locks::Mode;
use super::rows::{Name, Stored};
use super::scope::{Scope, Step};
use super::table::{Entry, Key, Row as _, View};
use std::collections::BTreeSet;
use uuid::Uuid;
use wanlink_domain::action::Action;
use wanlink_domain::catalogue::{Network, Site, Tenant};
use wanlink_domain::ids::{NetworkId, ServiceId, TenantId};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::service::{Service, ServicePhase};

pub(super) fn keys(ids: &[ServiceId]) -> impl Iterator<Item = Key> {
    ids.iter().map(|id| id.0.into())
}

/// The rows of these tenants and names.
pub(super) fn named<R: Stored>(it: &Scope<'_>, names: &[(TenantId, String)]) -> Vec<R> {
    let entries = names.iter().map(|(tenant, name)| Entry::NameOf(tenant.0, name.clone()));
    it.all_read(it.keys_by::<R>(entries))
}

pub(super) fn insert(it: &mut Scope<'_>, services: &[Service]) -> Step<Vec<ServiceId>> {
    for service in services {
        it.claim(service)?;
        it.refer::<Tenant>(Name::Services, service.tenant_id.0)?;
    }
    let inserted = put_free(it, services)?;
    Ok(inserted.into_iter().map(ServiceId).collect())
}

pub(super) fn insert_networks(it: &mut Scope<'_>, networks: &[Network]) -> Step<Vec<NetworkId>> {
    for network in networks {
        it.claim(network)?;
        it.refer::<Tenant>(Name::Networks, network.tenant_id.0)?;
        it.refer::<Site>(Name::Networks, network.site_id.0)?;
        if let Some(service) = network.network_service_id {
            it.refer::<Service>(Name::Networks, service.0)?;
        }
    }
    let inserted = put_free(it, networks)?;
    Ok(inserted.into_iter().map(NetworkId).collect())
}

/// Inserts those whose id and unique values nobody has, in id order.
fn put_free<R: Stored>(it: &mut Scope<'_>, rows: &[R]) -> Step<Vec<Uuid>> {
    let mut rows: Vec<&R> = rows.iter().collect();
    rows.sort_by_key(|row| row.key());
    let mut inserted = Vec::with_capacity(rows.len());
    for row in rows {
        let view = it.view::<R>();
        let taken = view.get(row.key()).is_some()
            || row.unique().into_iter().any(|entry| view.by(entry).next().is_some());
        if !taken {
            it.put(row.clone())?;
            inserted.push(row.key().0);
        }
    }
    Ok(inserted)
}

pub(super) fn update(it: &mut Scope<'_>, services: &[Service]) -> Step<()> {
    let there: Vec<Service> = it.all_locked(services.iter().map(|row| row.id.0.into()), Mode::Update)?;
    let there: BTreeSet<ServiceId> = there.into_iter().map(|row| row.id).collect();
    for service in services.iter().filter(|service| there.contains(&service.id)) {
        it.put(service.clone())?;
    }
    Ok(())
}

pub(super) fn update_networks(it: &mut Scope<'_>, networks: &[Network]) -> Step<()> {
    let kept: Vec<Network> = it.all_locked(networks.iter().map(|row| row.id.0.into()), Mode::Update)?;
    for mut row in kept {
        let said = networks.iter().find(|said| said.id == row.id);
        let Some(said) = said.filter(|said| said.network_service_id == row.network_service_id) else {
            continue;
        };
        if row.network_service_id.is_none() {
            continue;
        }
        row.virtual_link.clone_from(&said.virtual_link);
        row.vim_info.clone_from(&said.vim_info);
        row.external_port.clone_from(&said.external_port);
        row.encapsulation.clone_from(&said.encapsulation);
        row.leaving = said.leaving;
        row.version += 1;
        row.modified_at = said.modified_at;
        it.put(row)?;
    }
    Ok(())
}

/// See [`crate::port::Transaction::settle_services`].
pub(super) fn settle(it: &mut Scope<'_>, ids: &[ServiceId]) -> Step<Vec<ServiceId>> {
    let locked: Vec<Service> = it.all_locked(keys(ids), Mode::Update)?;
    let over = |service: &Service| {
        service.phase == ServicePhase::Deleting && live(it.view::<Link>(), service.id).next().is_none()
    };
    let ended: BTreeSet<ServiceId> = locked.iter().filter(|row| over(row)).map(|row| row.id).collect();
    let of_all = it.keys_by::<Network>(locked.iter().map(|service| Entry::OfNetworkService(service.id.0)));
    let of_all: Vec<Network> = it.all_read(of_all);
    let goes = |row: &Network| {
        let ends = row.network_service_id.is_some_and(|id| ended.contains(&id));
        !needed(it, row) && (ends || row.leaving && !may_return(it, row))
    };
    let going: Vec<Key> = of_all.iter().filter(|row| goes(row)).map(|row| row.key()).collect();
    let staying = of_all.iter().filter(|row| row.network_service_id.is_some_and(|id| ended.contains(&id)));
    let staying: Vec<Key> = staying.map(|row| row.key()).filter(|key| !going.contains(key)).collect();
    // All locks first: what is waited for begins this anew.
    it.all_locked::<Network>(going.iter().copied(), Mode::Exclusive)?;
    let staying: Vec<Network> = it.all_locked(staying, Mode::Update)?;
    it.all_locked::<Service>(ended.iter().map(|id| id.0.into()), Mode::Exclusive)?;
    for key in going {
        it.remove::<Network>(key);
    }
    for row in staying {
        it.put(Network { network_service_id: None, leaving: false, version: row.version + 1, ..row })?;
    }
    for id in &ended {
        it.remove::<Service>(id.0.into());
    }
    Ok(ended.into_iter().collect())
}

/// The links of a service without tombstones.
fn live<'a>(links: View<'a, Link>, service: ServiceId) -> impl Iterator<Item = &'a Link> {
    links.by(Entry::OfNetworkService(service.0)).filter(|link| link.status != LinkStatus::Deleted)
}

/// A link that is no tombstone has an end there.
fn needed(it: &Scope<'_>, network: &Network) -> bool {
    let view = it.view::<Link>();
    view.by(Entry::Network(network.id.0)).any(|link| link.status != LinkStatus::Deleted)
}

/// An action of its virtual link is unfinished: one that is called off may bring it back.
fn may_return(it: &Scope<'_>, network: &Network) -> bool {
    let Some(service) = network.network_service_id else { return false };
    let (links, actions) = (it.view::<Link>(), it.view::<Action>());
    links
        .by(Entry::OfNetworkService(service.0))
        .filter(|link| link.virtual_link == network.virtual_link)
        .any(|link| actions.by(Entry::OpenOfLink(link.id.0)).next().is_some())
}

//! A database in memory behind the read side of the port, with a switch for its absence.

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use uuid::Uuid;
use wanlink_domain::action::{Action, Attempt};
use wanlink_domain::catalogue::Network;
use wanlink_domain::event::Parked;
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::{ActionId, LinkId, NetworkId, ParkedId, RequestId, ServiceId, TenantId};
use wanlink_domain::lease::Session;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::Request;
use wanlink_domain::service::Service;
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{
    ActionFilter, Capabilities, Catalogue, LinkFilter, NetworkFilter, Page, ReadStore, ServiceFilter, Slice,
    StoreError,
};

#[derive(Default)]
pub struct Tables {
    pub version: i64,
    pub objects: BTreeMap<Uuid, Object>,
    pub services: BTreeMap<ServiceId, Service>,
    pub links: BTreeMap<LinkId, Link>,
    pub requests: BTreeMap<RequestId, Request>,
    pub actions: BTreeMap<ActionId, Action>,
    pub attempts: Vec<Attempt>,
    pub sessions: Vec<Session>,
    pub parked: BTreeMap<ParkedId, Parked>,
    pub holds: Vec<Hold>,
}

#[derive(Default)]
pub struct Record {
    tables: Mutex<Tables>,
    pub away: AtomicBool,
    pub old_schema: AtomicBool,
    /// A read panics: a fault of ours, to see what becomes of it.
    pub panics: AtomicBool,
    pub catalogue_reads: AtomicU64,
    pub version_reads: AtomicU64,
}

pub fn named(object: &Object) -> (Option<Uuid>, &str) {
    match object {
        Object::Tenant(it) => (None, &it.name),
        Object::Site(it) => (None, &it.name),
        Object::Wim(it) => (None, &it.name),
        Object::Account(it) => (Some(it.wim_id.0), &it.name),
        Object::Network(it) => (Some(it.tenant_id.0), &it.name),
        Object::PortMapping(it) => (Some(it.id.0), ""),
    }
}

fn created(object: &Object) -> Timestamp {
    match object {
        Object::Tenant(it) => it.created_at,
        Object::Site(it) => it.created_at,
        Object::Wim(it) => it.created_at,
        Object::Account(it) => it.created_at,
        Object::Network(it) => it.created_at,
        Object::PortMapping(it) => it.created_at,
    }
}

fn slice<T: Clone>(
    rows: impl Iterator<Item = T>,
    page: Page,
    place: impl Fn(&T) -> (Timestamp, Uuid),
) -> Slice<T> {
    let mut rows: Vec<T> = rows.filter(|row| page.after.is_none_or(|after| place(row) > after)).collect();
    rows.sort_by_key(|row| place(row));
    let more = rows.len() > page.limit as usize;
    rows.truncate(page.limit as usize);
    Slice { rows, more }
}

impl Record {
    pub fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    fn read(&self) -> Result<MutexGuard<'_, Tables>, StoreError> {
        assert!(!self.panics.load(Ordering::SeqCst), "a secret in a panic");
        if self.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("host db.internal refused".to_owned()));
        }
        Ok(self.tables())
    }
}

#[async_trait]
impl ReadStore for Record {
    fn capabilities(&self) -> Capabilities {
        Capabilities { engine: "record", durable: false, shared: false }
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        drop(self.read()?);
        match self.old_schema.load(Ordering::SeqCst) {
            true => Err(StoreError::Schema { found: 1, needed: 2 }),
            false => Ok(()),
        }
    }

    async fn catalogue_version(&self) -> Result<i64, StoreError> {
        self.version_reads.fetch_add(1, Ordering::SeqCst);
        // A real one takes its time: other calls come in meanwhile.
        tokio::task::yield_now().await;
        Ok(self.read()?.version)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.catalogue_reads.fetch_add(1, Ordering::SeqCst);
        let tables = self.read()?;
        let mut catalogue =
            Catalogue { version: tables.version, holds: tables.holds.clone(), ..Catalogue::default() };
        for object in tables.objects.values().cloned() {
            match object {
                Object::Tenant(it) => catalogue.tenants.push(it),
                Object::Site(it) => catalogue.sites.push(it),
                Object::Wim(it) => catalogue.wims.push(it),
                Object::Account(it) => catalogue.accounts.push(it),
                Object::PortMapping(it) => catalogue.port_mappings.push(it),
                Object::Network(_) => {}
            }
        }
        Ok(catalogue)
    }

    async fn object(&self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError> {
        Ok(self.read()?.objects.get(&id).filter(|object| object.kind() == kind).cloned())
    }

    async fn objects_named(&self, kind: Kind, name: &str) -> Result<Vec<Object>, StoreError> {
        let tables = self.read()?;
        let found = tables.objects.values().filter(|it| it.kind() == kind && named(it).1 == name);
        Ok(found.cloned().collect())
    }

    async fn objects(&self, kind: Kind, page: Page) -> Result<Slice<Object>, StoreError> {
        let tables = self.read()?;
        let rows = tables.objects.values().filter(|object| object.kind() == kind).cloned();
        Ok(slice(rows, page, |it| (created(it), it.id())))
    }

    async fn networks(&self, filter: &NetworkFilter, page: Page) -> Result<Slice<Network>, StoreError> {
        let tables = self.read()?;
        let rows = tables.objects.values().filter_map(|object| match object {
            Object::Network(it) => Some(it.clone()),
            _ => None,
        });
        let rows = rows.filter(|it| {
            filter.tenant.is_none_or(|tenant| it.tenant_id == tenant)
                && filter.site.is_none_or(|site| it.site_id == site)
                && filter.name.as_ref().is_none_or(|name| it.name == *name)
        });
        Ok(slice(rows, page, |it| (it.created_at, it.id.0)))
    }

    async fn networks_by_id(&self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError> {
        let tables = self.read()?;
        let found = ids.iter().filter_map(|id| match tables.objects.get(&id.0) {
            Some(Object::Network(it)) => Some(it.clone()),
            _ => None,
        });
        Ok(found.collect())
    }

    async fn service(&self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        Ok(self.read()?.services.get(&id).cloned())
    }

    async fn services(&self, filter: &ServiceFilter, page: Page) -> Result<Slice<Service>, StoreError> {
        let tables = self.read()?;
        let rows = tables.services.values().filter(|it| {
            filter.tenant.is_none_or(|tenant| it.tenant_id == tenant)
                && filter.name.as_ref().is_none_or(|name| it.name == *name)
        });
        Ok(slice(rows.cloned(), page, |it| (it.created_at, it.id.0)))
    }

    async fn networks_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Network>, StoreError> {
        let tables = self.read()?;
        let found = tables.objects.values().filter_map(|object| match object {
            Object::Network(it) if it.network_service_id.is_some_and(|id| ids.contains(&id)) => {
                Some(it.clone())
            }
            _ => None,
        });
        Ok(found.collect())
    }

    async fn links_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Link>, StoreError> {
        let tables = self.read()?;
        let found = tables.links.values().filter(|it| {
            it.network_service_id.is_some_and(|id| ids.contains(&id)) && it.status != LinkStatus::Deleted
        });
        Ok(found.cloned().collect())
    }

    async fn link(&self, id: LinkId) -> Result<Option<Link>, StoreError> {
        Ok(self.read()?.links.get(&id).cloned())
    }

    async fn links(&self, filter: &LinkFilter, page: Page) -> Result<Slice<Link>, StoreError> {
        let tables = self.read()?;
        let rows = tables.links.values().filter(|it| {
            filter.tenant.is_none_or(|tenant| it.tenant_id == tenant)
                && filter.account.is_none_or(|account| it.account_id == account)
                && filter.name.as_ref().is_none_or(|name| it.name == *name)
                && filter.status.is_none_or(|status| it.status == status)
                && (filter.deleted || it.status != LinkStatus::Deleted)
        });
        Ok(slice(rows.cloned(), page, |it| (it.created_at, it.id.0)))
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        Ok(self.read()?.requests.get(&id).cloned())
    }

    async fn requests(&self, tenant: Option<TenantId>, page: Page) -> Result<Slice<Request>, StoreError> {
        let tables = self.read()?;
        let rows = tables.requests.values().cloned();
        let rows = rows.filter(|it| tenant.is_none_or(|tenant| it.tenant_id == tenant));
        Ok(slice(rows, page, |it| (it.created_at, it.id.0)))
    }

    async fn action(&self, id: ActionId) -> Result<Option<Action>, StoreError> {
        Ok(self.read()?.actions.get(&id).cloned())
    }

    async fn actions(&self, filter: &ActionFilter, page: Page) -> Result<Slice<Action>, StoreError> {
        let tables = self.read()?;
        let rows = tables.actions.values().filter(|it| {
            filter.tenant.is_none_or(|tenant| it.tenant_id == tenant)
                && filter.request.is_none_or(|request| it.request_id == request)
                && filter.link.is_none_or(|link| it.link_id == link)
                && filter.account.is_none_or(|account| it.account_id == account)
                && filter.state.is_none_or(|state| it.state == state)
        });
        Ok(slice(rows.cloned(), page, |it| (it.created_at, it.id.0)))
    }

    async fn attempts(&self, action: ActionId) -> Result<Vec<Attempt>, StoreError> {
        let tables = self.read()?;
        Ok(tables.attempts.iter().filter(|it| it.action_id == action).cloned().collect())
    }

    async fn parked(&self, page: Page) -> Result<Slice<Parked>, StoreError> {
        let tables = self.read()?;
        Ok(slice(tables.parked.values().cloned(), page, |it| (it.parked_at, it.id.0)))
    }

    async fn parked_message(&self, id: ParkedId) -> Result<Option<Parked>, StoreError> {
        Ok(self.read()?.parked.get(&id).cloned())
    }

    async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        Ok(self.read()?.sessions.clone())
    }

    async fn close(&self) {}
}

//! The read side: what the api may ask, over a connection that cannot write.

use super::{Capabilities, StoreError};
use async_trait::async_trait;
use uuid::Uuid;
use wanlink_domain::action::{Action, ActionState, Attempt};
use wanlink_domain::catalogue::Network;
use wanlink_domain::catalogue::{Account, PortMapping, Site, Tenant, Wim};
use wanlink_domain::event::Parked;
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::{
    AccountId, ActionId, LinkId, NetworkId, ParkedId, RequestId, ServiceId, SiteId, TenantId,
};
use wanlink_domain::lease::Session;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::Request;
use wanlink_domain::service::Service;
use wanlink_domain::time::Timestamp;

/// Everything that planning needs of the catalogue, read in one snapshot, each list in id order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    pub version: i64,
    pub tenants: Vec<Tenant>,
    pub sites: Vec<Site>,
    pub wims: Vec<Wim>,
    pub accounts: Vec<Account>,
    pub port_mappings: Vec<PortMapping>,
    /// What is accepted but not run; laying and lifting one is a new version of the catalogue.
    pub holds: Vec<Hold>,
}

/// Which part of a list: rows after `(created_at, id)`, at most `limit` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub after: Option<(Timestamp, Uuid)>,
    /// 1 to 1,000.
    pub limit: u32,
}

/// Part of a list in the order (created_at, id); `more`: there are rows behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice<T> {
    pub rows: Vec<T>,
    pub more: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkFilter {
    pub tenant: Option<TenantId>,
    pub account: Option<AccountId>,
    pub name: Option<String>,
    pub status: Option<LinkStatus>,
    /// Tombstones as well.
    pub deleted: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionFilter {
    pub tenant: Option<TenantId>,
    pub request: Option<RequestId>,
    pub link: Option<LinkId>,
    pub account: Option<AccountId>,
    pub state: Option<ActionState>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkFilter {
    pub tenant: Option<TenantId>,
    pub site: Option<SiteId>,
    pub name: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceFilter {
    pub tenant: Option<TenantId>,
    pub name: Option<String>,
}

/// A database that may be read.
#[async_trait]
pub trait ReadStore: Send + Sync + 'static {
    fn capabilities(&self) -> Capabilities;

    /// See [`super::Store::check_schema`].
    async fn check_schema(&self) -> Result<(), StoreError>;

    /// One statement: the catalogue's version now.
    async fn catalogue_version(&self) -> Result<i64, StoreError>;
    async fn catalogue(&self) -> Result<Catalogue, StoreError>;

    async fn object(&self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError>;
    /// By exact, case-sensitive name; several where names are unique only within a parent.
    async fn objects_named(&self, kind: Kind, name: &str) -> Result<Vec<Object>, StoreError>;
    /// All of one kind; port mappings and networks have lists of their own filters.
    async fn objects(&self, kind: Kind, page: Page) -> Result<Slice<Object>, StoreError>;
    async fn networks(&self, filter: &NetworkFilter, page: Page) -> Result<Slice<Network>, StoreError>;
    async fn networks_by_id(&self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError>;

    async fn service(&self, id: ServiceId) -> Result<Option<Service>, StoreError>;
    async fn services(&self, filter: &ServiceFilter, page: Page) -> Result<Slice<Service>, StoreError>;
    /// The networks of these services, also those that are leaving, in id order.
    async fn networks_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Network>, StoreError>;
    /// Their links without tombstones, in id order.
    async fn links_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Link>, StoreError>;
    /// `last_seen_at` of links is also when their account's list was asked for, if they rested then and rest still.
    async fn link(&self, id: LinkId) -> Result<Option<Link>, StoreError>;
    async fn links(&self, filter: &LinkFilter, page: Page) -> Result<Slice<Link>, StoreError>;
    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError>;
    async fn requests(&self, tenant: Option<TenantId>, page: Page) -> Result<Slice<Request>, StoreError>;
    async fn action(&self, id: ActionId) -> Result<Option<Action>, StoreError>;
    async fn actions(&self, filter: &ActionFilter, page: Page) -> Result<Slice<Action>, StoreError>;
    /// Earlier attempts of an action, oldest first; the latest lives in the action.
    async fn attempts(&self, action: ActionId) -> Result<Vec<Attempt>, StoreError>;
    async fn parked(&self, page: Page) -> Result<Slice<Parked>, StoreError>;
    async fn parked_message(&self, id: ParkedId) -> Result<Option<Parked>, StoreError>;

    /// All worker sessions that are known, in id order; they count in tens.
    async fn sessions(&self) -> Result<Vec<Session>, StoreError>;

    /// Ends all connections.
    async fn close(&self);
}

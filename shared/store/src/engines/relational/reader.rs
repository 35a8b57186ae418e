//! The read side: each question of the port is one statement, and so one snapshot.

use super::super::rows::{decode, int, json, maybe_text, page_args, slice, text, word};
use super::{Arg, Source, check_schema};
use crate::port::{
    ActionFilter, Capabilities, Catalogue, LinkFilter, NetworkFilter, Page, ReadStore, ServiceFilter, Slice,
    StoreError,
};
use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wanlink_domain::action::{Action, Attempt};
use wanlink_domain::catalogue::{Account, Network, PortMapping, Site, Tenant, Wim};
use wanlink_domain::event::Parked;
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::{ActionId, LinkId, NetworkId, ParkedId, RequestId, ServiceId, TenantId};
use wanlink_domain::lease::Session;
use wanlink_domain::link::Link;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::Request;
use wanlink_domain::service::Service;

/// A read store over any SQL engine's connections.
pub struct Reader<S> {
    source: S,
}

impl<S: Source> Reader<S> {
    pub(in crate::engines) fn new(source: S) -> Self {
        Self { source }
    }

    pub(in crate::engines) fn source(&self) -> &S {
        &self.source
    }

    async fn all<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, StoreError> {
        Ok(decode(self.source.fetch(sql, args).await?)?)
    }

    async fn first<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    async fn page<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        mut args: Vec<Arg>,
        page: Page,
    ) -> Result<Slice<T>, StoreError> {
        args.extend(page_args(page));
        Ok(slice(self.all(sql, args).await?, page))
    }
}

#[derive(Deserialize)]
struct CatalogueRow {
    version: i64,
    tenants: Vec<Tenant>,
    sites: Vec<Site>,
    wims: Vec<Wim>,
    accounts: Vec<Account>,
    port_mappings: Vec<PortMapping>,
    holds: Vec<Hold>,
}

fn missing() -> StoreError {
    StoreError::Invalid("a row of the schema is missing".to_owned())
}

#[async_trait]
impl<S: Source> ReadStore for Reader<S> {
    fn capabilities(&self) -> Capabilities {
        self.source.capabilities()
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let sql = S::STATEMENTS;
        let there = self.first(sql.schema_exists, Vec::new()).await? == Some(true);
        let found = if there { self.first(sql.schema_version, Vec::new()).await? } else { None };
        check_schema(found, self.source.schema())
    }

    async fn catalogue_version(&self) -> Result<i64, StoreError> {
        self.first(S::STATEMENTS.catalogue_version, Vec::new()).await?.ok_or_else(missing)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        let row: Option<CatalogueRow> = self.first(S::STATEMENTS.catalogue, Vec::new()).await?;
        let CatalogueRow { version, tenants, sites, wims, accounts, port_mappings, holds } =
            row.ok_or_else(missing)?;
        Ok(Catalogue { version, tenants, sites, wims, accounts, port_mappings, holds })
    }

    async fn object(&self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError> {
        self.first(S::STATEMENTS.object, vec![word(&kind), text(id)]).await
    }

    async fn objects_named(&self, kind: Kind, name: &str) -> Result<Vec<Object>, StoreError> {
        self.all(S::STATEMENTS.objects_named, vec![word(&kind), text(name)]).await
    }

    async fn objects(&self, kind: Kind, page: Page) -> Result<Slice<Object>, StoreError> {
        self.page(S::STATEMENTS.objects_page, vec![word(&kind)], page).await
    }

    async fn networks(&self, filter: &NetworkFilter, page: Page) -> Result<Slice<Network>, StoreError> {
        let args =
            vec![maybe_text(filter.tenant), maybe_text(filter.site), maybe_text(filter.name.as_deref())];
        self.page(S::STATEMENTS.networks_page, args, page).await
    }

    async fn networks_by_id(&self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError> {
        self.all(S::STATEMENTS.networks_by_id, vec![json(ids)?]).await
    }

    async fn service(&self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.first(S::STATEMENTS.services_by_id, vec![json(&[id])?]).await
    }

    async fn services(&self, filter: &ServiceFilter, page: Page) -> Result<Slice<Service>, StoreError> {
        let args = vec![maybe_text(filter.tenant), maybe_text(filter.name.as_deref())];
        self.page(S::STATEMENTS.services_page, args, page).await
    }

    async fn networks_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Network>, StoreError> {
        self.all(S::STATEMENTS.networks_of_services, vec![json(ids)?]).await
    }

    async fn links_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Link>, StoreError> {
        self.all(S::STATEMENTS.links_of_services, vec![json(ids)?]).await
    }

    async fn link(&self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.first(S::STATEMENTS.links_by_id, vec![json(&[id])?]).await
    }

    async fn links(&self, filter: &LinkFilter, page: Page) -> Result<Slice<Link>, StoreError> {
        let args = vec![
            maybe_text(filter.tenant),
            maybe_text(filter.account),
            maybe_text(filter.name.as_deref()),
            word(&filter.status),
            int(filter.deleted),
        ];
        self.page(S::STATEMENTS.links_page, args, page).await
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        self.first(S::STATEMENTS.requests_by_id, vec![json(&[id])?]).await
    }

    async fn requests(&self, tenant: Option<TenantId>, page: Page) -> Result<Slice<Request>, StoreError> {
        self.page(S::STATEMENTS.requests_page, vec![maybe_text(tenant)], page).await
    }

    async fn action(&self, id: ActionId) -> Result<Option<Action>, StoreError> {
        self.first(S::STATEMENTS.actions_by_id, vec![json(&[id])?]).await
    }

    async fn actions(&self, filter: &ActionFilter, page: Page) -> Result<Slice<Action>, StoreError> {
        let args = vec![
            maybe_text(filter.tenant),
            maybe_text(filter.request),
            maybe_text(filter.link),
            maybe_text(filter.account),
            word(&filter.state),
        ];
        self.page(S::STATEMENTS.actions_page, args, page).await
    }

    async fn attempts(&self, action: ActionId) -> Result<Vec<Attempt>, StoreError> {
        self.all(S::STATEMENTS.attempts, vec![text(action)]).await
    }

    async fn parked(&self, page: Page) -> Result<Slice<Parked>, StoreError> {
        self.page(S::STATEMENTS.parked_page, Vec::new(), page).await
    }

    async fn parked_message(&self, id: ParkedId) -> Result<Option<Parked>, StoreError> {
        self.first(S::STATEMENTS.parked_by_id, vec![text(id)]).await
    }

    async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        self.all(S::STATEMENTS.sessions, Vec::new()).await
    }

    async fn close(&self) {
        self.source.close().await;
    }
}

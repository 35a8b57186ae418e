//! The read side: each question is answered from what is committed, in one moment and so in one snapshot. It waits for
//! no transaction, and there is nothing in it that could write.

use super::super::relational::check_schema;
use super::super::rows::{page_limit, slice};
use super::catalogue::{CatalogueRow, each};
use super::keep;
use super::rows::{Changes, Stored, Tables};
use super::table::{Entry, Key, View};
use super::{CAPABILITIES, Handle, SCHEMA};
use crate::port::{
    ActionFilter, Capabilities, Catalogue, LinkFilter, NetworkFilter, Page, ReadStore, ServiceFilter, Slice,
    StoreError,
};
use async_trait::async_trait;
use uuid::Uuid;
use wanlink_domain::action::{Action, Attempt};
use wanlink_domain::catalogue::{Account, Network, PortMapping, Site, Tenant, Wim};
use wanlink_domain::event::Parked;
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::{ActionId, LinkId, NetworkId, ParkedId, RequestId, ServiceId, TenantId};
use wanlink_domain::lease::Session;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::Request;
use wanlink_domain::service::Service;
use wanlink_domain::time::Timestamp;

/// The database for an api.
pub struct MemoryReadStore(pub(super) Handle);

/// The committed tables, as a transaction that has written nothing sees them.
struct Committed<'a> {
    tables: &'a Tables,
    nothing: Changes,
}

impl Committed<'_> {
    fn view<R: Stored>(&self) -> View<'_, R> {
        View { table: R::table(self.tables), layer: R::layer(&self.nothing) }
    }

    fn get<R: Stored>(&self, key: impl Into<Key>) -> Option<R> {
        self.view::<R>().get(key.into()).cloned()
    }

    fn all<R: Stored>(&self) -> Vec<R> {
        self.view::<R>().all().cloned().collect()
    }

    /// What is of these network services, in id order, each once.
    fn of_services<R: Stored>(&self, ids: &[ServiceId]) -> Vec<R> {
        let view = self.view::<R>();
        let rows = ids.iter().flat_map(|id| view.by(Entry::OfNetworkService(id.0)));
        let by_key: std::collections::BTreeMap<Key, R> = rows.map(|row| (row.key(), row.clone())).collect();
        by_key.into_values().collect()
    }
    /// A link that rests was seen also when its account's list was asked for, if it rested then.
    fn seen(&self, mut link: Link) -> Link {
        let rests = link.touched && self.view::<Action>().by(Entry::OpenOfLink(link.id.0)).next().is_none();
        if rests && link.status != LinkStatus::Deleted {
            let listed_at = self.get::<Account>(link.account_id.0).and_then(|account| account.listed_at);
            link.last_seen_at = link.last_seen_at.max(listed_at.filter(|at| *at >= link.modified_at));
        }
        link
    }

    /// The rows that pass, in the order (created, id) behind the last row of the page before.
    fn page<R: Stored>(&self, page: Page, passes: impl Fn(&&R) -> bool) -> Slice<R> {
        let view = self.view::<R>();
        let (at, id) = page.after.unwrap_or((Timestamp(i64::MIN), Uuid::nil()));
        let same_time = view.by(Entry::Created(at)).filter(|row| row.key() > id.into());
        let later = Timestamp(at.0.saturating_add(1));
        let later = view.range(Entry::Created(later)..=Entry::Created(Timestamp(i64::MAX)));
        let rows = same_time.chain(later).filter(passes).take(page_limit(page) + 1);
        slice(rows.cloned().collect(), page)
    }
}

impl MemoryReadStore {
    fn read<T>(&self, question: impl FnOnce(&Committed<'_>) -> T) -> Result<T, StoreError> {
        let state = self.0.open()?;
        check_schema(state.schema, SCHEMA)?;
        Ok(question(&Committed { tables: &state.tables, nothing: Changes::default() }))
    }
}

/// Whether a value is the one that is asked for, where one is.
fn fits<T: PartialEq>(asked: &Option<T>, value: &T) -> bool {
    asked.as_ref().is_none_or(|asked| asked == value)
}

#[async_trait]
impl ReadStore for MemoryReadStore {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        check_schema(self.0.open()?.schema, SCHEMA)
    }

    async fn catalogue_version(&self) -> Result<i64, StoreError> {
        self.read(|it| it.tables.version)
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.read(|it| Catalogue {
            version: it.tables.version,
            tenants: it.all::<Tenant>(),
            sites: it.all::<Site>(),
            wims: it.all::<Wim>(),
            accounts: it.all::<Account>(),
            port_mappings: it.all::<PortMapping>(),
            holds: keep::oldest_first(it.all::<Hold>()),
        })
    }

    async fn object(&self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError> {
        self.read(|it| each!(kind kind, R => it.get::<R>(id).map(CatalogueRow::object)))
    }

    async fn objects_named(&self, kind: Kind, name: &str) -> Result<Vec<Object>, StoreError> {
        let named = Entry::Name(name.to_owned());
        self.read(
            |it| each!(kind kind, R => it.view::<R>().by(named).cloned().map(CatalogueRow::object).collect()),
        )
    }

    async fn objects(&self, kind: Kind, page: Page) -> Result<Slice<Object>, StoreError> {
        self.read(|it| {
            each!(kind kind, R => {
                let Slice { rows, more } = it.page::<R>(page, |_| true);
                Slice { rows: rows.into_iter().map(CatalogueRow::object).collect(), more }
            })
        })
    }

    async fn networks(&self, filter: &NetworkFilter, page: Page) -> Result<Slice<Network>, StoreError> {
        self.read(|it| {
            it.page(page, |row: &&Network| {
                fits(&filter.tenant, &row.tenant_id)
                    && fits(&filter.site, &row.site_id)
                    && fits(&filter.name, &row.name)
            })
        })
    }

    async fn networks_by_id(&self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError> {
        let ids: std::collections::BTreeSet<Uuid> = ids.iter().map(|id| id.0).collect();
        self.read(|it| ids.into_iter().filter_map(|id| it.get(id)).collect())
    }

    async fn service(&self, id: ServiceId) -> Result<Option<Service>, StoreError> {
        self.read(|it| it.get(id.0))
    }

    async fn services(&self, filter: &ServiceFilter, page: Page) -> Result<Slice<Service>, StoreError> {
        self.read(|it| {
            it.page(page, |row: &&Service| {
                fits(&filter.tenant, &row.tenant_id) && fits(&filter.name, &row.name)
            })
        })
    }

    async fn networks_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Network>, StoreError> {
        self.read(|it| it.of_services(ids))
    }

    async fn links_of_services(&self, ids: &[ServiceId]) -> Result<Vec<Link>, StoreError> {
        let mut links: Vec<Link> = self.read(|it| it.of_services(ids))?;
        links.retain(|link| link.status != LinkStatus::Deleted);
        Ok(links)
    }

    async fn link(&self, id: LinkId) -> Result<Option<Link>, StoreError> {
        self.read(|it| it.get(id.0).map(|link| it.seen(link)))
    }

    async fn links(&self, filter: &LinkFilter, page: Page) -> Result<Slice<Link>, StoreError> {
        self.read(|it| {
            let mut slice = it.page(page, |row: &&Link| {
                fits(&filter.tenant, &row.tenant_id)
                    && fits(&filter.account, &row.account_id)
                    && fits(&filter.name, &row.name)
                    && fits(&filter.status, &row.status)
                    && (filter.deleted || row.status != LinkStatus::Deleted)
            });
            slice.rows = slice.rows.into_iter().map(|link| it.seen(link)).collect();
            slice
        })
    }

    async fn request(&self, id: RequestId) -> Result<Option<Request>, StoreError> {
        self.read(|it| it.get(id.0))
    }

    async fn requests(&self, tenant: Option<TenantId>, page: Page) -> Result<Slice<Request>, StoreError> {
        self.read(|it| it.page(page, |row: &&Request| fits(&tenant, &row.tenant_id)))
    }

    async fn action(&self, id: ActionId) -> Result<Option<Action>, StoreError> {
        self.read(|it| it.get(id.0))
    }

    async fn actions(&self, filter: &ActionFilter, page: Page) -> Result<Slice<Action>, StoreError> {
        self.read(|it| {
            it.page(page, |row: &&Action| {
                fits(&filter.tenant, &row.tenant_id)
                    && fits(&filter.request, &row.request_id)
                    && fits(&filter.link, &row.link_id)
                    && fits(&filter.account, &row.account_id)
                    && fits(&filter.state, &row.state)
            })
        })
    }

    async fn attempts(&self, action: ActionId) -> Result<Vec<Attempt>, StoreError> {
        self.read(|it| it.view::<Attempt>().between(Key(action.0, 0), Key(action.0, i64::MAX)))
    }

    async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        self.read(|it| it.all())
    }

    async fn parked(&self, page: Page) -> Result<Slice<Parked>, StoreError> {
        self.read(|it| it.page(page, |_: &&Parked| true))
    }

    async fn parked_message(&self, id: ParkedId) -> Result<Option<Parked>, StoreError> {
        self.read(|it| it.get(id.0))
    }

    async fn close(&self) {
        self.0.close();
    }
}

//! The catalogue as planning asks it: by id, by name, by who reaches what.

use crate::catalogue::{Account, Network, PortMapping, Site, Tenant, Wim};
use crate::ids::{AccountId, NetworkId, SiteId, TenantId, WimId};
use crate::reason::{Code, Reason};
use std::collections::{BTreeMap, BTreeSet};

/// Objects of one kind by id and by (case-sensitive) name.
#[derive(Clone, Debug)]
struct Named<I, T> {
    by_id: BTreeMap<I, T>,
    by_name: BTreeMap<String, I>,
}

impl<I: Ord + Copy, T> Named<I, T> {
    fn new(objects: Vec<T>, key: impl Fn(&T) -> (I, String)) -> Self {
        let by_name = objects.iter().map(&key).map(|(id, name)| (name, id)).collect();
        let by_id = objects.into_iter().map(|object| (key(&object).0, object)).collect();
        Self { by_id, by_name }
    }

    /// An id first: a name that looks like one hides nobody else's object.
    fn find(&self, noun: &str, text: &str, id: Option<I>) -> Result<&T, Reason> {
        let named = || self.by_name.get(text).and_then(|id| self.by_id.get(id));
        id.and_then(|id| self.by_id.get(&id))
            .or_else(named)
            .ok_or_else(|| Reason::new(Code::NotFound, format!("no {noun} has the id or name {text:?}")))
    }
}

/// One snapshot of the catalogue, indexed. Holds no networks: those are as many as links, and are looked up for
/// each call ([`Networks`]).
#[derive(Clone, Debug)]
pub struct CatalogueIndex {
    tenants: Named<TenantId, Tenant>,
    sites: Named<SiteId, Site>,
    wims: Named<WimId, Wim>,
    accounts: BTreeMap<AccountId, Account>,
    account_of: BTreeMap<(TenantId, WimId), AccountId>,
    /// Sorted by switch and port.
    mappings: BTreeMap<(WimId, SiteId), Vec<PortMapping>>,
    wims_at: BTreeMap<SiteId, BTreeSet<WimId>>,
}

impl CatalogueIndex {
    pub fn new(
        tenants: Vec<Tenant>,
        sites: Vec<Site>,
        wims: Vec<Wim>,
        accounts: Vec<Account>,
        port_mappings: Vec<PortMapping>,
    ) -> Self {
        let mut mappings: BTreeMap<(WimId, SiteId), Vec<PortMapping>> = BTreeMap::new();
        let mut wims_at: BTreeMap<SiteId, BTreeSet<WimId>> = BTreeMap::new();
        for mapping in port_mappings {
            wims_at.entry(mapping.site_id).or_default().insert(mapping.wim_id);
            mappings.entry((mapping.wim_id, mapping.site_id)).or_default().push(mapping);
        }
        for mappings in mappings.values_mut() {
            mappings.sort_by(|a, b| port_of(a).cmp(&port_of(b)));
        }
        Self {
            tenants: Named::new(tenants, |tenant| (tenant.id, tenant.name.clone())),
            sites: Named::new(sites, |site| (site.id, site.name.clone())),
            wims: Named::new(wims, |wim| (wim.id, wim.name.clone())),
            account_of: accounts.iter().map(|one| ((one.tenant_id, one.wim_id), one.id)).collect(),
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            mappings,
            wims_at,
        }
    }

    /// What resolving connection points needs, for who has read only that.
    pub fn of_points(sites: Vec<Site>, port_mappings: Vec<PortMapping>) -> Self {
        Self::new(Vec::new(), sites, Vec::new(), Vec::new(), port_mappings)
    }

    pub fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.by_id.get(&id)
    }

    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.sites.by_id.get(&id)
    }

    pub fn wim(&self, id: WimId) -> Option<&Wim> {
        self.wims.by_id.get(&id)
    }

    pub fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// By id or name, as the ones below; [`Code::NotFound`] says what was looked for.
    pub fn find_tenant(&self, text: &str) -> Result<&Tenant, Reason> {
        self.tenants.find("tenant", text, TenantId::parse(text))
    }

    pub fn find_site(&self, text: &str) -> Result<&Site, Reason> {
        self.sites.find("site", text, SiteId::parse(text))
    }

    pub fn find_wim(&self, text: &str) -> Result<&Wim, Reason> {
        self.wims.find("WIM", text, WimId::parse(text))
    }

    /// By id, or by a name that only one account has: names are not unique over tenants and WIMs.
    pub fn find_account(&self, text: &str) -> Result<&Account, Reason> {
        if let Some(account) = AccountId::parse(text).and_then(|id| self.accounts.get(&id)) {
            return Ok(account);
        }
        let mut named = self.accounts.values().filter(|account| account.name == text);
        match (named.next(), named.next()) {
            (Some(account), None) => Ok(account),
            (Some(_), Some(_)) => {
                Err(Reason::new(Code::Invalid, format!("several accounts are named {text:?}: give the id")))
            }
            (None, _) => Err(Reason::new(Code::NotFound, format!("no account has the id or name {text:?}"))),
        }
    }

    /// The tenant's account at a WIM; there is at most one.
    pub fn account_of(&self, tenant: TenantId, wim: WimId) -> Option<&Account> {
        self.account_of.get(&(tenant, wim)).and_then(|id| self.accounts.get(id))
    }

    /// WIMs at which the tenant has an account, in id order.
    pub fn wims_of(&self, tenant: TenantId) -> impl Iterator<Item = WimId> {
        let from = (tenant, WimId(uuid::Uuid::nil()));
        self.account_of.range(from..).take_while(move |((of, _), _)| *of == tenant).map(|((_, wim), _)| *wim)
    }

    /// Whether any port of the site leads to the WIM.
    pub fn reaches(&self, wim: WimId, site: SiteId) -> bool {
        self.wims_at.get(&site).is_some_and(|wims| wims.contains(&wim))
    }

    pub(super) fn reaches_all(&self, wim: WimId, mut sites: impl Iterator<Item = SiteId>) -> bool {
        sites.all(|site| self.reaches(wim, site))
    }

    /// Where a site's port leads at a WIM.
    pub fn mapping(&self, wim: WimId, site: SiteId, switch: &str, port: &str) -> Option<&PortMapping> {
        let mappings = self.mappings.get(&(wim, site))?;
        let place = mappings.binary_search_by(|mapping| port_of(mapping).cmp(&(switch, port))).ok()?;
        mappings.get(place)
    }

    /// A site's name, or its id where it is gone.
    pub(super) fn site_name(&self, id: SiteId) -> String {
        self.site(id).map_or_else(|| id.to_string(), |site| site.name.clone())
    }
}

fn port_of(mapping: &PortMapping) -> (&str, &str) {
    (&mapping.pop_switch_dpid, &mapping.pop_switch_port)
}

/// The networks that some links need, looked up beforehand.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    by_id: BTreeMap<NetworkId, Network>,
    by_name: BTreeMap<(TenantId, String), NetworkId>,
}

impl Networks {
    pub fn new(networks: Vec<Network>) -> Self {
        Self {
            by_name: networks.iter().map(|one| ((one.tenant_id, one.name.clone()), one.id)).collect(),
            by_id: networks.into_iter().map(|network| (network.id, network)).collect(),
        }
    }

    pub fn get(&self, id: NetworkId) -> Option<&Network> {
        self.by_id.get(&id)
    }

    /// A tenant's network by id or name; another tenant's is not there.
    pub fn find(&self, tenant: TenantId, text: &str) -> Result<&Network, Reason> {
        let own = |network: &&Network| network.tenant_id == tenant;
        let named = || self.by_name.get(&(tenant, text.to_owned())).and_then(|id| self.by_id.get(id));
        NetworkId::parse(text)
            .and_then(|id| self.by_id.get(&id))
            .filter(own)
            .or_else(named)
            .ok_or_else(|| Reason::new(Code::NotFound, format!("no network has the id or name {text:?}")))
    }
}

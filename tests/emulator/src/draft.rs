//! One transaction against the tree: changes gathered, checked against each other and what stands, then handed over
//! whole or not at all.
//!
//! This is where leafrefs are resolved (`require-instance`), in both directions: what is set must find what it
//! refers to, what is removed must not be referred to any more. Nothing is applied here.

use crate::options::SiteOption;
use crate::restconf::problem::Problem;
use crate::tree::{AccessName, Change, Tree, has_entry, management_of, site_members, vpn_of};
use crate::yang::node::Place;
use crate::yang::{Context, Extent, Members, Reference, l2vpn_svc, validate};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Instance identifiers, for error paths.
pub(crate) mod at {
    pub(crate) const TREE: &str = "/ietf-l2vpn-svc:l2vpn-svc";

    pub(crate) fn service(id: &str) -> String {
        format!("{TREE}/vpn-services/vpn-service[vpn-id='{id}']")
    }

    pub(crate) fn site(id: &str) -> String {
        format!("{TREE}/sites/site[site-id='{id}']")
    }

    pub(crate) fn access(site: &str, id: &str) -> String {
        format!("{}/site-network-accesses/site-network-access[network-access-id='{id}']", self::site(site))
    }
}

pub(crate) struct Draft<'a> {
    tree: &'a Tree,
    any_site: bool,
    services: BTreeMap<String, Option<Members>>,
    sites: BTreeMap<String, Members>,
    accesses: BTreeMap<AccessName, Option<Members>>,
    references: Vec<(String, Reference)>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(tree: &'a Tree, any_site: bool) -> Self {
        Self {
            tree,
            any_site,
            services: BTreeMap::new(),
            sites: BTreeMap::new(),
            accesses: BTreeMap::new(),
            references: Vec::new(),
        }
    }

    pub(crate) fn set_service(&mut self, id: &str, members: &Members) -> Result<(), Problem> {
        let context = Context { management: "" };
        let (value, _) = validate(l2vpn_svc::VPN_SERVICE, members, &at::service(id), context, Extent::Whole)?;
        self.services.insert(id.to_owned(), Some(value));
        Ok(())
    }

    pub(crate) fn remove_service(&mut self, id: &str) {
        self.services.insert(id.to_owned(), None);
    }

    pub(crate) fn set_site(&mut self, id: &str, members: &Members) -> Result<(), Problem> {
        let management = bare_management(members);
        let context = Context { management: &management };
        let (value, references) = validate(l2vpn_svc::SITE, members, &at::site(id), context, Extent::Whole)?;
        self.sites.insert(id.to_owned(), value);
        self.references.extend(references.into_iter().map(|reference| (id.to_owned(), reference)));
        Ok(())
    }

    pub(crate) fn set_access(&mut self, site: &str, id: &str, members: &Members) -> Result<(), Problem> {
        let path = at::access(site, id);
        let Some(owner) = self.site(site) else {
            return Err(Problem::instance_required(&path, format!("site {site} does not exist")));
        };
        let management = management_of(&owner).to_owned();
        let context = Context { management: &management };
        let (value, references) = validate(l2vpn_svc::ACCESS, members, &path, context, Extent::Whole)?;
        self.accesses.insert((site.to_owned(), id.to_owned()), Some(value));
        self.references.extend(references.into_iter().map(|reference| (site.to_owned(), reference)));
        Ok(())
    }

    pub(crate) fn remove_access(&mut self, site: &str, id: &str) {
        self.accesses.insert((site.to_owned(), id.to_owned()), None);
    }

    /// The `management/type` of a site as it would be after this draft; empty where there is no such site.
    pub(crate) fn management(&self, site: &str) -> String {
        self.site(site).map(|site| management_of(&site).to_owned()).unwrap_or_default()
    }

    /// The changes of this draft that change something, or the first reference that would not hold.
    pub(crate) fn finish(mut self) -> Result<Vec<Change>, Problem> {
        for (site, reference) in std::mem::take(&mut self.references) {
            self.resolve(&site, &reference)?;
        }
        for (id, value) in &self.services {
            if value.is_none() {
                self.unreferenced(id)?;
            }
        }
        for id in self.sites.keys() {
            self.still_fits(id)?;
        }
        Ok(self.changes())
    }

    fn site(&self, id: &str) -> Option<Members> {
        self.sites
            .get(id)
            .or_else(|| self.tree.site(id).map(|site| &site.value))
            .cloned()
            .or_else(|| self.any_site.then(|| site_members(&SiteOption::named(id))))
    }

    fn resolve(&mut self, site: &str, reference: &Reference) -> Result<(), Problem> {
        let Reference { place, value, at } = reference;
        let (found, what) = match place {
            Place::VpnService => (self.has_service(value), "vpn-service"),
            Place::Device => (self.find_device(site, value), "device"),
            Place::Location => {
                let found = self
                    .site(site)
                    .is_some_and(|site| has_entry(&site, "locations", "location", "location-id", value));
                (found, "location")
            }
            Place::Nowhere => (false, "list entry"),
        };
        if found { Ok(()) } else { Err(Problem::instance_required(at, format!("no {what} {value}"))) }
    }

    fn has_service(&self, id: &str) -> bool {
        match self.services.get(id) {
            Some(drafted) => drafted.is_some(),
            None => self.tree.service(id).is_some(),
        }
    }

    /// With `any_site`, a device that is missing is added, and with it its site.
    fn find_device(&mut self, site: &str, device: &str) -> bool {
        let Some(mut members) = self.site(site) else { return false };
        if !has_entry(&members, "devices", "device", "device-id", device) {
            if !self.any_site {
                return false;
            }
            let location = format!("{site}-loc");
            if let Some(devices) = members
                .entry("devices")
                .or_insert_with(|| json!({"device": []}))
                .get_mut("device")
                .and_then(Value::as_array_mut)
            {
                devices.push(json!({"device-id": device, "location": location}));
            }
            self.sites.insert(site.to_owned(), members);
        } else if self.tree.site(site).is_none() {
            self.sites.entry(site.to_owned()).or_insert(members);
        }
        true
    }

    fn unreferenced(&self, vpn: &str) -> Result<(), Problem> {
        let held = self.tree.attached(vpn).find(|name| match self.accesses.get(*name) {
            Some(drafted) => drafted.as_ref().and_then(vpn_of) == Some(vpn),
            None => true,
        });
        match held {
            None => Ok(()),
            Some((site, id)) => Err(Problem::instance_required(
                &format!("{}/vpn-attachment/vpn-id", at::access(site, id)),
                format!("vpn-service {vpn} is still referred to"),
            )),
        }
    }

    /// Accesses that stay while their site changes must still be valid under it.
    fn still_fits(&self, id: &str) -> Result<(), Problem> {
        let (Some(held), Some(site)) = (self.tree.site(id), self.sites.get(id)) else { return Ok(()) };
        for (access, members) in &held.accesses {
            if self.accesses.contains_key(&(id.to_owned(), access.clone())) {
                continue;
            }
            let path = at::access(id, access);
            let context = Context { management: management_of(site) };
            let (_, references) = validate(l2vpn_svc::ACCESS, members, &path, context, Extent::Whole)?;
            for Reference { place, value, at } in references {
                let found = match place {
                    Place::Device => has_entry(site, "devices", "device", "device-id", &value),
                    Place::Location => has_entry(site, "locations", "location", "location-id", &value),
                    Place::VpnService | Place::Nowhere => true,
                };
                if !found {
                    return Err(Problem::instance_required(&at, format!("{value} is still referred to")));
                }
            }
        }
        Ok(())
    }

    /// Services before accesses where they are set, after them where they are removed, so that replay never meets
    /// a dangling reference.
    fn changes(self) -> Vec<Change> {
        let tree = self.tree;
        let mut changes = Vec::new();
        let mut removed = Vec::new();
        for (id, value) in self.services {
            match value {
                None if tree.service(&id).is_some() => removed.push(Change::Service { id, value: None }),
                Some(value) if tree.service(&id).map(|held| &held.value) != Some(&value) => {
                    changes.push(Change::Service { id, value: Some(value) });
                }
                None | Some(_) => {}
            }
        }
        for (id, value) in self.sites {
            if tree.site(&id).map(|held| &held.value) != Some(&value) {
                changes.push(Change::Site { id, value });
            }
        }
        for ((site, id), value) in self.accesses {
            if tree.access(&site, &id) != value.as_ref() {
                changes.push(Change::Access { site, id, value });
            }
        }
        changes.extend(removed);
        changes
    }
}

fn bare_management(members: &Members) -> String {
    let text = management_of(members);
    text.strip_prefix(l2vpn_svc::MODULE).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text).to_owned()
}

//! The configuration tree: services, sites and their accesses, and the changes that lead from one state to the next.
//!
//! A change is data, so that the same function applies it now and at replay of the journal. What may be changed is
//! decided before, in `draft`; nothing here refuses.

use crate::options::SiteOption;
use crate::yang::Members;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Name of one access: the site's id and the access's own.
pub(crate) type AccessName = (String, String);

/// One step of a commit; `None` removes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    Service { id: String, value: Option<Members> },
    Site { id: String, value: Members },
    Access { site: String, id: String, value: Option<Members> },
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) value: Members,
    /// When it last came to have two accesses; `None` while it has fewer.
    pub(crate) complete_at_ms: Option<u64>,
    /// It has been complete before: fewer accesses now mean an outage, not construction.
    pub(crate) was_complete: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) value: Members,
    pub(crate) accesses: BTreeMap<String, Members>,
}

#[derive(Debug, Default)]
pub(crate) struct Tree {
    services: BTreeMap<String, Service>,
    sites: BTreeMap<String, Site>,
    /// Which accesses are attached to a service: what forbids its deletion and completes it.
    attached: BTreeMap<String, BTreeSet<AccessName>>,
}

impl Tree {
    pub(crate) fn service(&self, id: &str) -> Option<&Service> {
        self.services.get(id)
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = (&String, &Service)> {
        self.services.iter()
    }

    pub(crate) fn site(&self, id: &str) -> Option<&Site> {
        self.sites.get(id)
    }

    pub(crate) fn sites(&self) -> impl Iterator<Item = (&String, &Site)> {
        self.sites.iter()
    }

    pub(crate) fn access(&self, site: &str, id: &str) -> Option<&Members> {
        self.sites.get(site)?.accesses.get(id)
    }

    /// The accesses attached to a service, in order of site and id.
    pub(crate) fn attached(&self, vpn: &str) -> impl Iterator<Item = &AccessName> {
        self.attached.get(vpn).into_iter().flatten()
    }

    pub(crate) fn apply(&mut self, change: Change, at_ms: u64) {
        match change {
            Change::Service { id, value: Some(value) } => {
                let complete = self.attached(&id).count() >= 2;
                let held = self.services.entry(id).or_insert_with(|| Service {
                    value: Members::new(),
                    complete_at_ms: complete.then_some(at_ms),
                    was_complete: complete,
                });
                held.value = value;
            }
            Change::Service { id, value: None } => {
                self.services.remove(&id);
            }
            Change::Site { id, value } => self.sites.entry(id).or_default().value = value,
            Change::Access { site, id, value } => self.apply_access(site, id, value, at_ms),
        }
    }

    fn apply_access(&mut self, site: String, id: String, value: Option<Members>, at_ms: u64) {
        let name = (site, id);
        let accesses = &mut self.sites.entry(name.0.clone()).or_default().accesses;
        let before = match &value {
            Some(value) => accesses.insert(name.1.clone(), value.clone()),
            None => accesses.remove(&name.1),
        };
        let before = before.as_ref().and_then(vpn_of).map(str::to_owned);
        let after = value.as_ref().and_then(vpn_of).map(str::to_owned);
        if before == after {
            return;
        }
        if let Some(vpn) = before {
            if let Some(attached) = self.attached.get_mut(&vpn) {
                attached.remove(&name);
                if attached.is_empty() {
                    self.attached.remove(&vpn);
                }
            }
            self.note_completeness(&vpn, at_ms);
        }
        if let Some(vpn) = after {
            self.attached.entry(vpn.clone()).or_default().insert(name);
            self.note_completeness(&vpn, at_ms);
        }
    }

    fn note_completeness(&mut self, vpn: &str, at_ms: u64) {
        let complete = self.attached(vpn).count() >= 2;
        if let Some(service) = self.services.get_mut(vpn) {
            service.complete_at_ms = complete.then(|| service.complete_at_ms.unwrap_or(at_ms));
            service.was_complete |= complete;
        }
    }
}

/// The service that an access is attached to.
pub(crate) fn vpn_of(access: &Members) -> Option<&str> {
    access.get("vpn-attachment")?.get("vpn-id")?.as_str()
}

/// The site's `management/type`, on which the schema's conditions hang; empty where it has none.
pub(crate) fn management_of(site: &Members) -> &str {
    site.get("management").and_then(|node| node.get("type")).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a site has the device (or the location) called `wanted`.
pub(crate) fn has_entry(site: &Members, container: &str, list: &str, key: &str, wanted: &str) -> bool {
    site.get(container).and_then(|node| node.get(list)).and_then(Value::as_array).is_some_and(|entries| {
        entries.iter().any(|entry| entry.get(key).and_then(Value::as_str) == Some(wanted))
    })
}

/// The nodes of an operator's site: provider-managed, one location, the given devices.
pub(crate) fn site_members(site: &SiteOption) -> Members {
    let location = format!("{}-loc", site.id);
    let devices: Vec<Value> =
        site.devices.iter().map(|device| json!({"device-id": device, "location": location})).collect();
    let value = json!({
        "site-id": site.id,
        "management": {"type": "provider-managed"},
        "default-ce-vlan-id": 1,
        "locations": {"location": [{"location-id": location}]},
        "devices": {"device": devices},
    });
    value.as_object().cloned().unwrap_or_default()
}

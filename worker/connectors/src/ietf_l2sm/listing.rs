//! What concerns the controller as a whole: whether it is the right one, what is attached to a service, which
//! services are ours.

use super::body::{Plan, ROOT};
use super::compare::{difference, entries};
use super::connector::{L2sm, Look, probed, service_id};
use super::names::{AccessName, noted};
use crate::port::{Class, Failure, Listing, Remote};
use crate::restconf::{members, strip};
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeMap;
use wanlink_domain::action::Found;
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Reason;

const MODULE: &str = "ietf-l2vpn-svc";
const NAME_FIELDS: &str = "vpn-service(vpn-id;customer-name)";
const SERVICE_FIELDS: &str = "vpn-service";
const ACCESS_FIELDS: &str =
    "site(site-id;site-network-accesses/site-network-access(network-access-id;vpn-attachment/vpn-id))";
/// The same with all that wishes are compared with.
const SITE_FIELDS: &str = "site(site-id;site-network-accesses)";

impl L2sm {
    /// Reach, credentials, and the model: by the server's own library (RFC 8525, or RFC 7895 before it), and where
    /// it keeps none, by the model's container, which an empty server may not have.
    pub(super) async fn reach(&self) -> Result<(), Failure> {
        for library in ["/ietf-yang-library:yang-library", "/ietf-yang-library:modules-state"] {
            match self.restconf.get_list(library, "module-set/module(name)").await {
                Ok(Some(answer)) if names_module(&answer) => return Ok(()),
                Ok(Some(_)) => {
                    return Err(Failure {
                        class: Class::Invalid,
                        detail: format!(
                            "the controller does not implement {MODULE}: its YANG library has none"
                        ),
                        retry_after: None,
                    });
                }
                Ok(None) => {}
                Err(failure) if failure.class == Class::Invalid => {}
                Err(failure) => return Err(failure),
            }
        }
        let path = format!("{ROOT}/vpn-services");
        if self.restconf.get_list(&path, NAME_FIELDS).await?.is_some() {
            return Ok(());
        }
        match self.restconf.get_json(&self.account.root).await? {
            Some(_) => Ok(()),
            None => Err(Failure {
                class: Class::Invalid,
                detail: format!(
                    "no RESTCONF root at {}: check the WIM's URL and restconf_root",
                    self.account.root
                ),
                retry_after: None,
            }),
        }
    }

    /// The accesses that refer to a service, wherever they are.
    pub(super) async fn attached(&self, vpn: &str) -> Result<Vec<AccessName>, Failure> {
        Ok(self.all_attached().await?.remove(vpn).unwrap_or_default())
    }

    async fn all_attached(&self) -> Result<BTreeMap<String, Vec<AccessName>>, Failure> {
        let answer = self.restconf.get_list(&format!("{ROOT}/sites"), ACCESS_FIELDS).await?;
        Ok(answer.as_ref().map(accesses_by_service).unwrap_or_default())
    }

    /// Everything that stands under this installation's mark, in two requests, or three with a probe's list.
    pub(super) async fn all_of_ours(&self) -> Result<Listed, Failure> {
        let mut listed = Listed {
            connector: self.clone(),
            links: Vec::new(),
            services: BTreeMap::new(),
            accesses: BTreeMap::new(),
            statuses: BTreeMap::new(),
        };
        let answer = self.restconf.get_list(&format!("{ROOT}/vpn-services"), SERVICE_FIELDS).await?;
        let services = answer.unwrap_or_default();
        for service in entries(&services, "vpn-services", "vpn-service") {
            listed.take_service(service);
        }
        if listed.services.is_empty() {
            return Ok(listed);
        }
        listed.links.sort_unstable();
        let answer = self.restconf.get_list(&format!("{ROOT}/sites"), SITE_FIELDS).await?;
        each_access(&answer.unwrap_or_default(), |site, id, vpn, access| {
            if listed.services.contains_key(vpn) {
                let name = AccessName { site: site.to_owned(), id: id.to_owned() };
                listed.accesses.entry(vpn.to_owned()).or_default().insert(name, access.to_string());
            }
        });
        if let Some(probe) = &self.account.probe {
            listed.statuses = probe.ask_all(&self.restconf).await?.unwrap_or_default();
        }
        Ok(listed)
    }
}

/// What a list showed. Entries are kept as texts, a fraction of their size when read, until they are compared.
pub(super) struct Listed {
    connector: L2sm,
    links: Vec<LinkId>,
    services: BTreeMap<String, String>,
    accesses: BTreeMap<String, BTreeMap<AccessName, String>>,
    statuses: BTreeMap<String, LinkStatus>,
}

impl Listed {
    fn take_service(&mut self, service: &Value) {
        let text = |name| members(service, name).and_then(Value::as_str);
        let (Some(vpn), Some(customer)) = (text("vpn-id"), text("customer-name")) else { return };
        let mark = &self.connector.account.mark;
        if mark.is_mine(customer) {
            self.links.extend(LinkId::parse(vpn));
        }
        if mark.owns(customer) {
            self.services.insert(vpn.to_owned(), service.to_string());
        }
    }

    fn look(&self, plan: &Plan) -> Look {
        let Some(service) = self.services.get(&plan.vpn) else { return Look::Absent };
        if let Some(what) = difference(&plan.service, &read(service)) {
            return Look::Differs(format!("vpn-service/{what}"));
        }
        let accesses = self.accesses.get(&plan.vpn);
        for (name, wish) in &plan.accesses {
            let Some(access) = accesses.and_then(|all| all.get(name)) else {
                return Look::Missing(name.clone());
            };
            if let Some(what) = difference(wish, &read(access)) {
                return Look::Differs(format!("site {}, access {}, {what}", name.site, name.id));
            }
        }
        Look::AsWished
    }

    async fn status(&self, vpn: &str) -> Result<(LinkStatus, Option<Reason>), Failure> {
        match self.statuses.get(vpn) {
            Some(status) => Ok(probed(Some(*status))),
            None => self.connector.operational(vpn).await,
        }
    }

    async fn seen(&self, remote: &Remote) -> Result<Found, Failure> {
        let vpn = service_id(remote);
        let Some(plan) = self.connector.plan_of(&vpn, remote)? else {
            return self.seen_without_wish(&vpn, remote).await;
        };
        if let Some(found) = self.connector.otherwise(&plan, self.look(&plan)) {
            return Ok(found);
        }
        let (status, reason) = self.status(&vpn).await?;
        Ok(self.connector.found(&vpn, Some(status), plan.names(), reason))
    }

    /// Without notes, what is attached stands for them.
    async fn seen_without_wish(&self, vpn: &str, remote: &Remote) -> Result<Found, Failure> {
        let attached = self.accesses.get(vpn);
        let noted = noted(remote.conn_info.as_ref());
        let names =
            noted.unwrap_or_else(|| attached.into_iter().flatten().map(|(name, _)| name.clone()).collect());
        if !self.services.contains_key(vpn) {
            return Ok(self.connector.found(vpn, None, &names, None));
        }
        let missing = names.iter().find(|name| !attached.is_some_and(|all| all.contains_key(*name)));
        if let Some(missing) = missing {
            return Ok(self.connector.incomplete(vpn, &names, missing));
        }
        let (status, reason) = self.status(vpn).await?;
        Ok(self.connector.found(vpn, Some(status), &names, reason))
    }
}

#[async_trait]
impl Listing for Listed {
    fn links(&self) -> &[LinkId] {
        &self.links
    }

    async fn found(&self, remote: &Remote) -> Result<Found, Failure> {
        self.connector.within(false, self.seen(remote)).await
    }
}

/// A text of our own making; one that could not be read would differ from every wish.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// RFC 8525 nests modules in sets, RFC 7895 does not.
fn names_module(library: &Value) -> bool {
    match library {
        Value::Object(entries) => entries.iter().any(|(name, value)| match strip(name) {
            "name" => value == MODULE,
            _ => names_module(value),
        }),
        Value::Array(entries) => entries.iter().any(names_module),
        _ => false,
    }
}

fn accesses_by_service(sites: &Value) -> BTreeMap<String, Vec<AccessName>> {
    let mut attached: BTreeMap<String, Vec<AccessName>> = BTreeMap::new();
    each_access(sites, |site, id, vpn, _| {
        let name = AccessName { site: site.to_owned(), id: id.to_owned() };
        attached.entry(vpn.to_owned()).or_default().push(name);
    });
    attached
}

/// Hands over each access that refers to a service: its site, its id, the service's id, itself.
fn each_access(sites: &Value, mut then: impl FnMut(&str, &str, &str, &Value)) {
    for site in entries(sites, "sites", "site") {
        let Some(site_id) = members(site, "site-id").and_then(Value::as_str) else { continue };
        let Some(accesses) = members(site, "site-network-accesses") else { continue };
        for access in entries(accesses, "site-network-accesses", "site-network-access") {
            let id = members(access, "network-access-id").and_then(Value::as_str);
            let vpn = members(access, "vpn-attachment")
                .and_then(|one| members(one, "vpn-id"))
                .and_then(Value::as_str);
            if let (Some(id), Some(vpn)) = (id, vpn) {
                then(site_id, id, vpn, access);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_library_of_either_rfc_is_read() {
        let new = json!({"ietf-yang-library:yang-library": {"module-set": [
            {"name": "all", "module": [{"name": "ietf-yang-types"}, {"name": "ietf-l2vpn-svc"}]}]}});
        let old = json!({"ietf-yang-library:modules-state": {"module": [{"name": "ietf-l2vpn-svc"}]}});
        let other = json!({"ietf-yang-library:yang-library": {"module-set": [{"module": [{"name": "ietf-l3vpn-svc"}]}]}});
        assert!(names_module(&new) && names_module(&old));
        assert!(!names_module(&other) && !names_module(&json!({})));
    }

    #[test]
    fn attached_accesses_are_found_at_every_site() {
        let access =
            |id: &str, vpn: &str| json!({"network-access-id": id, "vpn-attachment": {"vpn-id": vpn}});
        let sites = json!({"ietf-l2vpn-svc:sites": {"site": [
            {"site-id": "a", "site-network-accesses": {"site-network-access": [access("1", "v"), access("2", "w")]}},
            {"site-id": "b", "site-network-accesses": {"site-network-access": [access("3", "v"), {}]}},
            {"site-id": "c"}, {}]}});
        let attached = accesses_by_service(&sites);
        let names: Vec<(&str, &str)> =
            attached["v"].iter().map(|one| (one.site.as_str(), one.id.as_str())).collect();
        assert_eq!(names, [("a", "1"), ("b", "3")]);
        assert_eq!(attached["w"].len(), 1);
    }
}

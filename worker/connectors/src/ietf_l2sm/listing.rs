//! What concerns the controller as a whole: whether it is the right one, what is attached to a service, which
//! services are ours.

use super::body::ROOT;
use super::compare::entries;
use super::connector::L2sm;
use super::names::AccessName;
use crate::port::{Class, Failure};
use crate::restconf::{members, strip};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value;
use std::collections::BTreeMap;
use wanlink_domain::action::Found;
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::LinkStatus;

const MODULE: &str = "ietf-l2vpn-svc";
const SERVICE_FIELDS: &str = "vpn-service(vpn-id;customer-name)";
const ACCESS_FIELDS: &str =
    "site(site-id;site-network-accesses/site-network-access(network-access-id;vpn-attachment/vpn-id))";
/// Probes under way at once while listing.
const PROBES_MAX: usize = 8;

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
        if self.restconf.get_list(&path, SERVICE_FIELDS).await?.is_some() {
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

    /// Without wishes there is nothing to compare with: where nothing is probed, a service with two accesses or more
    /// counts as configured, and [`crate::port::Connector::observe`] says more.
    pub(super) async fn all_of_ours(&self) -> Result<Vec<(LinkId, Found)>, Failure> {
        let answer = self.restconf.get_list(&format!("{ROOT}/vpn-services"), SERVICE_FIELDS).await?;
        let links = answer.as_ref().map(|answer| self.links_of(answer)).unwrap_or_default();
        if links.is_empty() {
            return Ok(Vec::new());
        }
        let mut attached = self.all_attached().await?;
        let links = links.into_iter().map(|(link, vpn)| {
            let names = attached.remove(&vpn).unwrap_or_default();
            self.listed(link, vpn, names)
        });
        stream::iter(links.collect::<Vec<_>>()).buffered(PROBES_MAX).try_collect().await
    }

    fn links_of(&self, answer: &Value) -> Vec<(LinkId, String)> {
        let services = entries(answer, "vpn-services", "vpn-service").into_iter();
        let text = |service, name| members(service, name).and_then(Value::as_str);
        services
            .filter(|service| {
                text(service, "customer-name").is_some_and(|name| self.account.mark.is_mine(name))
            })
            .filter_map(|service| text(service, "vpn-id"))
            .filter_map(|vpn| LinkId::parse(vpn).map(|link| (link, vpn.to_owned())))
            .collect()
    }

    async fn listed(
        &self,
        link: LinkId,
        vpn: String,
        names: Vec<AccessName>,
    ) -> Result<(LinkId, Found), Failure> {
        let (status, reason) = match names.len() {
            0 | 1 => (LinkStatus::Build, None),
            _ => self.operational(&vpn).await?,
        };
        Ok((link, self.found(&vpn, Some(status), &names, reason)))
    }
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
    for site in entries(sites, "sites", "site") {
        let Some(site_id) = members(site, "site-id").and_then(Value::as_str) else { continue };
        let Some(accesses) = members(site, "site-network-accesses") else { continue };
        for access in entries(accesses, "site-network-accesses", "site-network-access") {
            let id = members(access, "network-access-id").and_then(Value::as_str);
            let vpn = members(access, "vpn-attachment")
                .and_then(|one| members(one, "vpn-id"))
                .and_then(Value::as_str);
            if let (Some(id), Some(vpn)) = (id, vpn) {
                let name = AccessName { site: site_id.to_owned(), id: id.to_owned() };
                attached.entry(vpn.to_owned()).or_default().push(name);
            }
        }
    }
    attached
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

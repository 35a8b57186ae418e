//! The names of a link's parts at the controller: they follow from the link, so that a retry meets its own work.

use crate::port::{Class, Failure};
use serde_json::{Value, json};
use wanlink_domain::ids::{AccountId, InstallationId, LinkId, derive};
use wanlink_domain::link::{ConnectionPoint, Encapsulation};

/// Hex digits of an endpoint's key: among the endpoints of one link no two will ever share 64 bits.
const ENDPOINT_KEY_LEN: usize = 16;
/// Hex digits of the account in a mark: its random end.
const ACCOUNT_LEN: usize = 12;

/// The ownership mark: `customer-name` of our services is `wanlink-<installation>-<end of the account's id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    installation: String,
    whole: String,
}

impl Mark {
    pub(super) fn new(installation: InstallationId, account: AccountId) -> Self {
        let installation = format!("wanlink-{}", installation.0.simple());
        let account = account.0.simple().to_string();
        let whole = format!("{installation}-{}", &account[account.len() - ACCOUNT_LEN..]);
        Self { installation, whole }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.whole
    }

    /// This deployment made it, for whichever account: link ids are the deployment's, so it is ours to change.
    pub(super) fn owns(&self, customer: &str) -> bool {
        customer.strip_prefix(&self.installation).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Made for this very account: what listing shows.
    pub(super) fn is_mine(&self, customer: &str) -> bool {
        customer == self.whole
    }
}

/// `vpn-id`: the link's id, hyphenated.
pub(super) fn vpn_id(link: LinkId) -> String {
    link.to_string()
}

/// `network-access-id`: the link and what tells its endpoints apart; never their position in a list, which an edit
/// moves.
pub(super) fn access_id(link: LinkId, site: &str, point: &ConnectionPoint) -> String {
    let frames = match &point.service_endpoint_encapsulation {
        Encapsulation::None => "none".to_owned(),
        Encapsulation::Dot1q { vlan } => format!("dot1q:{vlan}"),
        Encapsulation::Vxlan { vni, .. } => format!("vxlan:{vni}"),
    };
    let key = derive(link.0, &[site, &point.service_endpoint_id, &frames]).simple().to_string();
    format!("{}-{}", vpn_id(link), &key[..ENDPOINT_KEY_LEN])
}

/// Where one access of a link is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AccessName {
    pub(super) site: String,
    pub(super) id: String,
}

/// The notes that a removal needs: which accesses stand at which sites.
pub(super) fn conn_info<'a>(accesses: impl IntoIterator<Item = &'a AccessName>) -> Value {
    let accesses: Vec<Value> =
        accesses.into_iter().map(|name| json!({ "site": name.site, "id": name.id })).collect();
    json!({ "v": 1, "accesses": accesses })
}

/// Reads [`conn_info`] back; what is not in its form is as good as none.
pub(super) fn noted(conn_info: Option<&Value>) -> Option<Vec<AccessName>> {
    let accesses = conn_info.filter(|info| info["v"] == 1)?["accesses"].as_array()?;
    accesses
        .iter()
        .map(|entry| {
            let text = |name: &str| entry[name].as_str().map(str::to_owned);
            Some(AccessName { site: text("site")?, id: text("id")? })
        })
        .collect()
}

pub(super) fn conflict(vpn: &str, customer: &str) -> Failure {
    Failure {
        class: Class::Conflict,
        detail: format!(
            "vpn-service {vpn} at the controller belongs to {customer:?}, not to this installation"
        ),
        retry_after: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn point(site: &str, endpoint: &str, encapsulation: Encapsulation) -> ConnectionPoint {
        ConnectionPoint {
            site: site.to_owned(),
            service_endpoint_id: endpoint.to_owned(),
            service_endpoint_encapsulation: encapsulation,
            service_mapping_info: None,
        }
    }

    #[test]
    fn an_access_is_named_by_what_it_is_and_by_nothing_else() {
        let link = LinkId(Uuid::from_u128(7));
        let id = |site: &str, endpoint: &str, encapsulation| {
            access_id(link, site, &point(site, endpoint, encapsulation))
        };
        let vlan = |vlan| Encapsulation::Dot1q { vlan };
        let base = id("a", "pe1:1", vlan(300));
        assert_eq!(base, id("a", "pe1:1", vlan(300)));
        assert!(base.starts_with("00000000-0000-0000-0000-000000000007-"));
        assert_eq!(base.len(), 36 + 1 + ENDPOINT_KEY_LEN);
        for other in [
            id("b", "pe1:1", vlan(300)),
            id("a", "pe1:2", vlan(300)),
            id("a", "pe1:1", vlan(301)),
            id("a", "pe1:1", Encapsulation::None),
            id("a", "pe1:1", Encapsulation::Vxlan { vni: 300, peers: Vec::new() }),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_mark_tells_installations_and_accounts_apart() {
        let installation = InstallationId(Uuid::from_u128(0xabc));
        let mark = Mark::new(installation, AccountId(Uuid::from_u128(1)));
        let other_account = Mark::new(installation, AccountId(Uuid::from_u128(2)));
        let other_installation =
            Mark::new(InstallationId(Uuid::from_u128(0xdef)), AccountId(Uuid::from_u128(1)));
        assert_eq!(mark.as_str(), "wanlink-00000000000000000000000000000abc-000000000001");
        assert!(mark.is_mine(mark.as_str()) && mark.owns(other_account.as_str()));
        assert!(!mark.is_mine(other_account.as_str()));
        assert!(!mark.owns(other_installation.as_str()) && !mark.owns("wanlink-") && !mark.owns(""));
    }

    #[test]
    fn notes_are_read_back_and_foreign_ones_are_not() {
        let names = [AccessName { site: "a".to_owned(), id: "1".to_owned() }];
        assert_eq!(noted(Some(&conn_info(&names))).as_deref(), Some(&names[..]));
        for other in
            [json!({}), json!([]), json!({"v": 2, "accesses": []}), json!({"v": 1, "accesses": [{}]})]
        {
            assert_eq!(noted(Some(&other)), None);
        }
        assert_eq!(noted(None), None);
    }
}

//! What the connector tests share: wishes to make, and a world (a controller with faults on demand) per kind.

#![allow(dead_code, reason = "each test file uses its part")]

pub mod emulated;
pub mod simulated;

use async_trait::async_trait;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;
use wanlink_connectors::port::{Connector, Desired, Remote, Settings};
use wanlink_domain::action::Found;
use wanlink_domain::ids::{AccountId, InstallationId, LinkId};
use wanlink_domain::link::{ConnectionPoint, Encapsulation, LinkStatus, ResolvedWish, ServiceType};
use wanlink_runtime::seal::Secret;

/// Longer than any wait of a test that passes.
pub const PATIENCE: Duration = Duration::from_secs(20);
pub const PASSWORD: &str = "correct horse";

/// A port call on which trouble falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Ensure,
    Remove,
    Observe,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It takes effect and its answer is lost.
    LostAnswer,
    /// It is lost before it takes effect.
    LostRequest,
    /// Refused, come back in two seconds.
    Busy,
    /// Something that the operator owns is missing.
    DependencyMissing,
}

/// What was done to one service, by the controller's own ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    pub created: u64,
    pub changed: u64,
    pub removed: u64,
}

/// A controller under test, with the connectors of its accounts.
#[async_trait]
pub trait World: Send + Sync {
    /// New links take this long to be ACTIVE.
    async fn start(build: Duration) -> Self
    where
        Self: Sized;

    /// A connector built anew, as another worker would.
    fn connector(&self) -> Box<dyn Connector>;
    /// Another account of the same installation.
    fn other_account(&self) -> Box<dyn Connector>;
    /// The controller refuses these credentials.
    fn locked_out(&self) -> Box<dyn Connector>;
    /// A controller that is not there.
    fn nowhere(&self) -> Box<dyn Connector>;

    /// Somebody else's service under this link's id.
    async fn plant(&self, link: LinkId);
    /// The service goes behind everyone's back.
    async fn vanish(&self, link: LinkId);
    /// Its operational state from now on.
    async fn force(&self, link: LinkId, status: LinkStatus);
    /// Falls on the next call of this kind, once.
    async fn trouble(&self, step: Step, trouble: Trouble);
    async fn effects(&self, link: LinkId) -> Effects;
    /// Whether anything stands under the link's id.
    async fn exists(&self, link: LinkId) -> bool;
}

pub fn link(number: u128) -> LinkId {
    LinkId(Uuid::from_u128(0x0192_5a40_0000_7000_8000_0000_0000_0000 + number))
}

pub fn point(site: &str, vlan: u16) -> ConnectionPoint {
    ConnectionPoint {
        site: site.to_owned(),
        service_endpoint_id: format!("{site}:uni1"),
        service_endpoint_encapsulation: Encapsulation::Dot1q { vlan },
        service_mapping_info: None,
    }
}

/// An ELINE between DC1 and DC2 with 100 Mbit/s.
pub fn eline(number: u128) -> Desired {
    Desired {
        link: link(number),
        name: format!("link {number}"),
        wish: ResolvedWish {
            service_type: ServiceType::Eline,
            connection_points: vec![point("DC1", 300), point("DC2", 301)],
            bandwidth_kbps: Some(100_000),
            latency_ms: None,
        },
    }
}

pub fn with_bandwidth(desired: &Desired, kbps: Option<u64>) -> Desired {
    let wish = ResolvedWish { bandwidth_kbps: kbps, ..desired.wish.clone() };
    Desired { wish, ..desired.clone() }
}

pub fn with_points(desired: &Desired, points: Vec<ConnectionPoint>) -> Desired {
    let service_type = if points.len() == 2 { ServiceType::Eline } else { ServiceType::Elan };
    let wish = ResolvedWish { connection_points: points, service_type, ..desired.wish.clone() };
    Desired { wish, ..desired.clone() }
}

/// A link of which nothing was ever told.
pub fn unknown(link: LinkId) -> Remote {
    Remote { link, service_id: None, conn_info: None, wish: None }
}

/// A link as it was found, with what should be there.
pub fn known(found: &Found, desired: &Desired) -> Remote {
    Remote {
        link: desired.link,
        service_id: found.service_id.clone(),
        conn_info: found.conn_info.clone(),
        wish: Some(desired.wish.clone()),
    }
}

pub async fn make(connector: &dyn Connector, desired: &Desired) -> Found {
    connector.ensure(desired, &unknown(desired.link)).await.expect("the link is made")
}

/// Looks until the link is in this state.
pub async fn until(connector: &dyn Connector, remote: &Remote, status: LinkStatus) -> Found {
    let looking = async {
        loop {
            let found = connector.observe(remote).await.expect("it can be observed");
            if found.status == Some(status) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("the state comes in time")
}

pub fn settings(url: String, account: u128, password: Option<&str>, config: serde_json::Value) -> Settings {
    let secret = password.map(|password| ("password".to_owned(), Secret::new(password)));
    Settings {
        account: AccountId(Uuid::from_u128(account)),
        installation: InstallationId(Uuid::from_u128(0xabc)),
        account_name: "acme".to_owned(),
        wim_url: url,
        user: password.map(|_| "wanlink".to_owned()),
        config: serde_json::from_value(config).expect("an object"),
        secrets: secret.into_iter().collect::<BTreeMap<_, _>>(),
    }
}

/// All that a list shows, each link without a wish or notes.
pub async fn listed(connector: &dyn Connector) -> Vec<(LinkId, Found)> {
    let list = connector.list().await.unwrap();
    let mut found = Vec::new();
    for link in list.links() {
        found.push((*link, list.found(&unknown(*link)).await.unwrap()));
    }
    found
}

//! A WAN link: what is wanted between its endpoints, and what is known of it at the controller.

use crate::accepted::{AcceptedAt, Order};
use crate::catalogue::SwitchPort;
use crate::ids::{AccountId, LinkId, NetworkId, ServiceId, SiteId, TenantId, WimId};
use crate::reason::Reason;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// The kind of connectivity (MEF 6.3 service types; L3: routed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ServiceType {
    Eline,
    Elan,
    Etree,
    L3,
}

impl ServiceType {
    pub const ALL: [ServiceType; 4] = [Self::Eline, Self::Elan, Self::Etree, Self::L3];

    /// The kind that joins so many endpoints where nobody says which.
    pub fn joining(endpoints: usize) -> Self {
        if endpoints <= 2 { Self::Eline } else { Self::Elan }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eline => "ELINE",
            Self::Elan => "ELAN",
            Self::Etree => "ETREE",
            Self::L3 => "L3",
        }
    }
}

/// How a link's frames are told apart at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Encapsulation {
    #[default]
    None,
    /// IEEE 802.1Q; 1 to 4094.
    Dot1q { vlan: u16 },
    /// RFC 7348; 24 bits.
    Vxlan {
        vni: u32,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        peers: Vec<String>,
    },
}

impl Encapsulation {
    pub fn kind(&self) -> EncapsulationKind {
        match self {
            Self::None => EncapsulationKind::None,
            Self::Dot1q { .. } => EncapsulationKind::Dot1q,
            Self::Vxlan { .. } => EncapsulationKind::Vxlan,
        }
    }
}

/// An encapsulation without its values: what a connector says it can attach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EncapsulationKind {
    None,
    Dot1q,
    Vxlan,
}

impl EncapsulationKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Dot1q => "dot1q",
            Self::Vxlan => "vxlan",
        }
    }
}

/// One end of a link, as it is wished. The connection point at the WIM is found when an attempt starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    pub site_id: SiteId,
    /// The network whose state gates the link and whose rules find the port.
    pub network_id: Option<NetworkId>,
    /// The port, where no rule shall find it.
    pub port: Option<SwitchPort>,
    pub encapsulation: Encapsulation,
}

/// What a user wants of a link: what a later action compares and a connector is given (resolved).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    pub service_type: ServiceType,
    pub endpoints: Vec<Endpoint>,
    /// kbit/s.
    pub bandwidth_kbps: Option<u64>,
    pub latency_ms: Option<u32>,
}

/// One end of a link with everything that a connector needs of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionPoint {
    /// The site's name: what an operator called it at the controller, too.
    pub site: String,
    pub service_endpoint_id: String,
    pub service_endpoint_encapsulation: Encapsulation,
    pub service_mapping_info: Option<Value>,
}

/// A wish whose endpoints are resolved; travels in a verdict to the worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolvedWish {
    pub service_type: ServiceType,
    pub connection_points: Vec<ConnectionPoint>,
    pub bandwidth_kbps: Option<u64>,
    pub latency_ms: Option<u32>,
}

/// A link's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LinkStatus {
    ScheduledCreation,
    Build,
    Active,
    Inactive,
    Down,
    Error,
    /// Its controller cannot be asked.
    WimError,
    ScheduledDeletion,
    /// A tombstone: explains why nothing is at the controller.
    Deleted,
}

/// Where a link's ACTIVE comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusSource {
    /// The controller was asked for the operational state of this link.
    Probe,
    /// The controller holds the configuration that was wished; nothing was said of packets.
    Configured,
}

/// One link: the row. The wish is that of all accepted actions which still stand, in accepted order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub id: LinkId,
    pub tenant_id: TenantId,
    pub wim_id: WimId,
    pub account_id: AccountId,
    /// For people; not unique.
    pub name: String,
    /// The network service that it is a part of, and which of its virtual links it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_service_id: Option<ServiceId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_link: Option<String>,
    pub wish: Wish,
    pub status: LinkStatus,
    /// Why it is in this state, where that needs saying; gone when it recovers.
    pub status_reason: Option<Reason>,
    pub status_since: Timestamp,
    pub status_source: Option<StatusSource>,
    /// The last state that the controller showed, for when a deletion is called off.
    pub observed_status: Option<LinkStatus>,
    /// The connectivity service's id at the WIM.
    pub service_id: Option<String>,
    /// The connector's own notes on it: opaque.
    pub conn_info: Option<Value>,
    /// An attempt for it was ever begun: something may be at the controller.
    pub touched: bool,
    /// The newest accepted action; the next is above it.
    pub newest_at: AcceptedAt,
    /// The latest action in accepted order that was ever begun.
    pub begun: Option<Order>,
    /// The DELETE that was accepted for it, while it stands.
    pub deletion: Option<Order>,
    /// When an attempt of it was lost: what it had begun may still land, so a removal looks a second time.
    pub lost_at: Option<Timestamp>,
    /// The wish as ended actions left it, done and failed ones alike: what is tried again, and what the patches of
    /// unfinished edits are laid over. One that was called off or superseded left nothing.
    pub effective: Option<Wish>,
    pub last_seen_at: Option<Timestamp>,
    /// When it is observed next; `None`: not while an action is unfinished, or never again.
    pub refresh_due_at: Option<Timestamp>,
    /// Last sequence number of an event about this link.
    pub event_seq: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
    pub deleted_at: Option<Timestamp>,
}

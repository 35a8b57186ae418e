//! The objects that operators keep: tenants, sites, WIMs, WIM accounts, port mappings and networks.
//!
//! Each struct is one row of the database and its fields are the column names, so there is no second list of
//! them. `version` counts the changes of a row and is what an update names as expected. Times are the database's.

use crate::ids::{AccountId, NetworkId, PortMappingId, ServiceId, SessionId, SiteId, TenantId, WimId};
use crate::link::Encapsulation;
use crate::reason::Reason;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// One user organisation; owns accounts, networks and links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    pub id: TenantId,
    /// Unique, case-sensitive.
    pub name: String,
    pub description: Option<String>,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// A datacenter or point of presence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Site {
    pub id: SiteId,
    /// Unique, case-sensitive.
    pub name: String,
    pub description: Option<String>,
    /// Degrees north, -90 to 90.
    pub latitude: Option<f64>,
    /// Degrees east, -180 to 180.
    pub longitude: Option<f64>,
    /// Which of the site's ports leads out for which networks: the first rule that matches counts.
    pub external_connections: Vec<ExternalConnection>,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// A rule: a network whose `vim_info` has all these values leaves the site through this port.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalConnection {
    #[serde(default)]
    pub condition: BTreeMap<String, Value>,
    pub vim_external_port: SwitchPort,
}

/// A switch port of a site.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchPort {
    /// The switch's datapath id: words of letters and digits joined by colons.
    pub switch: String,
    pub port: String,
}

/// A WAN controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wim {
    pub id: WimId,
    /// Unique, case-sensitive.
    pub name: String,
    pub description: Option<String>,
    /// The connector kind, such as `ietf_l2sm`.
    #[serde(rename = "type")]
    pub kind: String,
    pub wim_url: String,
    /// Connector settings for all accounts at this WIM; an account's own keys win. Holds no secret.
    pub config: Map<String, Value>,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// A secret as it is stored and sent: sealed for the workers, bound to its account and field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sealed(pub String);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealed(..)")
    }
}

/// One tenant's credentials and scope at one WIM.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub id: AccountId,
    pub tenant_id: TenantId,
    /// One account per (WIM, tenant).
    pub wim_id: WimId,
    pub name: String,
    pub user: Option<String>,
    /// Connector settings without secrets.
    pub config: Map<String, Value>,
    /// Secrets by field: `password`, or a key of the connector's `config` that its schema calls secret.
    pub secrets: BTreeMap<String, Sealed>,
    pub phase: AccountPhase,
    pub status: AccountStatus,
    pub status_reason: Option<Reason>,
    pub status_since: Timestamp,
    /// When a session last told the status, changed or not.
    pub checked_at: Option<Timestamp>,
    /// Grows with each grant and with each end of a lease; what carries an older one is stale.
    pub epoch: i64,
    /// The session that holds the account under `epoch`; `None`: nobody may act for it.
    pub session_id: Option<SessionId>,
    /// The session that held it before and has not said `released`.
    pub former_session_id: Option<SessionId>,
    /// When the former session's lease ends even without that word.
    pub former_until: Option<Timestamp>,
    /// When its links are observed next, all at once; `None`: its connector does not list, and each has a time of its own.
    pub refresh_due_at: Option<Timestamp>,
    /// When the latest list was asked for with which all its settled links were compared.
    pub listed_at: Option<Timestamp>,
    /// Services that this list showed under our mark and that no link explains.
    pub unknown_services: i32,
    /// Last sequence number of an event about this account.
    pub event_seq: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// Where an account is in the making of its queue (design 3, "A record explains every queue").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountPhase {
    /// The row is there, its queue not yet.
    Creating,
    /// Planned on and leased.
    Ready,
    /// Its session is ended and its queue goes; the row goes last.
    Deleting,
}

/// What the account's monitor found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AccountStatus {
    /// Not yet checked under the current settings.
    Pending,
    Reachable,
    Unreachable,
    /// Reachable, but unusable: credentials refused, or the connector cannot be built.
    Error,
}

/// Which WIM endpoint a site's switch port leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PortMapping {
    pub id: PortMappingId,
    pub wim_id: WimId,
    pub site_id: SiteId,
    /// Unique per (WIM, site, switch, port).
    pub pop_switch_dpid: String,
    pub pop_switch_port: String,
    /// Unique per WIM.
    pub wan_service_endpoint_id: String,
    pub wan_service_mapping_info: Option<Value>,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// One site's local network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    pub id: NetworkId,
    pub tenant_id: TenantId,
    pub site_id: SiteId,
    /// Unique per tenant, case-sensitive.
    pub name: String,
    /// The multi-site service and the virtual link that it is part of.
    pub service: Option<String>,
    pub virtual_link: Option<String>,
    pub status: NetworkStatus,
    pub status_detail: Option<String>,
    /// What the site's controller says of it; external-port rules match on it.
    pub vim_info: Map<String, Value>,
    /// The port through which it leaves its site, where no rule shall choose.
    pub external_port: Option<SwitchPort>,
    pub encapsulation: Encapsulation,
    /// The network service that it was made with and goes with.
    #[serde(default)]
    pub network_service_id: Option<ServiceId>,
    /// It is no part of its service any more, and goes as soon as no link needs it.
    #[serde(default)]
    pub leaving: bool,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// A network's state at its site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NetworkStatus {
    ScheduledCreation,
    Build,
    Inactive,
    Active,
    Down,
    Error,
    VimError,
    Deleted,
}

/// What a network's state means for a link that needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkGate {
    /// The link may be made.
    Open,
    /// The link waits.
    Building,
    /// The link fails.
    Failed,
}

impl NetworkStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ScheduledCreation => "SCHEDULED_CREATION",
            Self::Build => "BUILD",
            Self::Inactive => "INACTIVE",
            Self::Active => "ACTIVE",
            Self::Down => "DOWN",
            Self::Error => "ERROR",
            Self::VimError => "VIM_ERROR",
            Self::Deleted => "DELETED",
        }
    }

    pub fn gate(self) -> NetworkGate {
        match self {
            Self::Active => NetworkGate::Open,
            Self::ScheduledCreation | Self::Build | Self::Inactive => NetworkGate::Building,
            Self::Down | Self::Error | Self::VimError | Self::Deleted => NetworkGate::Failed,
        }
    }
}

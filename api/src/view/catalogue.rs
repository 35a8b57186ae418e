//! The catalogue's objects as callers see them.

use super::{Paused, Time};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use wanlink_domain::catalogue::{
    self as row, AccountPhase, AccountStatus, ExternalConnection, NetworkStatus, SwitchPort,
};
use wanlink_domain::draft::PASSWORD;
use wanlink_domain::ids::{AccountId, NetworkId, PortMappingId, ServiceId, SiteId, TenantId, WimId};
use wanlink_domain::link::Encapsulation;
use wanlink_domain::object::Object;
use wanlink_domain::reason::Reason;
use wanlink_domain::validate::config::MASK;

/// Any object of the catalogue.
pub fn object(object: &Object) -> Value {
    let shown = match object {
        Object::Tenant(it) => serde_json::to_value(Tenant::from(it)),
        Object::Site(it) => serde_json::to_value(Site::from(it)),
        Object::Wim(it) => serde_json::to_value(Wim::from(it)),
        Object::Account(it) => serde_json::to_value(Account::from(it)),
        Object::PortMapping(it) => serde_json::to_value(PortMapping::from(it)),
        Object::Network(it) => serde_json::to_value(Network::from(it)),
    };
    // Keys are texts and numbers are finite: there is nothing that could fail.
    shown.unwrap_or_default()
}

/// One user organisation; owns accounts, networks and links.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tenant {
    id: TenantId,
    /// Unique, case-sensitive.
    name: String,
    description: Option<String>,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl From<&row::Tenant> for Tenant {
    fn from(it: &row::Tenant) -> Self {
        Self {
            id: it.id,
            name: it.name.clone(),
            description: it.description.clone(),
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

/// A datacenter or point of presence.
#[derive(Debug, Serialize, ToSchema)]
pub struct Site {
    id: SiteId,
    /// Unique, case-sensitive.
    name: String,
    description: Option<String>,
    /// Degrees north, -90 to 90.
    latitude: Option<f64>,
    /// Degrees east, -180 to 180.
    longitude: Option<f64>,
    /// Which of the site's ports leads out for which networks: the first rule that matches counts.
    external_connections: Vec<ExternalConnection>,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl From<&row::Site> for Site {
    fn from(it: &row::Site) -> Self {
        Self {
            id: it.id,
            name: it.name.clone(),
            description: it.description.clone(),
            latitude: it.latitude,
            longitude: it.longitude,
            external_connections: it.external_connections.clone(),
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

/// A WAN controller.
#[derive(Debug, Serialize, ToSchema)]
pub struct Wim {
    id: WimId,
    /// Unique, case-sensitive.
    name: String,
    description: Option<String>,
    /// The connector kind, such as `ietf_l2sm`.
    #[serde(rename = "type")]
    kind: String,
    wim_url: String,
    /// Connector settings for all accounts at this WIM; an account's own keys win.
    config: Map<String, Value>,
    /// Null: it is not paused.
    paused: Option<Paused>,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl From<&row::Wim> for Wim {
    fn from(it: &row::Wim) -> Self {
        Self {
            id: it.id,
            name: it.name.clone(),
            description: it.description.clone(),
            kind: it.kind.clone(),
            wim_url: it.wim_url.clone(),
            config: it.config.clone(),
            paused: None,
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

/// One tenant's credentials and scope at one WIM.
#[derive(Debug, Serialize, ToSchema)]
pub struct Account {
    id: AccountId,
    tenant_id: TenantId,
    /// One account per (WIM, tenant).
    wim_id: WimId,
    name: String,
    user: Option<String>,
    /// `********` where one is set.
    password: Option<&'static str>,
    /// Connector settings; `********` stands where a secret one is set.
    config: Map<String, Value>,
    phase: AccountPhase,
    status: AccountStatus,
    status_reason: Option<Reason>,
    status_since: Time,
    /// When a worker last told the status, changed or not.
    checked_at: Option<Time>,
    /// Null: it is not paused itself; its WIM may be.
    paused: Option<Paused>,
    /// When the latest list was asked for with which all its settled links were compared.
    listed_at: Option<Time>,
    /// Services that this list showed under our mark and that no link explains; nothing removes them by itself.
    unknown_services: i32,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl From<&row::Account> for Account {
    /// Secrets are shown as set, in the place where they were given.
    fn from(it: &row::Account) -> Self {
        let mut config = it.config.clone();
        for field in it.secrets.keys().filter(|field| field.as_str() != PASSWORD) {
            mask(&mut config, field);
        }
        Self {
            id: it.id,
            tenant_id: it.tenant_id,
            wim_id: it.wim_id,
            name: it.name.clone(),
            user: it.user.clone(),
            password: it.secrets.contains_key(PASSWORD).then_some(MASK),
            config,
            phase: it.phase,
            status: it.status,
            status_reason: it.status_reason.clone(),
            status_since: it.status_since.into(),
            checked_at: it.checked_at.map(Time),
            paused: None,
            listed_at: it.listed_at.map(Time),
            unknown_services: it.unknown_services,
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

/// Puts the mask under a dotted key.
fn mask(config: &mut Map<String, Value>, dotted: &str) {
    match dotted.split_once('.') {
        None => {
            config.insert(dotted.to_owned(), Value::from(MASK));
        }
        Some((first, rest)) => {
            let inner = config.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                mask(inner, rest);
            }
        }
    }
}

/// Which WIM endpoint a site's switch port leads to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortMapping {
    id: PortMappingId,
    wim_id: WimId,
    site_id: SiteId,
    /// Unique per (WIM, site, switch, port).
    pop_switch_dpid: String,
    pop_switch_port: String,
    /// Unique per WIM.
    wan_service_endpoint_id: String,
    wan_service_mapping_info: Option<Value>,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl From<&row::PortMapping> for PortMapping {
    fn from(it: &row::PortMapping) -> Self {
        Self {
            id: it.id,
            wim_id: it.wim_id,
            site_id: it.site_id,
            pop_switch_dpid: it.pop_switch_dpid.clone(),
            pop_switch_port: it.pop_switch_port.clone(),
            wan_service_endpoint_id: it.wan_service_endpoint_id.clone(),
            wan_service_mapping_info: it.wan_service_mapping_info.clone(),
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

/// One site's local network.
#[derive(Debug, Serialize, ToSchema)]
pub struct Network {
    id: NetworkId,
    tenant_id: TenantId,
    site_id: SiteId,
    /// Unique per tenant, case-sensitive.
    name: String,
    /// The multi-site service and the virtual link that it is part of.
    service: Option<String>,
    virtual_link: Option<String>,
    status: NetworkStatus,
    status_detail: Option<String>,
    /// What the site's controller says of it; external-port rules match on it.
    vim_info: Map<String, Value>,
    /// The port through which it leaves its site, where no rule shall choose.
    external_port: Option<SwitchPort>,
    encapsulation: Encapsulation,
    /// The network service that it was made with and goes with.
    network_service_id: Option<ServiceId>,
    /// It is no part of its service any more, and goes as soon as no link needs it.
    leaving: bool,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl From<&row::Network> for Network {
    fn from(it: &row::Network) -> Self {
        Self {
            id: it.id,
            tenant_id: it.tenant_id,
            site_id: it.site_id,
            name: it.name.clone(),
            service: it.service.clone(),
            virtual_link: it.virtual_link.clone(),
            status: it.status,
            status_detail: it.status_detail.clone(),
            vim_info: it.vim_info.clone(),
            external_port: it.external_port.clone(),
            encapsulation: it.encapsulation.clone(),
            network_service_id: it.network_service_id,
            leaving: it.leaving,
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

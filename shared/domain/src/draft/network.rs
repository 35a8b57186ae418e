//! Networks as they come in.

use super::{Edit, EncapsulationDraft, SwitchPortDraft, commit};
use crate::catalogue::{Network, NetworkStatus, SwitchPort};
use crate::ids::{NetworkId, SiteId, TenantId};
use crate::link::Encapsulation;
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError, config, rule};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkDraft {
    /// Id or name, where the call itself does not say it.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Id or name.
    pub site: String,
    pub name: String,
    #[serde(default)]
    pub service: Option<String>,
    #[serde(default)]
    pub virtual_link: Option<String>,
    /// Absent: ACTIVE.
    #[serde(default)]
    pub status: Option<NetworkStatus>,
    #[serde(default)]
    pub status_detail: Option<String>,
    /// What the site's controller says of it.
    #[serde(default)]
    pub vim_info: Map<String, Value>,
    #[serde(default)]
    pub external_port: Option<SwitchPortDraft>,
    #[serde(default)]
    pub encapsulation: Option<EncapsulationDraft>,
}

impl NetworkDraft {
    pub fn create(
        self,
        id: NetworkId,
        tenant_id: TenantId,
        site_id: SiteId,
        now: Timestamp,
    ) -> Result<Network, Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check("/name", rule::name(self.name));
        let service = faults.check_some("/service", self.service, rule::name);
        let virtual_link = faults.check_some("/virtual_link", self.virtual_link, rule::name);
        let status_detail = faults.check_some("/status_detail", self.status_detail, rule::description);
        let mut vim_info = Map::new();
        config::merge(&mut vim_info, self.vim_info);
        config::check_shape("/vim_info", &vim_info, &mut faults);
        let external_port = self.external_port.and_then(|port| port.check("/external_port", &mut faults));
        let encapsulation = self.encapsulation.and_then(|given| given.check("/encapsulation", &mut faults));
        let network = name.map(|name| Network {
            id,
            tenant_id,
            site_id,
            name,
            service,
            virtual_link,
            status: self.status.unwrap_or(NetworkStatus::Active),
            status_detail,
            vim_info,
            external_port,
            encapsulation: encapsulation.unwrap_or_default(),
            network_service_id: None,
            leaving: false,
            version: 1,
            created_at: now,
            modified_at: now,
        });
        faults.finish(network)
    }
}

/// A network stays at its site and with its tenant.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NetworkPatch {
    #[serde(default)]
    pub name: Edit<String>,
    #[serde(default)]
    pub service: Edit<String>,
    #[serde(default)]
    pub virtual_link: Edit<String>,
    #[serde(default)]
    pub status: Edit<NetworkStatus>,
    #[serde(default)]
    pub status_detail: Edit<String>,
    /// Merged key by key; null removes a key.
    #[serde(default)]
    pub vim_info: Map<String, Value>,
    #[serde(default)]
    pub external_port: Edit<SwitchPortDraft>,
    /// Null: none.
    #[serde(default)]
    pub encapsulation: Edit<EncapsulationDraft>,
}

impl NetworkPatch {
    /// Whether anything changed.
    pub fn edit(self, network: &mut Network) -> Result<bool, Vec<FieldError>> {
        let mut faults = Faults::default();
        let mut edited = network.clone();
        if network.network_service_id.is_some() {
            // What ties it to its service is changed through the service, which changes the links with it.
            for (given, field) in [
                (self.name != Edit::Keep, "/name"),
                (self.service != Edit::Keep, "/service"),
                (self.virtual_link != Edit::Keep, "/virtual_link"),
            ] {
                if given {
                    faults.add(field, "belongs to the network's service: change it there");
                }
            }
        }
        self.name.required("/name", &mut edited.name, rule::name, &mut faults);
        self.service.optional("/service", &mut edited.service, rule::name, &mut faults);
        self.virtual_link.optional("/virtual_link", &mut edited.virtual_link, rule::name, &mut faults);
        self.status.required("/status", &mut edited.status, Ok, &mut faults);
        self.status_detail.optional(
            "/status_detail",
            &mut edited.status_detail,
            rule::description,
            &mut faults,
        );
        if !self.vim_info.is_empty() {
            config::merge(&mut edited.vim_info, self.vim_info);
            config::check_shape("/vim_info", &edited.vim_info, &mut faults);
        }
        if let Some(port) = edit_port(self.external_port, &mut faults) {
            edited.external_port = port;
        }
        if let Some(encapsulation) = edit_encapsulation(self.encapsulation, &mut faults) {
            edited.encapsulation = encapsulation;
        }
        commit(network, edited, faults)
    }
}

fn edit_port(edit: Edit<SwitchPortDraft>, faults: &mut Faults) -> Option<Option<SwitchPort>> {
    match edit {
        Edit::Keep => None,
        Edit::Clear => Some(None),
        Edit::Set(port) => port.check("/external_port", faults).map(Some),
    }
}

fn edit_encapsulation(edit: Edit<EncapsulationDraft>, faults: &mut Faults) -> Option<Encapsulation> {
    match edit {
        Edit::Keep => None,
        Edit::Clear => Some(Encapsulation::None),
        Edit::Set(given) => given.check("/encapsulation", faults),
    }
}

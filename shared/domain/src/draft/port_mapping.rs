//! Port mappings as they come in.

use super::{Edit, PortValue, commit};
use crate::catalogue::PortMapping;
use crate::ids::{PortMappingId, SiteId, WimId};
use crate::port_mapping::{check_info, derived_endpoint_id};
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError, rule};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortMappingDraft {
    /// Id or name, where the call itself does not say it.
    #[serde(default)]
    pub wim: Option<String>,
    /// Id or name.
    pub site: String,
    pub pop_switch_dpid: String,
    pub pop_switch_port: PortValue,
    /// Derived from the mapping info where absent.
    #[serde(default)]
    pub wan_service_endpoint_id: Option<String>,
    /// `{mapping_type, wan_switch_dpid, wan_switch_port, ...}`; what else there is, is the connector's.
    #[serde(default)]
    pub wan_service_mapping_info: Option<Map<String, Value>>,
}

const ENDPOINT: &str = "/wan_service_endpoint_id";
const INFO: &str = "/wan_service_mapping_info";

impl PortMappingDraft {
    pub fn create(
        self,
        id: PortMappingId,
        wim_id: WimId,
        site_id: SiteId,
        now: Timestamp,
    ) -> Result<PortMapping, Vec<FieldError>> {
        let mut faults = Faults::default();
        let dpid = faults.check("/pop_switch_dpid", rule::dpid(self.pop_switch_dpid));
        let port = faults.check("/pop_switch_port", self.pop_switch_port.check());
        if let Some(info) = &self.wan_service_mapping_info {
            check_info(INFO, info, &mut faults);
        }
        let endpoint = match (self.wan_service_endpoint_id, &self.wan_service_mapping_info) {
            (Some(given), _) => faults.check(ENDPOINT, rule::endpoint_id(given)),
            (None, Some(info)) => derived_endpoint_id(info),
            (None, None) => {
                faults.add(
                    ENDPOINT,
                    "is required where there is no wan_service_mapping_info to derive it from",
                );
                None
            }
        };
        let mapping = (|| {
            Some(PortMapping {
                id,
                wim_id,
                site_id,
                pop_switch_dpid: dpid?,
                pop_switch_port: port?,
                wan_service_endpoint_id: endpoint?,
                wan_service_mapping_info: self.wan_service_mapping_info.map(Value::Object),
                version: 1,
                created_at: now,
                modified_at: now,
            })
        })();
        faults.finish(mapping)
    }
}

/// Where a mapping leads may change; which port it is of may not.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortMappingPatch {
    #[serde(default)]
    pub wan_service_endpoint_id: Edit<String>,
    /// As a whole.
    #[serde(default)]
    pub wan_service_mapping_info: Edit<Map<String, Value>>,
}

impl PortMappingPatch {
    /// Whether anything changed. An endpoint id that is cleared is derived anew from the mapping info.
    pub fn edit(self, mapping: &mut PortMapping) -> Result<bool, Vec<FieldError>> {
        let mut faults = Faults::default();
        let mut edited = mapping.clone();
        let checked = |info: Map<String, Value>| Ok::<Value, String>(Value::Object(info));
        if let Edit::Set(info) = &self.wan_service_mapping_info {
            check_info(INFO, info, &mut faults);
        }
        self.wan_service_mapping_info.optional(
            INFO,
            &mut edited.wan_service_mapping_info,
            checked,
            &mut faults,
        );
        let info = edited.wan_service_mapping_info.as_ref().and_then(Value::as_object);
        match self.wan_service_endpoint_id {
            Edit::Clear => match info.and_then(derived_endpoint_id) {
                Some(derived) => edited.wan_service_endpoint_id = derived,
                None => faults.add(ENDPOINT, "cannot be null: there is no mapping info to derive it from"),
            },
            given => {
                given.required(ENDPOINT, &mut edited.wan_service_endpoint_id, rule::endpoint_id, &mut faults)
            }
        }
        commit(mapping, edited, faults)
    }
}

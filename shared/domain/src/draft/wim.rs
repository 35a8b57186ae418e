//! WIMs as they come in.

use super::{Edit, commit};
use crate::catalogue::Wim;
use crate::connector::{ConfigPart, ConnectorCatalogue};
use crate::ids::WimId;
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError, config, rule};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WimDraft {
    pub name: String,
    /// The connector kind.
    #[serde(rename = "type")]
    pub kind: String,
    pub wim_url: String,
    #[serde(default)]
    pub description: Option<String>,
    /// Connector settings without secrets; null is as good as absent.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl WimDraft {
    pub fn create(
        self,
        id: WimId,
        connectors: &ConnectorCatalogue,
        now: Timestamp,
    ) -> Result<Wim, Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check("/name", rule::name(self.name));
        let wim_url = faults.check("/wim_url", rule::base_url(&self.wim_url));
        let description = faults.check_some("/description", self.description, rule::description);
        let mut config = Map::new();
        config::merge(&mut config, self.config);
        if let Some(connector) = faults.check("/type", connectors.require(&self.kind)) {
            connector.check_config("/config", &config, ConfigPart::Wim, |_| false, &mut faults);
        }
        let wim = name.zip(wim_url).map(|(name, wim_url)| Wim {
            id,
            name,
            description,
            kind: self.kind,
            wim_url,
            config,
            version: 1,
            created_at: now,
            modified_at: now,
        });
        faults.finish(wim)
    }
}

/// The connector kind is not among these: another kind is another WIM, for accounts and links are made for one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WimPatch {
    #[serde(default)]
    pub name: Edit<String>,
    #[serde(default)]
    pub wim_url: Edit<String>,
    #[serde(default)]
    pub description: Edit<String>,
    /// Merged key by key; null removes a key.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl WimPatch {
    /// Whether anything changed.
    pub fn edit(self, wim: &mut Wim, connectors: &ConnectorCatalogue) -> Result<bool, Vec<FieldError>> {
        let mut faults = Faults::default();
        let mut edited = wim.clone();
        self.name.required("/name", &mut edited.name, rule::name, &mut faults);
        self.wim_url.required("/wim_url", &mut edited.wim_url, |url| rule::base_url(&url), &mut faults);
        self.description.optional("/description", &mut edited.description, rule::description, &mut faults);
        if !self.config.is_empty() {
            config::merge(&mut edited.config, self.config);
            if let Some(connector) = faults.check("/config", connectors.require(&edited.kind)) {
                connector.check_config("/config", &edited.config, ConfigPart::Wim, |_| false, &mut faults);
            }
        }
        commit(wim, edited, faults)
    }
}

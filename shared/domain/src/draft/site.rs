//! Sites as they come in.

use super::{Edit, SwitchPortDraft, commit};
use crate::catalogue::{ExternalConnection, Site};
use crate::ids::SiteId;
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError, config, rule};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Most external-port rules of one site.
const RULES_MAX: usize = 1_000;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteDraft {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    /// Degrees north; given together with the longitude, or not at all.
    #[serde(default)]
    pub latitude: Option<f64>,
    /// Degrees east.
    #[serde(default)]
    pub longitude: Option<f64>,
    #[serde(default)]
    pub external_connections: Vec<ExternalConnectionDraft>,
}

/// A rule that finds the port of networks whose `vim_info` has all the values of `condition`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalConnectionDraft {
    #[serde(default)]
    pub condition: Map<String, Value>,
    pub vim_external_port: SwitchPortDraft,
}

impl SiteDraft {
    pub fn create(self, id: SiteId, now: Timestamp) -> Result<Site, Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check("/name", rule::name(self.name));
        let description = faults.check_some("/description", self.description, rule::description);
        let latitude = faults.check_some("/latitude", self.latitude, rule::latitude);
        let longitude = faults.check_some("/longitude", self.longitude, rule::longitude);
        if faults.is_empty() {
            check_position(latitude, longitude, &mut faults);
        }
        let external_connections = check_rules(self.external_connections, &mut faults);
        let site = name.zip(external_connections).map(|(name, external_connections)| Site {
            id,
            name,
            description,
            latitude,
            longitude,
            external_connections,
            version: 1,
            created_at: now,
            modified_at: now,
        });
        faults.finish(site)
    }
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SitePatch {
    #[serde(default)]
    pub name: Edit<String>,
    #[serde(default)]
    pub description: Edit<String>,
    #[serde(default)]
    pub latitude: Edit<f64>,
    #[serde(default)]
    pub longitude: Edit<f64>,
    /// As a whole; null: none.
    #[serde(default)]
    pub external_connections: Edit<Vec<ExternalConnectionDraft>>,
}

impl SitePatch {
    /// Whether anything changed.
    pub fn edit(self, site: &mut Site) -> Result<bool, Vec<FieldError>> {
        let mut faults = Faults::default();
        let mut edited = site.clone();
        self.name.required("/name", &mut edited.name, rule::name, &mut faults);
        self.description.optional("/description", &mut edited.description, rule::description, &mut faults);
        self.latitude.optional("/latitude", &mut edited.latitude, rule::latitude, &mut faults);
        self.longitude.optional("/longitude", &mut edited.longitude, rule::longitude, &mut faults);
        if faults.is_empty() {
            check_position(edited.latitude, edited.longitude, &mut faults);
        }
        let rules = match self.external_connections {
            Edit::Keep => None,
            Edit::Clear => Some(Vec::new()),
            Edit::Set(rules) => check_rules(rules, &mut faults),
        };
        if let Some(rules) = rules {
            edited.external_connections = rules;
        }
        commit(site, edited, faults)
    }
}

fn check_position(latitude: Option<f64>, longitude: Option<f64>, faults: &mut Faults) {
    match (latitude, longitude) {
        (Some(_), None) => faults.add("/longitude", "is required with a latitude"),
        (None, Some(_)) => faults.add("/latitude", "is required with a longitude"),
        (Some(_), Some(_)) | (None, None) => {}
    }
}

fn check_rules(rules: Vec<ExternalConnectionDraft>, faults: &mut Faults) -> Option<Vec<ExternalConnection>> {
    let place = "/external_connections";
    if rules.len() > RULES_MAX {
        faults.add(place, format!("must have at most {RULES_MAX} rules, has {}", rules.len()));
        return None;
    }
    let checked: Vec<Option<ExternalConnection>> = rules
        .into_iter()
        .enumerate()
        .map(|(n, rule)| {
            config::check_shape(&format!("{place}/{n}/condition"), &rule.condition, faults);
            let port = rule.vim_external_port.check(&format!("{place}/{n}/vim_external_port"), faults);
            Some(ExternalConnection {
                condition: rule.condition.into_iter().collect(),
                vim_external_port: port?,
            })
        })
        .collect();
    checked.into_iter().collect()
}

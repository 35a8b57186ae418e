//! Tenants as they come in.

use super::{Edit, commit};
use crate::catalogue::Tenant;
use crate::ids::TenantId;
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError, rule};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantDraft {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
}

impl TenantDraft {
    pub fn create(self, id: TenantId, now: Timestamp) -> Result<Tenant, Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check("/name", rule::name(self.name));
        let description = faults.check_some("/description", self.description, rule::description);
        let tenant =
            name.map(|name| Tenant { id, name, description, version: 1, created_at: now, modified_at: now });
        faults.finish(tenant)
    }
}

#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPatch {
    #[serde(default)]
    pub name: Edit<String>,
    #[serde(default)]
    pub description: Edit<String>,
}

impl TenantPatch {
    /// Whether anything changed.
    pub fn edit(self, tenant: &mut Tenant) -> Result<bool, Vec<FieldError>> {
        let mut faults = Faults::default();
        let mut edited = tenant.clone();
        self.name.required("/name", &mut edited.name, rule::name, &mut faults);
        self.description.optional("/description", &mut edited.description, rule::description, &mut faults);
        commit(tenant, edited, faults)
    }
}

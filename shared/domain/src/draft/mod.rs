//! What the api receives: drafts of new objects and patches of existing ones, and their way to domain objects.
//!
//! A draft is as loose as JSON; `create` and `edit` apply every rule, tell all faults at once and give an object
//! that may be recorded, or leave the given one as it was. References to other objects are texts (an id or a name)
//! that the caller looks up (`plan::CatalogueIndex`) and hands in as ids. Versions and times are the writer's: the
//! ones set here are placeholders that the conductor replaces.

mod account;
mod attachment;
mod link;
mod network;
mod port_mapping;
mod service;
mod site;
mod tenant;
#[cfg(test)]
mod tests;
mod wim;

pub use account::{AccountDraft, AccountPatch, CheckedAccount, CheckedAccountPatch, PASSWORD};
pub use attachment::{EncapsulationDraft, PortValue, SwitchPortDraft};
pub use link::{CheckedEndpoint, CheckedLink, EndpointDraft, LinkDraft, LinkPatch};
pub use network::{NetworkDraft, NetworkPatch};
pub use port_mapping::{PortMappingDraft, PortMappingPatch};
pub use service::{ServiceDraft, ServicePatch};
pub use site::{ExternalConnectionDraft, SiteDraft, SitePatch};
pub use tenant::{TenantDraft, TenantPatch};
pub use wim::{WimDraft, WimPatch};

use crate::validate::{Faults, FieldError};
use serde::{Deserialize, Deserializer};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

/// What a patch says of one field: absent keeps it, null clears it, a value replaces it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    /// Absence never comes here: it is the field's `default`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

/// In a description it is what its `Deserialize` reads: a value or null.
impl<T: ComposeSchema> ComposeSchema for Edit<T> {
    /// `inner`: what the field's own description says of `T`, such as a reference to it.
    fn compose(mut inner: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let inner = inner.pop().unwrap_or_else(|| T::compose(Vec::new()));
        let null = ObjectBuilder::new().schema_type(Type::Null);
        OneOfBuilder::new().item(null).item(inner).into()
    }
}

impl<T: ToSchema + ComposeSchema> ToSchema for Edit<T> {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

impl<T> Edit<T> {
    /// Edits a field that always has a value.
    fn required<U>(
        self,
        field: &str,
        slot: &mut U,
        rule: impl FnOnce(T) -> Result<U, String>,
        faults: &mut Faults,
    ) {
        match self {
            Self::Keep => {}
            Self::Clear => faults.add(field, "must not be null"),
            Self::Set(value) => {
                if let Some(value) = faults.check(field, rule(value)) {
                    *slot = value;
                }
            }
        }
    }

    /// Edits a field that may be without a value.
    fn optional<U>(
        self,
        field: &str,
        slot: &mut Option<U>,
        rule: impl FnOnce(T) -> Result<U, String>,
        faults: &mut Faults,
    ) {
        match self {
            Self::Keep => {}
            Self::Clear => *slot = None,
            Self::Set(value) => {
                if let Some(value) = faults.check(field, rule(value)) {
                    *slot = Some(value);
                }
            }
        }
    }
}

/// Puts `edited` in the place of `object` if nothing was wrong, and tells whether that changed anything.
fn commit<T: PartialEq>(object: &mut T, edited: T, faults: Faults) -> Result<bool, Vec<FieldError>> {
    let edited = faults.finish(Some(edited))?;
    let changed = edited != *object;
    *object = edited;
    Ok(changed)
}

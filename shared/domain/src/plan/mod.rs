//! Planning: from what a user wants to a wish that a WIM can be given, as a function of the catalogue.
//!
//! The api plans with it before it accepts, the conductor resolves connection points with it at each verdict, so
//! that both judge alike. Deliberately absent: reading the catalogue, and what an action does once it is planned.

mod derive;
mod incorporate;
mod index;
mod link;
mod points;
mod service;
mod shared_wim;

pub use derive::{DerivedLink, derive_wan_links};
pub use incorporate::{Call, Intent, Numbered, PlannedAction, Target, derived_ids, incorporate, request_id};
pub use index::{CatalogueIndex, Networks};
pub use link::{PlannedLink, plan_edit, plan_link};
pub use points::{connection_points, external_port, gate};
pub use service::{LinkPlan, Members, members, plan_service};
pub use shared_wim::{Hints, Strategy, WimChoice, find_common_wim, find_common_wims};

use crate::reason::Reason;
use crate::validate::{FieldError, summary};

/// Why something cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The draft is faulty in itself, or names what is not there.
    #[error("{}", summary(.0))]
    Fields(Vec<FieldError>),
    /// The draft is well, but nothing can fulfil it.
    #[error("{0}")]
    Refused(Reason),
}

impl From<Reason> for PlanError {
    fn from(reason: Reason) -> Self {
        Self::Refused(reason)
    }
}

impl From<Vec<FieldError>> for PlanError {
    fn from(errors: Vec<FieldError>) -> Self {
        Self::Fields(errors)
    }
}

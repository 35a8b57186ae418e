//! A network service: networks at several sites, grouped by virtual links, each of which becomes one WAN link.
//!
//! The record holds what is wished of all its links; which networks and links are its own, those say themselves.
//! Deliberately absent: which links a service needs (`plan`), and how it comes in (`draft`).

use crate::ids::{ServiceId, TenantId, WimId};
use crate::link::{Link, LinkStatus, ServiceType};
use crate::plan::Strategy;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One network service: the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    pub id: ServiceId,
    pub tenant_id: TenantId,
    /// Unique per tenant, case-sensitive.
    pub name: String,
    /// Of all its links; absent: ELINE for two endpoints, ELAN for more.
    pub service_type: Option<ServiceType>,
    /// Of each of its links, kbit/s.
    pub bandwidth_kbps: Option<u64>,
    pub latency_ms: Option<u32>,
    /// The WIM that its links must be made on.
    pub wim_id: Option<WimId>,
    /// Which WIM a new link is made on where none must be it.
    pub strategy: Strategy,
    pub phase: ServicePhase,
    pub version: i64,
    pub created_at: Timestamp,
    pub modified_at: Timestamp,
}

/// Whether a service is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServicePhase {
    Live,
    /// Its links are removed; the record goes with the last of them.
    Deleting,
}

/// What the states of a service's links come to: the worst of them, in a link's words. A service without links (all
/// of it at one site) has nothing that could be missing. Tombstones count for nothing.
pub fn status<'a>(phase: ServicePhase, links: impl IntoIterator<Item = &'a Link>) -> LinkStatus {
    let badness = |status: &LinkStatus| match status {
        LinkStatus::Deleted => 0,
        LinkStatus::Active => 1,
        LinkStatus::ScheduledDeletion => 2,
        LinkStatus::ScheduledCreation => 3,
        LinkStatus::Build => 4,
        LinkStatus::Inactive => 5,
        LinkStatus::Down => 6,
        LinkStatus::WimError => 7,
        LinkStatus::Error => 8,
    };
    let links: Vec<LinkStatus> =
        links.into_iter().map(|link| link.status).filter(|status| *status != LinkStatus::Deleted).collect();
    let worst = links.iter().copied().max_by_key(badness).unwrap_or(LinkStatus::Active);
    let begun = links.iter().any(|status| *status != LinkStatus::ScheduledCreation);
    match (phase, worst) {
        (ServicePhase::Deleting, LinkStatus::Error) => LinkStatus::Error,
        (ServicePhase::Deleting, _) => LinkStatus::ScheduledDeletion,
        (ServicePhase::Live, LinkStatus::ScheduledCreation) if begun => LinkStatus::Build,
        // A virtual link that shrank to one site: what is left of the service is as it should be.
        (ServicePhase::Live, LinkStatus::ScheduledDeletion) => LinkStatus::Active,
        (ServicePhase::Live, worst) => worst,
    }
}

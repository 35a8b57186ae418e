//! Network services as callers see them: the record with what it holds, and the status that follows from its links.

use super::{Link, Network, Time};
use serde::Serialize;
use utoipa::ToSchema;
use wanlink_domain::catalogue;
use wanlink_domain::ids::{ServiceId, TenantId, WimId};
use wanlink_domain::link::{self, LinkStatus, ServiceType};
use wanlink_domain::plan::Strategy;
use wanlink_domain::service::{self, ServicePhase};

/// A network service: networks at several sites, and the links that join them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Service {
    id: ServiceId,
    tenant_id: TenantId,
    /// Unique per tenant, case-sensitive.
    name: String,
    /// Of all its links; null: ELINE for two endpoints, ELAN for more.
    service_type: Option<ServiceType>,
    /// Of each of its links, in kbit/s.
    bandwidth_kbps: Option<u64>,
    latency_ms: Option<u32>,
    /// The WIM that its links must be made on.
    wim_id: Option<WimId>,
    strategy: Strategy,
    phase: ServicePhase,
    /// That of the worst of its links.
    status: LinkStatus,
    networks: Vec<Network>,
    links: Vec<Link>,
    version: i64,
    created_at: Time,
    modified_at: Time,
}

impl Service {
    pub fn new(it: &service::Service, networks: &[catalogue::Network], links: &[link::Link]) -> Self {
        Self {
            id: it.id,
            tenant_id: it.tenant_id,
            name: it.name.clone(),
            service_type: it.service_type,
            bandwidth_kbps: it.bandwidth_kbps,
            latency_ms: it.latency_ms,
            wim_id: it.wim_id,
            strategy: it.strategy,
            phase: it.phase,
            status: service::status(it.phase, links),
            networks: networks.iter().map(Network::from).collect(),
            links: links.iter().map(Link::from).collect(),
            version: it.version,
            created_at: it.created_at.into(),
            modified_at: it.modified_at.into(),
        }
    }
}

//! Network services as they come in. Their networks are drafts of networks without tenant and service, for those are
//! the service's; which of them join, change or leave is `plan`'s.

use super::{Edit, NetworkDraft};
use crate::ids::{ServiceId, TenantId, WimId};
use crate::link::ServiceType;
use crate::plan::Strategy;
use crate::service::{Service, ServicePhase};
use crate::time::Timestamp;
use crate::validate::{Faults, FieldError, rule};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceDraft {
    /// Id or name, where the call itself does not say it.
    #[serde(default)]
    pub tenant: Option<String>,
    pub name: String,
    /// Of all its links; absent: ELINE for two endpoints, ELAN for more.
    #[serde(default)]
    pub service_type: Option<ServiceType>,
    /// Of each of its links, kbit/s.
    #[serde(default)]
    pub bandwidth_kbps: Option<u64>,
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// Id or name of the WIM that its links must be made on.
    #[serde(default)]
    pub wim: Option<String>,
    #[serde(default)]
    pub strategy: Option<Strategy>,
    pub networks: Vec<NetworkDraft>,
}

impl ServiceDraft {
    /// The record; `wim_id` is what `wim` names. The networks are looked at by [`crate::plan::members`].
    pub fn create(
        self,
        id: ServiceId,
        tenant_id: TenantId,
        wim_id: Option<WimId>,
        now: Timestamp,
    ) -> Result<Service, Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check("/name", rule::name(self.name));
        let bandwidth_kbps = faults.check_some("/bandwidth_kbps", self.bandwidth_kbps, rule::bandwidth_kbps);
        let latency_ms = faults.check_some("/latency_ms", self.latency_ms, rule::latency_ms);
        if self.strategy == Some(Strategy::None) {
            faults.add(
                "/strategy",
                "none means that no WIM shall make its links: then there is nothing to create",
            );
        }
        if self.wim.is_some() && self.strategy.is_some() {
            faults.add("/strategy", "has no meaning where wim names the WIM");
        }
        check_count(self.networks.len(), &mut faults);
        let service = name.map(|name| Service {
            id,
            tenant_id,
            name,
            service_type: self.service_type,
            bandwidth_kbps,
            latency_ms,
            wim_id,
            strategy: self.strategy.unwrap_or_default(),
            phase: ServicePhase::Live,
            version: 1,
            created_at: now,
            modified_at: now,
        });
        faults.finish(service)
    }
}

fn check_count(networks: usize, faults: &mut Faults) {
    if !(1..=rule::SERVICE_NETWORKS_MAX).contains(&networks) {
        let max = rule::SERVICE_NETWORKS_MAX;
        faults.add("/networks", format!("must be from 1 to {max} networks, are {networks}"));
    }
}

/// What of a service may be changed while it stands. The fields of its draft that may not are taken where they say
/// what is so already, so that the file which made it can be edited and given again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ServicePatch {
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub service_type: Option<ServiceType>,
    #[serde(default)]
    pub wim: Option<String>,
    #[serde(default)]
    pub strategy: Option<Strategy>,
    #[serde(default)]
    pub bandwidth_kbps: Edit<u64>,
    #[serde(default)]
    pub latency_ms: Edit<u64>,
    /// All networks that it shall have, by name: those that are not among them leave. Absent: as they are.
    #[serde(default)]
    pub networks: Option<Vec<NetworkDraft>>,
}

impl ServicePatch {
    /// The service as it shall be; `wim_id` is what `wim` names.
    pub fn edit(&self, service: &Service, wim_id: Option<WimId>) -> Result<Service, Vec<FieldError>> {
        let mut faults = Faults::default();
        let mut edited = service.clone();
        for (differs, field) in [
            (self.name.as_ref().is_some_and(|name| *name != service.name), "/name"),
            (self.service_type.is_some() && self.service_type != service.service_type, "/service_type"),
            (self.wim.is_some() && wim_id != service.wim_id, "/wim"),
            (self.strategy.is_some_and(|strategy| strategy != service.strategy), "/strategy"),
        ] {
            if differs {
                faults.add(field, "cannot be changed: delete the service and create it anew");
            }
        }
        for (cleared, field) in [
            (self.bandwidth_kbps == Edit::Clear, "/bandwidth_kbps"),
            (self.latency_ms == Edit::Clear, "/latency_ms"),
        ] {
            if cleared {
                faults.add(field, "cannot be taken back: give another value");
            }
        }
        let (bandwidth_kbps, latency_ms) = (self.bandwidth_kbps.clone(), self.latency_ms.clone());
        bandwidth_kbps.optional(
            "/bandwidth_kbps",
            &mut edited.bandwidth_kbps,
            rule::bandwidth_kbps,
            &mut faults,
        );
        latency_ms.optional("/latency_ms", &mut edited.latency_ms, rule::latency_ms, &mut faults);
        if let Some(networks) = &self.networks {
            check_count(networks.len(), &mut faults);
        }
        faults.finish(Some(edited))
    }
}

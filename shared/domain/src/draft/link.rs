//! WAN links as they come in. What can be said of a draft alone is said here; whether what it names exists and fits
//! together is `plan`'s.

use super::{Edit, EncapsulationDraft, SwitchPortDraft};
use crate::catalogue::SwitchPort;
use crate::link::{Encapsulation, ServiceType};
use crate::plan::Strategy;
use crate::validate::{Faults, FieldError, rule};
use serde::Deserialize;
use utoipa::ToSchema;

#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkDraft {
    /// Id or name, where the call itself does not say it.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Absent: the names of its sites.
    #[serde(default)]
    pub name: Option<String>,
    /// Absent: ELINE for two endpoints, ELAN for more.
    #[serde(default)]
    pub service_type: Option<ServiceType>,
    pub endpoints: Vec<EndpointDraft>,
    /// kbit/s.
    #[serde(default)]
    pub bandwidth_kbps: Option<u64>,
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// Id or name of the WIM that it must be made on.
    #[serde(default)]
    pub wim: Option<String>,
    /// Which WIM is taken where none is named; absent: the first.
    #[serde(default)]
    pub strategy: Option<Strategy>,
}

/// One end: a network, with or without a port of its site, or a site's port.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointDraft {
    /// Id or name.
    #[serde(default)]
    pub network: Option<String>,
    /// Id or name; with a network, it must be that network's.
    #[serde(default)]
    pub site: Option<String>,
    /// Absent: the site's rules find it.
    #[serde(default)]
    pub port: Option<SwitchPortDraft>,
    /// Absent: the network's.
    #[serde(default)]
    pub encapsulation: Option<EncapsulationDraft>,
}

/// A draft whose every value is in its range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLink {
    pub name: Option<String>,
    pub service_type: ServiceType,
    pub endpoints: Vec<CheckedEndpoint>,
    pub bandwidth_kbps: Option<u64>,
    pub latency_ms: Option<u32>,
    pub wim: Option<String>,
    pub strategy: Strategy,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedEndpoint {
    pub network: Option<String>,
    pub site: Option<String>,
    pub port: Option<SwitchPort>,
    pub encapsulation: Encapsulation,
}

impl LinkDraft {
    /// The networks that it names, for who has to look them up.
    pub fn networks(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().filter_map(|endpoint| endpoint.network.as_deref())
    }

    pub fn check(self) -> Result<CheckedLink, Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check_some("/name", self.name, rule::name);
        let bandwidth_kbps = faults.check_some("/bandwidth_kbps", self.bandwidth_kbps, rule::bandwidth_kbps);
        let latency_ms = faults.check_some("/latency_ms", self.latency_ms, rule::latency_ms);
        let count = self.endpoints.len();
        if !(2..=rule::ENDPOINTS_MAX).contains(&count) {
            faults.add(
                "/endpoints",
                format!("must be from 2 to {} endpoints, are {count}", rule::ENDPOINTS_MAX),
            );
        }
        let service_type = self.service_type.unwrap_or(ServiceType::joining(count));
        if service_type == ServiceType::Eline && count > 2 {
            faults.add("/service_type", "ELINE joins exactly two endpoints; ELAN joins more");
        }
        if self.strategy == Some(Strategy::None) {
            faults.add(
                "/strategy",
                "none means that no WIM shall make this link: then there is nothing to create",
            );
        }
        if self.wim.is_some() && self.strategy.is_some() {
            faults.add("/strategy", "has no meaning where wim names the WIM");
        }
        let endpoints: Vec<Option<CheckedEndpoint>> = self
            .endpoints
            .into_iter()
            .take(rule::ENDPOINTS_MAX)
            .enumerate()
            .map(|(n, endpoint)| endpoint.check(&format!("/endpoints/{n}"), &mut faults))
            .collect();
        let endpoints: Option<Vec<CheckedEndpoint>> = endpoints.into_iter().collect();
        let (wim, strategy) = (self.wim, self.strategy.unwrap_or_default());
        let checked = endpoints.map(|endpoints| CheckedLink {
            name,
            service_type,
            endpoints,
            bandwidth_kbps,
            latency_ms,
            wim,
            strategy,
        });
        faults.finish(checked)
    }
}

impl EndpointDraft {
    fn check(self, place: &str, faults: &mut Faults) -> Option<CheckedEndpoint> {
        match (&self.network, &self.site, &self.port) {
            (None, None, _) => faults.add(place, "must name a network, or a site and a port"),
            (None, Some(_), None) => {
                faults.add(format!("{place}/port"), "is required where no network is named")
            }
            (Some(_), _, _) | (None, Some(_), Some(_)) => {}
        }
        let port = match self.port {
            None => Some(None),
            Some(port) => port.check(&format!("{place}/port"), faults).map(Some),
        };
        let encapsulation = match self.encapsulation {
            None => Some(Encapsulation::None),
            Some(given) => given.check(&format!("{place}/encapsulation"), faults),
        };
        Some(CheckedEndpoint {
            network: self.network,
            site: self.site,
            port: port?,
            encapsulation: encapsulation?,
        })
    }
}

/// What of a link may be changed while it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkPatch {
    /// kbit/s.
    #[serde(default)]
    pub bandwidth_kbps: Edit<u64>,
    #[serde(default)]
    pub latency_ms: Edit<u64>,
}

impl LinkPatch {
    /// The new bandwidth and latency, where they are given; at least one of them is.
    pub fn check(self) -> Result<(Option<u64>, Option<u32>), Vec<FieldError>> {
        let mut faults = Faults::default();
        let (mut bandwidth_kbps, mut latency_ms) = (None, None);
        let clear = "cannot be taken back: give another value";
        let mut cleared = |edit: &Edit<u64>, field: &str| {
            if *edit == Edit::Clear {
                faults.add(field, clear);
            }
        };
        cleared(&self.bandwidth_kbps, "/bandwidth_kbps");
        cleared(&self.latency_ms, "/latency_ms");
        let empty = self == Self::default();
        self.bandwidth_kbps.optional(
            "/bandwidth_kbps",
            &mut bandwidth_kbps,
            rule::bandwidth_kbps,
            &mut faults,
        );
        self.latency_ms.optional("/latency_ms", &mut latency_ms, rule::latency_ms, &mut faults);
        if empty {
            faults.add("", "must change bandwidth_kbps or latency_ms");
        }
        faults.finish(Some((bandwidth_kbps, latency_ms)))
    }
}

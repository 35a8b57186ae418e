//! What a connector says of itself: what it can do and what settings it takes. Planning refuses what it cannot do,
//! the api seals what its schema calls secret, and an operator is shown the rest.
//!
//! Deliberately absent: the connectors and their descriptors (`wanlink-connectors`), and how a connector is built.

mod catalogue;
mod schema;
#[cfg(test)]
pub(crate) mod tests;

pub use catalogue::{ConnectorCatalogue, DuplicateKind};
pub use schema::{ConfigKey, ValueKind};

use crate::link::{Encapsulation, EncapsulationKind, ServiceType, StatusSource, Wish};
use crate::reason::{Code, Reason};
use crate::validate::{Faults, config};
use serde::Serialize;
use serde_json::{Map, Value};

/// One kind of connector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectorDescriptor {
    /// The `type` of its WIMs, such as `ietf_l2sm`.
    pub kind: &'static str,
    /// One line for people.
    pub summary: &'static str,
    pub service_types: &'static [ServiceType],
    pub max_endpoints: usize,
    pub encapsulations: &'static [EncapsulationKind],
    /// It can be asked for a bandwidth.
    pub bandwidth: bool,
    /// It can be asked for a latency.
    pub latency: bool,
    /// It can list all services of ours at the controller in one go.
    pub can_list: bool,
    /// The service's id at the WIM is ours to choose: creating it twice is creating it once.
    pub client_chosen_id: bool,
    /// Every setting that it takes, of the WIM's and the account's `config` together.
    pub config_schema: &'static [ConfigKey],
    /// Where the status of its links can come from.
    pub status_sources: &'static [StatusSource],
    /// Links of one account that it works on at once, where the configuration says nothing.
    pub max_in_flight_default: u32,
}

/// Which of the two halves of an account's settings are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigPart {
    /// The WIM's alone: required keys may still come with the account, secrets must not stand here.
    Wim,
    /// The WIM's with the account's laid over it and the secrets taken out.
    Whole,
}

impl ConnectorDescriptor {
    /// Dotted keys of `config` that must be sealed.
    pub fn secret_keys(&self) -> Vec<&'static str> {
        self.config_schema.iter().filter(|key| key.secret).map(|key| key.name).collect()
    }

    /// Notes every setting of `config` that the schema does not have or that has the wrong type, and, of the
    /// whole, every required one that is missing. `has_secret` tells which secrets are given or stored.
    pub fn check_config(
        &self,
        place: &str,
        config: &Map<String, Value>,
        part: ConfigPart,
        has_secret: impl Fn(&str) -> bool,
        faults: &mut Faults,
    ) {
        config::check_shape(place, config, faults);
        schema::check(self.kind, self.config_schema, place, config, faults);
        for key in self.config_schema {
            let given = config::get(config, key.name).is_some();
            if key.secret && given {
                faults.add(
                    config::pointer(place, key.name),
                    "is a secret: it belongs to the account, which seals it",
                );
            }
            let there = if key.secret { has_secret(key.name) } else { given };
            if part == ConfigPart::Whole && key.required && !there {
                let message = format!("is required by connector {}: {}", self.kind, key.doc);
                faults.add(config::pointer(place, key.name), message);
            }
        }
    }

    /// Why this connector cannot fulfil a wish whose encapsulations at the endpoints are these.
    pub fn unsupported<'a>(
        &self,
        wish: &Wish,
        encapsulations: impl IntoIterator<Item = &'a Encapsulation>,
    ) -> Option<Reason> {
        let cannot = if !self.service_types.contains(&wish.service_type) {
            format!("make an {} service", wish.service_type.as_str())
        } else if wish.endpoints.len() > self.max_endpoints {
            format!("join {} endpoints (at most {})", wish.endpoints.len(), self.max_endpoints)
        } else if wish.bandwidth_kbps.is_some() && !self.bandwidth {
            "be asked for a bandwidth".to_owned()
        } else if wish.latency_ms.is_some() && !self.latency {
            "be asked for a latency".to_owned()
        } else {
            let foreign = encapsulations
                .into_iter()
                .map(Encapsulation::kind)
                .find(|kind| !self.encapsulations.contains(kind))?;
            format!("attach endpoints with encapsulation {}", foreign.as_str())
        };
        Some(Reason::new(Code::Unsupported, format!("connector {} cannot {cannot}", self.kind)))
    }
}

//! Where and how something is attached: switch ports and encapsulations as they come in, both wider than what is
//! kept, so that a number out of range is told as such and at its own place.

use crate::catalogue::SwitchPort;
use crate::link::{Encapsulation, EncapsulationKind};
use crate::validate::{Faults, rule};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use utoipa::__dev::ComposeSchema;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

/// A switch port's name: a number or a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortValue {
    Number(u64),
    Text(String),
}

impl PortValue {
    pub fn check(self) -> Result<String, String> {
        match self {
            Self::Number(number) => rule::port_number(number),
            Self::Text(text) => rule::port_text(text),
        }
    }
}

impl<'de> Deserialize<'de> for PortValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrText;
        impl Visitor<'_> for NumberOrText {
            type Value = PortValue;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number from 1 to 65534 or a text of 1 to 5 characters")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<PortValue, E> {
                Ok(PortValue::Number(number))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<PortValue, E> {
                Ok(PortValue::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(NumberOrText)
    }
}

impl ComposeSchema for PortValue {
    fn compose(_: Vec<RefOr<Schema>>) -> RefOr<Schema> {
        let kinds = SchemaType::from_iter([Type::Integer, Type::String]);
        let text = "A number from 1 to 65534, or a text of 1 to 5 characters.";
        ObjectBuilder::new().schema_type(kinds).description(Some(text)).into()
    }
}

impl ToSchema for PortValue {}

/// A site's switch port.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SwitchPortDraft {
    /// Datapath id.
    pub switch: String,
    pub port: PortValue,
}

impl SwitchPortDraft {
    pub fn check(self, place: &str, faults: &mut Faults) -> Option<SwitchPort> {
        let switch = faults.check(format!("{place}/switch"), rule::dpid(self.switch));
        let port = faults.check(format!("{place}/port"), self.port.check());
        Some(SwitchPort { switch: switch?, port: port? })
    }
}

/// An encapsulation: `{"type": "dot1q", "vlan": 100}`, `{"type": "vxlan", "vni": 5000, "peers": [...]}` or
/// `{"type": "none"}`.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EncapsulationDraft {
    #[serde(rename = "type")]
    pub kind: EncapsulationKind,
    #[serde(default)]
    pub vlan: Option<u64>,
    #[serde(default)]
    pub vni: Option<u64>,
    #[serde(default)]
    pub peers: Option<Vec<String>>,
}

impl EncapsulationDraft {
    pub fn check(self, place: &str, faults: &mut Faults) -> Option<Encapsulation> {
        let kind = self.kind;
        let mut foreign = |given: bool, key: &str| {
            if given {
                faults.add(
                    format!("{place}/{key}"),
                    format!("has no meaning with encapsulation {}", kind.as_str()),
                );
            }
        };
        if kind != EncapsulationKind::Dot1q {
            foreign(self.vlan.is_some(), "vlan");
        }
        if kind != EncapsulationKind::Vxlan {
            foreign(self.vni.is_some(), "vni");
            foreign(self.peers.is_some(), "peers");
        }
        match kind {
            EncapsulationKind::None => Some(Encapsulation::None),
            EncapsulationKind::Dot1q => {
                let vlan = self.vlan.ok_or_else(|| "is required with dot1q".to_owned()).and_then(rule::vlan);
                Some(Encapsulation::Dot1q { vlan: faults.check(format!("{place}/vlan"), vlan)? })
            }
            EncapsulationKind::Vxlan => {
                let vni = self.vni.ok_or_else(|| "is required with vxlan".to_owned()).and_then(rule::vni);
                let vni = faults.check(format!("{place}/vni"), vni);
                let peers = check_peers(&format!("{place}/peers"), self.peers.unwrap_or_default(), faults);
                Some(Encapsulation::Vxlan { vni: vni?, peers: peers? })
            }
        }
    }
}

fn check_peers(place: &str, peers: Vec<String>, faults: &mut Faults) -> Option<Vec<String>> {
    if peers.len() > rule::PEERS_MAX {
        faults.add(place, format!("must have at most {} peers, has {}", rule::PEERS_MAX, peers.len()));
        return None;
    }
    let checked: Vec<Option<String>> = peers
        .into_iter()
        .enumerate()
        .map(|(n, peer)| faults.check(format!("{place}/{n}"), rule::peer(peer)))
        .collect();
    checked.into_iter().collect()
}

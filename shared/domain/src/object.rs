//! Any one object of the catalogue, for what treats them alike: commands, storage and listing.

use crate::catalogue::{Account, Network, PortMapping, Site, Tenant, Wim};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The kinds of catalogue objects; the text is the noun of URLs and of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Tenant,
    Site,
    Wim,
    Account,
    PortMapping,
    Network,
}

impl Kind {
    pub const ALL: [Kind; 6] =
        [Self::Tenant, Self::Site, Self::Wim, Self::Account, Self::PortMapping, Self::Network];

    /// The singular, as it stands in messages: `port mapping`.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Site => "site",
            Self::Wim => "wim",
            Self::Account => "account",
            Self::PortMapping => "port mapping",
            Self::Network => "network",
        }
    }
}

/// One catalogue object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "object", rename_all = "snake_case")]
pub enum Object {
    Tenant(Tenant),
    Site(Site),
    Wim(Wim),
    Account(Account),
    PortMapping(PortMapping),
    Network(Network),
}

macro_rules! each {
    ($self:expr, $object:ident => $value:expr) => {
        match $self {
            Object::Tenant($object) => $value,
            Object::Site($object) => $value,
            Object::Wim($object) => $value,
            Object::Account($object) => $value,
            Object::PortMapping($object) => $value,
            Object::Network($object) => $value,
        }
    };
}

impl Object {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Tenant(_) => Kind::Tenant,
            Self::Site(_) => Kind::Site,
            Self::Wim(_) => Kind::Wim,
            Self::Account(_) => Kind::Account,
            Self::PortMapping(_) => Kind::PortMapping,
            Self::Network(_) => Kind::Network,
        }
    }

    pub fn id(&self) -> Uuid {
        each!(self, object => object.id.0)
    }

    pub fn version(&self) -> i64 {
        each!(self, object => object.version)
    }
}

//! Identifiers: one newtype per kind of record, so that an account id cannot stand where a link id belongs.
//!
//! They are never made here: making one needs entropy or a clock, and both come in as arguments
//! (`wanlink-runtime`), or they are derived from what is already known ([`derive`]).

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// Reads the hyphenated or the 32-digit form; nothing else is an id.
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

ids! {
    /// One deployment of wanlink: ownership marks at controllers carry it.
    InstallationId,
    TenantId,
    SiteId,
    WimId,
    /// A WIM account: the unit of queueing, concurrency and leasing.
    AccountId,
    PortMappingId,
    NetworkId,
    /// A network service: what a user asks for over several sites.
    ServiceId,
    LinkId,
    RequestId,
    ActionId,
    /// A catalogue command (create, edit or delete of one object); makes it idempotent.
    CommandId,
    /// One start of one worker process.
    SessionId,
    EventId,
    ParkedId,
    /// One message on the broker.
    MessageId,
}

/// The UUIDv5 (RFC 9562, section 5.5) of `parts` below `namespace`, each part preceded by its length so
/// that `("ab", "c")` and `("a", "bc")` differ.
pub fn derive(namespace: Uuid, parts: &[&str]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&namespace, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_depend_on_where_the_parts_end() {
        let ns = Uuid::from_u128(7);
        assert_eq!(derive(ns, &["ab", "c"]), derive(ns, &["ab", "c"]));
        assert_ne!(derive(ns, &["ab", "c"]), derive(ns, &["a", "bc"]));
        assert_ne!(derive(ns, &["ab"]), derive(ns, &["ab", ""]));
    }

    #[test]
    fn an_id_is_read_in_both_forms_and_in_no_other() {
        let id = LinkId(Uuid::from_u128(0x1234));
        assert_eq!(LinkId::parse(&id.to_string()), Some(id));
        assert_eq!(LinkId::parse(&id.0.simple().to_string()), Some(id));
        assert_eq!(LinkId::parse("link-1"), None);
    }
}

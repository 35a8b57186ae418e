//! The connector kinds of one build: sorted, each once.

use super::ConnectorDescriptor;
use std::collections::BTreeMap;

/// All kinds that this build knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectorCatalogue {
    kinds: BTreeMap<&'static str, ConnectorDescriptor>,
}

/// Two descriptors claim one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("connector kind {0} is registered twice")]
pub struct DuplicateKind(pub &'static str);

impl ConnectorCatalogue {
    pub fn new(descriptors: impl IntoIterator<Item = ConnectorDescriptor>) -> Result<Self, DuplicateKind> {
        let mut kinds = BTreeMap::new();
        for descriptor in descriptors {
            if kinds.insert(descriptor.kind, descriptor).is_some() {
                return Err(DuplicateKind(descriptor.kind));
            }
        }
        Ok(Self { kinds })
    }

    pub fn get(&self, kind: &str) -> Option<&ConnectorDescriptor> {
        self.kinds.get(kind)
    }

    /// The descriptor, or a message that lists the kinds there are.
    pub fn require(&self, kind: &str) -> Result<&ConnectorDescriptor, String> {
        self.get(kind).ok_or_else(|| {
            let known: Vec<&str> = self.kinds.keys().copied().collect();
            format!("is no connector kind; known kinds: {}", known.join(", "))
        })
    }

    /// By kind, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = &ConnectorDescriptor> {
        self.kinds.values()
    }
}

//! Which connector kinds this process has: the built-in ones register themselves, others are registered beside them.
//!
//! Deliberately absent: a list of kinds anywhere else. Planning, the api's validation and the worker all ask here.

use crate::egress::Limits;
use crate::ietf_l2sm::L2smFactory;
use crate::port::{Connector, ConnectorFactory, Settings};
use crate::simulator::SimulatorFactory;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use wanlink_domain::connector::{ConnectorCatalogue, ConnectorDescriptor, DuplicateKind};
use wanlink_domain::reason::{Code, Reason};

/// Factories by kind.
#[derive(Clone, Default)]
pub struct Connectors {
    factories: BTreeMap<&'static str, Arc<dyn ConnectorFactory>>,
}

impl Connectors {
    /// None at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// The kinds of this crate. `limits` hold where an account's settings say nothing.
    pub fn built_in(limits: Limits) -> Self {
        let factories: [Arc<dyn ConnectorFactory>; 2] =
            [Arc::new(L2smFactory::new(limits)), Arc::new(SimulatorFactory)];
        Self { factories: factories.into_iter().map(|one| (one.descriptor().kind, one)).collect() }
    }

    /// Adds a kind; one that is there already is refused.
    pub fn register(&mut self, factory: Arc<dyn ConnectorFactory>) -> Result<(), DuplicateKind> {
        let kind = factory.descriptor().kind;
        if self.factories.contains_key(kind) {
            return Err(DuplicateKind(kind));
        }
        self.factories.insert(kind, factory);
        Ok(())
    }

    /// By kind, in byte order.
    pub fn descriptors(&self) -> impl Iterator<Item = &'static ConnectorDescriptor> + '_ {
        self.factories.values().map(|factory| factory.descriptor())
    }

    /// The same for those who must not know connectors, only what they can do.
    pub fn catalogue(&self) -> Result<ConnectorCatalogue, DuplicateKind> {
        ConnectorCatalogue::new(self.descriptors().copied())
    }

    /// The account's way to its controller, or why there is none.
    pub fn build(&self, kind: &str, settings: Settings) -> Result<Box<dyn Connector>, Reason> {
        match self.factories.get(kind) {
            Some(factory) => factory.build(settings),
            None => {
                let known: Vec<&str> = self.factories.keys().copied().collect();
                let detail = format!(
                    "{kind:?} is no connector kind of this worker; known kinds: {}",
                    known.join(", ")
                );
                Err(Reason::new(Code::ConnectorInvalid, detail))
            }
        }
    }
}

impl fmt::Debug for Connectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.factories.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failing::Failing;
    use std::collections::BTreeMap;
    use uuid::Uuid;
    use wanlink_domain::ids::{AccountId, InstallationId};

    struct OutOfTree;

    impl ConnectorFactory for OutOfTree {
        fn descriptor(&self) -> &'static ConnectorDescriptor {
            const DESCRIPTOR: ConnectorDescriptor =
                ConnectorDescriptor { kind: "out_of_tree", ..crate::simulator::DESCRIPTOR };
            &DESCRIPTOR
        }

        fn build(&self, _: Settings) -> Result<Box<dyn Connector>, Reason> {
            Ok(Box::new(Failing::new(Reason::new(Code::ConnectorInvalid, "only for show"))))
        }
    }

    fn settings() -> Settings {
        Settings {
            account: AccountId(Uuid::from_u128(1)),
            installation: InstallationId(Uuid::from_u128(2)),
            account_name: "a".to_owned(),
            wim_url: "simulator:registry".to_owned(),
            user: None,
            config: serde_json::Map::new(),
            secrets: BTreeMap::new(),
        }
    }

    #[test]
    fn a_kind_from_outside_needs_no_change_here() {
        let mut connectors = Connectors::built_in(Limits::default());
        assert_eq!(connectors.register(Arc::new(OutOfTree)), Ok(()));
        let kinds: Vec<&str> = connectors.descriptors().map(|one| one.kind).collect();
        assert_eq!(kinds, ["ietf_l2sm", "out_of_tree", "simulator"]);
        assert!(connectors.build("out_of_tree", settings()).is_ok());
        assert!(connectors.build("simulator", settings()).is_ok());
        assert!(connectors.catalogue().is_ok_and(|all| all.get("out_of_tree").is_some()));
    }

    #[test]
    fn a_kind_stands_once() {
        let mut connectors = Connectors::empty();
        assert_eq!(connectors.register(Arc::new(OutOfTree)), Ok(()));
        assert_eq!(connectors.register(Arc::new(OutOfTree)), Err(DuplicateKind("out_of_tree")));
    }

    #[test]
    fn an_unknown_kind_is_told_the_known_ones() {
        let refused = Connectors::built_in(Limits::default()).build("magic", settings()).err().unwrap();
        assert_eq!(refused.code, Code::ConnectorInvalid);
        assert!(refused.detail.ends_with("known kinds: ietf_l2sm, simulator"), "{refused}");
    }
}

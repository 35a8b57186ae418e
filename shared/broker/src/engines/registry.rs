//! Engines by name: the built-in ones and those an executable brings along.

use super::amqp::{self, AmqpBroker, AmqpConfig, AmqpOptions};
use super::memory::{self, Hub, Limits};
use crate::port::{Broker, Capabilities};
use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use wanlink_runtime::clock::Clock;
use wanlink_runtime::config::MessageBroker;
use wanlink_runtime::entropy::Entropy;

/// What an engine gets from its process: time and randomness come in.
#[derive(Clone)]
pub struct Surroundings {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

/// One kind of broker, as it is found by `engine=` in the configuration.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// The name in the configuration, in small letters.
    fn name(&self) -> &'static str;

    /// What its brokers can do; the same for all of them.
    fn capabilities(&self) -> Capabilities;

    /// A connection for one role. It need not stand yet: [`Broker::health`] tells.
    ///
    /// # Errors
    /// A key of the section that is unknown to this engine or has a bad value, named; never a secret's text.
    async fn open(&self, section: &MessageBroker, with: &Surroundings) -> Result<Arc<dyn Broker>, String>;
}

/// Why no broker was opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("message_broker.engine: unknown engine {name:?}; known: {known}")]
    Unknown { name: String, known: String },
    #[error("message_broker ({engine}): {detail}")]
    Section { engine: String, detail: String },
}

/// The name is taken: two engines cannot share one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message broker engine {0:?} is already registered")]
pub struct RegisterError(pub String);

/// The engines that this executable knows.
#[derive(Default)]
pub struct Registry {
    engines: BTreeMap<&'static str, Arc<dyn Engine>>,
}

impl Registry {
    /// Without any engine.
    pub fn empty() -> Self {
        Self::default()
    }

    /// With the engines of this crate.
    pub fn built_in() -> Self {
        let mut registry = Self::empty();
        let built_in: [Arc<dyn Engine>; 2] = [Arc::new(Amqp), Arc::new(Memory::default())];
        for engine in built_in {
            registry.engines.insert(engine.name(), engine);
        }
        registry
    }

    /// Adds an engine.
    pub fn register(&mut self, engine: Arc<dyn Engine>) -> Result<(), RegisterError> {
        if self.engines.contains_key(engine.name()) {
            return Err(RegisterError(engine.name().to_owned()));
        }
        self.engines.insert(engine.name(), engine);
        Ok(())
    }

    /// The names of all engines, in order.
    pub fn known(&self) -> Vec<&'static str> {
        self.engines.keys().copied().collect()
    }

    /// All engines by name, with what each can do.
    pub fn described(&self) -> impl Iterator<Item = (&'static str, Capabilities)> {
        self.engines.iter().map(|(name, engine)| (*name, engine.capabilities()))
    }

    /// Opens the engine that the section names. Each call is a connection of its own.
    pub async fn open(
        &self,
        section: &MessageBroker,
        with: &Surroundings,
    ) -> Result<Arc<dyn Broker>, OpenError> {
        let Some(engine) = self.engines.get(section.engine.as_str()) else {
            return Err(OpenError::Unknown { name: section.engine.clone(), known: self.known().join(", ") });
        };
        let section_error = |detail| OpenError::Section { engine: section.engine.clone(), detail };
        engine.open(section, with).await.map_err(section_error)
    }
}

/// Reads an engine's own keys; its error names the key that is unknown or wrong.
pub fn own_keys<T: DeserializeOwned>(section: &MessageBroker) -> Result<T, String> {
    let table = serde_json::Value::Object(section.options.table().clone());
    T::deserialize(table).map_err(|error| format!("options: {error}"))
}

struct Amqp;

#[async_trait]
impl Engine for Amqp {
    fn name(&self) -> &'static str {
        amqp::CAPABILITIES.engine
    }

    fn capabilities(&self) -> Capabilities {
        amqp::CAPABILITIES
    }

    async fn open(&self, section: &MessageBroker, with: &Surroundings) -> Result<Arc<dyn Broker>, String> {
        let options: AmqpOptions = own_keys(section)?;
        let broker = AmqpBroker::open(&AmqpConfig::from_section(section, options), with.entropy.clone())?;
        Ok(Arc::new(broker))
    }
}

/// All connections that one registry opens lead to one broker, so that the roles of one process meet on it.
#[derive(Default)]
struct Memory {
    hub: Mutex<Option<Arc<Hub>>>,
}

/// It has no keys of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MemoryOptions {}

#[async_trait]
impl Engine for Memory {
    fn name(&self) -> &'static str {
        memory::CAPABILITIES.engine
    }

    fn capabilities(&self) -> Capabilities {
        memory::CAPABILITIES
    }

    async fn open(&self, section: &MessageBroker, with: &Surroundings) -> Result<Arc<dyn Broker>, String> {
        let MemoryOptions {} = own_keys(section)?;
        if !section.endpoints.is_empty() {
            return Err("endpoints: this engine has none".to_owned());
        }
        let length = |messages: u64| usize::try_from(messages).unwrap_or(usize::MAX);
        let limits = Limits {
            journal_length_max: length(section.journal_max_length),
            reports_length_max: length(section.reports_max_length),
            parked_length_max: length(section.parked_max_length),
            ..Limits::default()
        };
        let mut hub = self.hub.lock().unwrap_or_else(PoisonError::into_inner);
        let hub = hub.get_or_insert_with(|| Hub::new(with.clock.clone(), limits));
        Ok(Arc::new(hub.connect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_runtime::clock::SystemClock;
    use wanlink_runtime::config::Endpoint;
    use wanlink_runtime::entropy::SystemEntropy;

    fn with() -> Surroundings {
        Surroundings { clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
    }

    fn section(engine: &str, options: serde_json::Value) -> MessageBroker {
        let options = serde_json::from_value(options).expect("a table");
        MessageBroker { engine: engine.to_owned(), options, ..MessageBroker::default() }
    }

    async fn refusal(section: &MessageBroker) -> String {
        match Registry::built_in().open(section, &with()).await {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn an_unknown_engine_or_key_is_refused_by_name() {
        let unknown = refusal(&section("nats", serde_json::json!({}))).await;
        assert!(unknown.contains("\"nats\"") && unknown.contains("amqp, memory"), "{unknown}");
        for engine in ["amqp", "memory"] {
            let key = refusal(&section(engine, serde_json::json!({ "prefetsch": 1 }))).await;
            assert!(key.contains(engine) && key.contains("prefetsch"), "{key}");
        }
        let secret = Endpoint::new("amqb://wan:hunter2@x");
        let endpoint = MessageBroker { endpoints: vec![secret], ..section("amqp", serde_json::json!({})) };
        let endpoint = refusal(&endpoint).await;
        assert!(endpoint.contains("endpoints[0]") && !endpoint.contains("hunter2"), "{endpoint}");
    }

    struct Foreign(&'static str);

    #[async_trait]
    impl Engine for Foreign {
        fn name(&self) -> &'static str {
            self.0
        }

        fn capabilities(&self) -> Capabilities {
            memory::CAPABILITIES
        }

        async fn open(&self, _: &MessageBroker, with: &Surroundings) -> Result<Arc<dyn Broker>, String> {
            Ok(Arc::new(Hub::new(with.clock.clone(), Limits::default()).connect()))
        }
    }

    #[tokio::test]
    async fn an_engine_from_elsewhere_registers_once() {
        let mut registry = Registry::built_in();
        assert_eq!(registry.register(Arc::new(Foreign("amqp"))), Err(RegisterError("amqp".to_owned())));
        assert_eq!(registry.register(Arc::new(Foreign("carrier-pigeon"))), Ok(()));
        assert_eq!(registry.known(), ["amqp", "carrier-pigeon", "memory"]);
        assert!(registry.open(&section("carrier-pigeon", serde_json::json!({})), &with()).await.is_ok());
    }
}

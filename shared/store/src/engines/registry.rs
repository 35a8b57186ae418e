//! Engines by name: the built-in ones and those an executable brings along.

use super::memory::engine::Memory;
use super::postgres::Postgres;
use super::sqlite::Sqlite;
use crate::port::{Capabilities, ReadStore, Store};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::config::Database;
use wanlink_runtime::entropy::Entropy;

/// What an engine gets from its process.
#[derive(Clone)]
pub struct Surroundings {
    /// What a database that lives in this process tells the time by, and draws ids from.
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Where an embedded engine keeps its files unless told otherwise.
    pub data_dir: PathBuf,
}

/// One kind of database, as it is found by `engine=` in the configuration. Opening only reads the section: the
/// connections are made when they are needed, so that a role starts while its database is away. It must be called
/// inside a tokio runtime.
pub trait Engine: Send + Sync + 'static {
    /// The name in the configuration, in small letters.
    fn name(&self) -> &'static str;

    /// What its databases can do; the same for all of them.
    fn capabilities(&self) -> Capabilities;

    /// A database to write to, for a conductor and for `migrate`.
    ///
    /// # Errors
    /// A key of the section that is unknown to this engine or has a bad value, named; never a secret's text.
    fn open(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn Store>, String>;

    /// The same database to read from, for an api.
    ///
    /// # Errors
    /// As for [`Engine::open`].
    fn open_read(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn ReadStore>, String>;
}

/// Why no database was opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    #[error("database.engine: unknown engine {name:?}; known: {known}")]
    Unknown { name: String, known: String },
    #[error("database ({engine}): {detail}")]
    Section { engine: String, detail: String },
}

/// The name is taken: two engines cannot share one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a database engine {0:?} is already registered")]
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
        let built_in: [Arc<dyn Engine>; 3] =
            [Arc::new(Memory::default()), Arc::new(Postgres), Arc::new(Sqlite)];
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

    /// Opens the database that the section names, to write to.
    pub fn open(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn Store>, OpenError> {
        self.engine(section)?.open(section, with).map_err(|detail| refused(section, detail))
    }

    /// Opens the database that the section names, to read from.
    pub fn open_read(
        &self,
        section: &Database,
        with: &Surroundings,
    ) -> Result<Arc<dyn ReadStore>, OpenError> {
        self.engine(section)?.open_read(section, with).map_err(|detail| refused(section, detail))
    }

    fn engine(&self, section: &Database) -> Result<&Arc<dyn Engine>, OpenError> {
        self.engines.get(section.engine.as_str()).ok_or_else(|| OpenError::Unknown {
            name: section.engine.clone(),
            known: self.known().join(", "),
        })
    }
}

fn refused(section: &Database, detail: String) -> OpenError {
    OpenError::Section { engine: section.engine.clone(), detail }
}

/// Reads an engine's own keys; its error names the key that is unknown or wrong.
pub fn own_keys<T: DeserializeOwned>(section: &Database) -> Result<T, String> {
    let table = serde_json::Value::Object(section.options.table().clone());
    T::deserialize(table).map_err(|error| format!("options: {error}"))
}

/// A length of time among an engine's own keys, as the configuration writes them.
pub(super) fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    wanlink_runtime::config::span::parse(&String::deserialize(from)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wanlink_runtime::clock::SystemClock;
    use wanlink_runtime::config::Endpoint;
    use wanlink_runtime::entropy::SystemEntropy;

    fn section(engine: &str, options: serde_json::Value, endpoints: &[&str]) -> Database {
        Database {
            engine: engine.to_owned(),
            options: serde_json::from_value(options).expect("a table"),
            endpoints: endpoints.iter().map(|text| Endpoint::new(*text)).collect(),
            ..Database::default()
        }
    }

    fn with() -> Surroundings {
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        Surroundings { clock, entropy, data_dir: PathBuf::from("state") }
    }

    fn refusal(section: &Database) -> String {
        let registry = Registry::built_in();
        let write = registry.open(section, &with()).err().map(|error| error.to_string());
        let read = registry.open_read(section, &with()).err().map(|error| error.to_string());
        assert_eq!(write, read);
        write.unwrap_or_default()
    }

    #[tokio::test]
    async fn an_unknown_engine_key_or_address_is_refused_by_name() {
        let none = serde_json::json!({});
        for (engine, options, endpoints, told) in [
            ("oracle", none.clone(), vec![], "known: memory, postgres, sqlite"),
            (
                "postgres",
                serde_json::json!({ "lock_timeaut": "1s" }),
                vec!["postgres://db/w"],
                "lock_timeaut",
            ),
            ("sqlite", serde_json::json!({ "synchronus": "full" }), vec![], "synchronus"),
            ("postgres", none.clone(), vec![], "endpoints"),
            ("postgres", none.clone(), vec!["postgres://w:hunter2@db:port/w"], "endpoints[0]"),
            ("sqlite", none.clone(), vec!["a.db", "b.db"], "endpoints"),
            ("memory", none.clone(), vec![], "options.forgets_at_exit"),
            ("memory", serde_json::json!({ "forgets_at_exit": false }), vec![], "options.forgets_at_exit"),
            ("memory", serde_json::json!({ "forgets_at_exit": true, "sise": 1 }), vec![], "sise"),
            ("memory", serde_json::json!({ "forgets_at_exit": true }), vec!["a", "b"], "endpoints"),
        ] {
            let text = refusal(&section(engine, options, &endpoints));
            assert!(text.contains(told) && text.contains(engine), "{text:?} should tell {told:?}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[tokio::test]
    async fn handles_of_one_name_share_a_database_in_memory_and_others_do_not() {
        let registry = Registry::built_in();
        let named = |name: &str| section("memory", serde_json::json!({ "forgets_at_exit": true }), &[name]);
        let (first, second) = (named("first"), named("second"));
        let store = registry.open(&first, &with()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(store.migrate().await, Ok(()));
        for (section, shared) in [(&first, true), (&second, false)] {
            let read = registry.open_read(section, &with()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.check_schema().await.is_ok(), shared);
        }
    }

    struct Foreign(&'static str);

    impl Engine for Foreign {
        fn name(&self) -> &'static str {
            self.0
        }

        fn capabilities(&self) -> Capabilities {
            Sqlite.capabilities()
        }

        fn open(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn Store>, String> {
            Sqlite.open(section, with)
        }

        fn open_read(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn ReadStore>, String> {
            Sqlite.open_read(section, with)
        }
    }

    #[tokio::test]
    async fn an_engine_from_elsewhere_registers_once() {
        let mut registry = Registry::built_in();
        assert_eq!(registry.register(Arc::new(Foreign("sqlite"))), Err(RegisterError("sqlite".to_owned())));
        assert_eq!(registry.register(Arc::new(Foreign("clay-tablets"))), Ok(()));
        assert_eq!(registry.known(), ["clay-tablets", "memory", "postgres", "sqlite"]);
        let section = section("clay-tablets", serde_json::json!({}), &[]);
        assert!(registry.open(&section, &with()).is_ok() && registry.open_read(&section, &with()).is_ok());
    }
}

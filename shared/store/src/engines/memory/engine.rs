//! The engine for the registry: one database for each endpoint's name, and none without a word that it may forget.

use super::super::registry::{Engine, Surroundings, own_keys};
use super::{CAPABILITIES, MemoryDatabase};
use crate::port::{Capabilities, ReadStore, Store};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use wanlink_runtime::config::Database;

/// All handles that one registry opens under one endpoint's name lead to one database, so that the roles of one process
/// meet on it.
#[derive(Default)]
pub(in crate::engines) struct Memory {
    databases: Mutex<BTreeMap<String, Arc<MemoryDatabase>>>,
}

/// The engine's own keys below `database.options`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// Must be true: whoever chooses this engine knows that nothing survives.
    forgets_at_exit: bool,
}

impl Memory {
    fn database(&self, section: &Database, with: &Surroundings) -> Result<Arc<MemoryDatabase>, String> {
        let options: Options = own_keys(section)?;
        if !options.forgets_at_exit {
            return Err("nothing in it survives the end of the process, neither links nor what explains them at the \
                        controllers: it is for tests and simulation. Choose sqlite or postgres, or say that you want \
                        this with options.forgets_at_exit = true"
                .to_owned());
        }
        if !section.read_endpoints.is_empty() {
            return Err("read_endpoints: this engine reads the database of `endpoints`".to_owned());
        }
        let name = match section.endpoints.as_slice() {
            [] => String::new(),
            [endpoint] => endpoint.expose().to_owned(),
            _ => return Err("endpoints: this engine has one database".to_owned()),
        };
        let mut databases = self.databases.lock().unwrap_or_else(PoisonError::into_inner);
        let database = databases.entry(name);
        let database =
            database.or_insert_with(|| MemoryDatabase::new(with.clock.clone(), with.entropy.clone()));
        Ok(database.clone())
    }
}

impl Engine for Memory {
    fn name(&self) -> &'static str {
        CAPABILITIES.engine
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn open(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn Store>, String> {
        let database = self.database(section, with)?;
        Ok(Arc::new(database.store_waiting(section.statement_timeout)))
    }

    fn open_read(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn ReadStore>, String> {
        Ok(Arc::new(self.database(section, with)?.read()))
    }
}

//! An engine's own settings, which only the engine can judge, and some of which may be secrets.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

/// Keys and values as they were configured; texts from INI, environment and flags stay texts. `Debug` shows the
/// keys alone.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Options(Map<String, Value>);

impl Options {
    pub fn table(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

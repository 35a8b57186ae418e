//! The configuration of all roles: typed, layered, judged as a whole (design 9).
//!
//! Layers, later wins: defaults, `/etc/wanlink/wanlink.toml`, `./wanlink.toml`, each `--conf-file` (TOML or INI),
//! environment `WANLINK__A__B`, flags. Every key that is unknown, of a wrong type or out of range is reported, all
//! of them at once, each with its origin. Deliberately absent: reloading. A process has one configuration, chosen
//! at its start.

mod check;
mod effective;
mod endpoint;
mod layers;
mod options;
mod sections;
mod settle;
pub mod span;
#[cfg(test)]
mod tests;

pub use endpoint::Endpoint;
pub use layers::{Origin, Sources};
pub use options::Options;
pub use sections::*;
pub use settle::settle_bound;

use layers::{Setting, collect};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The configuration and where each of its values came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// By dotted key; a key that is not here has its default.
    pub origins: BTreeMap<String, Origin>,
}

/// One fault of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The dotted key; `None` where a whole layer could not be read.
    pub key: Option<String>,
    pub origin: Origin,
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{key} ({}): {}", self.origin, self.message),
            None => write!(f, "{}: {}", self.origin, self.message),
        }
    }
}

/// All faults of a configuration, one a line.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the configuration is refused:{}", .0.iter().map(|fault| format!("\n  {fault}")).collect::<String>())]
pub struct Refused(pub Vec<Fault>);

/// Reads all layers. Either everything is right, or every fault is told.
pub fn load(sources: &Sources) -> Result<Loaded, Refused> {
    let (settings, unreadable) = collect(sources);
    let mut faults: Vec<Fault> = unreadable
        .into_iter()
        .map(|layer| Fault { key: None, origin: layer.origin, message: layer.message })
        .collect();
    let mut loaded = Loaded { config: Config::default(), origins: BTreeMap::new() };
    let mut tree = default_tree();
    for setting in settings {
        let key = setting.path.join(".");
        match apply(&mut tree, &setting) {
            Ok(config) => {
                loaded.config = config;
                loaded.origins.insert(key, setting.origin);
            }
            Err(message) => faults.push(Fault { key: Some(key), origin: setting.origin, message }),
        }
    }
    faults.extend(check::faults(&loaded));
    if faults.is_empty() { Ok(loaded) } else { Err(Refused(faults)) }
}

fn default_tree() -> Value {
    serde_json::to_value(Config::default()).unwrap_or(Value::Null)
}

/// Puts one setting into the tree and reads the whole from it, so that a wrong value is known by its key and the
/// ones after it are judged too. A value that does not fit leaves the tree as it was.
fn apply(tree: &mut Value, setting: &Setting) -> Result<Config, String> {
    let mut tried = tree.clone();
    let slot = slot(&mut tried, &setting.path)?;
    *slot = fitted(slot, &setting.value)?;
    let config =
        serde_json::from_value(tried.clone()).map_err(|error| endpoint::masked_words(&error.to_string()))?;
    *tree = tried;
    Ok(config)
}

/// The place of a key. Below `options` every key has one.
fn slot<'a>(tree: &'a mut Value, path: &[String]) -> Result<&'a mut Value, String> {
    let mut at = tree;
    for (depth, part) in path.iter().enumerate() {
        let free = depth >= 2 && path[1] == "options";
        let Value::Object(table) = at else {
            return Err("unknown key: there is a value above it".to_owned());
        };
        let known: Vec<String> = table.keys().cloned().collect();
        at = match table.entry(part.clone()) {
            serde_json::map::Entry::Occupied(entry) => entry.into_mut(),
            serde_json::map::Entry::Vacant(entry) if free => {
                // What lies deeper needs a table; a value replaces it.
                entry.insert(Value::Object(serde_json::Map::new()))
            }
            serde_json::map::Entry::Vacant(_) => {
                return Err(format!("unknown key {part:?}; known here: {}", known.join(", ")));
            }
        };
    }
    Ok(at)
}

/// The value as the kind that stands in the slot: INI, environment and flags know text alone.
fn fitted(slot: &Value, value: &Value) -> Result<Value, String> {
    let wrong = |expected: &str| Err(format!("expected {expected}, found {}", kind(value)));
    match (slot, value) {
        (Value::Number(_), Value::String(text)) => match serde_json::from_str(text.trim()) {
            Ok(Value::Number(number)) => Ok(Value::Number(number)),
            _ => wrong("a number"),
        },
        (Value::Number(_), Value::Number(_)) => Ok(value.clone()),
        (Value::Number(_), _) => wrong("a number"),
        (Value::Bool(_), Value::String(text)) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => wrong("true or false"),
        },
        (Value::Bool(_), Value::Bool(_)) => Ok(value.clone()),
        (Value::Bool(_), _) => wrong("true or false"),
        (Value::Array(_), Value::String(text)) => {
            Ok(text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
        }
        (Value::Array(_), Value::Array(values)) if values.iter().all(Value::is_string) => Ok(value.clone()),
        (Value::Array(_), _) => wrong("a list of texts"),
        (Value::String(_) | Value::Null, Value::String(_)) => Ok(value.clone()),
        (Value::String(_) | Value::Null, _) => wrong("text"),
        (Value::Object(table), _) if !table.is_empty() => wrong("a section with keys"),
        (Value::Object(_), _) => Ok(value.clone()),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a section",
    }
}

//! The effective configuration as `wanlink config check` prints it: each value with its origin, secrets masked.

use super::endpoint::{is_masked, masked};
use super::{Loaded, Origin, settle_bound, span};
use serde_json::Value;
use wanlink_domain::validate::config::MASK;

impl Loaded {
    /// One line per key, sorted: `key = value  # origin`; at the end the bound within which everything settles.
    pub fn effective(&self) -> String {
        let tree = serde_json::to_value(&self.config).unwrap_or(Value::Null);
        let mut lines = Vec::new();
        walk(&mut Vec::new(), &tree, &mut |key, value| {
            let origin = self.origins.get(key).unwrap_or(&Origin::Default);
            lines.push(format!("{key} = {}  # {origin}", shown(key, value)));
        });
        lines.sort();
        let bound = span::print(settle_bound(&self.config));
        lines.push(format!("# once faults stop, an action settles within {bound}"));
        lines.join("\n") + "\n"
    }
}

/// Calls `leaf` with each dotted key and its value; an empty section is a leaf too, so that it is seen.
fn walk(path: &mut Vec<String>, value: &Value, leaf: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(table) if !table.is_empty() => {
            for (key, value) in table {
                path.push(key.clone());
                walk(path, value, leaf);
                path.pop();
            }
        }
        value => leaf(&path.join("."), value),
    }
}

/// An engine's options are unknown here: what looks like a secret by its key is masked whole, and every text as
/// if it were an endpoint.
fn shown(key: &str, value: &Value) -> String {
    match value {
        _ if key.rsplit('.').next().is_some_and(is_masked) => MASK.to_owned(),
        Value::Null => "\"\"".to_owned(),
        Value::String(text) => Value::from(masked(text)).to_string(),
        Value::Array(values) => {
            let shown: Vec<String> = values.iter().map(|value| shown(key, value)).collect();
            format!("[{}]", shown.join(", "))
        }
        value => value.to_string(),
    }
}

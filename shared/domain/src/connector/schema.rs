//! The schema of a connector's settings: flat, with dotted keys for what is nested.

use crate::validate::{Faults, below};
use serde::Serialize;
use serde_json::{Map, Value};

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigKey {
    /// Dotted where it stands in nested objects: `auth.token` is `{"auth": {"token": ...}}`.
    pub name: &'static str,
    pub kind: ValueKind,
    pub required: bool,
    /// Sealed before it leaves the api; a text.
    pub secret: bool,
    /// What it means, its unit and its default, in one line.
    pub doc: &'static str,
}

/// What a setting's value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ValueKind {
    /// Not empty.
    Text,
    /// A whole number within these bounds.
    Integer {
        min: i64,
        max: i64,
    },
    Boolean,
    OneOf {
        values: &'static [&'static str],
    },
    /// Texts, none of them empty.
    TextList,
    /// Any object: the connector itself says what it may hold.
    Object,
}

impl ValueKind {
    /// What would be right, if `value` is not.
    pub fn mismatch(self, value: &Value) -> Option<String> {
        let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let (fits, expected) = match self {
            Self::Text => (text(value), "a text that is not empty".to_owned()),
            Self::Integer { min, max } => (
                value.as_i64().is_some_and(|number| (min..=max).contains(&number)),
                format!("a whole number from {min} to {max}"),
            ),
            Self::Boolean => (value.is_boolean(), "true or false".to_owned()),
            Self::OneOf { values } => (
                value.as_str().is_some_and(|text| values.contains(&text)),
                format!("one of {}", values.join(", ")),
            ),
            Self::TextList => (
                value.as_array().is_some_and(|items| items.iter().all(text)),
                "a list of texts that are not empty".to_owned(),
            ),
            Self::Object => (value.is_object(), "an object".to_owned()),
        };
        (!fits).then(|| format!("must be {expected}"))
    }
}

/// Notes what of `config` the schema does not know or types otherwise.
pub(super) fn check(
    connector: &str,
    schema: &[ConfigKey],
    place: &str,
    config: &Map<String, Value>,
    faults: &mut Faults,
) {
    check_below(connector, schema, "", place, config, faults);
}

fn check_below(
    connector: &str,
    schema: &[ConfigKey],
    prefix: &str,
    place: &str,
    config: &Map<String, Value>,
    faults: &mut Faults,
) {
    for (key, value) in config {
        let dotted = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        let place = below(place, key);
        // A key with a dot of its own would be taken for a nested one.
        let known = (!key.contains('.')).then(|| schema.iter().find(|known| known.name == dotted)).flatten();
        let nested =
            !key.contains('.') && schema.iter().any(|known| known.name.starts_with(&format!("{dotted}.")));
        match (known, value) {
            (Some(known), value) => {
                if let Some(message) = known.kind.mismatch(value) {
                    faults.add(place, message);
                }
            }
            (None, Value::Object(inner)) if nested => {
                check_below(connector, schema, &dotted, &place, inner, faults);
            }
            (None, _) if nested => faults.add(place, "must be an object"),
            (None, _) => {
                let names: Vec<&str> = schema.iter().map(|known| known.name).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                faults.add(place, format!("is no setting of connector {connector}; known ones: {known}"));
            }
        }
    }
}

//! Flags to JSON: what is not given stays out, what shall be cleared becomes null.

use crate::exit::Failure;
use serde_json::{Map, Value};
use std::io::Read as _;

/// `KEY=VALUE` of a setting: the key's dotted path and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValue {
    pub key: String,
    pub value: Value,
}

impl KeyValue {
    /// The value is read as JSON where it is any, so that numbers are numbers; else as text.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
                Ok(Self { key: key.to_owned(), value })
            }
            _ => Err("expected KEY=VALUE".to_owned()),
        }
    }
}

/// The flag for whole bodies.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FileArgs {
    /// A JSON file with the body, or - for standard input; flags win over its fields
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<String>,
}

/// A body that is being put together.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body(Map<String, Value>);

impl Body {
    /// Sets a field where there is a value for it.
    pub fn with(mut self, field: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.0.insert(field.to_owned(), value.into());
        }
        self
    }

    /// Sets keys below a field; dots lead into objects.
    pub fn with_keys(mut self, field: &str, keys: &[KeyValue]) -> Self {
        for KeyValue { key, value } in keys {
            self.put(&format!("{field}.{key}"), value.clone());
        }
        self
    }

    /// Makes fields null, which clears them; dots lead into objects.
    pub fn without(mut self, fields: &[String]) -> Self {
        for field in fields {
            self.put(field, Value::Null);
        }
        self
    }

    /// Lays these fields over the body of a file, where one is named; objects in both are merged.
    pub fn over(mut self, file: &FileArgs) -> Result<Self, Failure> {
        let Some(path) = &file.file else { return Ok(self) };
        let Value::Object(mut below) = read_json(path)? else {
            return Err(Failure::usage(format!("{path} holds no object")));
        };
        for (field, value) in std::mem::take(&mut self.0) {
            match (below.get_mut(&field), value) {
                (Some(Value::Object(below)), Value::Object(above)) => below.extend(above),
                (_, value) => drop(below.insert(field, value)),
            }
        }
        Ok(Self(below))
    }

    fn put(&mut self, path: &str, value: Value) {
        let mut at = &mut self.0;
        let mut parts = path.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.insert(part.to_owned(), value);
                return;
            }
            let below = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
            if !below.is_object() {
                *below = Value::Object(Map::new());
            }
            let Value::Object(below) = below else { return };
            at = below;
        }
    }
}

impl From<Body> for Value {
    fn from(body: Body) -> Self {
        Self::Object(body.0)
    }
}

/// JSON from a file, or from standard input where it is `-`.
pub fn read_json(path: &str) -> Result<Value, Failure> {
    let mut text = String::new();
    let read = match path {
        "-" => std::io::stdin().read_to_string(&mut text).map(drop),
        path => std::fs::read_to_string(path).map(|found| text = found),
    };
    read.map_err(|error| Failure::usage(format!("{path}: {error}")))?;
    serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{path} is not JSON: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_json_where_they_are_any() {
        for (text, value) in [
            ("a=5", json!(5)),
            ("a=true", json!(true)),
            ("a=probe", json!("probe")),
            ("a=http://x/{vpn_id}?b=c", json!("http://x/{vpn_id}?b=c")),
            ("a=[\"bum\"]", json!(["bum"])),
            ("a=\"5\"", json!("5")),
            ("a=", json!("")),
        ] {
            assert_eq!(KeyValue::parse(text).map(|it| it.value), Ok(value), "{text}");
        }
        assert!(KeyValue::parse("a").is_err() && KeyValue::parse("=a").is_err());
    }

    #[test]
    fn dots_lead_into_objects_and_what_is_cleared_is_null() {
        let keys =
            [KeyValue::parse("tls.ca=x").expect("a setting"), KeyValue::parse("n=1").expect("a setting")];
        let body = Body::default()
            .with("name", Some("a"))
            .with("user", None::<String>)
            .with_keys("config", &keys)
            .without(&["description".to_owned(), "config.auth".to_owned()]);
        let expected = json!({"name": "a", "description": null,
            "config": {"tls": {"ca": "x"}, "n": 1, "auth": null}});
        assert_eq!(Value::from(body), expected);
    }

    #[test]
    fn flags_win_over_the_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let named = FileArgs { file: file.path().to_str().map(str::to_owned) };
        let flags = || {
            let keys = [KeyValue::parse("n=2").expect("a setting")];
            Body::default().with("name", Some("flag")).with_keys("config", &keys)
        };
        std::fs::write(file.path(), r#"{"name": "file", "user": "u", "config": {"n": 1, "m": 1}}"#)
            .expect("written");
        let merged = flags().over(&named).map(Value::from);
        assert_eq!(merged, Ok(json!({"name": "flag", "user": "u", "config": {"n": 2, "m": 1}})));
        for text in ["[]", "{", ""] {
            std::fs::write(file.path(), text).expect("written");
            assert_eq!(flags().over(&named).expect_err(text).exit, crate::exit::Exit::Usage);
        }
        assert_eq!(flags().over(&FileArgs::default()), Ok(flags()));
    }
}

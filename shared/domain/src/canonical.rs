//! One text for one JSON value, so that values can be compared, hashed and derived from by their bytes.
//!
//! Deliberately absent: the number normalisation of RFC 8785; `1` and `1.0` are different texts here as they are
//! in the call that brought them.

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// The value as compact JSON with the keys of every object in byte order. It sorts by itself rather than relying
/// on the map type, which a feature of another crate in the tree can change.
pub fn json(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

/// SHA-256 of [`json`] in lower-case hexadecimal: the digest by which a repeated call is known.
pub fn digest(value: &Value) -> String {
    hex(&Sha256::digest(json(value).as_bytes()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (place, (key, value)) in entries.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth_and_nothing_else_moves() {
        let value = json!({"b": [{"z": 1, "a": null}, 2.5], "a": {"y": "é\"", "x": true}});
        assert_eq!(super::json(&value), r#"{"a":{"x":true,"y":"é\""},"b":[{"a":null,"z":1},2.5]}"#);
    }

    #[test]
    fn a_digest_is_that_of_the_canonical_text() {
        assert_eq!(digest(&json!({})), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
        assert_eq!(digest(&json!({"a": 1, "b": 2})), digest(&json!({"b": 2, "a": 1})));
        assert_ne!(digest(&json!([1, 2])), digest(&json!([2, 1])));
    }
}

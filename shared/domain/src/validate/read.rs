//! Bytes to typed drafts, naming the place where an input does not fit: unknown fields, wrong types, what is
//! missing, JSON that is none.

use super::{FieldError, below};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// Reads one JSON object (RFC 8259) as a `T`. Depth is bounded by the parser (128), length by the caller.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, FieldError> {
    // A derived reader would take a list for a struct, field by field.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(FieldError::new("", "must be an object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| located(&error))?;
    json.end().map_err(|error| FieldError::new("", error.to_string()))?;
    Ok(value)
}

/// The same for a value that is parsed already. A key that stood twice in the text is seen only by [`read`].
pub fn read_value<T: DeserializeOwned>(value: Value) -> Result<T, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| located(&error))
}

fn located<E: std::fmt::Display>(error: &serde_path_to_error::Error<E>) -> FieldError {
    FieldError::new(pointer(error.path()), without_value(&error.inner().to_string()))
}

/// serde's message without the value, variant or field that did not fit, for it may be a secret in the wrong place.
/// What would have fitted stays: `must be u16`, "must be one of `a`, `b`", "unknown field, expected `size`".
pub fn without_value(message: &str) -> String {
    let fitting = message.rfind(", expected ").map(|at| &message[at + ", expected ".len()..]);
    let begins = |kind: &str| message.starts_with(kind);
    if begins("unknown field ") {
        fitting.map_or("unknown field".to_owned(), |fitting| format!("unknown field, expected {fitting}"))
    } else if begins("invalid type: ") || begins("invalid value: ") || begins("unknown variant ") {
        fitting.map_or("does not fit".to_owned(), |fitting| format!("must be {fitting}"))
    } else {
        message.to_owned()
    }
}

fn pointer(path: &Path) -> String {
    path.iter().fold(String::new(), |place, segment| match segment {
        Segment::Seq { index } => format!("{place}/{index}"),
        Segment::Map { key } => below(&place, key),
        Segment::Enum { variant } => below(&place, variant),
        Segment::Unknown => place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only its reading is tested")]
        items: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its reading is tested")]
        size: u16,
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place() {
        let deep = format!(r#"{{"items": {}1{}}}"#, "[".repeat(200), "]".repeat(200));
        for (text, field, part) in [
            (r#"{"items": [{"size": 1}, {"size": "x"}]}"#, "/items/1/size", "must be u16"),
            (r#"{"items": [{"size": 70000}]}"#, "/items/0/size", "must be u16"),
            (r#"{"items": [{}]}"#, "/items/0", "missing field `size`"),
            (r#"{"items": [{"size": 1, "a/b": 2}]}"#, "/items/0/a~1b", "unknown field, expected `size`"),
            (r#"{"items": [], "items": []}"#, "", "duplicate field `items`"),
            (r#"{"items": []} x"#, "", "trailing characters"),
            (r#"{"items": ["#, "", "EOF"),
            ("", "", "EOF"),
            ("[]", "", "must be an object"),
            ("5", "", "must be struct Outer"),
            (&deep, "", ""),
        ] {
            let error = read::<Outer>(text.as_bytes()).expect_err(text);
            assert!(error.message.contains(part), "{text}: {error:?}");
            assert!(error.field.starts_with(field), "{text}: {error:?}");
        }
        let hush = read::<Outer>(br#"{"items": [{"size": "hush, expected much"}]}"#).unwrap_err();
        assert!(!hush.message.contains("hush"), "{hush:?}");
        assert!(read::<Outer>(br#"{"items": [{"size": 1}]} "#).is_ok());
        assert_eq!(read::<Outer>(b"\xff").unwrap_err().field, "");
    }

    #[test]
    fn what_did_not_fit_is_not_repeated() {
        for (message, told) in [
            (r#"invalid type: string "hush, expected a", expected u16 at line 1"#, "must be u16 at line 1"),
            ("invalid value: integer `70000`, expected u16", "must be u16"),
            ("unknown variant `hush`, expected `a` or `b`", "must be `a` or `b`"),
            (
                "unknown variant `hush, expected x`, expected one of `a`, `b`, `c`",
                "must be one of `a`, `b`, `c`",
            ),
            ("unknown variant `hush`, there are no variants", "does not fit"),
            ("unknown field `hush`, expected `size`", "unknown field, expected `size`"),
            ("unknown field `hush`, there are no fields", "unknown field"),
            ("unknown field `hush`", "unknown field"),
            ("missing field `size`", "missing field `size`"),
        ] {
            assert_eq!(without_value(message), told);
        }
    }
}

//! Rows as JSON: how the domain's structs become the parameters of a statement, and its answers structs again.

use super::relational::{Arg, Fault};
use crate::port::{Page, Slice, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Rows, ids or pairs as one JSON array.
pub(super) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<Arg, Fault> {
    let refused = |why: String| Fault::Store(StoreError::Invalid(format!("a row cannot be written: {why}")));
    let text = serde_json::to_string(rows).map_err(|error| refused(error.to_string()))?;
    if holds_nul(&text) {
        // PostgreSQL keeps none and SQLite cuts texts there, so that no engine takes it.
        return Err(refused("a text holds the character U+0000".to_owned()));
    }
    Ok(Arg::Text(Some(text)))
}

/// Whether a JSON text has an escaped U+0000: one whose backslash is not itself escaped.
fn holds_nul(json: &str) -> bool {
    json.match_indices("\\u0000").any(|(at, _)| {
        let before = json.as_bytes()[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        before % 2 == 0
    })
}

pub(super) fn text(value: impl ToString) -> Arg {
    Arg::Text(Some(value.to_string()))
}

pub(super) fn maybe_text(value: Option<impl ToString>) -> Arg {
    Arg::Text(value.map(|value| value.to_string()))
}

pub(super) fn int(value: impl Into<i64>) -> Arg {
    Arg::Int(Some(value.into()))
}

/// A field-less enum's text, as serde writes it and the columns hold it.
pub(super) fn word<T: Serialize>(value: &T) -> Arg {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Arg::Text(Some(word)),
        _ => Arg::Text(None),
    }
}

/// What a statement answered, decoded.
pub(super) fn decode<T: DeserializeOwned>(rows: Vec<String>) -> Result<Vec<T>, Fault> {
    rows.iter().map(|row| decode_one(row)).collect()
}

fn decode_one<T: DeserializeOwned>(row: &str) -> Result<T, Fault> {
    serde_json::from_str(row)
        .map_err(|error| Fault::Store(StoreError::Invalid(format!("a stored row cannot be read: {error}"))))
}

const PAGE_MAX: u32 = 1_000;

/// The three parameters of a page: after which time, after which id, and how many rows, of which the last only
/// tells whether there are more.
pub(super) fn page_args(page: Page) -> [Arg; 3] {
    let limit = page.limit.clamp(1, PAGE_MAX);
    [
        Arg::Int(page.after.map(|(at, _)| at.0)),
        maybe_text(page.after.map(|(_, id)| id)),
        int(i64::from(limit) + 1),
    ]
}

pub(super) fn slice<T>(mut rows: Vec<T>, page: Page) -> Slice<T> {
    let limit = page.limit.clamp(1, PAGE_MAX) as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    Slice { rows, more }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_is_found_and_its_spelling_in_letters_is_not() {
        for (text, found) in [
            ("a\0b", true),
            ("\\\0", true),
            ("\\u0000", false),
            ("\\\\u0000", false),
            ("u0000", false),
            ("", false),
        ] {
            assert_eq!(json(&[text]).is_err(), found, "{text:?}");
        }
    }
}

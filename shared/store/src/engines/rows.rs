//! Rows as JSON: how the domain's structs become the parameters of a statement, and its answers structs again.

use super::relational::{Arg, Fault};
use crate::port::{Page, Slice, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter};

/// Rows, ids or pairs as one JSON array.
pub(super) fn json<T: Serialize + ?Sized>(rows: &T) -> Result<Arg, Fault> {
    let mut text = Vec::new();
    write(rows, &mut text).map_err(Fault::Store)?;
    Ok(Arg::Text(Some(String::from_utf8(text).map_err(|error| Fault::Store(refused(&error)))?)))
}

/// Refuses a row that [`json`] would refuse, for an engine that keeps rows as they are.
pub(super) fn no_nul<T: Serialize + ?Sized>(row: &T) -> Result<(), StoreError> {
    write(row, std::io::sink())
}

fn write<T: Serialize + ?Sized>(rows: &T, to: impl std::io::Write) -> Result<(), StoreError> {
    let mut serializer = serde_json::Serializer::with_formatter(to, NoNul);
    rows.serialize(&mut serializer).map_err(|error| refused(&error))
}

fn refused(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Invalid(format!("a row cannot be written: {why}"))
}

/// PostgreSQL keeps no U+0000 and SQLite cuts texts there, so that no engine takes it.
struct NoNul;

impl Formatter for NoNul {
    fn write_char_escape<W: std::io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> std::io::Result<()> {
        if matches!(escape, CharEscape::AsciiControl(0)) {
            return Err(std::io::Error::other("a text holds the character U+0000"));
        }
        CompactFormatter.write_char_escape(writer, escape)
    }
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
    [
        Arg::Int(page.after.map(|(at, _)| at.0)),
        maybe_text(page.after.map(|(_, id)| id)),
        int(i64::try_from(page_limit(page) + 1).unwrap_or(i64::MAX)),
    ]
}

/// How many rows the page has at most.
pub(super) fn page_limit(page: Page) -> usize {
    page.limit.clamp(1, PAGE_MAX) as usize
}

pub(super) fn slice<T>(mut rows: Vec<T>, page: Page) -> Slice<T> {
    let limit = page_limit(page);
    let more = rows.len() > limit;
    rows.truncate(limit);
    Slice { rows, more }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

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
            assert_eq!(no_nul(&BTreeMap::from([(text, 1)])).is_err(), found, "{text:?}");
        }
    }
}

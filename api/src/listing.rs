//! Lists: one page at a time, in the order of making, continued by an opaque cursor.
//!
//! Rows that are added or removed between two pages move nothing: a cursor is a place in the order
//! (created_at, id), not a number of rows.

use crate::call::Query;
use crate::problem::Problem;
use crate::state::State;
use axum::Json;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde::Serialize;
use uuid::Uuid;
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{Page, Slice};

/// Rows of a page where the caller does not say.
const LIMIT: u32 = 100;

/// Takes `limit` and `cursor` from the query.
pub fn page(state: &State, query: &mut Query) -> Result<Page, Problem> {
    let max = state.settings.page_max;
    let limit = query.read("limit", &format!("a number from 1 to {max}"), |text| {
        text.parse().ok().filter(|limit| (1..=max).contains(limit))
    })?;
    let after = query.read("cursor", "the `next` of an earlier answer", from_cursor)?;
    Ok(Page { after, limit: limit.unwrap_or(LIMIT.min(max)) })
}

/// One page: `{"items": [...], "next": cursor or null}`. `place` is a row's place in the order, `view` what a
/// caller sees of it.
pub fn answer<T, V: Serialize>(
    slice: &Slice<T>,
    place: impl Fn(&T) -> (Timestamp, Uuid),
    view: impl Fn(&T) -> V,
) -> Response {
    let items = slice.rows.iter().map(view).collect();
    let next = slice.rows.last().filter(|_| slice.more).map(|row| to_cursor(place(row)));
    Json(Listed { items, next }).into_response()
}

/// A list that is always one page.
pub fn whole<V: Serialize>(items: Vec<V>) -> Response {
    Json(Listed { items, next: None }).into_response()
}

#[derive(Serialize)]
struct Listed<V> {
    items: Vec<V>,
    next: Option<String>,
}

fn to_cursor((at, id): (Timestamp, Uuid)) -> String {
    BASE64URL.encode([at.0.to_be_bytes().as_slice(), id.as_bytes()].concat())
}

fn from_cursor(text: &str) -> Option<(Timestamp, Uuid)> {
    let bytes = BASE64URL.decode(text).ok()?;
    let (at, id) = bytes.split_first_chunk::<8>()?;
    Some((Timestamp(i64::from_be_bytes(*at)), Uuid::from_slice(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_is_one() {
        let place = (Timestamp(-5), Uuid::from_u128(7));
        assert_eq!(from_cursor(&to_cursor(place)), Some(place));
        for text in ["", "x", "AAAA", "====", &to_cursor(place)[1..]] {
            assert_eq!(from_cursor(text), None, "{text}");
        }
    }
}

//! What people and programs read about the api itself: the OpenAPI document and the handbook.

use crate::call::Call;
use crate::docs;
use crate::openapi;
use crate::problem::Problem;
use crate::routes::Answer;
use crate::state::Shared;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
};
use axum::response::{Html, IntoResponse as _};

/// Pages load from this process and from nowhere else.
const POLICY: (HeaderName, &str) = (
    CONTENT_SECURITY_POLICY,
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

pub async fn document(_: Shared, call: Call) -> Answer {
    call.query.end()?;
    Ok(([(CONTENT_TYPE, "application/json")], openapi::document()).into_response())
}

pub async fn browser(_: Shared, _: Call) -> Answer {
    Ok(([POLICY], Html(docs::browser())).into_response())
}

pub async fn page(_: Shared, call: Call) -> Answer {
    let asked = call.param("page");
    let page = docs::render(asked).ok_or_else(|| Problem::not_found("page", asked))?;
    Ok(([POLICY], Html(page)).into_response())
}

/// Compressed, whatever the caller accepts: every browser does, and nothing here could unpack it.
pub async fn asset(_: Shared, call: Call) -> Answer {
    let asked = call.param("file");
    if asked == "start.js" {
        return Ok(([(CONTENT_TYPE, "text/javascript; charset=utf-8")], docs::START).into_response());
    }
    let (media, bytes) = docs::asset(asked).ok_or_else(|| Problem::not_found("file", asked))?;
    let headers = [(CONTENT_TYPE, media), (CONTENT_ENCODING, "gzip"), (CACHE_CONTROL, "max-age=86400")];
    Ok((headers, bytes).into_response())
}

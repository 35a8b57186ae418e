//! Every call, counted and timed.
//!
//! By the table's row and never by the path, which holds ids. Deliberately absent: what a call means.

use crate::routes::ROUTES;
use crate::state::Shared;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use wanlink_runtime::metrics::Metrics;

/// Around everything else, so that what is refused is counted too.
pub async fn observe(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let (method, route) = (method(request.method()), route(&request));
    let began = state.clock.mono();
    let in_progress = InProgress::begin(&state.telemetry.metrics);
    let response = next.run(request).await;
    drop(in_progress);
    let metrics = &state.telemetry.metrics;
    metrics.http_calls.one([method, route, class(response.status())]);
    metrics.http_time.observe([method], state.clock.mono().saturating_sub(began));
    response
}

/// Counted down also where the client goes away in the middle.
struct InProgress(Arc<Metrics>);

impl InProgress {
    fn begin(metrics: &Arc<Metrics>) -> Self {
        metrics.http_in_progress.add([], 1.0);
        Self(metrics.clone())
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.http_in_progress.add([], -1.0);
    }
}

/// The path of the table's row.
fn route(request: &Request) -> &'static str {
    let matched = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let row = matched.and_then(|matched| ROUTES.iter().find(|row| row.path == matched));
    row.map_or("none", |row| row.path)
}

/// Those of the table; whoever makes one up makes no figure of his own.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

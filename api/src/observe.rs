//! Every call, counted, timed, and followed where its caller or the configured share wants it so.
//!
//! By the table's row and never by the path, which holds ids. Deliberately absent: what a call means.

use crate::routes::ROUTES;
use crate::state::Shared;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::metrics::Metrics;
use wanlink_runtime::trace::{Kind, Span};

/// Around everything else, so that what is refused is counted too.
pub async fn observe(State(state): State<Shared>, request: Request, next: Next) -> Response {
    let (method, route) = (method(request.method()), route(&request));
    let began = state.clock.mono();
    let in_progress = InProgress::begin(&state.telemetry.metrics);
    let mut span = followed(&state, &request, method, route);
    let mut response = span.around(next.run(request)).await;
    drop(in_progress);
    answer(&mut span, &mut response);
    let metrics = &state.telemetry.metrics;
    metrics.http_calls.one([method, route, class(response.status())]);
    metrics.http_time.observe([method], state.clock.mono().saturating_sub(began));
    response
}

/// The call's span. What supervisors ask is nobody's work.
fn followed(state: &Shared, request: &Request, method: &str, route: &'static str) -> Span {
    let tracer = &state.telemetry.tracer;
    if !tracer.is_on() || !route.starts_with("/v1/") {
        return Span::none();
    }
    let incoming = request.headers().get(TRACEPARENT).and_then(|value| value.to_str().ok());
    let incoming = incoming.and_then(TraceParent::parse);
    let mut span = tracer.enter(Kind::Server, incoming, || format!("{method} {route}"));
    span.set("http.request.method", || method);
    span.set("http.route", || route);
    span
}

/// Tells the caller where in the trace his call stood.
fn answer(span: &mut Span, response: &mut Response) {
    let status = response.status();
    span.set("http.response.status_code", || i64::from(status.as_u16()));
    if status.is_server_error() {
        span.fail(|| status.to_string());
    }
    if let Some(value) = span.context().and_then(|own| HeaderValue::try_from(own.to_string()).ok()) {
        response.headers_mut().insert(TRACEPARENT, value);
    }
}

/// W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

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

//! RESTCONF (RFC 8040): from an HTTP request below `/restconf` to the tree and back.
//!
//! Only JSON is spoken. Entity tags, `If-Match`, events and operations are deliberately absent: the server that is
//! stood in for was not seen to need them for this model.

pub(crate) mod problem;
pub(crate) mod read;
pub(crate) mod target;
mod write;

use crate::app::Shared;
use crate::book::Caller;
use crate::clock;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use problem::Problem;
use serde_json::Value;
use target::Target;

/// The media type of RFC 8040 section 11.3.
pub(crate) const YANG_JSON: &str = "application/yang-data+json";

/// One request, read whole.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// `None` where the body was larger than what is read.
    pub(crate) body: Option<Bytes>,
}

/// How a fault bends a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bend {
    pub(crate) answered: bool,
    pub(crate) hide_ms: Option<u64>,
}

/// Answers a request below `/restconf`.
pub(crate) fn answer(shared: &Shared, request: Request, bend: Bend) -> Response {
    let refuse = |problem: &Problem| refusal(problem, shared.options.error_object);
    if !accepts_json(&request.headers) {
        let problem =
            Problem::new(StatusCode::NOT_ACCEPTABLE, "invalid-value", "only yang-data+json is spoken");
        return refuse(&problem);
    }
    let below = request.path.strip_prefix("/restconf").unwrap_or_default();
    let reading = matches!(request.method, Method::GET | Method::HEAD);
    match below {
        "" | "/" if reading => return json(StatusCode::OK, &read::root()),
        "/yang-library-version" if reading => return json(StatusCode::OK, &read::library_version()),
        _ => {}
    }
    let data = below.strip_prefix("/data").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(data) = data else { return refuse(&Problem::not_found()) };
    let target = Target::parse(data);
    match request.method {
        Method::GET | Method::HEAD => {
            let found = target.and_then(|target| read::read(&shared.book(), &target, clock::now_ms()));
            match found {
                Ok(body) => json(StatusCode::OK, &body),
                Err(problem) => refuse(&problem),
            }
        }
        Method::OPTIONS => {
            (StatusCode::OK, [(header::ALLOW, "GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE")])
                .into_response()
        }
        _ => match write(shared, request, target, bend) {
            Ok(response) => response,
            Err(problem) => refuse(&problem),
        },
    }
}

fn write(
    shared: &Shared,
    request: Request,
    target: Result<Target, Problem>,
    bend: Bend,
) -> Result<Response, Problem> {
    // Parsed before the lock is taken, and judged under it, so that a refused body is in the ledger too.
    let body = match request.method {
        Method::DELETE => Ok(Value::Null),
        _ => body(&request),
    };
    let now_ms = clock::now_ms();
    let traceparent = request.headers.get("traceparent").and_then(|value| value.to_str().ok());
    let caller = Caller {
        traceparent: traceparent.map(str::to_owned),
        method: request.method.as_str().to_owned(),
        path: request.path,
        at_ms: now_ms,
        answered: bend.answered,
    };
    let mut book = shared.book();
    let written = write::write(&mut book, &caller, target.clone(), body)?;
    if let (Some(hide_ms), Ok(target)) = (bend.hide_ms, target) {
        book.hide(&target, now_ms.saturating_add(hide_ms));
    }
    drop(book);
    let status = StatusCode::from_u16(written.status).unwrap_or(StatusCode::NO_CONTENT);
    let mut response = status.into_response();
    if let Some(location) = written.location.and_then(|location| location.parse().ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn body(request: &Request) -> Result<Value, Problem> {
    let media_type = request.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = media_type.and_then(|value| value.split(';').next()).map(str::trim).unwrap_or_default();
    if !bare.eq_ignore_ascii_case(YANG_JSON) {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "operation-not-supported",
            format!("the body must be {YANG_JSON}"),
        ));
    }
    let bytes = request.body.as_ref().ok_or_else(|| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-big", "the body is larger than this server reads")
    })?;
    serde_json::from_slice(bytes)
        .map_err(|e| Problem::malformed(format!("not JSON: line {} column {}", e.line(), e.column())))
}

/// Absent, any, or ours (RFC 8040 section 5.2).
fn accepts_json(headers: &HeaderMap) -> bool {
    let Some(accept) = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()) else { return true };
    accept.split(',').any(|part| {
        let bare = part.split(';').next().unwrap_or_default().trim();
        matches!(bare, "*/*" | "application/*") || bare.eq_ignore_ascii_case(YANG_JSON)
    })
}

pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, YANG_JSON), (header::CACHE_CONTROL, "no-cache")], body.to_string())
        .into_response()
}

/// A refusal as RFC 8040 section 7.1 writes it.
pub(crate) fn refusal(problem: &Problem, as_object: bool) -> Response {
    let mut response = json(problem.status, &problem.body(as_object));
    if problem.status == StatusCode::UNAUTHORIZED {
        let challenge = header::HeaderValue::from_static("Basic realm=\"restconf\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

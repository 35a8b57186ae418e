//! The HTTP surface: which path goes where, who may come in, and what faults make of it.
//!
//! Faults touch `/restconf` and the probe, never the control paths, so that a test can always take them back. Basic
//! credentials guard `/restconf` alone: the probe stands for another system, the control paths for the test itself.

use crate::book::Book;
use crate::faults::{Action, Answer, Faults, Verdict};
use crate::options::Options;
use crate::restconf::problem::Problem;
use crate::restconf::{self, Bend, Request, YANG_JSON, refusal};
use crate::{clock, control};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use futures::{StreamExt, stream};
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The largest body that is read.
const BODY_MAX: usize = 4 << 20;
/// What is read and thrown away of a larger one, so that its sender gets the refusal and not a reset.
const DRAIN_MAX: usize = 64 << 20;
/// The body of the `huge` fault: 30 pieces of 1 MB.
const HUGE_PIECE: usize = 1_000_000;
const HUGE_PIECES: usize = 30;

/// Marks an answer that must not be sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

pub(crate) struct Shared {
    pub(crate) options: Options,
    book: Mutex<Book>,
    faults: Mutex<Faults>,
}

impl Shared {
    pub(crate) fn open(options: Options) -> io::Result<Self> {
        let book = Book::open(&options, clock::now_ms())?;
        let faults = Faults::new(options.seed);
        Ok(Self { options, book: Mutex::new(book), faults: Mutex::new(faults) })
    }

    /// Locks the book; a panic of another holder is no reason to stop, for commits are applied whole.
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let Some(wanted) = &self.options.credentials else { return true };
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| {
            // The scheme's name is case-insensitive (RFC 9110 section 11.1).
            scheme.eq_ignore_ascii_case("basic")
        });
        let decoded = token.and_then(|(_, token)| STANDARD.decode(token.trim()).ok());
        decoded.is_some_and(|decoded| decoded == format!("{}:{}", wanted.user, wanted.password).into_bytes())
    }
}

pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/host-meta", get(host_meta))
        .route("/restconf", any(restconf))
        .route("/restconf/{*below}", any(restconf))
        .route("/probe", get(probes))
        .route("/probe/{vpn_id}", get(probe))
        .merge(control::routes())
        .with_state(shared)
}

async fn host_meta() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/xrd+xml")], restconf::read::HOST_META)
}

async fn restconf(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let (parts, body) = request.into_parts();
    // A request whose body never came whole was never made.
    let Ok(body) = read_whole(body).await else { return cut() };
    if !shared.admits(&parts.headers) {
        return refusal(&Problem::access_denied(), shared.options.error_object);
    }
    let path = parts.uri.path().to_owned();
    let verdict = shared.faults().decide(parts.method.as_str(), &path);
    let request = Request { method: parts.method, path, headers: parts.headers, body };
    bend(&shared, verdict, |bend| restconf::answer(&shared, request, bend)).await
}

/// The body, or `None` where it is larger than [`BODY_MAX`].
async fn read_whole(body: Body) -> Result<Option<Bytes>, axum::Error> {
    let mut chunks = body.into_data_stream();
    let (mut held, mut length) = (BytesMut::new(), 0_usize);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        length += chunk.len();
        if length > DRAIN_MAX {
            break;
        }
        if length <= BODY_MAX {
            held.extend_from_slice(&chunk);
        }
    }
    Ok((length <= BODY_MAX).then(|| held.freeze()))
}

async fn probe(
    State(shared): State<Arc<Shared>>,
    Path(vpn_id): Path<String>,
    request: axum::extract::Request,
) -> Response {
    let verdict = shared.faults().decide("GET", request.uri().path());
    bend(&shared, verdict, |_| match shared.book().probe(&vpn_id, clock::now_ms()) {
        Some(view) => axum::Json(view).into_response(),
        None => {
            (StatusCode::NOT_FOUND, axum::Json(serde_json::json!({"error": "no such link"}))).into_response()
        }
    })
    .await
}

async fn probes(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response {
    let verdict = shared.faults().decide("GET", request.uri().path());
    bend(&shared, verdict, |_| axum::Json(shared.book().probes(clock::now_ms())).into_response()).await
}

/// Does to a request what the verdict says, `act` being what it would have come to.
async fn bend(shared: &Shared, verdict: Verdict, act: impl FnOnce(Bend) -> Response) -> Response {
    if verdict.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(verdict.delay_ms)).await;
    }
    let straight = Bend { answered: true, hide_ms: None };
    let unanswered = Bend { answered: false, hide_ms: None };
    let refuse = |status, tag: &str| {
        refusal(&Problem::new(status, tag, "a fault was asked for"), shared.options.error_object)
    };
    match verdict.action {
        None | Some(Action::DelayMs(_)) => act(straight),
        Some(Action::NotVisibleMs(hide_ms)) => act(Bend { hide_ms: Some(hide_ms), ..straight }),
        Some(Action::Status(answer)) => made_up(&answer, shared.options.error_object),
        Some(Action::LockDenied) => refuse(StatusCode::CONFLICT, "lock-denied"),
        Some(Action::RetryAfter(seconds)) => {
            with_retry_after(refuse(StatusCode::TOO_MANY_REQUESTS, "resource-denied"), Some(seconds))
        }
        Some(Action::CutBefore) => cut(),
        Some(Action::CutAfter) => {
            act(unanswered);
            cut()
        }
        Some(Action::Hang) => std::future::pending().await,
        Some(Action::HangAfter) => {
            act(unanswered);
            std::future::pending().await
        }
        Some(Action::Garbage) => {
            act(unanswered);
            ([(header::CONTENT_TYPE, YANG_JSON)], &b"\x00{\"<html>\xff\xfe]]"[..]).into_response()
        }
        Some(Action::Huge) => {
            act(unanswered);
            ([(header::CONTENT_TYPE, YANG_JSON)], huge()).into_response()
        }
    }
}

fn cut() -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Cut);
    response
}

/// A JSON string that does not end for 30 MB, piece by piece, so that the emulator holds one of them.
fn huge() -> Body {
    let piece = Bytes::from(vec![b'x'; HUGE_PIECE]);
    let first = std::iter::once(Bytes::from_static(b"{\"ietf-l2vpn-svc:vpn-service\":\""));
    let pieces = first.chain(std::iter::repeat_n(piece, HUGE_PIECES)).map(Ok::<_, Infallible>);
    Body::from_stream(stream::iter(pieces))
}

fn made_up(answer: &Answer, as_object: bool) -> Response {
    let status = StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let response = match (&answer.body, &answer.error_tag) {
        (Some(serde_json::Value::String(text)), _) => {
            (status, [(header::CONTENT_TYPE, "text/html")], text.clone()).into_response()
        }
        (Some(body), _) => restconf::json(status, body),
        (None, Some(tag)) => refusal(&Problem::new(status, tag, "a fault was asked for"), as_object),
        (None, None) => status.into_response(),
    };
    with_retry_after(response, answer.retry_after)
}

fn with_retry_after(mut response: Response, seconds: Option<u64>) -> Response {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

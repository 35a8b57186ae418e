//! Problems (RFC 9457): the one shape of every answer that is no success, and the one mapping of codes to status.
//!
//! Deliberately absent: any internal text. What an operator needs beyond `detail` goes to the log.

use axum::http::header::{ALLOW, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use wanlink_broker::port::PublishError;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::validate::{self, FieldError};
use wanlink_store::port::StoreError;

/// Faults that are repeated in a problem's sentence.
const FAULTS_IN_DETAIL: usize = 3;
/// Characters of one fault's text, and of its place.
const FAULT_MAX: usize = 500;
/// Characters of a problem's sentence.
const DETAIL_MAX: usize = 2_000;

/// Causes that exist only because HTTP does; all others are the domain's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HttpCause {
    /// No resource has this path.
    NoRoute,
    /// The resource does not know this method; `Allow` lists those that it knows.
    MethodNotAllowed,
    /// The call's body did not arrive in time.
    BodyTimeout,
    /// The body is larger than `api.body_max_bytes`.
    BodyTooLarge,
    /// The body is not said to be JSON.
    UnsupportedMediaType,
}

/// A stable cause: its text is the problem's `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    Domain(Code),
    Http(HttpCause),
}

impl From<Code> for Cause {
    fn from(code: Code) -> Self {
        Self::Domain(code)
    }
}

impl From<HttpCause> for Cause {
    fn from(cause: HttpCause) -> Self {
        Self::Http(cause)
    }
}

impl HttpCause {
    /// All of them, for the documentation test.
    pub const ALL: [HttpCause; 5] = [
        Self::NoRoute,
        Self::MethodNotAllowed,
        Self::BodyTimeout,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
    ];
}

impl Cause {
    /// Never changes between releases.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Domain(code) => code.as_str(),
            Self::Http(HttpCause::NoRoute) => "no-route",
            Self::Http(HttpCause::MethodNotAllowed) => "method-not-allowed",
            Self::Http(HttpCause::BodyTimeout) => "body-timeout",
            Self::Http(HttpCause::BodyTooLarge) => "body-too-large",
            Self::Http(HttpCause::UnsupportedMediaType) => "unsupported-media-type",
        }
    }

    /// The page that has a section for it.
    fn page(self) -> &'static str {
        match self {
            Self::Domain(_) => "/docs/errors",
            Self::Http(_) => "/docs/api",
        }
    }

    /// The one mapping of causes to status codes.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Domain(code) => domain_status(code),
            Self::Http(HttpCause::NoRoute) => StatusCode::NOT_FOUND,
            Self::Http(HttpCause::MethodNotAllowed) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Http(HttpCause::BodyTimeout) => StatusCode::REQUEST_TIMEOUT,
            Self::Http(HttpCause::BodyTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Http(HttpCause::UnsupportedMediaType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// Short and the same for every occurrence.
    fn title(self) -> &'static str {
        self.known_title().unwrap_or("The call cannot be carried out")
    }

    /// It is one that a call may be refused with, and not only how an action ended.
    pub fn refuses_a_call(self) -> bool {
        self.known_title().is_some()
    }

    fn known_title(self) -> Option<&'static str> {
        let title = match self {
            Self::Domain(Code::Invalid) => "The call is not valid",
            Self::Domain(Code::NotFound) => "There is no such object",
            Self::Domain(Code::AlreadyExists) => "There is such an object already",
            Self::Domain(Code::VersionMismatch) => "The object has changed",
            Self::Domain(Code::StillReferenced) => "Other objects refer to it",
            Self::Domain(Code::KeyConflict) => "The Idempotency-Key stands for another call",
            Self::Domain(Code::NoCommonWim) => "No WIM joins these sites",
            Self::Domain(Code::Unsupported) => "The connector cannot do this",
            Self::Domain(Code::AccountNotReady) => "The WIM account is not ready",
            Self::Domain(Code::LinkDeleted) => "The link is deleted",
            Self::Domain(Code::ServiceDeleted) => "The service is being deleted",
            Self::Domain(Code::NothingToRetry) => "There is nothing to try again",
            Self::Domain(Code::Overloaded) => "Too much is waiting",
            Self::Domain(Code::Frozen) => "Everything is frozen: nothing was done",
            Self::Domain(Code::Unavailable) => "A service is away: nothing was done",
            Self::Domain(Code::OutcomeUnknown) => "The outcome is not known",
            Self::Domain(Code::Internal) => "An error of wanlink",
            Self::Domain(_) => return None,
            Self::Http(HttpCause::NoRoute) => "There is no such resource",
            Self::Http(HttpCause::MethodNotAllowed) => "The resource does not know this method",
            Self::Http(HttpCause::BodyTimeout) => "The body did not arrive in time",
            Self::Http(HttpCause::BodyTooLarge) => "The body is too large",
            Self::Http(HttpCause::UnsupportedMediaType) => "The body is not JSON",
        };
        Some(title)
    }
}

/// Codes of how an action ended are listed too: the journal may refuse a request with any of them.
fn domain_status(code: Code) -> StatusCode {
    match code {
        Code::Invalid => StatusCode::BAD_REQUEST,
        Code::NotFound | Code::LinkDeleted | Code::ServiceDeleted => StatusCode::NOT_FOUND,
        Code::VersionMismatch => StatusCode::PRECONDITION_FAILED,
        Code::AlreadyExists | Code::StillReferenced | Code::AccountNotReady | Code::NothingToRetry => {
            StatusCode::CONFLICT
        }
        Code::KeyConflict
        | Code::NoCommonWim
        | Code::Unsupported
        | Code::NoExternalPort
        | Code::NoPortMapping
        | Code::ConnectorInvalid => StatusCode::UNPROCESSABLE_ENTITY,
        Code::Overloaded | Code::Frozen | Code::Unavailable | Code::OutcomeUnknown => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::CONFLICT,
    }
}

/// Where in a call a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A JSON pointer (RFC 6901) into the body; empty: all of it.
    Body(String),
    /// A parameter of the query.
    Query(String),
    /// A header.
    Header(&'static str),
}

/// One fault of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    pub detail: String,
}

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub cause: Cause,
    /// What happened and what to do; holds no secret and nothing internal.
    pub detail: String,
    pub errors: Vec<Fault>,
    pub retry_after_s: Option<u64>,
    /// Where the outcome can be read once it is known.
    pub location: Option<String>,
    pub allow: Option<String>,
}

impl Problem {
    pub fn new(cause: impl Into<Cause>, detail: impl Into<String>) -> Self {
        let cause = cause.into();
        // A freeze is a person's and lasts.
        let pause = if cause == Cause::Domain(Code::Frozen) { 30 } else { 1 };
        let retry_after_s = (cause.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(pause);
        Self { cause, detail: detail.into(), errors: Vec::new(), retry_after_s, location: None, allow: None }
    }

    /// A fault of the call in one place.
    pub fn at(place: Place, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let told = match &place {
            Place::Body(pointer) if pointer.is_empty() => format!("the body: {detail}"),
            Place::Body(pointer) => format!("{pointer}: {detail}"),
            Place::Query(name) => format!("query parameter {name}: {detail}"),
            Place::Header(name) => format!("header {name}: {detail}"),
        };
        Self { errors: vec![Fault { place, detail }], ..Self::new(Code::Invalid, told) }
    }

    /// A domain's reason that is about one place of the call.
    pub fn of(reason: Reason, place: Place) -> Self {
        Self { cause: reason.code.into(), ..Self::at(place, reason.detail) }
    }

    /// Faults of the body, all of them.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let more = errors.len().saturating_sub(FAULTS_IN_DETAIL);
        let mut detail = validate::summary(&errors[..errors.len() - more]).detail;
        if more > 0 {
            detail.push_str(&format!("; and {more} more"));
        }
        let fault = |error: FieldError| Fault { place: Place::Body(error.field), detail: error.message };
        let errors = errors.into_iter().map(fault).collect();
        Self { errors, ..Self::new(Code::Invalid, detail) }
    }

    /// No object of this id or name.
    pub fn not_found(noun: &str, asked: &str) -> Self {
        Self::new(Code::NotFound, format!("no {noun} has the id or name {:?}", shortened(asked)))
    }

    pub fn with_location(mut self, location: impl Into<String>) -> Self {
        self.location = Some(location.into());
        self
    }

    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The answer to the call of `path`. What the caller gave is repeated in it only as far as it is short.
    pub fn answer(self, path: &str) -> Response {
        let status = self.cause.status();
        let code = self.cause.as_str();
        let body = ProblemBody {
            page: format!("{}#{code}", self.cause.page()),
            title: self.cause.title(),
            status: status.as_u16(),
            detail: cut(&self.detail, DETAIL_MAX),
            code,
            instance: path.to_owned(),
            errors: self.errors.iter().map(FaultBody::from).collect(),
        };
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let given = [
            (RETRY_AFTER, self.retry_after_s.map(|seconds| seconds.to_string())),
            (LOCATION, self.location),
            (ALLOW, self.allow),
        ];
        for (name, text) in given {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Why a call was refused (RFC 9457).
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// The page and section about it.
    #[serde(rename = "type")]
    page: String,
    /// The same for every occurrence.
    title: &'static str,
    status: u16,
    /// What happened here and what to do.
    detail: String,
    /// Stable: act on this one.
    code: &'static str,
    /// The path that was called.
    instance: String,
    /// Each fault of the call with its place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FaultBody>,
}

/// One fault, with exactly one of the places.
#[derive(Serialize, ToSchema)]
struct FaultBody {
    /// In the body (RFC 6901); empty: all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Of the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<&'static str>,
    detail: String,
}

impl From<&Fault> for FaultBody {
    fn from(fault: &Fault) -> Self {
        let detail = cut(&fault.detail, FAULT_MAX);
        let mut body = Self { pointer: None, parameter: None, header: None, detail };
        match &fault.place {
            Place::Body(pointer) => body.pointer = Some(cut(pointer, FAULT_MAX)),
            Place::Query(name) => body.parameter = Some(cut(name, FAULT_MAX)),
            Place::Header(name) => body.header = Some(name),
        }
        body
    }
}

/// What a caller gave, cut to what fits into a sentence.
pub fn shortened(text: &str) -> String {
    cut(text, 80)
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max).chain(['…']).collect()
}

impl From<Reason> for Problem {
    fn from(reason: Reason) -> Self {
        Self::new(reason.code, reason.detail)
    }
}

impl From<StoreError> for Problem {
    /// The database's own words stay in the log: they may name hosts and rows.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Conflict(_) | StoreError::CommitUnknown(_) => {
                tracing::warn!(%error, "a read failed");
                Self::new(Code::Unavailable, "the database is away; nothing was done: come back later")
            }
            StoreError::Schema { .. } => Self::new(Code::Unavailable, error.to_string()),
            StoreError::Invalid(_) | StoreError::ReadOnly(_) => {
                tracing::error!(%error, "a read was refused");
                Self::new(Code::Internal, "the database refused a read; the log of this process says why")
            }
        }
    }
}

/// The answer where a publish ended before anything was taken. [`PublishError::Unknown`] is told apart by the
/// caller, who knows where the outcome can be read.
impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        tracing::warn!(%error, "a publish was not taken");
        match error {
            PublishError::Unknown(_) => Self::new(
                Code::OutcomeUnknown,
                "the message broker gave no confirm: repeat with the same key",
            ),
            PublishError::Unavailable(_) => {
                Self::new(Code::Unavailable, "the message broker is away; nothing was sent: come back later")
            }
            PublishError::Returned => Self::new(
                Code::Unavailable,
                "the message broker has no queue for it; nothing was done: come back later",
            ),
            PublishError::Refused => {
                Self::new(Code::Unavailable, "the journal is full; nothing was done: come back later")
                    .retry_after(5)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_error_status_and_every_503_says_when_to_come_back() {
        for code in Code::ALL {
            let problem = Problem::new(*code, "");
            let status = problem.cause.status();
            assert!(status.is_client_error() || status.is_server_error(), "{code:?}");
            assert_eq!(
                problem.retry_after_s.is_some(),
                status == StatusCode::SERVICE_UNAVAILABLE,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_header_that_cannot_be_written_is_left_out_not_fatal() {
        let response = Problem::new(Code::Internal, "x").with_location("a\nb").answer("/");
        assert!(response.headers().get(LOCATION).is_none());
    }
}

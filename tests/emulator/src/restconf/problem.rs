//! RESTCONF errors (RFC 8040 section 7): which tag, which status, which extra members.
//!
//! Each constructor is one situation that a client can meet, with the status and tag that a Clixon server was seen
//! to answer there; where it answers otherwise than the table of RFC 8040 section 7, the comment says so.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

/// One refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) tag: String,
    pub(crate) app_tag: Option<&'static str>,
    pub(crate) message: String,
    /// Instance identifier of the node in question.
    pub(crate) path: Option<String>,
    pub(crate) bad_element: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, tag: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            tag: tag.to_owned(),
            app_tag: None,
            message: message.into(),
            path: None,
            bad_element: None,
        }
    }

    fn at(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    fn element(mut self, name: &str) -> Self {
        self.bad_element = Some(name.to_owned());
        self
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "malformed-message", message)
    }

    pub(crate) fn unknown_element(at: &str, name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "unknown-element", format!("unknown element {name}"))
            .at(&format!("{at}/{name}"))
            .element(name)
    }

    pub(crate) fn missing_element(at: &str, name: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "missing-element", format!("mandatory element {name} is missing"))
            .at(at)
            .element(name)
    }

    pub(crate) fn bad_element(at: &str, name: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-element", message).at(at).element(name)
    }

    pub(crate) fn invalid_value(at: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid-value", message).at(at)
    }

    /// An identityref that names no identity of its base: `operation-failed`, which Clixon gives as 412.
    pub(crate) fn unknown_identity(at: &str, value: &str) -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "operation-failed", format!("no such identity: {value}"))
            .at(at)
    }

    /// RFC 7950 section 15.6.
    pub(crate) fn missing_choice(at: &str, name: &str) -> Self {
        let mut problem = Self::new(
            StatusCode::CONFLICT,
            "data-missing",
            format!("one of the cases of choice {name} is required"),
        )
        .at(at)
        .element(name);
        problem.app_tag = Some("missing-choice");
        problem
    }

    /// RFC 7950 section 15.5: a leafref whose target is missing, or would be after the change.
    pub(crate) fn instance_required(at: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::CONFLICT, "data-missing", message).at(at);
        problem.app_tag = Some("instance-required");
        problem
    }

    /// Deleting what is not there: Clixon says 409, not the 404 that many expect.
    pub(crate) fn nothing_to_delete() -> Self {
        Self::new(StatusCode::CONFLICT, "data-missing", "data does not exist, nothing to delete")
    }

    pub(crate) fn data_exists() -> Self {
        Self::new(StatusCode::CONFLICT, "data-exists", "data already exists; cannot create new resource")
    }

    /// Reading or patching what is not there, an empty list included.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "invalid-value", "instance does not exist")
    }

    pub(crate) fn not_supported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "operation-not-supported", message)
    }

    pub(crate) fn access_denied() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "access-denied", "the requested URL was unauthorized")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "operation-failed", message)
    }

    /// The body: `{"ietf-restconf:errors": {"error": [..]}}`, or with one bare object where `as_object` is set, the
    /// way Clixon writes it.
    pub(crate) fn body(&self, as_object: bool) -> Value {
        let mut error = Map::new();
        error.insert("error-type".to_owned(), json!(self.error_type()));
        error.insert("error-tag".to_owned(), json!(self.tag));
        error.insert("error-severity".to_owned(), json!("error"));
        if let Some(app_tag) = self.app_tag {
            error.insert("error-app-tag".to_owned(), json!(app_tag));
        }
        if let Some(path) = &self.path {
            error.insert("error-path".to_owned(), json!(path));
        }
        if let Some(name) = &self.bad_element {
            error.insert("error-info".to_owned(), json!({ "bad-element": name }));
        }
        error.insert("error-message".to_owned(), json!(self.message));
        let error = if as_object { Value::Object(error) } else { json!([error]) };
        json!({ "ietf-restconf:errors": { "error": error } })
    }

    fn error_type(&self) -> &'static str {
        match self.tag.as_str() {
            "access-denied" | "operation-not-supported" | "malformed-message" | "too-big" => "protocol",
            _ => "application",
        }
    }
}

//! A call as HTTP would have it, and HTTP's answer as a message.
//!
//! Deliberately absent: every rule about what a call means. What differs from HTTP is only what a queue makes
//! different: a message comes more than once, so every call that changes something has a key; and it may lie on a
//! disc, so it holds no secret ([`Carrier`]).

use crate::call::Carrier;
use crate::problem::{HttpCause, Place, Problem, shortened};
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use axum::http::{Method, Request, Uri};
use axum::response::Response;
use serde_json::Value;
use tower::ServiceExt as _;
use wanlink_domain::ids::MessageId;
use wanlink_domain::reason::Code;
use wanlink_wire::call::{Call, Called};

/// Where all resources are. Health is for whoever reaches the process itself.
const BASE: &str = "/v1/";
const KEY: &str = "idempotency-key";

/// Makes the call through `router`. Always an answer: a router's faults are answers too.
pub async fn make(router: Router, id: MessageId, call: &Call) -> Called {
    let response = match request(id, call) {
        Ok(request) => {
            let Ok(response) = router.oneshot(request).await;
            response
        }
        Err(problem) => problem.answer(&shortened(call.path.split('?').next().unwrap_or_default())),
    };
    called(id, response).await
}

fn request(id: MessageId, call: &Call) -> Result<Request<Body>, Problem> {
    let method = Method::from_bytes(call.method.as_bytes())
        .map_err(|_| Problem::new(Code::Invalid, "method: must be one of HTTP's, such as POST"))?;
    if !call.path.starts_with(BASE) {
        return Err(Problem::new(HttpCause::NoRoute, format!("path: must begin with {BASE}")));
    }
    let uri: Uri =
        call.path.parse().map_err(|_| Problem::new(Code::Invalid, "path: must be a valid path"))?;
    let key = key(id, call, &method)?;
    let mut request = Request::new(match &call.body {
        Value::Null => Body::empty(),
        body => Body::from(body.to_string()),
    });
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request.headers_mut().insert(KEY, key);
    request.extensions_mut().insert(Carrier::Broker);
    Ok(request)
}

/// By which this call is the same call when it comes again: the caller's name for it, or else its message's id.
fn key(id: MessageId, call: &Call, method: &Method) -> Result<HeaderValue, Problem> {
    let key = match &call.idempotency_key {
        Some(key) => key.clone(),
        None if method == Method::POST => {
            let detail = "is required for POST over the message broker: idempotency_key of the call";
            return Err(Problem::at(Place::Header(KEY), detail));
        }
        None => id.to_string(),
    };
    key.try_into().map_err(|_| Problem::at(Place::Header(KEY), "must be visible ASCII"))
}

async fn called(id: MessageId, response: Response) -> Called {
    let (parts, body) = response.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let (location, retry_after_s) =
        (header(LOCATION).map(str::to_owned), header(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()));
    // An answer of ours: it is in memory already, bounded by what a page may hold, and JSON unless it is empty.
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Called { call: id, status: parts.status.as_u16(), location, retry_after_s, body }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, path: &str, key: Option<&str>) -> Call {
        let (method, path) = (method.to_owned(), path.to_owned());
        Call { method, path, idempotency_key: key.map(str::to_owned), body: Value::Null }
    }

    #[test]
    fn what_is_no_call_of_ours_is_told_so() {
        let long = format!("/v1/{}", "a".repeat(70_000));
        for (call, code) in [
            (call("GET", "/healthz", None), "no-route"),
            (call("GET", "v1/links", None), "no-route"),
            (call("GET", "http://elsewhere/v1/links", None), "no-route"),
            (call("GET", "/v1/\u{0}", None), "invalid"),
            (call("GET", &long, None), "invalid"),
            (call("", "/v1/links", None), "invalid"),
            (call("G T", "/v1/links", None), "invalid"),
            (call("POST", "/v1/links", None), "invalid"),
            (call("POST", "/v1/links", Some("a\nb")), "invalid"),
        ] {
            let problem = request(MessageId(uuid::Uuid::nil()), &call).unwrap_err();
            assert_eq!(problem.cause.as_str(), code, "{call:?}");
        }
    }

    #[test]
    fn a_call_that_comes_again_has_the_same_key() {
        let id = MessageId(uuid::Uuid::from_u128(7));
        for (call, key) in [
            (call("POST", "/v1/links", Some("k")), "k".to_owned()),
            (call("DELETE", "/v1/links/1", Some("k")), "k".to_owned()),
            (call("DELETE", "/v1/links/1", None), id.to_string()),
        ] {
            assert_eq!(request(id, &call).unwrap().headers()[KEY], *key);
        }
    }
}

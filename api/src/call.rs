//! One call as the handlers see it: path parameters, query, conditional headers and a bounded body.
//!
//! Everything is read strictly: an unknown query parameter, a body where none belongs and a malformed header are
//! faults, for a call that is half understood must not change anything. Deliberately absent: what bodies mean.

mod json;
mod query;

pub use query::Query;

use crate::problem::{HttpCause, Place, Problem};
use crate::settings::ApiSettings;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::{HeaderMap, Method, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;
use wanlink_domain::reason::Code;
use wanlink_domain::validate;
use wanlink_domain::validate::config::names_a_secret;

/// Longest Idempotency-Key.
const KEY_MAX: usize = 255;

/// A call that was read completely.
pub struct Call {
    pub method: Method,
    /// As it stood in the request line, without the query.
    pub path: String,
    pub query: Query,
    /// The client's name for this call: the same key and body give the same answer.
    pub key: Option<String>,
    pub expects: Expects,
    pub carrier: Carrier,
    params: BTreeMap<String, String>,
    body: Bytes,
    json_depth_max: usize,
}

/// How a call came here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    #[default]
    Http,
    /// In a message, which may lie on the broker's disc: it must not hold a secret (design 3).
    Broker,
}

/// What `If-Match` (RFC 9110, section 13.1.1) says of the object's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// No condition.
    Anything,
    Version(i64),
    /// A tag that no version of ours has: the condition is false.
    Nothing,
}

impl Call {
    /// Reads head and body.
    pub async fn read(request: Request<Body>, settings: &ApiSettings) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let params = Path::<BTreeMap<String, String>>::from_request_parts(&mut parts, &())
            .await
            .map_err(|_| Problem::new(Code::Invalid, "the path is not valid percent-encoded UTF-8"))?
            .0;
        let query = Query::parse(&parts.uri)?;
        let carrier = parts.extensions.get().copied().unwrap_or_default();
        let (key, expects) = (idempotency_key(&parts.headers)?, if_match(&parts.headers)?);
        let body = read_body(body, settings.body_max_bytes, settings.call_timeout / 2).await?;
        if !body.is_empty() {
            check_media_type(&parts.headers)?;
        }
        Ok(Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query,
            key,
            expects,
            carrier,
            params,
            body,
            json_depth_max: settings.json_depth_max,
        })
    }

    /// A parameter of the route's path; the table of routes names them.
    pub fn param(&self, name: &str) -> &str {
        self.params.get(name).map_or("", String::as_str)
    }

    /// The body as a `T`, and as it was given.
    pub fn body<T: DeserializeOwned>(&self) -> Result<(T, Value), Problem> {
        Ok((self.draft()?, self.draft()?))
    }

    /// The body as a `T`.
    pub fn draft<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::check_depth(&self.body, self.json_depth_max)?;
        validate::read(&self.body).map_err(|mut fault| {
            // The parser's sentence repeats the value that does not fit.
            if fault.field.rsplit('/').next().is_some_and(names_a_secret) {
                fault.message = "must be a text".to_owned();
            }
            Problem::fields(vec![fault])
        })
    }

    /// Refuses the call if `If-Match` names another version than this one.
    pub fn check_version(&self, version: i64) -> Result<(), Problem> {
        match self.expects {
            Expects::Anything => Ok(()),
            Expects::Version(expected) if expected == version => Ok(()),
            Expects::Version(_) | Expects::Nothing => Err(Problem::new(
                Code::VersionMismatch,
                format!("the object is at version {version}, not at that of If-Match: read it again"),
            )),
        }
    }

    /// Whether anything was sent as a body.
    pub fn has_body(&self) -> bool {
        !self.body.trim_ascii().is_empty()
    }

    /// For calls that say everything in their path: no body, or an empty object.
    pub fn no_body(&self) -> Result<(), Problem> {
        let blank = self.body.trim_ascii();
        if blank.is_empty() || blank == b"{}" {
            return Ok(());
        }
        Err(Problem::at(Place::Body(String::new()), "this call takes no body"))
    }
}

async fn read_body(body: Body, max: usize, within: Duration) -> Result<Bytes, Problem> {
    let body = tokio::time::timeout(within, axum::body::to_bytes(body, max)).await;
    let late = |_| Problem::new(HttpCause::BodyTimeout, "the body did not come in time; nothing was done");
    body.map_err(late)?.map_err(|error| {
        let too_large = error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if too_large {
            Problem::new(HttpCause::BodyTooLarge, format!("the body is larger than {max} bytes"))
        } else {
            Problem::new(Code::Invalid, "the body ended before it was complete")
        }
    })
}

/// `application/json` or a type built on it (RFC 6839, section 3.1).
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json =
        essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        return Ok(());
    }
    Err(Problem::new(
        HttpCause::UnsupportedMediaType,
        "the body must be sent as Content-Type: application/json",
    ))
}

/// The one value of a header that must not stand twice.
fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| Problem::at(Place::Header(name), "must be visible ASCII"))?;
    match values.next() {
        Some(_) => Err(Problem::at(Place::Header(name), "must not be given twice")),
        None => Ok(Some(text)),
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    const NAME: &str = "idempotency-key";
    let Some(text) = single(headers, NAME)? else { return Ok(None) };
    if text.is_empty() || text.len() > KEY_MAX {
        return Err(Problem::at(Place::Header(NAME), format!("must have 1 to {KEY_MAX} characters")));
    }
    Ok(Some(text.to_owned()))
}

fn if_match(headers: &HeaderMap) -> Result<Expects, Problem> {
    let Some(text) = single(headers, IF_MATCH.as_str())? else { return Ok(Expects::Anything) };
    let text = text.trim();
    if text == "*" {
        return Ok(Expects::Anything);
    }
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let tag = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let Some(tag) = tag.filter(|tag| !tag.contains('"')) else {
        return Err(Problem::at(Place::Header("if-match"), "must be one entity tag, such as \"3\", or *"));
    };
    // The comparison is a strong one: a weak tag never matches.
    let strong = opaque.len() == text.len();
    Ok(tag.parse().ok().filter(|_| strong).map_or(Expects::Nothing, Expects::Version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn conditions_are_versions() {
        for (text, expect) in [
            ("\"3\"", Expects::Version(3)),
            (" * ", Expects::Anything),
            ("W/\"3\"", Expects::Nothing),
            ("\"abc\"", Expects::Nothing),
        ] {
            assert_eq!(if_match(&headers("if-match", &[text])).unwrap(), expect, "{text}");
        }
        assert_eq!(if_match(&HeaderMap::new()).unwrap(), Expects::Anything);
        for text in ["3", "\"1\", \"2\"", "\"", "W/"] {
            assert!(if_match(&headers("if-match", &[text])).is_err(), "{text}");
        }
        let mut twice = headers("if-match", &["\"1\""]);
        twice.append("if-match", HeaderValue::from_static("\"2\""));
        assert!(if_match(&twice).is_err());
    }

    #[test]
    fn media_types() {
        for (given, fine) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/json", false),
            ("application/xml", false),
            ("", false),
        ] {
            assert_eq!(check_media_type(&headers("content-type", &[given])).is_ok(), fine, "{given}");
        }
    }
}

//! The one HTTP client: every connector reaches its controller through this file, and nothing else names reqwest.
//!
//! It says precisely what a failure proves: nothing was sent (`Unreachable`), something may have taken effect
//! (`OutcomeUnknown`), the other side is not who it should be (`Auth`). Answers are bounded. Deliberately absent:
//! redirects (credentials would follow them), proxies from the environment, cookies, compression, retries (the
//! conductor's), and switching certificate checks off.

use crate::port::{Class, Failure};
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::config::Config;
use wanlink_runtime::seal::Secret;
use wanlink_runtime::trace::{self, Kind};

/// Characters of a foreign text that a failure's detail keeps.
const DETAIL_MAX: usize = 1_000;

/// What one call may take, and the attempt around it. The times nest: connection < request < operation < attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name resolution, TCP and TLS together.
    pub connect_timeout: Duration,
    /// From connecting to the last byte of the answer; longer than `connect_timeout`.
    pub request_timeout: Duration,
    /// Bytes of an answer's body.
    pub answer_max_bytes: usize,
    /// The worker's for one execution by a connector, all its calls. Whoever calls the connector ends it there, so
    /// that a longer limit inside would never tell what it waited for.
    pub attempt_timeout: Duration,
}

impl Limits {
    /// What holds where an account's settings say nothing.
    pub fn from_config(config: &Config) -> Self {
        Self {
            connect_timeout: config.egress.connect_timeout,
            request_timeout: config.egress.request_timeout,
            answer_max_bytes: config.egress.answer_max_bytes,
            attempt_timeout: config.attempt.timeout,
        }
    }

    /// For all calls of one operation where nothing else is set: near the attempt's end, and always between one
    /// request and the attempt.
    pub fn operation_timeout(&self) -> Duration {
        self.request_timeout + self.attempt_timeout.saturating_sub(self.request_timeout) * 4 / 5
    }
}

impl Default for Limits {
    /// The configuration's own defaults.
    fn default() -> Self {
        Self::from_config(&Config::default())
    }
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The machine's certificate authorities.
    System,
    /// These alone: PEM, one or more certificates.
    Only(String),
}

/// An `http` or `https` address. What it prints never holds credentials or a query.
#[derive(Clone, PartialEq, Eq)]
pub struct Url(reqwest::Url);

impl Url {
    /// Refuses what is no absolute `http(s)` address with a host, and one that holds credentials.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = reqwest::Url::parse(text).map_err(|_| "is no absolute URL")?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("must be an http or https URL with a host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("must not hold credentials: they belong to the account's user and password");
        }
        if url.fragment().is_some() {
            return Err("must not have a fragment");
        }
        Ok(Self(url))
    }

    /// The address with `path` (percent-encoded, beginning with a slash) appended, and with this query alone.
    pub fn below(&self, path: &str, query: Option<&str>) -> Self {
        let mut url = self.0.clone();
        let whole = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&whole);
        url.set_query(query);
        Self(url)
    }

    /// Its path, without a slash at the end.
    pub fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    /// The same scheme, host and port: credentials for one are for the other.
    pub fn same_origin(&self, other: &Self) -> bool {
        self.0.origin() == other.0.origin()
    }

    /// Certificates are checked on the way there.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

/// HTTP methods that connectors use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Verb {
    /// Its effect may have taken place when no answer came.
    pub fn writes(self) -> bool {
        self != Self::Get
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn method(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// User and password for HTTP basic authentication (RFC 7617).
#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: Secret,
}

/// One call.
#[derive(Debug)]
pub struct Request<'a> {
    pub verb: Verb,
    pub url: &'a Url,
    pub login: Option<&'a Login>,
    /// Media type of the body and of the wanted answer.
    pub media: &'static str,
    pub body: Option<String>,
    /// Instead of [`Limits::answer_max_bytes`], where a whole list is read.
    pub answer_max_bytes: Option<usize>,
}

/// An answer, complete and within its bound.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: Option<String>,
    pub retry_after: Option<Duration>,
    pub body: Bytes,
}

/// The client of one account: its own connections, so that a hung controller holds up nobody else's.
#[derive(Clone, Debug)]
pub struct Egress {
    client: reqwest::Client,
    limits: Limits,
}

impl Egress {
    /// `tls`: certificates will be checked, so authorities to check them by must be there. The error is for the
    /// account's owner.
    pub fn new(limits: Limits, trust: &Trust, tls: bool) -> Result<Self, String> {
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.request_timeout)
            .tcp_nodelay(true)
            .user_agent(concat!("wanlink/", env!("CARGO_PKG_VERSION")));
        let builder = match trust {
            Trust::Only(pem) => {
                let bundle = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                    .map_err(|error| format!("the CA bundle is not PEM: {}", root_cause(&error)))?;
                if bundle.is_empty() {
                    return Err("the CA bundle holds no certificate".to_owned());
                }
                builder.tls_certs_only(bundle)
            }
            Trust::System if tls => builder,
            // Without TLS no authorities are needed: a machine that has none installed must still serve.
            Trust::System => builder.tls_certs_only([]),
        };
        let client = builder.build().map_err(|error| {
            format!(
                "TLS cannot be set up: {}; install the system's CA certificates or set tls.ca",
                root_cause(&error)
            )
        })?;
        Ok(Self { client, limits })
    }

    /// Any complete answer is `Ok`, whatever its status. Where the work is traced, the controller is told its place.
    pub async fn call(&self, request: Request<'_>) -> Result<Answer, Failure> {
        let mut span = trace::child(Kind::Client, || request.verb.as_str().to_owned());
        span.set("http.request.method", || request.verb.as_str());
        span.set("server.address", || request.url.0.host_str().unwrap_or_default());
        span.set("url.path", || request.url.0.path());
        let answered = self.exchange(request, span.context()).await;
        match &answered {
            Ok(answer) => span.set("http.response.status_code", || i64::from(answer.status)),
            Err(failure) => span.fail(|| failure.detail.clone()),
        }
        answered
    }

    async fn exchange(&self, request: Request<'_>, place: Option<TraceParent>) -> Result<Answer, Failure> {
        let Request { verb, url, .. } = request;
        let answer_max = request.answer_max_bytes.unwrap_or(self.limits.answer_max_bytes);
        let mut draft = self.client.request(verb.method(), url.0.clone()).header(ACCEPT, request.media);
        if let Some(place) = place {
            draft = draft.header("traceparent", place.to_string());
        }
        if let Some(login) = request.login {
            draft = draft.basic_auth(&login.user, Some(login.password.expose()));
        }
        if let Some(body) = request.body {
            draft = draft.header(CONTENT_TYPE, request.media).body(body);
        }
        let mut response = draft.send().await.map_err(|error| failure(&error, verb, url))?;
        let status = response.status().as_u16();
        let content_type = text(response.headers(), &CONTENT_TYPE).map(str::to_owned);
        let retry_after = retry_after(response.headers());
        let too_long = || Failure {
            class: Class::Internal,
            detail: format!(
                "{} {url} answered status {status} with more than {answer_max} bytes",
                verb.as_str()
            ),
            retry_after,
        };
        if response.content_length().is_some_and(|length| length > answer_max as u64) {
            return Err(too_long());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error, verb, url))? {
            if body.len() + chunk.len() > answer_max {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, content_type, retry_after, body: body.freeze() })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Retry-After (RFC 9110, section 10.2.3): seconds, or a date, which is compared with the answer's own `Date` so
/// that two clocks never meet.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, &RETRY_AFTER)?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let sent = httpdate::parse_http_date(text(headers, &DATE)?).ok()?;
    until.duration_since(sent).ok()
}

/// What an error proves about the call.
fn failure(error: &reqwest::Error, verb: Verb, url: &Url) -> Failure {
    let unanswered = if verb.writes() { Class::OutcomeUnknown } else { Class::Unreachable };
    let (class, what) = match find::<rustls::Error>(error) {
        Some(tls) if is_distrust(tls) => (Class::Auth, "its certificate is not trusted"),
        Some(_) if error.is_connect() => (Class::Unreachable, "TLS failed"),
        _ if error.is_builder() => (Class::Invalid, "the request cannot be built"),
        _ if error.is_connect() && error.is_timeout() => (Class::Unreachable, "no connection in time"),
        _ if error.is_connect() => (Class::Unreachable, "no connection"),
        _ if error.is_timeout() => (unanswered, "no complete answer in time"),
        _ if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) => {
            (if verb.writes() { Class::OutcomeUnknown } else { Class::Internal }, "the answer is not HTTP")
        }
        _ => (unanswered, "the connection broke before the answer was complete"),
    };
    let detail = format!("{} {url}: {what}: {}", verb.as_str(), root_cause(error));
    Failure { class, detail: bounded(&detail), retry_after: None }
}

/// The peer cannot prove who it is, or refuses what we prove.
fn is_distrust(error: &rustls::Error) -> bool {
    use rustls::AlertDescription::{
        AccessDenied, BadCertificate, CertificateExpired, CertificateRequired, CertificateRevoked,
        CertificateUnknown, UnknownCA,
    };
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => true,
        rustls::Error::AlertReceived(alert) => matches!(
            alert,
            AccessDenied
                | BadCertificate
                | CertificateExpired
                | CertificateRequired
                | CertificateRevoked
                | CertificateUnknown
                | UnknownCA
        ),
        _ => false,
    }
}

/// The first cause of type `T`. An `io::Error` hides what it wraps from `source`, so it is opened.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(inner) = wrapped {
            let inner: &(dyn StdError + 'static) = inner;
            if let Some(found) = find::<T>(inner) {
                return Some(found);
            }
        }
        next = cause.source();
    }
    None
}

/// The innermost message: the outer ones repeat the address, query and all.
fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    match cause.downcast_ref::<reqwest::Error>() {
        Some(outer) if outer.is_timeout() => "timed out".to_owned(),
        Some(_) => "no further cause".to_owned(),
        None => cause.to_string(),
    }
}

/// `text` without control characters, cut to what a detail may hold.
pub(crate) fn bounded(text: &str) -> String {
    let mut kept: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(DETAIL_MAX).collect();
    if text.chars().nth(DETAIL_MAX).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_shown_without_credentials_or_query() {
        for (text, fault) in [
            ("controller", "no absolute URL"),
            ("ftp://controller/", "http or https"),
            ("https://admin:hush@controller/", "credentials"),
            ("https://admin@controller/", "credentials"),
            ("http://controller/#part", "fragment"),
        ] {
            let refused = Url::parse(text).unwrap_err();
            assert!(refused.contains(fault) && !refused.contains("hush"), "{text}: {refused}");
        }
        let url = Url::parse("https://controller:8443/api/?token=hush").unwrap();
        assert_eq!(format!("{url:?}"), "Url(https://controller:8443/api/)");
        assert_eq!(url.path(), "/api");
        let below = url.below("/data/x=a%2Fb", Some("depth=1"));
        assert_eq!(below.0.as_str(), "https://controller:8443/api/data/x=a%2Fb?depth=1");
        assert!(below.same_origin(&url));
        assert!(!below.same_origin(&Url::parse("http://controller:8443/").unwrap()));
    }

    #[test]
    fn a_pause_is_read_in_seconds_or_against_the_answer_s_own_date() {
        let parse = |retry: &'static str, date: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, reqwest::header::HeaderValue::from_static(retry));
            if let Some(date) = date {
                headers.insert(DATE, reqwest::header::HeaderValue::from_static(date));
            }
            retry_after(&headers)
        };
        let (now, later) = ("Sat, 21 Nov 2026 04:00:00 GMT", "Sat, 21 Nov 2026 04:00:07 GMT");
        assert_eq!(parse("7", None), Some(Duration::from_secs(7)));
        assert_eq!(parse(later, Some(now)), Some(Duration::from_secs(7)));
        assert_eq!(parse(now, Some(later)), None);
        assert_eq!(parse(later, None), None);
        assert_eq!(parse("soon", Some(now)), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }

    #[test]
    fn a_bundle_that_is_none_is_told() {
        for pem in ["", "not PEM", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n"] {
            assert!(Egress::new(Limits::default(), &Trust::Only(pem.to_owned()), true).is_err(), "{pem:?}");
        }
        assert!(Egress::new(Limits::default(), &Trust::System, false).is_ok());
    }

    #[test]
    fn foreign_text_is_cut_and_cleaned() {
        assert_eq!(bounded("a\nb\u{7}c"), "a b c");
        assert_eq!(bounded(&"ä".repeat(2 * DETAIL_MAX)).chars().count(), DETAIL_MAX + 1);
    }
}

//! The api as any client sees it: calls, pages, and one rule of repetition.
//!
//! A call that makes something carries an `Idempotency-Key`, so that it may be sent again where the api could not
//! take it or its outcome is not known; all others are sent once. Deliberately absent: any knowledge of what is
//! called, and redirects, which would carry a password to wherever an answer points.

use super::problem;
use super::session::TLS_FLAGS;
use crate::exit::{Exit, Failure};
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Method, Url};
use serde_json::Value;
use std::time::Duration;
use wanlink_runtime::clock::{Clock as _, SystemClock};
use wanlink_runtime::entropy::{Entropy as _, SystemEntropy};
use wanlink_runtime::tls;

/// Above the api's own limit of a call (`api.call_timeout`, 30 s), so that its answer is heard.
const CALL_WAIT: Duration = Duration::from_secs(40);
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// Sendings of one call that was not taken or whose outcome stays unknown.
const TRIES: u32 = 4;
/// The longest pause between them, whatever the api proposes.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// Rows asked for at once: the most that the api gives.
const PAGE: u64 = 1_000;

/// A query's parameters.
pub type Query = Vec<(&'static str, String)>;

/// An answer that is a success.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Null where there is none.
    pub body: Value,
}

/// One api.
#[derive(Clone, Debug)]
pub struct Client {
    base: Url,
    http: reqwest::Client,
}

/// Why a sending has no success.
enum Sent {
    /// The same call may be sent again after the pause.
    Again(Failure, Duration),
    Final(Failure),
}

impl Client {
    /// `tls`: whom to trust and who it is; without it the system's list is trusted.
    pub fn new(url: &str, tls: Option<&tls::Client>) -> Result<Self, Failure> {
        let wrong =
            || Failure::usage(format!("--url {url:?} is no http address, as in http://127.0.0.1:8080"));
        let base = Url::parse(url).map_err(|_| wrong())?;
        let host = base.host_str().unwrap_or_default();
        if !matches!(base.scheme(), "http" | "https") || host.is_empty() {
            return Err(wrong());
        }
        if !base.username().is_empty() || base.password().is_some() {
            // It would stand in messages and in the list of processes; and the api asks for none.
            return Err(Failure::usage("--url must not hold a user or a password"));
        }
        let mut builder = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_WAIT)
            .timeout(CALL_WAIT);
        if ["127.0.0.1", "[::1]", "localhost"].contains(&host) {
            // No proxy leads back to this machine.
            builder = builder.no_proxy();
        }
        if let Some(tls) = tls {
            if base.scheme() != "https" {
                return Err(Failure::usage("--ca-file, --cert and --key need an https:// address in --url"));
            }
            let config = tls.load().map_err(Failure::usage)?;
            builder = builder.tls_backend_preconfigured(rustls::ClientConfig::clone(&config));
        }
        let http = builder.build().map_err(|error| Failure::failed(format!("no HTTP client: {error}")))?;
        Ok(Self { base, http })
    }

    /// The address, without a slash at its end.
    pub fn base(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Reads one resource.
    pub async fn get(&self, path: &[&str], query: &Query) -> Result<Value, Failure> {
        let answer = self.once(Method::GET, self.url(path, query), None, None).await;
        answer.map(|answer| answer.body).map_err(Sent::failure)
    }

    /// Reads a whole list into memory.
    pub async fn list(&self, path: &[&str], query: &Query) -> Result<Vec<Value>, Failure> {
        let (mut rows, mut pages) = (Vec::new(), self.pages(path, query, None));
        while let Some(page) = pages.next().await? {
            rows.extend(page);
        }
        Ok(rows)
    }

    /// A list page by page, of at most `limit` rows altogether.
    pub fn pages(&self, path: &[&str], query: &Query, limit: Option<u64>) -> Pages<'_> {
        Pages { client: self, url: self.url(path, query), left: limit.unwrap_or(u64::MAX), cursor: None }
    }

    /// Sends a call that changes something. One that is safe to repeat, for it has a key, is repeated while the
    /// api cannot take it or its outcome is unknown.
    pub async fn send(
        &self,
        method: Method,
        path: &[&str],
        query: &Query,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, Failure> {
        let url = self.url(path, query);
        for _ in 1..TRIES {
            match self.once(method.clone(), url.clone(), body, key).await {
                Ok(answer) => return Ok(answer),
                Err(Sent::Again(_, pause)) if key.is_some() => tokio::time::sleep(pause).await,
                Err(sent) => return Err(sent.failure()),
            }
        }
        self.once(method, url, body, key).await.map_err(Sent::failure)
    }

    /// `POST` of something new, under this key or one of its own.
    pub async fn create(
        &self,
        path: &[&str],
        query: &Query,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Answer, Failure> {
        let own = new_key();
        self.send(Method::POST, path, query, Some(body), Some(key.unwrap_or(&own))).await
    }

    fn url(&self, path: &[&str], query: &Query) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn once(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, Sent> {
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.map_err(|error| self.cut(&error))?;
        let status = response.status().as_u16();
        let header =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (location, after) = (header(LOCATION), header(RETRY_AFTER));
        let bytes = response.bytes().await.map_err(|error| self.cut(&error))?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if (200..300).contains(&status) {
            return Ok(Answer { body });
        }
        let failure = problem::failure(status, &body, location.as_deref());
        if status != 503 {
            return Err(Sent::Final(failure));
        }
        let pause = after.and_then(|text| text.parse().ok()).map_or(PAUSE_MAX, Duration::from_secs);
        Err(Sent::Again(failure, pause.min(PAUSE_MAX)))
    }

    /// No answer came. Where no connection stood, nothing was sent.
    fn cut(&self, error: &reqwest::Error) -> Sent {
        let base = self.base();
        if let Some(sentence) = tls::explain(error, &TLS_FLAGS) {
            // Without a handshake nothing was taken.
            return Sent::Final(Failure::new(Exit::Unavailable, format!("{base}: {sentence}")));
        }
        if error.is_connect() {
            let message = format!(
                "nobody answers at {base}: start wanlink (`wanlink up`), or name its address with --url or WANLINK_URL"
            );
            return Sent::Final(Failure::new(Exit::Unavailable, message));
        }
        let what = if error.is_timeout() { "gave no answer in time" } else { "broke the connection" };
        let message = format!("{base} {what}: the call may have been taken");
        Sent::Again(Failure::new(Exit::Unavailable, message), Duration::from_secs(1))
    }
}

/// A list that is being read.
#[derive(Debug)]
pub struct Pages<'a> {
    client: &'a Client,
    url: Url,
    /// Rows that are still wanted; none: it is at its end.
    left: u64,
    cursor: Option<String>,
}

impl Pages<'_> {
    /// The next rows; `None` behind the last ones.
    pub async fn next(&mut self) -> Result<Option<Vec<Value>>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("limit", &self.left.min(PAGE).to_string());
        if let Some(cursor) = &self.cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let answer = self.client.once(Method::GET, url, None, None).await.map_err(Sent::failure)?;
        let mut page = answer.body;
        let Value::Array(rows) = page["items"].take() else {
            return Err(Failure::failed("the api answered something that is no list"));
        };
        self.left = self.left.saturating_sub(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        self.cursor = page["next"].as_str().map(str::to_owned);
        if self.cursor.is_none() {
            self.left = 0;
        }
        Ok(Some(rows))
    }
}

impl Sent {
    fn failure(self) -> Failure {
        match self {
            Self::Again(failure, _) | Self::Final(failure) => failure,
        }
    }
}

/// A key that nobody used before.
pub fn new_key() -> String {
    SystemEntropy.uuid_v7(SystemClock.wall()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode};
    use std::future::IntoFuture as _;
    use std::sync::{Arc, Mutex};
    use wanlink_runtime::tasks::Tasks;

    #[test]
    fn names_are_escaped_in_paths_and_queries() {
        let client = Client::new("http://127.0.0.1:8080/", None).expect("a client");
        let url = client.url(&["sites", "a/b c?"], &vec![("tenant", "x&y".to_owned())]);
        assert_eq!(url.as_str(), "http://127.0.0.1:8080/v1/sites/a%2Fb%20c%3F?tenant=x%26y");
        let below = Client::new("http://wan.example/api", None).expect("a client");
        assert_eq!(below.url(&["links"], &Query::new()).as_str(), "http://wan.example/api/v1/links");
    }

    #[test]
    fn what_is_no_address_is_told_by_the_flag() {
        for url in ["", "localhost:8080", "ftp://x", "http://", "http://u:p@x", "http://u@x"] {
            let failure = Client::new(url, None).expect_err(url);
            assert!(failure.exit == Exit::Usage && failure.message.contains("--url"), "{failure}");
        }
    }

    /// An api that answers its calls with these statuses, one after the other and the last for ever, and notes the
    /// keys that they carry.
    async fn api(statuses: &'static [u16]) -> (Client, Arc<Mutex<Vec<String>>>) {
        let keys = Arc::new(Mutex::new(Vec::new()));
        let noted = keys.clone();
        let answer = move |headers: HeaderMap| async move {
            let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
            let mut noted = noted.lock().expect("the keys");
            noted.push(key.to_owned());
            let status = statuses[(noted.len() - 1).min(statuses.len() - 1)];
            let body = r#"{"code": "unavailable", "detail": "away", "items": [1, 2], "next": "x"}"#;
            let headers = [("retry-after", "0"), ("location", "/v1/elsewhere")];
            (StatusCode::from_u16(status).expect("a status"), headers, body)
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let served = axum::serve(listener, Router::new().fallback(answer)).into_future();
        Tasks::new().spawn(async { drop(served.await) });
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        (Client::new(&url, None).expect("a client"), keys)
    }

    #[tokio::test]
    async fn a_call_with_a_key_is_sent_again_under_the_same_key() {
        let (client, keys) = api(&[503, 503, 201]).await;
        let made = client.create(&["sites"], &Query::new(), &Value::Null, None).await;
        assert!(made.is_ok());
        let keys = keys.lock().expect("the keys").clone();
        assert!(keys.len() == 3 && !keys[0].is_empty() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[tokio::test]
    async fn what_is_refused_or_has_no_key_is_sent_once_and_patience_ends() {
        for (status, key, sendings, exit) in [
            (409, Some("k"), 1, Exit::Refused),
            (503, None, 1, Exit::Unavailable),
            (503, Some("k"), TRIES as usize, Exit::Unavailable),
            (307, Some("k"), 1, Exit::Failed),
        ] {
            let statuses: &'static [u16] = match status {
                409 => &[409],
                503 => &[503],
                _ => &[307],
            };
            let (client, keys) = api(statuses).await;
            let sent = client.send(Method::POST, &["sites"], &Query::new(), None, key).await;
            assert_eq!(sent.expect_err("a failure").exit, exit, "{status}");
            assert_eq!(keys.lock().expect("the keys").len(), sendings, "{status}");
        }
    }

    #[tokio::test]
    async fn a_list_ends_at_its_limit() {
        let (client, keys) = api(&[200]).await;
        let mut pages = client.pages(&["sites"], &Query::new(), Some(4));
        let mut rows = 0;
        while let Some(page) = pages.next().await.expect("a page") {
            rows += page.len();
        }
        assert_eq!((rows, keys.lock().expect("the keys").len()), (4, 2));
    }
}

//! A client of the api as any client is: HTTP, JSON, and what the answers say.
//!
//! Calls go to the api's replicas in turn, so that no test depends on one process remembering what another was
//! told. Deliberately absent: retries, but for [`Api::until_accepted`], which does what the two 503s ask for.

use crate::certificates::Certificates;
use crate::wait::wait_until;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::OnceCell;
use wanlink_conformance::answers::{Answered, Document};

/// Longer than any call may take (`api.call_timeout`).
const CALL_WAIT: Duration = Duration::from_secs(20);

/// One answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null where there is none.
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The problem's code, if it is one.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The places that a problem names, in its order.
    pub fn places(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        let place = |error: &Value| {
            ["pointer", "parameter", "header"].iter().find_map(|key| error[key].as_str()).map(str::to_owned)
        };
        errors.iter().filter_map(place).collect()
    }

    /// The body of an answer with this status; any other fails the test with all that was answered.
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }
}

/// An accepted request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub request: String,
    /// The links of its actions, in order.
    pub links: Vec<String>,
    pub actions: Vec<String>,
    /// The journal's word had come.
    pub journaled: bool,
}

impl Accepted {
    /// Reads a 202 and checks that its Location leads to the request.
    pub fn of(answer: Answer) -> Self {
        let location = answer.header("location").unwrap_or_default().to_owned();
        let body = answer.expect(202);
        let request = text(&body["request"], "id");
        assert_eq!(location, format!("/v1/requests/{request}"));
        let actions = body["actions"].as_array().expect("actions");
        Self {
            request,
            links: actions.iter().map(|action| text(action, "link")).collect(),
            actions: actions.iter().map(|action| text(action, "id")).collect(),
            journaled: body["journaled"].as_bool().expect("journaled"),
        }
    }

    /// The one link of a request about one.
    pub fn link(&self) -> &str {
        assert_eq!(self.links.len(), 1, "{self:?}");
        &self.links[0]
    }
}

/// A text that must be there.
pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key:?} in {value}")).to_owned()
}

/// The api, by the addresses of its replicas.
#[derive(Debug)]
pub struct Api {
    http: Client,
    bases: Vec<String>,
    turn: AtomicUsize,
}

impl Api {
    pub fn new(bases: Vec<String>) -> Self {
        let http = Client::builder().no_proxy().timeout(CALL_WAIT).build().expect("a client");
        Self { http, bases, turn: AtomicUsize::new(0) }
    }

    /// By https, for an api that asks for certificates.
    pub fn secure(bases: Vec<String>, files: &Certificates) -> Self {
        let config = files.client().load().expect("good files");
        let http =
            Client::builder().no_proxy().timeout(CALL_WAIT).tls_backend_preconfigured((*config).clone());
        Self { http: http.build().expect("a client"), bases, turn: AtomicUsize::new(0) }
    }

    /// The addresses of the replicas.
    pub fn bases(&self) -> &[String] {
        &self.bases
    }

    /// One replica alone.
    pub fn only(&self, n: usize) -> Self {
        Self { http: self.http.clone(), bases: vec![self.bases[n].clone()], turn: AtomicUsize::new(0) }
    }

    /// Sends raw bytes; `Err` where no answer came.
    pub async fn send_raw(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, String> {
        let base = &self.bases[self.turn.fetch_add(1, Ordering::Relaxed) % self.bases.len()];
        let name = method.to_owned();
        let method: Method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{base}{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = request.send().await.map_err(|error| format!("{path}: {error}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.map_err(|error| format!("{path}: {error}"))?;
        let body = serde_json::from_slice(&body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&body).into_owned()));
        let answer = Answer { status, headers, body: if body == "" { Value::Null } else { body } };
        self.as_described(&name, base, path, &answer).await;
        Ok(answer)
    }

    /// Every answer that a scenario gets is one that the api's own OpenAPI document knows.
    async fn as_described(&self, method: &str, base: &str, path: &str, answer: &Answer) {
        static DOCUMENT: OnceCell<Document> = OnceCell::const_new();
        let document = DOCUMENT.get_or_try_init(|| async {
            let document = self.http.get(format!("{base}/openapi.json")).send().await?;
            Ok::<_, reqwest::Error>(Document::parse(&document.text().await?))
        });
        let nowhere = ["no-route", "method-not-allowed"].iter().any(|code| answer.body["code"] == *code);
        // An api that was killed in between is not asked again here: other answers come.
        let Ok(document) = document.await else { return };
        if nowhere || answer.body.is_null() && answer.status >= 400 {
            return;
        }
        let content_type =
            answer.headers.get("content-type").and_then(|it| it.to_str().ok()).unwrap_or_default();
        let answered = Answered { method, path, status: answer.status, content_type, body: &answer.body };
        let faults = document.faults(&answered);
        assert!(faults.is_empty(), "{method} {path}: {faults:?} in {}", answer.body);
    }

    /// Sends JSON (null: no body), under an Idempotency-Key where one is given.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Answer, String> {
        let mut headers = Vec::new();
        headers.extend(key.map(|key| ("idempotency-key", key)));
        if body.is_null() {
            return self.send_raw(method, path, &headers, Vec::new()).await;
        }
        headers.push(("content-type", "application/json"));
        self.send_raw(method, path, &headers, body.to_string().into_bytes()).await
    }

    /// Sends where an answer must come.
    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_send(method, path, body, None).await.unwrap_or_else(|error| panic!("{error}"))
    }

    pub async fn get(&self, path: &str) -> Value {
        self.send("GET", path, &Value::Null).await.expect(200)
    }

    /// A read that may meet a replica that is away: `Err` says what there was instead.
    pub async fn try_get(&self, path: &str) -> Result<Value, String> {
        let answer = self.try_send("GET", path, &Value::Null, None).await?;
        if answer.status == 200 { Ok(answer.body) } else { Err(format!("{path}: {}", answer.body)) }
    }

    /// All rows of a list, page by page. `path` may have a query.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let glue = if path.contains('?') { '&' } else { '?' };
        let (mut rows, mut next) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{glue}limit=500{next}")).await;
            rows.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return rows,
            }
        }
    }

    /// Makes an object of the catalogue and answers it.
    pub async fn create(&self, path: &str, body: &Value) -> Value {
        self.send("POST", path, body).await.expect(201)
    }

    /// Hands in work.
    pub async fn accepted(&self, method: &str, path: &str, body: &Value) -> Accepted {
        Accepted::of(self.send(method, path, body).await)
    }

    /// Hands in work while things break: the same call under the same key until it is taken, as the 503s and a cut
    /// connection ask of a client.
    pub async fn until_accepted(
        &self,
        method: &str,
        path: &str,
        body: &Value,
        key: &str,
        within: Duration,
    ) -> Accepted {
        wait_until(&format!("{method} {path} to be accepted"), within, async || {
            let answer = self.try_send(method, path, body, Some(key)).await?;
            match answer.status {
                202 => Ok(Accepted::of(answer)),
                503 => Err(answer.body.to_string()),
                status => panic!("{method} {path} under {key}: {status} {}", answer.body),
            }
        })
        .await
    }
}

//! A collector of traces that the test runs itself: OTLP in JSON over HTTP, kept in memory.

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use wanlink_runtime::tasks::Tasks;

/// One span as it came in.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    pub trace_id: String,
    pub span_id: String,
    /// Empty where it has none.
    pub parent_span_id: String,
    pub name: String,
    start_time_unix_nano: String,
    end_time_unix_nano: String,
    attributes: Vec<Value>,
    /// `service.name` of its resource.
    #[serde(default)]
    pub service: String,
}

impl Span {
    /// A text attribute, if it has it.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute["key"] == key)?;
        found["value"]["stringValue"].as_str()
    }

    /// Nanoseconds, start and end.
    pub fn times(&self) -> (u64, u64) {
        let read = |text: &str| text.parse().expect("nanoseconds");
        (read(&self.start_time_unix_nano), read(&self.end_time_unix_nano))
    }
}

type Spans = Arc<Mutex<Vec<Span>>>;

/// A running collector; it ends with the test's runtime.
#[derive(Debug)]
pub struct Collector {
    url: String,
    spans: Spans,
    _tasks: Tasks,
}

impl Collector {
    pub async fn start() -> Self {
        let (spans, tasks) = (Spans::default(), Tasks::new());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/v1/traces", post(take)).with_state(spans.clone());
        tasks.spawn(async move { axum::serve(listener, router).await });
        Self { url, spans, _tasks: tasks }
    }

    /// What `telemetry.otlp.endpoint` is set to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The spans of one trace so far, in the order they came.
    pub fn spans_of(&self, trace: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().filter(|span| span.trace_id == trace).cloned().collect()
    }

    /// The traces so far.
    pub fn traces(&self) -> BTreeSet<String> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        spans.iter().map(|span| span.trace_id.clone()).collect()
    }
}

async fn take(State(spans): State<Spans>, Json(body): Json<Value>) -> Json<Value> {
    for resource in body["resourceSpans"].as_array().into_iter().flatten() {
        let attributes = resource["resource"]["attributes"].as_array().into_iter().flatten();
        let service = attributes.into_iter().find(|it| it["key"] == "service.name");
        let service = service.and_then(|it| it["value"]["stringValue"].as_str()).unwrap_or_default();
        for scope in resource["scopeSpans"].as_array().into_iter().flatten() {
            for span in scope["spans"].as_array().into_iter().flatten() {
                let span: Span = serde_json::from_value(span.clone()).expect("a span as OTLP has it");
                let span = Span { service: service.to_owned(), ..span };
                spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
            }
        }
    }
    Json(json!({}))
}

//! Ended spans on their way to a collector: OTLP as JSON over HTTP, a batch at a time.
//!
//! An exporter of its own, for the usual ones bring clocks, entropy and threads along, and a second HTTP stack; the
//! encoding is `wanlink_runtime::trace`'s. Deliberately absent: repetition. A collector that is away costs spans, which
//! are counted, and never memory or time of the roles.

use crate::exit::Failure;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use wanlink_runtime::config::Endpoint;
use wanlink_runtime::metrics::Metrics;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::trace::{Ended, encode};

/// Spans that wait for the collector; more are dropped.
const LINE: usize = 8_192;
/// Spans of one POST.
const BATCH: usize = 512;
/// How long a batch waits for company.
const GATHER: Duration = Duration::from_millis(250);
/// One POST, connecting and all.
const LIMIT: Duration = Duration::from_secs(5);

/// The one exporter of a process.
pub struct Exporter {
    pub(super) line: mpsc::Sender<Ended>,
    tasks: Tasks,
}

impl Exporter {
    pub(super) fn start(endpoint: &Endpoint, metrics: Arc<Metrics>) -> Result<Self, Failure> {
        let refused =
            |why: String| Failure::configuration(format!("telemetry.otlp.endpoint: {endpoint}: {why}"));
        let mut url: reqwest::Url =
            endpoint.expose().parse().map_err(|_| refused("is no absolute URL".to_owned()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refused("must be an http or https URL".to_owned()));
        }
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let mut client = reqwest::Client::builder().no_proxy().timeout(LIMIT);
        if url.scheme() == "http" {
            // A machine without any authority installed must still serve.
            client = client.tls_certs_only([]);
        }
        let http = client.build().map_err(|error| refused(error.to_string()))?;
        let (line, ended) = mpsc::channel(LINE);
        let tasks = Tasks::new();
        tasks.spawn(Export { http, url, metrics, failing: false }.run(ended, tasks.clone()));
        Ok(Self { line, tasks })
    }

    /// Sends what has ended so far, and ends.
    pub(super) async fn stop(self) {
        self.tasks.stop(LIMIT + GATHER).await;
    }
}

struct Export {
    http: reqwest::Client,
    url: reqwest::Url,
    metrics: Arc<Metrics>,
    /// Said once.
    failing: bool,
}

impl Export {
    async fn run(mut self, mut ended: mpsc::Receiver<Ended>, tasks: Tasks) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = ended.recv_many(&mut batch, BATCH) => if count == 0 { return },
                () = tasks.stopped() => return,
            }
            if batch.len() < BATCH {
                tokio::select! {
                    biased;
                    () = tasks.stopped() => {}
                    () = tokio::time::sleep(GATHER) => {}
                }
                while batch.len() < BATCH
                    && let Ok(span) = ended.try_recv()
                {
                    batch.push(span);
                }
            }
            self.post(&batch).await;
            batch.clear();
        }
    }

    async fn post(&mut self, batch: &[Ended]) {
        let sent = self.http.post(self.url.clone()).json(&encode(batch)).send().await;
        let (outcome, why) = match sent {
            Ok(answer) if answer.status().is_success() => ("sent", None),
            Ok(answer) => ("refused", Some(answer.status().to_string())),
            // Without its URL, which may hold a credential.
            Err(error) => ("dropped", Some(error.without_url().to_string())),
        };
        self.metrics.spans.add([outcome], batch.len() as u64);
        match why {
            Some(why) if !self.failing => {
                tracing::warn!(why, "the collector takes no spans; they are dropped")
            }
            None if self.failing => tracing::info!("the collector takes spans again"),
            _ => {}
        }
        self.failing = outcome != "sent";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_endpoint_that_is_none_is_told_without_its_password() {
        for text in ["collector:4318", "ftp://op:hush@collector", "http://"] {
            let refused = Exporter::start(&Endpoint::new(text), Arc::default()).err().expect(text);
            assert!(refused.message.starts_with("telemetry.otlp.endpoint: "), "{}", refused.message);
            assert!(!refused.message.contains("hush"), "{}", refused.message);
        }
    }

    #[tokio::test]
    async fn a_collector_that_is_away_costs_nothing_but_spans() {
        let (metrics, nobody) = (Arc::new(Metrics::default()), Endpoint::new("http://127.0.0.1:1"));
        let exporter = Exporter::start(&nobody, metrics.clone()).expect("an exporter");
        let tracer = wanlink_runtime::trace::Tracer::new(wanlink_runtime::trace::Recording {
            role: wanlink_runtime::metrics::Role::Api,
            clock: Arc::new(wanlink_runtime::clock::SystemClock),
            entropy: Arc::new(wanlink_runtime::entropy::SystemEntropy),
            sample: 1.0,
            line: exporter.line.clone(),
            metrics: metrics.clone(),
        });
        drop(tracer.enter(wanlink_runtime::trace::Kind::Server, None, || "call".to_owned()));
        exporter.stop().await;
        assert_eq!((metrics.spans.get(["dropped"]), metrics.spans.get(["sent"])), (1, 0));
    }
}

//! What a conductor or a worker shows of itself over HTTP: figures, whether it is alive, whether it is ready.
//!
//! The api has the same paths on its own server. Nobody is asked who he is, and nothing here changes anything or tells
//! more than figures and what is missing. Off unless an address is configured.

use crate::exit::Failure;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use std::sync::Arc;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::metrics::MEDIA_TYPE;
use wanlink_runtime::tasks::Tasks;
use wanlink_runtime::telemetry::Telemetry;

/// What a role lacks; `None`: it is ready.
pub(super) type Missing = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// One role, to be looked at.
#[derive(Clone)]
pub(super) struct Monitor {
    pub role: &'static str,
    pub telemetry: Telemetry,
    pub clock: Arc<dyn Clock>,
    pub missing: Missing,
}

impl Monitor {
    /// Serves at `listen` until the tasks are stopped; nowhere if it is empty.
    pub async fn serve(self, listen: &str, tasks: &Tasks) -> Result<(), Failure> {
        if listen.is_empty() {
            return Ok(());
        }
        let role = self.role;
        let refused = |error: std::io::Error| {
            Failure::configuration(format!("{role}.listen: {listen} cannot be listened on: {error}"))
        };
        let listener = tokio::net::TcpListener::bind(listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        tracing::info!(role, %address, "figures and health are served");
        let stop = tasks.token();
        let serving = axum::serve(listener, self.router())
            .with_graceful_shutdown(async move { stop.cancelled().await });
        tasks.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(role, %error, "figures and health are served no more");
            }
        });
        Ok(())
    }

    fn router(self) -> Router {
        let (alive, ready, metrics) = (self.clone(), self.clone(), self);
        Router::new()
            .route("/healthz", get(move || async move { alive.alive() }))
            .route("/readyz", get(move || async move { ready.ready() }))
            .route("/metrics", get(move || async move { metrics.metrics() }))
    }

    fn alive(&self) -> Response {
        let still = self.telemetry.pulse.still(self.clock.mono());
        if still.is_empty() {
            return Json(json!({ "status": "alive" })).into_response();
        }
        let body = Json(json!({ "status": "stuck", "still": still }));
        (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
    }

    fn ready(&self) -> Response {
        match (self.missing)() {
            None => Json(json!({ "ready": true })).into_response(),
            Some(missing) => {
                let body = Json(json!({ "ready": false, "detail": missing }));
                (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
            }
        }
    }

    fn metrics(&self) -> Response {
        ([(header::CONTENT_TYPE, MEDIA_TYPE)], self.telemetry.metrics.render()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wanlink_runtime::clock::SystemClock;
    use wanlink_runtime::pulse::STILL;

    fn monitor(missing: Option<&'static str>) -> Monitor {
        Monitor {
            role: "worker",
            telemetry: Telemetry::default(),
            clock: Arc::new(SystemClock),
            missing: Arc::new(move || missing.map(str::to_owned)),
        }
    }

    #[test]
    fn what_is_missing_and_what_stands_still_is_told() {
        assert_eq!(monitor(None).ready().status(), 200);
        assert_eq!(monitor(Some("no broker")).ready().status(), 503);
        let monitor = monitor(None);
        monitor.telemetry.pulse.beat("session", monitor.clock.mono());
        assert_eq!(monitor.alive().status(), 200);
        let long_ago = monitor.clock.mono().saturating_sub(STILL + Duration::from_secs(1));
        monitor.telemetry.pulse.beat("session", long_ago);
        // A machine that has just been started has no such time yet.
        let expected = if monitor.clock.mono() > STILL { 503 } else { 200 };
        assert_eq!(monitor.alive().status(), expected);
    }

    #[tokio::test]
    async fn an_address_that_cannot_be_listened_on_is_told_with_its_key() {
        let told = monitor(None).serve("nowhere", &Tasks::new()).await.expect_err("a refusal").message;
        assert!(told.starts_with("worker.listen: nowhere"), "{told}");
        assert!(monitor(None).serve("", &Tasks::new()).await.is_ok());
    }
}

//! The first moments of a stop: whoever asks hears that this process ends, before it does.
//!
//! A load balancer that asks `/readyz` sends no more; a client that keeps its connection open hears with each answer
//! that it is the last one there. Only then is nothing accepted any more, so that a call that is on its way over an idle
//! connection is rarely met by its end.

use crate::readiness::Readiness;
use crate::state::Shared;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Response};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long calls are taken on after the stop was asked for.
const LINGER: Duration = Duration::from_millis(500);

/// Waits for `stop`, says so everywhere, and cancels `closing` when it has been said for a while.
pub async fn announce(state: Shared, stop: CancellationToken, closing: CancellationToken) {
    stop.cancelled().await;
    state.stopping.cancel();
    state.readiness.send_modify(|readiness| *readiness = stopping(readiness.clone()));
    tokio::time::sleep(LINGER).await;
    closing.cancel();
}

/// What is said of a process that ends, whatever else is there.
pub fn stopping(readiness: Readiness) -> Readiness {
    Readiness { ready: false, stopping: true, ..readiness }
}

/// Lets an answer end its connection.
pub fn mark_last<B>(state: &crate::state::State, response: &mut Response<B>) {
    if state.stopping.is_cancelled() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

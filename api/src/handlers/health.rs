//! For supervisors, load balancers and collectors of figures: alive, ready, and in numbers.

use crate::call::Call;
use crate::routes::Answer;
use crate::state::Shared;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::json;
use wanlink_runtime::metrics::MEDIA_TYPE;

/// The process answers and its loops turn.
pub async fn alive(state: Shared, _: Call) -> Answer {
    let still = state.telemetry.pulse.still(state.clock.mono());
    if still.is_empty() {
        return Ok(Json(json!({"status": "alive"})).into_response());
    }
    let body = Json(json!({"status": "stuck", "still": still}));
    Ok((StatusCode::SERVICE_UNAVAILABLE, body).into_response())
}

/// All figures of this process.
pub async fn metrics(state: Shared, _: Call) -> Answer {
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], state.telemetry.metrics.render()).into_response())
}

/// 200 when all services are there, else 503; either way with the state of each.
pub async fn ready(state: Shared, _: Call) -> Answer {
    let readiness = state.readiness.borrow().clone();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(readiness)).into_response())
}

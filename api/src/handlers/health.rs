//! For supervisors and load balancers: alive, and ready.

use crate::call::Call;
use crate::routes::Answer;
use crate::state::Shared;
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::json;

/// The process answers: nothing more is said.
pub async fn alive(_: Shared, _: Call) -> Answer {
    Ok(Json(json!({"status": "alive"})).into_response())
}

/// 200 when all services are there, else 503; either way with the state of each.
pub async fn ready(state: Shared, _: Call) -> Answer {
    let readiness = state.readiness.borrow().clone();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((status, Json(readiness)).into_response())
}

//! For supervisors, load balancers and collectors of figures: alive, ready, and in numbers.

use crate::call::Call;
use crate::routes::Answer;
use crate::state::Shared;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde::Serialize;
use utoipa::ToSchema;
use wanlink_runtime::metrics::MEDIA_TYPE;

/// What a process that answers says.
#[derive(Serialize, ToSchema)]
pub struct Alive {
    /// `alive`, or `stuck` where a loop stands still.
    #[schema(example = "alive")]
    status: &'static str,
    /// Which loops stand still.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    still: Vec<&'static str>,
}

/// The process answers and its loops turn.
pub async fn alive(state: Shared, _: Call) -> Answer {
    let still = state.telemetry.pulse.still(state.clock.mono());
    let (code, status) =
        if still.is_empty() { (StatusCode::OK, "alive") } else { (StatusCode::SERVICE_UNAVAILABLE, "stuck") };
    Ok((code, Json(Alive { status, still })).into_response())
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

//! The paths by which a test reads the ledger and sets faults. No controller has them.

use crate::app::Shared;
use crate::clock;
use crate::faults::Rule;
use crate::ledger::{Call, LedgerView};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;

/// Calls in one answer of `GET /ledger/calls`; the next page begins at the last one's `seq`.
const PAGE: usize = 1_000;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/ledger", get(ledger))
        .route("/ledger/calls", get(calls))
        .route("/faults", get(faults).post(add_faults).delete(clear_faults))
        .route("/faults/vanish", post(vanish))
        .route("/faults/foreign", post(foreign))
        .route("/faults/status", post(force))
}

async fn ledger(State(shared): State<Arc<Shared>>) -> Json<LedgerView> {
    Json(shared.book().ledger_view())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn calls(State(shared): State<Arc<Shared>>, Query(Since { since }): Query<Since>) -> Json<Vec<Call>> {
    Json(shared.book().ledger.calls_since(since, PAGE))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "rules": shared.faults().view() }))
}

async fn add_faults(State(shared): State<Arc<Shared>>, Json(rules): Json<Vec<Rule>>) -> Response {
    match shared.faults().add(rules) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => (StatusCode::BAD_REQUEST, Json(json!({ "error": problem }))).into_response(),
    }
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.faults().clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Named {
    vpn_id: String,
}

async fn vanish(State(shared): State<Arc<Shared>>, Json(named): Json<Named>) -> Response {
    done(shared.book().vanish(&named.vpn_id, clock::now_ms()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Planted {
    vpn_id: String,
    #[serde(default = "somebody_else")]
    customer_name: String,
}

fn somebody_else() -> String {
    "somebody-else".to_owned()
}

async fn foreign(State(shared): State<Arc<Shared>>, Json(planted): Json<Planted>) -> Response {
    done(shared.book().plant(&planted.vpn_id, &planted.customer_name, clock::now_ms()).map(|()| true))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Forced {
    vpn_id: String,
    /// `None` gives the link back its own status.
    status: Option<String>,
}

async fn force(State(shared): State<Arc<Shared>>, Json(forced): Json<Forced>) -> StatusCode {
    let mut book = shared.book();
    match forced.status {
        Some(status) => book.forced.insert(forced.vpn_id, status),
        None => book.forced.remove(&forced.vpn_id),
    };
    StatusCode::NO_CONTENT
}

fn done(outcome: io::Result<bool>) -> Response {
    match outcome {
        Ok(true) => StatusCode::NO_CONTENT.into_response(),
        Ok(false) => (StatusCode::NOT_FOUND, Json(json!({"error": "no such link"}))).into_response(),
        Err(e) => {
            let body = json!({"error": format!("the journal cannot be written: {}", e.kind())});
            (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
        }
    }
}

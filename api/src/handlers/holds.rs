//! Pausing an account or a WIM, and the freeze: work is accepted, or refused, and not run.
//!
//! All of them are idempotent without a key: a hold that stands stays as it is, one that does not is lifted already.

use crate::call::Call;
use crate::commands;
use crate::holds::Told;
use crate::objects;
use crate::problem::{Place, Problem};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use axum::Json;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;
use wanlink_domain::hold::{Hold, HoldKind};
use wanlink_domain::ids::CommandId;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::time::Timestamp;
use wanlink_wire::conductor::{CommandResult, Operation};

/// Characters of an operator's words.
const REASON_MAX: usize = 500;

/// What may be said with a pause or a freeze.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HoldDraft {
    /// Why, for whoever waits.
    reason: Option<String>,
}

pub async fn pause_account(state: Shared, call: Call) -> Answer {
    pause(&state, call, Kind::Account, HoldKind::Account).await
}

pub async fn resume_account(state: Shared, call: Call) -> Answer {
    resume(&state, call, Kind::Account, HoldKind::Account).await
}

pub async fn pause_wim(state: Shared, call: Call) -> Answer {
    pause(&state, call, Kind::Wim, HoldKind::Wim).await
}

pub async fn resume_wim(state: Shared, call: Call) -> Answer {
    resume(&state, call, Kind::Wim, HoldKind::Wim).await
}

pub async fn frozen(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    Ok(Json(Told::look(&state).await?.freeze()).into_response())
}

pub async fn freeze(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let reason = reason(&call)?;
    lay(&state, &call, HoldKind::All, Uuid::nil(), reason, "/v1/freeze").await?;
    Ok(Json(Told::look(&state).await?.freeze()).into_response())
}

pub async fn unfreeze(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    call.no_body()?;
    lift(&state, &call, HoldKind::All, Uuid::nil(), "/v1/freeze").await?;
    Ok(Json(Told::look(&state).await?.freeze()).into_response())
}

async fn pause(state: &State, mut call: Call, kind: Kind, hold: HoldKind) -> Answer {
    let reason = reason(&call)?;
    let object = find(state, &mut call, kind).await?;
    let location = objects::location(kind, object.id());
    lay(state, &call, hold, object.id(), reason, &location).await?;
    objects::shown(state, &object).await
}

async fn resume(state: &State, mut call: Call, kind: Kind, hold: HoldKind) -> Answer {
    call.no_body()?;
    let object = find(state, &mut call, kind).await?;
    lift(state, &call, hold, object.id(), &objects::location(kind, object.id())).await?;
    objects::shown(state, &object).await
}

async fn find(state: &State, call: &mut Call, kind: Kind) -> Result<Object, Problem> {
    let (tenant, name) = match kind {
        Kind::Account => (scope::tenant_filter(state, &mut call.query).await?, "account"),
        _ => (None, "wim"),
    };
    call.query.end()?;
    objects::find(state, kind, call.param(name), tenant).await
}

/// No body is no reason.
fn reason(call: &Call) -> Result<Option<String>, Problem> {
    let draft = if call.has_body() { call.draft::<HoldDraft>()? } else { HoldDraft::default() };
    let reason = draft.reason.filter(|reason| !reason.trim().is_empty());
    match &reason {
        Some(text) if text.chars().count() > REASON_MAX || text.contains('\0') => Err(Problem::at(
            Place::Body("/reason".to_owned()),
            format!("must have at most {REASON_MAX} characters, none of them U+0000"),
        )),
        _ => Ok(reason),
    }
}

async fn lay(
    state: &State,
    call: &Call,
    kind: HoldKind,
    id: Uuid,
    reason: Option<String>,
    location: &str,
) -> Result<(), Problem> {
    let digest = scope::digest(call, &json!({"reason": reason}));
    // Its time is the conductor's to say.
    let hold = Hold { kind, id, reason, since: Timestamp(0) };
    send(state, digest, Operation::Hold { hold }, location).await
}

async fn lift(state: &State, call: &Call, kind: HoldKind, id: Uuid, location: &str) -> Result<(), Problem> {
    send(state, scope::digest(call, &Value::Null), Operation::Lift { kind, id }, location).await
}

/// Under a new id each time: pausing, resuming and pausing again are three commands, whatever the caller's key.
async fn send(state: &State, digest: String, operation: Operation, location: &str) -> Result<(), Problem> {
    let id = CommandId(state.new_id());
    match commands::run(state, id, digest, operation, location).await? {
        CommandResult::Applied { .. } => Ok(()),
        other => Err(commands::refused(other)),
    }
}

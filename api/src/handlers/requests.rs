//! Requests: what was accepted, how far it is, and calling off what has not begun.

use crate::call::Call;
use crate::commands;
use crate::holds::Told;
use crate::intake;
use crate::listing;
use crate::problem::{Problem, shortened};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view::{self, RequestWithActions};
use axum::Json;
use axum::response::IntoResponse as _;
use serde_json::json;
use wanlink_domain::ids::{CommandId, RequestId};
use wanlink_domain::reason::Code;
use wanlink_domain::request::Request;
use wanlink_wire::conductor::{CommandResult, Operation};

pub async fn list(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    let tenant = scope::tenant_filter(&state, &mut call.query).await?;
    call.query.end()?;
    let slice = state.store.requests(tenant, page).await?;
    Ok(listing::answer(&slice, |it| (it.created_at, it.id.0), |it| view::Request::from(it)))
}

/// With its actions, as many as one request can have.
pub async fn show(state: Shared, mut call: Call) -> Answer {
    let request = find(&state, &mut call).await?;
    call.query.end()?;
    let told = Told::look(&state).await?;
    let actions = intake::recorded_actions(&state, request.id).await?;
    let shown = RequestWithActions { request: (&request).into(), actions: Vec::new() };
    let mut shown = json!(shown);
    shown["actions"] = actions.iter().map(|action| told.action(action)).collect();
    Ok(Json(shown).into_response())
}

/// Ends what has not begun; what has begun goes on. Cancelling twice is cancelling once.
pub async fn cancel(state: Shared, mut call: Call) -> Answer {
    call.no_body()?;
    let request = find(&state, &mut call).await?;
    call.query.end()?;
    let id = CommandId(scope::id_for(&state, &call, Some(request.tenant_id)));
    let location = intake::location(request.id);
    let operation = Operation::Cancel { request: request.id };
    let digest = scope::digest(&call, &json!({}));
    match commands::run(&state, id, digest, operation, &location).await? {
        CommandResult::Applied { .. } => {}
        other => return Err(commands::refused(other)),
    }
    let now = state.store.request(request.id).await?.unwrap_or(request);
    Ok(Json(view::Request::from(&now)).into_response())
}

async fn find(state: &State, call: &mut Call) -> Result<Request, Problem> {
    let tenant = scope::tenant_filter(state, &mut call.query).await?;
    let asked = call.param("request");
    let found = match RequestId::parse(asked) {
        Some(id) => state.store.request(id).await?,
        None => None,
    };
    found
        .filter(|request| tenant.is_none_or(|tenant| request.tenant_id == tenant))
        .ok_or_else(|| Problem::new(Code::NotFound, format!("no request has the id {:?}", shortened(asked))))
}

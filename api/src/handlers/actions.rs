//! Actions: the history of what was intended, with every attempt.

use crate::call::Call;
use crate::handlers::links::find_link;
use crate::holds::Told;
use crate::listing;
use crate::problem::{Problem, shortened};
use crate::routes::Answer;
use crate::scope;
use crate::state::Shared;
use crate::view::ActionWithAttempts;
use axum::Json;
use axum::response::IntoResponse as _;
use serde_json::json;
use wanlink_domain::action::ActionState;
use wanlink_domain::ids::{ActionId, LinkId, RequestId};
use wanlink_domain::reason::Code;
use wanlink_store::port::ActionFilter;

/// By tenant, request, link, account and state.
pub async fn list(state: Shared, mut call: Call) -> Answer {
    const ID: &str = "an id";
    let page = listing::page(&state, &mut call.query)?;
    let query = &mut call.query;
    let tenant = scope::tenant_filter(&state, query).await?;
    let link = match query.take("link") {
        None => None,
        Some(asked) => Some(match LinkId::parse(&asked) {
            // Whether it is there or not: its actions say.
            Some(id) => id,
            None => find_link(&state, &asked, tenant).await?.id,
        }),
    };
    let filter = ActionFilter {
        tenant,
        request: query.read("request", ID, RequestId::parse)?,
        link,
        account: scope::account_filter(&state, query).await?,
        state: scope::word(query, "state", &ActionState::ALL)?,
    };
    query.end()?;
    let slice = state.store.actions(&filter, page).await?;
    let told = Told::look(&state).await?;
    Ok(listing::answer(&slice, |it| (it.created_at, it.id.0), |it| told.action(it)))
}

pub async fn show(state: Shared, mut call: Call) -> Answer {
    let tenant = scope::tenant_filter(&state, &mut call.query).await?;
    call.query.end()?;
    let asked = call.param("action");
    let found = match ActionId::parse(asked) {
        Some(id) => state.store.action(id).await?,
        None => None,
    };
    let action =
        found.filter(|action| tenant.is_none_or(|tenant| action.tenant_id == tenant)).ok_or_else(|| {
            Problem::new(Code::NotFound, format!("no action has the id {:?}", shortened(asked)))
        })?;
    let attempts = state.store.attempts(action.id).await?;
    let shown = json!(ActionWithAttempts::new(&action, &attempts));
    Ok(Json(Told::look(&state).await?.tell(&action, shown)).into_response())
}

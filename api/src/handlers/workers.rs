//! Workers, and the leases under which they act: read only, for who may act is the conductors' to say.

use crate::call::Call;
use crate::listing;
use crate::objects;
use crate::problem::{Problem, shortened};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view::{Lease, Worker};
use axum::Json;
use axum::response::IntoResponse as _;
use std::collections::BTreeMap;
use wanlink_domain::catalogue::Account;
use wanlink_domain::ids::SessionId;
use wanlink_domain::lease::Session;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::reason::Code;
use wanlink_store::port::{Page, Slice};

/// All that the conductors know; they count in tens.
pub async fn list(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    call.query.end()?;
    let (mut rows, held) = (state.store.sessions().await?, held(&state).await?);
    let place = |it: &Session| (it.registered_at, it.id.0);
    rows.retain(|it| page.after.is_none_or(|after| place(it) > after));
    rows.sort_by_key(place);
    let limit = page.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let shown = |it: &Session| Worker::new(it, held.get(&it.id).copied().unwrap_or(0));
    Ok(listing::answer(&Slice { rows, more }, place, shown))
}

/// By the session's id, or by a worker's name that only one session has.
pub async fn show(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let asked = call.param("worker");
    let mut found = state.store.sessions().await?;
    let id = SessionId::parse(asked);
    found.retain(|it| id.map_or(it.worker == asked, |id| it.id == id));
    match found.as_slice() {
        [one] => {
            let held = held(&state).await?.get(&one.id).copied().unwrap_or(0);
            Ok(Json(Worker::new(one, held)).into_response())
        }
        [] => Err(Problem::not_found("worker", asked)),
        several => {
            let detail = format!(
                "{} sessions are of a worker {:?}: give the session's id",
                several.len(),
                shortened(asked)
            );
            Err(Problem::new(Code::Invalid, detail))
        }
    }
}

/// One for each account, by tenant.
pub async fn leases(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    let tenant = scope::tenant_filter(&state, &mut call.query).await?;
    call.query.end()?;
    let keep = |object: &Object| match object {
        Object::Account(it) => tenant.is_none_or(|tenant| it.tenant_id == tenant),
        _ => false,
    };
    let slice = objects::kept(&state, Kind::Account, page, keep).await?;
    let sessions = by_id(&state).await?;
    let lease = |object: &Object| match object {
        Object::Account(it) => Some(shown(it, &sessions)),
        _ => None,
    };
    Ok(listing::answer(&slice, objects::place, lease))
}

/// Of one account, by its id or name.
pub async fn lease(state: Shared, mut call: Call) -> Answer {
    let tenant = scope::tenant_filter(&state, &mut call.query).await?;
    call.query.end()?;
    let asked = call.param("account");
    let Object::Account(account) = objects::find(&state, Kind::Account, asked, tenant).await? else {
        return Err(Problem::not_found("account", asked));
    };
    Ok(Json(shown(&account, &by_id(&state).await?)).into_response())
}

fn shown(account: &Account, sessions: &BTreeMap<SessionId, Session>) -> Lease {
    Lease::new(account, account.session_id.and_then(|id| sessions.get(&id)))
}

async fn by_id(state: &State) -> Result<BTreeMap<SessionId, Session>, Problem> {
    Ok(state.store.sessions().await?.into_iter().map(|it| (it.id, it)).collect())
}

/// How many accounts each session holds.
async fn held(state: &State) -> Result<BTreeMap<SessionId, usize>, Problem> {
    let mut held = BTreeMap::new();
    let mut page = Page { after: None, limit: state.settings.page_max };
    loop {
        let slice = state.store.objects(Kind::Account, page).await?;
        for object in &slice.rows {
            if let Object::Account(Account { session_id: Some(session), .. }) = object {
                *held.entry(*session).or_default() += 1;
            }
        }
        page.after = slice.rows.last().map(objects::place);
        if !slice.more || page.after.is_none() {
            return Ok(held);
        }
    }
}

//! WIMs. Their settings hold no secret: those belong to accounts.

use crate::call::Call;
use crate::objects;
use crate::problem::Problem;
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use wanlink_domain::draft::{WimDraft, WimPatch};
use wanlink_domain::ids::WimId;
use wanlink_domain::object::{Kind, Object};

pub async fn list(state: Shared, call: Call) -> Answer {
    objects::list(&state, Kind::Wim, call.query, |_| true).await
}

pub async fn create(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let (draft, body) = call.body::<WimDraft>()?;
    let id = WimId(scope::id_for(&state, &call, None));
    let wim = draft.create(id, &state.connectors, state.clock.wall()).map_err(Problem::fields)?;
    objects::create(&state, &call, &body, Object::Wim(wim)).await
}

pub async fn show(state: Shared, call: Call) -> Answer {
    Ok(objects::shown(&find(&state, &call).await?))
}

pub async fn edit(state: Shared, call: Call) -> Answer {
    let (patch, body) = call.body::<WimPatch>()?;
    let object = find(&state, &call).await?;
    objects::edit(&state, &call, &body, object, |object| {
        let Object::Wim(wim) = object else { return Ok(None) };
        let mut edited = wim.clone();
        let changed = patch.clone().edit(&mut edited, &state.connectors).map_err(Problem::fields)?;
        Ok(changed.then_some(Object::Wim(edited)))
    })
    .await
}

pub async fn delete(state: Shared, call: Call) -> Answer {
    let object = find(&state, &call).await?;
    objects::delete(&state, &call, &object).await
}

async fn find(state: &State, call: &Call) -> Result<Object, Problem> {
    call.query.end()?;
    objects::find(state, Kind::Wim, call.param("wim"), None).await
}

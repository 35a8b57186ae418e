//! Tenants.

use crate::call::Call;
use crate::objects;
use crate::problem::Problem;
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use wanlink_domain::draft::{TenantDraft, TenantPatch};
use wanlink_domain::ids::TenantId;
use wanlink_domain::object::{Kind, Object};

pub async fn list(state: Shared, call: Call) -> Answer {
    objects::list(&state, Kind::Tenant, call.query, |_| true).await
}

pub async fn create(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let (draft, body) = call.body::<TenantDraft>()?;
    let id = TenantId(scope::id_for(&state, &call, None));
    let tenant = draft.create(id, state.clock.wall()).map_err(Problem::fields)?;
    objects::create(&state, &call, &body, Object::Tenant(tenant)).await
}

pub async fn show(state: Shared, call: Call) -> Answer {
    Ok(objects::shown(&find(&state, &call).await?))
}

pub async fn edit(state: Shared, call: Call) -> Answer {
    let (patch, body) = call.body::<TenantPatch>()?;
    let object = find(&state, &call).await?;
    objects::edit(&state, &call, &body, object, |object| {
        let Object::Tenant(tenant) = object else { return Ok(None) };
        let mut edited = tenant.clone();
        let changed = patch.clone().edit(&mut edited).map_err(Problem::fields)?;
        Ok(changed.then_some(Object::Tenant(edited)))
    })
    .await
}

pub async fn delete(state: Shared, call: Call) -> Answer {
    let object = find(&state, &call).await?;
    objects::delete(&state, &call, &object).await
}

async fn find(state: &State, call: &Call) -> Result<Object, Problem> {
    call.query.end()?;
    objects::find(state, Kind::Tenant, call.param("tenant"), None).await
}

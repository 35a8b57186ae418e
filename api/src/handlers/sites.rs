//! Sites: datacenters and points of presence.

use crate::call::Call;
use crate::objects;
use crate::problem::Problem;
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use wanlink_domain::draft::{SiteDraft, SitePatch};
use wanlink_domain::ids::SiteId;
use wanlink_domain::object::{Kind, Object};

pub async fn list(state: Shared, call: Call) -> Answer {
    objects::list(&state, Kind::Site, call.query, |_| true).await
}

pub async fn create(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let (draft, body) = call.body::<SiteDraft>()?;
    let id = SiteId(scope::id_for(&state, &call, None));
    let site = draft.create(id, state.clock.wall()).map_err(Problem::fields)?;
    objects::create(&state, &call, &body, Object::Site(site)).await
}

pub async fn show(state: Shared, call: Call) -> Answer {
    Ok(objects::shown(&find(&state, &call).await?))
}

pub async fn edit(state: Shared, call: Call) -> Answer {
    let (patch, body) = call.body::<SitePatch>()?;
    let object = find(&state, &call).await?;
    objects::edit(&state, &call, &body, object, |object| {
        let Object::Site(site) = object else { return Ok(None) };
        let mut edited = site.clone();
        let changed = patch.clone().edit(&mut edited).map_err(Problem::fields)?;
        Ok(changed.then_some(Object::Site(edited)))
    })
    .await
}

pub async fn delete(state: Shared, call: Call) -> Answer {
    let object = find(&state, &call).await?;
    objects::delete(&state, &call, &object).await
}

async fn find(state: &State, call: &Call) -> Result<Object, Problem> {
    call.query.end()?;
    objects::find(state, Kind::Site, call.param("site"), None).await
}

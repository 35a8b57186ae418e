//! Networks: one site's local networks. A change of a network's status lets waiting links go on, or ends them.

use crate::call::Call;
use crate::listing;
use crate::objects;
use crate::problem::{Place, Problem};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view;
use wanlink_domain::draft::{NetworkDraft, NetworkPatch};
use wanlink_domain::ids::NetworkId;
use wanlink_domain::object::{Kind, Object};
use wanlink_store::port::NetworkFilter;

/// By tenant, site and name.
pub async fn list(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    let query = &mut call.query;
    let tenant = scope::tenant_filter(&state, query).await?;
    let site = match query.take("site") {
        None => None,
        Some(asked) => {
            let index = state.catalogue.current(state.store.as_ref()).await?;
            Some(index.find_site(&asked)?.id)
        }
    };
    let filter = NetworkFilter { tenant, site, name: query.take("name") };
    query.end()?;
    let slice = state.store.networks(&filter, page).await?;
    Ok(listing::answer(&slice, |it| (it.created_at, it.id.0), |it| view::Network::from(it)))
}

pub async fn create(state: Shared, mut call: Call) -> Answer {
    let (draft, body) = call.body::<NetworkDraft>()?;
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let tenant = scope::tenant(&index, &mut call.query, draft.tenant.as_deref())?;
    call.query.end()?;
    let site = index
        .find_site(&draft.site)
        .map_err(|reason| Problem::of(reason, Place::Body("/site".to_owned())))?;
    let id = NetworkId(scope::id_for(&state, &call, Some(tenant.id)));
    let network = draft.create(id, tenant.id, site.id, state.clock.wall()).map_err(Problem::fields)?;
    objects::create(&state, &call, &body, Object::Network(network)).await
}

pub async fn show(state: Shared, mut call: Call) -> Answer {
    objects::shown(&state, &find(&state, &mut call).await?).await
}

pub async fn edit(state: Shared, mut call: Call) -> Answer {
    let (patch, body) = call.body::<NetworkPatch>()?;
    let object = find(&state, &mut call).await?;
    objects::edit(&state, &call, &body, object, |object| {
        let Object::Network(network) = object else { return Ok(None) };
        let mut edited = network.clone();
        let changed = patch.clone().edit(&mut edited).map_err(Problem::fields)?;
        Ok(changed.then_some(Object::Network(edited)))
    })
    .await
}

pub async fn delete(state: Shared, mut call: Call) -> Answer {
    let object = find(&state, &mut call).await?;
    objects::delete(&state, &call, &object).await
}

async fn find(state: &State, call: &mut Call) -> Result<Object, Problem> {
    let tenant = scope::tenant_filter(state, &mut call.query).await?;
    call.query.end()?;
    objects::find(state, Kind::Network, call.param("network"), tenant).await
}

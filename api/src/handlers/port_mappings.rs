//! Port mappings: which WIM endpoint a site's switch port leads to. A WIM's are set as a whole.

use crate::call::{Call, Query};
use crate::commands;
use crate::listing;
use crate::objects;
use crate::problem::Problem;
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use wanlink_domain::catalogue::PortMapping;
use wanlink_domain::draft::PortMappingDraft;
use wanlink_domain::ids::{CommandId, PortMappingId, WimId, derive};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::plan::CatalogueIndex;
use wanlink_domain::validate::Faults;
use wanlink_wire::conductor::{CommandResult, Operation};

/// All mappings of one WIM.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortMappingDrafts {
    port_mappings: Vec<PortMappingDraft>,
}

pub async fn list(state: Shared, call: Call) -> Answer {
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let wim = index.find_wim(call.param("wim"))?.id;
    listed(&state, &index, call.query, Some(wim)).await
}

/// Of all WIMs, or of the one that the query names.
pub async fn list_all(state: Shared, mut call: Call) -> Answer {
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let wim = match call.query.take("wim") {
        Some(asked) => Some(index.find_wim(&asked)?.id),
        None => None,
    };
    listed(&state, &index, call.query, wim).await
}

/// One of them, by its id.
pub async fn show(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    objects::shown(&state, &objects::find(&state, Kind::PortMapping, call.param("mapping"), None).await?)
        .await
}

async fn listed(state: &State, index: &CatalogueIndex, mut query: Query, wim: Option<WimId>) -> Answer {
    let site = match query.take("site") {
        Some(asked) => Some(index.find_site(&asked)?.id),
        None => None,
    };
    objects::list(state, Kind::PortMapping, query, |object| match object {
        Object::PortMapping(it) => {
            wim.is_none_or(|wim| it.wim_id == wim) && site.is_none_or(|site| it.site_id == site)
        }
        _ => false,
    })
    .await
}

/// Sets all of them: what is not given is gone.
pub async fn replace(state: Shared, call: Call) -> Answer {
    let (draft, body) = call.body::<PortMappingDrafts>()?;
    let (index, wim) = find(&state, &call).await?;
    let mappings = checked(&state, &index, wim, draft.port_mappings)?;
    let stored = set(&state, &call, &body, wim, mappings).await?;
    Ok(listing::whole(stored.iter().map(view::PortMapping::from).collect()))
}

pub async fn clear(state: Shared, call: Call) -> Answer {
    call.no_body()?;
    let (_, wim) = find(&state, &call).await?;
    set(&state, &call, &Value::Null, wim, Vec::new()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn find(state: &State, call: &Call) -> Result<(std::sync::Arc<CatalogueIndex>, WimId), Problem> {
    call.query.end()?;
    let asked = call.param("wim");
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let wim = index.find_wim(asked)?.id;
    Ok((index, wim))
}

async fn set(
    state: &State,
    call: &Call,
    body: &Value,
    wim: WimId,
    mappings: Vec<PortMapping>,
) -> Result<Vec<PortMapping>, Problem> {
    let id = CommandId(scope::id_for(state, call, None));
    let location = format!("{}/port-mappings", objects::location(Kind::Wim, wim.0));
    let operation = Operation::SetPortMappings { wim, mappings };
    match commands::run(state, id, scope::digest(call, body), operation, &location).await? {
        CommandResult::Applied { mappings, .. } => Ok(mappings.unwrap_or_default()),
        other => Err(commands::refused(other)),
    }
}

/// Every draft by the rules, its site looked up, and no port or endpoint twice.
fn checked(
    state: &State,
    index: &CatalogueIndex,
    wim: WimId,
    drafts: Vec<PortMappingDraft>,
) -> Result<Vec<PortMapping>, Problem> {
    let now = state.clock.wall();
    let mut faults = Faults::default();
    let mut mappings = Vec::with_capacity(drafts.len());
    for (n, draft) in drafts.into_iter().enumerate() {
        let place = format!("/port_mappings/{n}");
        if draft.wim.as_deref().is_some_and(|asked| index.find_wim(asked).map_or(true, |it| it.id != wim)) {
            faults.add(format!("{place}/wim"), "is another WIM than the path's");
        }
        let site = match index.find_site(&draft.site) {
            Ok(site) => site,
            Err(reason) => {
                faults.add(format!("{place}/site"), reason.detail);
                continue;
            }
        };
        // Its real id follows from what it maps, so that setting the same list again changes nothing.
        match draft.create(PortMappingId(uuid::Uuid::nil()), wim, site.id, now) {
            Ok(mapping) => mappings.push((place, with_own_id(mapping))),
            Err(errors) => faults.nest(&place, errors),
        }
    }
    let (mut ports, mut endpoints) = (BTreeMap::new(), BTreeMap::new());
    for (place, it) in &mappings {
        let port = (it.site_id, &it.pop_switch_dpid, &it.pop_switch_port);
        if let Some(first) = ports.insert(port, place) {
            faults.add(format!("{place}/pop_switch_port"), format!("maps the same port as {first}"));
        }
        if let Some(first) = endpoints.insert(&it.wan_service_endpoint_id, place) {
            let message = format!("leads to the same endpoint as {first}");
            faults.add(format!("{place}/wan_service_endpoint_id"), message);
        }
    }
    let mappings = mappings.into_iter().map(|(_, mapping)| mapping).collect();
    faults.finish(Some(mappings)).map_err(Problem::fields)
}

fn with_own_id(mut mapping: PortMapping) -> PortMapping {
    let site = mapping.site_id.to_string();
    let parts = ["port-mapping", &site, &mapping.pop_switch_dpid, &mapping.pop_switch_port];
    mapping.id = PortMappingId(derive(mapping.wim_id.0, &parts));
    mapping
}

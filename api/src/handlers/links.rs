//! WAN links: planned here, accepted by `intake`; their rows are read, never written.
//!
//! A call with a list makes one request of all its links: it is accepted whole or not at all (P7). A link that is
//! gone stays readable as a tombstone, but every intent about it is refused with `link-deleted`.

use crate::call::Call;
use crate::intake;
use crate::listing;
use crate::problem::{Place, Problem, shortened};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view;
use axum::Json;
use axum::http::header;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use wanlink_domain::action::ActionKind;
use wanlink_domain::draft::{LinkDraft, LinkPatch};
use wanlink_domain::ids::{LinkId, NetworkId, RequestId, TenantId};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::plan::{
    CatalogueIndex, Hints, Intent, Networks, PlanError, PlannedAction, PlannedLink, Target, derived_ids,
    incorporate, plan_edit, plan_link,
};
use wanlink_domain::reason::Code;
use wanlink_domain::validate::{FAULTS_MAX, FieldError};
use wanlink_domain::wish::WishPatch;
use wanlink_store::port::{LinkFilter, NetworkFilter, Page};
use wanlink_wire::journal::{Change, NewAction, Request};

/// Names of networks that are looked up one by one.
const NAMES_ONE_BY_ONE: usize = 32;

const STATUSES: [LinkStatus; 9] = [
    LinkStatus::ScheduledCreation,
    LinkStatus::Build,
    LinkStatus::Active,
    LinkStatus::Inactive,
    LinkStatus::Down,
    LinkStatus::Error,
    LinkStatus::WimError,
    LinkStatus::ScheduledDeletion,
    LinkStatus::Deleted,
];

/// By tenant, account, name and status; tombstones where `deleted=true`, or where their status is asked for.
pub async fn list(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    let query = &mut call.query;
    let tenant = scope::tenant_filter(&state, query).await?;
    let account = scope::account_filter(&state, query).await?;
    let status = scope::word(query, "status", &STATUSES)?;
    let deleted = query.read("deleted", "true or false", |text| text.parse().ok())?;
    let name = query.take("name");
    query.end()?;
    let deleted = deleted.unwrap_or(status == Some(LinkStatus::Deleted));
    let filter = LinkFilter { tenant, account, name, status, deleted };
    let slice = state.store.links(&filter, page).await?;
    Ok(listing::answer(&slice, |it| (it.created_at, it.id.0), |it| view::Link::from(it)))
}

pub async fn show(state: Shared, mut call: Call) -> Answer {
    let link = find(&state, &mut call).await?;
    let tag = format!("\"{}\"", link.version);
    Ok(([(header::ETAG, tag)], Json(view::Link::from(&link))).into_response())
}

/// One link, or a list of them under `links`.
struct Drafts {
    drafts: Vec<LinkDraft>,
    /// They stood in a list: their faults are told with their places in it.
    listed: bool,
}

/// Links that are one request: accepted whole or not at all.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkDrafts {
    /// Id or name of the tenant of all of them.
    #[serde(default)]
    tenant: Option<String>,
    links: Vec<LinkDraft>,
}

impl Drafts {
    fn read(call: &Call) -> Result<(Self, Value), Problem> {
        let body: Value = call.draft()?;
        if body.get("links").is_none() {
            return Ok((Self { drafts: vec![call.draft()?], listed: false }, body));
        }
        let many: LinkDrafts = call.draft()?;
        let mut drafts = many.links;
        for (n, draft) in drafts.iter_mut().enumerate() {
            let other =
                draft.tenant.as_ref().filter(|_| many.tenant.is_some() && draft.tenant != many.tenant);
            if other.is_some() {
                let place = Place::Body(format!("/links/{n}/tenant"));
                return Err(Problem::at(place, "is another tenant than the request's"));
            }
            draft.tenant = draft.tenant.take().or_else(|| many.tenant.clone());
        }
        Ok((Self { drafts, listed: true }, body))
    }

    fn place(&self, n: usize) -> String {
        if self.listed { format!("/links/{n}") } else { String::new() }
    }
}

pub async fn create(state: Shared, mut call: Call) -> Answer {
    let (drafts, body) = Drafts::read(&call)?;
    check_count(&state, drafts.drafts.len())?;
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let tenant = tenant_of_all(&index, &mut call, &drafts)?;
    call.query.end()?;
    let (id, digest) = (RequestId(scope::id_for(&state, &call, Some(tenant))), scope::digest(&call, &body));
    if call.key.is_some()
        && let Some(answer) = intake::recorded(&state, id, &digest).await?
    {
        return Ok(answer);
    }
    let networks = networks(&state, tenant, &drafts.drafts).await?;
    let planned = plan_all(&state, &index, &networks, tenant, &drafts)?;
    let intents = planned
        .into_iter()
        .map(|it| Intent {
            target: Target::New,
            account_id: it.account_id,
            kind: ActionKind::Create,
            change: Change::New { wim_id: it.wim_id, name: it.name, virtual_link: None, wish: it.wish },
        })
        .collect();
    accept(&state, id, tenant, digest, intents).await
}

fn check_count(state: &State, count: usize) -> Result<(), Problem> {
    let max = state.settings.actions_max;
    if (1..=max).contains(&count) {
        return Ok(());
    }
    Err(Problem::at(Place::Body("/links".to_owned()), format!("must be from 1 to {max} links, are {count}")))
}

/// A request has one tenant.
fn tenant_of_all(index: &CatalogueIndex, call: &mut Call, drafts: &Drafts) -> Result<TenantId, Problem> {
    let first = drafts.drafts.first().and_then(|draft| draft.tenant.as_deref());
    let tenant = scope::tenant(index, &mut call.query, first)?.id;
    for (n, draft) in drafts.drafts.iter().enumerate() {
        let Some(asked) = &draft.tenant else { continue };
        let place = Place::Body(format!("{}/tenant", drafts.place(n)));
        match index.find_tenant(asked) {
            Ok(it) if it.id == tenant => {}
            Ok(_) => return Err(Problem::at(place, "is another tenant than that of the links before")),
            Err(reason) => return Err(Problem::of(reason, place)),
        }
    }
    Ok(tenant)
}

/// The networks that the drafts name: by id in one read, a few names each in its own, many names by going through
/// the tenant's networks.
async fn networks(state: &State, tenant: TenantId, drafts: &[LinkDraft]) -> Result<Networks, Problem> {
    let asked: BTreeSet<&str> = drafts.iter().flat_map(LinkDraft::networks).collect();
    let ids: Vec<NetworkId> = asked.iter().filter_map(|text| NetworkId::parse(text)).collect();
    let mut found = match ids.is_empty() {
        true => Vec::new(),
        false => state.store.networks_by_id(&ids).await?,
    };
    let known: BTreeSet<NetworkId> = found.iter().map(|network| network.id).collect();
    let names: BTreeSet<&str> = asked
        .into_iter()
        .filter(|text| NetworkId::parse(text).is_none_or(|id| !known.contains(&id)))
        .collect();
    let of_tenant = NetworkFilter { tenant: Some(tenant), ..NetworkFilter::default() };
    if names.len() <= NAMES_ONE_BY_ONE {
        for name in names {
            let filter = NetworkFilter { name: Some(name.to_owned()), ..of_tenant.clone() };
            found.extend(state.store.networks(&filter, Page { after: None, limit: 1 }).await?.rows);
        }
        return Ok(Networks::new(found));
    }
    let mut after = None;
    loop {
        let slice = state.store.networks(&of_tenant, Page { after, limit: state.settings.page_max }).await?;
        after = slice.rows.last().map(|it| (it.created_at, it.id.0));
        found.extend(slice.rows.into_iter().filter(|it| names.contains(it.name.as_str())));
        if !slice.more || after.is_none() {
            return Ok(Networks::new(found));
        }
    }
}

/// Plans every draft; the faults of all of them are told at once, as far as anybody reads them.
fn plan_all(
    state: &State,
    index: &CatalogueIndex,
    networks: &Networks,
    tenant: TenantId,
    drafts: &Drafts,
) -> Result<Vec<PlannedLink>, Problem> {
    let (mut planned, mut faults) = (Vec::with_capacity(drafts.drafts.len()), Vec::new());
    // What this request itself adds counts for the strategy of its later links.
    let mut hints = Hints::default();
    for (n, draft) in drafts.drafts.iter().enumerate() {
        if faults.len() >= FAULTS_MAX {
            break;
        }
        match plan_link(index, networks, &state.connectors, tenant, draft.clone(), &hints) {
            Ok(link) => {
                *hints.links.entry(link.wim_id).or_default() += 1;
                planned.push(link);
            }
            Err(PlanError::Fields(errors)) => faults.extend(
                errors
                    .into_iter()
                    .map(|it| FieldError::new(format!("{}{}", drafts.place(n), it.field), it.message)),
            ),
            // What else a draft names by id or name is looked up with its fields; here it can only be the WIM.
            Err(PlanError::Refused(reason)) if reason.code == Code::NotFound => {
                return Err(Problem::of(reason, Place::Body(format!("{}/wim", drafts.place(n)))));
            }
            Err(PlanError::Refused(reason)) if drafts.listed => {
                return Err(Problem::of(reason, Place::Body(drafts.place(n))));
            }
            Err(PlanError::Refused(reason)) => return Err(reason.into()),
        }
    }
    if faults.is_empty() { Ok(planned) } else { Err(Problem::fields(faults)) }
}

/// Numbers the intents and hands the request in.
async fn accept(
    state: &State,
    id: RequestId,
    tenant_id: TenantId,
    digest: String,
    intents: Vec<Intent<Change>>,
) -> Answer {
    let wall = state.clock.wall();
    let planned = incorporate(intents, wall, state.settings.actions_max, derived_ids(id))?;
    let actions = planned.into_iter().map(new_action).collect();
    intake::accept(
        state,
        Request { id, tenant_id, digest, accepted_at: wall, not_after: None, service: None, actions },
    )
    .await
}

pub fn new_action(planned: PlannedAction<Change>) -> NewAction {
    let PlannedAction { id, link_id, account_id, kind, accepted_at, change } = planned;
    NewAction { id, link_id, account_id, kind, accepted_at, change }
}

/// Bandwidth and latency; anything else is another link.
pub async fn edit(state: Shared, mut call: Call) -> Answer {
    let (patch, body) = call.body::<LinkPatch>()?;
    let link = find(&state, &mut call).await?;
    intend(&state, &call, &link, &body, async |link| {
        let index = state.catalogue.current(state.store.as_ref()).await?;
        let planned = plan_edit(&index, &state.connectors, link, patch);
        let (bandwidth_kbps, latency_ms) = planned.map_err(|error| match error {
            PlanError::Fields(errors) => Problem::fields(errors),
            PlanError::Refused(reason) => reason.into(),
        })?;
        if link.deletion.is_some() {
            return Err(deleted(link, "is being deleted"));
        }
        let patch = WishPatch { bandwidth_kbps, latency_ms, ..WishPatch::default() };
        Ok((ActionKind::Edit, Change::Edit(patch)))
    })
    .await
}

/// Deleting twice is deleting once: as long as the link is not gone, each is a request of its own.
pub async fn delete(state: Shared, mut call: Call) -> Answer {
    call.no_body()?;
    let link = find(&state, &mut call).await?;
    intend(&state, &call, &link, &json!({}), async |_| Ok((ActionKind::Delete, Change::Keep))).await
}

/// Does again what failed: the deletion where that is what failed, else the making of the link as it is wished.
pub async fn retry(state: Shared, mut call: Call) -> Answer {
    call.no_body()?;
    let link = find(&state, &mut call).await?;
    intend(&state, &call, &link, &json!({}), async |link| {
        if link.status != LinkStatus::Error {
            let detail = "the link is not in state ERROR: nothing of it has failed";
            return Err(Problem::new(Code::NothingToRetry, detail));
        }
        let kind = if link.deletion.is_some() { ActionKind::Delete } else { ActionKind::Create };
        Ok((kind, Change::Keep))
    })
    .await
}

/// A request of one action about a link that exists. A call that was made before is answered from the record,
/// whatever has become of the link since.
async fn intend(
    state: &State,
    call: &Call,
    link: &Link,
    body: &Value,
    plan: impl AsyncFnOnce(&Link) -> Result<(ActionKind, Change), Problem>,
) -> Answer {
    let id = RequestId(scope::id_for(state, call, Some(link.tenant_id)));
    let digest = scope::digest(call, body);
    if call.key.is_some()
        && let Some(answer) = intake::recorded(state, id, &digest).await?
    {
        return Ok(answer);
    }
    call.check_version(link.version)?;
    if link.status == LinkStatus::Deleted {
        return Err(deleted(link, "is deleted; its tombstone can be read"));
    }
    let (kind, change) = plan(link).await?;
    let target = Target::Existing { link: link.id, newest: link.newest_at };
    let intent = Intent { target, account_id: link.account_id, kind, change };
    // What is accepted below rests on the freeze as it stands after this call came in.
    state.catalogue.current(state.store.as_ref()).await?;
    accept(state, id, link.tenant_id, digest, vec![intent]).await
}

fn deleted(link: &Link, how: &str) -> Problem {
    Problem::new(Code::LinkDeleted, format!("link {} {how}", link.id))
}

async fn find(state: &State, call: &mut Call) -> Result<Link, Problem> {
    let tenant = scope::tenant_filter(state, &mut call.query).await?;
    call.query.end()?;
    find_link(state, call.param("link"), tenant).await
}

/// A link by its id, or by a name that only one link has; tombstones have ids only.
pub async fn find_link(state: &State, asked: &str, tenant: Option<TenantId>) -> Result<Link, Problem> {
    if let Some(id) = LinkId::parse(asked)
        && let Some(link) = state.store.link(id).await?
        && tenant.is_none_or(|tenant| link.tenant_id == tenant)
    {
        return Ok(link);
    }
    let filter = LinkFilter { tenant, name: Some(asked.to_owned()), ..LinkFilter::default() };
    let mut named = state.store.links(&filter, Page { after: None, limit: 2 }).await?.rows;
    match named.len() {
        1 => Ok(named.remove(0)),
        0 => Err(Problem::not_found("link", asked)),
        _ => {
            let detail = format!("several links have the name {:?}: give the id", shortened(asked));
            Err(Problem::new(Code::Invalid, detail))
        }
    }
}

//! Network services: networks at several sites in, their WAN links out. Planned here as one request with all that it
//! changes of networks and links, and accepted whole or not at all, as links are.
//!
//! What a service holds is read with it: its networks, its links and a status that follows from them. Deliberately
//! absent: that status as something stored, and the single network's own state (`networks`).

use crate::call::{Call, Expects};
use crate::handlers::links::new_action;
use crate::intake;
use crate::listing;
use crate::problem::{Place, Problem};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use crate::view;
use axum::Json;
use axum::http::header;
use axum::response::IntoResponse as _;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use wanlink_domain::catalogue::Network;
use wanlink_domain::draft::{NetworkDraft, ServiceDraft, ServicePatch};
use wanlink_domain::ids::{NetworkId, RequestId, ServiceId, TenantId, WimId, derive};
use wanlink_domain::link::Link;
use wanlink_domain::plan::{
    CatalogueIndex, Hints, Intent, LinkPlan, Members, PlanError, derived_ids, incorporate, members,
    plan_service,
};
use wanlink_domain::reason::Code;
use wanlink_domain::service::{Service, ServicePhase};
use wanlink_store::port::{Page, ServiceFilter};
use wanlink_wire::journal::{Change, Request, ServiceChange};

/// How often a change is planned anew when others changed the service in between.
const PLAN_TRIES: u32 = 4;

/// By tenant and name.
pub async fn list(state: Shared, mut call: Call) -> Answer {
    let page = listing::page(&state, &mut call.query)?;
    let tenant = scope::tenant_filter(&state, &mut call.query).await?;
    let filter = ServiceFilter { tenant, name: call.query.take("name") };
    call.query.end()?;
    let slice = state.store.services(&filter, page).await?;
    let ids: Vec<ServiceId> = slice.rows.iter().map(|service| service.id).collect();
    let held = Held::read(&state, &ids).await?;
    Ok(listing::answer(&slice, |it| (it.created_at, it.id.0), |it| held.view(it)))
}

pub async fn show(state: Shared, mut call: Call) -> Answer {
    let service = find(&state, &mut call).await?;
    let held = Held::read(&state, &[service.id]).await?;
    let tag = format!("\"{}\"", service.version);
    Ok(([(header::ETAG, tag)], Json(held.view(&service))).into_response())
}

/// What services hold.
struct Held {
    networks: BTreeMap<ServiceId, Vec<Network>>,
    links: BTreeMap<ServiceId, Vec<Link>>,
}

impl Held {
    async fn read(state: &State, ids: &[ServiceId]) -> Result<Self, Problem> {
        let mut held = Self { networks: BTreeMap::new(), links: BTreeMap::new() };
        if ids.is_empty() {
            return Ok(held);
        }
        for network in state.store.networks_of_services(ids).await? {
            let Some(service) = network.network_service_id else { continue };
            held.networks.entry(service).or_default().push(network);
        }
        for link in state.store.links_of_services(ids).await? {
            let Some(service) = link.network_service_id else { continue };
            held.links.entry(service).or_default().push(link);
        }
        Ok(held)
    }

    fn networks(&self, id: ServiceId) -> &[Network] {
        self.networks.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    fn links(&self, id: ServiceId) -> &[Link] {
        self.links.get(&id).map(Vec::as_slice).unwrap_or_default()
    }

    fn view(&self, service: &Service) -> view::Service {
        view::Service::new(service, self.networks(service.id), self.links(service.id))
    }
}

pub async fn create(state: Shared, mut call: Call) -> Answer {
    let (draft, body) = call.body::<ServiceDraft>()?;
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let tenant = scope::tenant(&index, &mut call.query, draft.tenant.as_deref())?.id;
    call.query.end()?;
    let (id, digest) = (RequestId(scope::id_for(&state, &call, Some(tenant))), scope::digest(&call, &body));
    let service_id = ServiceId(derive(id.0, &["service"]));
    if call.key.is_some()
        && let Some(answer) = intake::recorded_of(&state, id, &digest, Some(service_id)).await?
    {
        return Ok(answer);
    }
    let wim = pinned(&index, draft.wim.as_deref())?;
    let drafts = draft.networks.clone();
    let service = draft.create(service_id, tenant, wim, state.clock.wall()).map_err(Problem::fields)?;
    let change = Plan { index: &index, before: None, held: &[], links: &[], service, drafts: Some(drafts) };
    accept(&state, id, digest, change).await
}

/// Sites join and leave, and what is wished of all links changes. Where the caller named neither a version nor a key, a
/// change that lost against another one is planned anew on what that one left.
pub async fn edit(state: Shared, mut call: Call) -> Answer {
    let (patch, body) = call.body::<ServicePatch>()?;
    let mut service = find(&state, &mut call).await?;
    let digest = scope::digest(&call, &body);
    for tries in 1.. {
        let id = RequestId(scope::id_for(&state, &call, Some(service.tenant_id)));
        if call.key.is_some()
            && let Some(answer) = intake::recorded_of(&state, id, &digest, Some(service.id)).await?
        {
            return Ok(answer);
        }
        call.check_version(service.version)?;
        if service.phase == ServicePhase::Deleting {
            let detail = format!("service {} is being deleted", service.name);
            return Err(Problem::new(Code::ServiceDeleted, detail));
        }
        let index = state.catalogue.current(state.store.as_ref()).await?;
        let wim = pinned(&index, patch.wim.as_deref())?;
        let edited = patch.edit(&service, wim).map_err(Problem::fields)?;
        match change(&state, &index, id, &digest, &service, edited, patch.networks.clone()).await {
            Err(problem) if again(&problem, &call, tries) => service = same(&state, &service).await?,
            answer => return answer,
        }
    }
    Err(Problem::new(Code::Internal, "the loop above ends by itself"))
}

/// The links first, then the record. Deleting twice is deleting once; what could not be removed is tried again.
pub async fn delete(state: Shared, mut call: Call) -> Answer {
    call.no_body()?;
    let mut service = find(&state, &mut call).await?;
    let digest = scope::digest(&call, &json!({}));
    for tries in 1.. {
        let id = RequestId(scope::id_for(&state, &call, Some(service.tenant_id)));
        if call.key.is_some()
            && let Some(answer) = intake::recorded_of(&state, id, &digest, Some(service.id)).await?
        {
            return Ok(answer);
        }
        call.check_version(service.version)?;
        let index = state.catalogue.current(state.store.as_ref()).await?;
        let ended = Service { phase: ServicePhase::Deleting, ..service.clone() };
        match change(&state, &index, id, &digest, &service, ended, None).await {
            Err(problem) if again(&problem, &call, tries) => service = same(&state, &service).await?,
            answer => return answer,
        }
    }
    Err(Problem::new(Code::Internal, "the loop above ends by itself"))
}

fn again(problem: &Problem, call: &Call, tries: u32) -> bool {
    let lost = problem.cause == Code::VersionMismatch.into();
    lost && call.key.is_none() && call.expects == Expects::Anything && tries < PLAN_TRIES
}

async fn same(state: &State, service: &Service) -> Result<Service, Problem> {
    let found = state.store.service(service.id).await?;
    found.ok_or_else(|| Problem::not_found("service", &service.name))
}

/// Plans one change of a service as it stands.
async fn change(
    state: &State,
    index: &CatalogueIndex,
    id: RequestId,
    digest: &str,
    before: &Service,
    service: Service,
    drafts: Option<Vec<NetworkDraft>>,
) -> Answer {
    let held = Held::read(state, &[before.id]).await?;
    let (networks, links) = (held.networks(before.id), held.links(before.id));
    let plan = Plan { index, before: Some(before), held: networks, links, service, drafts };
    accept(state, id, digest.to_owned(), plan).await
}

/// What a change is planned on.
struct Plan<'a> {
    index: &'a CatalogueIndex,
    /// Absent: it comes to be.
    before: Option<&'a Service>,
    held: &'a [Network],
    links: &'a [Link],
    service: Service,
    /// Absent: its networks stay as they are.
    drafts: Option<Vec<NetworkDraft>>,
}

async fn accept(state: &State, id: RequestId, digest: String, plan: Plan<'_>) -> Answer {
    let wall = state.clock.wall();
    let Plan { index, before, held, links, service, drafts } = plan;
    let found = match drafts {
        None => Members {
            members: held.iter().filter(|network| !network.leaving).cloned().collect(),
            ..Members::default()
        },
        Some(drafts) => {
            let ids = |n: usize| NetworkId(derive(id.0, &["network", &n.to_string()]));
            members(index, &service, held, drafts, wall, ids).map_err(Problem::fields)?
        }
    };
    let changed: BTreeSet<NetworkId> = found.change.iter().map(|network| network.id).collect();
    let intents =
        plan_service(index, &state.connectors, &service, &found.members, &changed, links, &Hints::default())
            .map_err(refused)?;
    let actions = match intents.is_empty() {
        // All of it is at one site, or nothing of its links changes.
        true => Vec::new(),
        false => {
            let intents = intents.into_iter().map(|it| Intent {
                target: it.target,
                account_id: it.account_id,
                kind: it.kind,
                change: change_of(it.change),
            });
            incorporate(intents.collect(), wall, state.settings.actions_max, derived_ids(id))?
        }
    };
    let service_change = ServiceChange {
        expected: before.map(|service| service.version),
        join: found.join,
        change: found.change,
        service,
    };
    let request = Request {
        id,
        tenant_id: service_change.service.tenant_id,
        digest,
        accepted_at: wall,
        not_after: None,
        service: Some(Box::new(service_change)),
        actions: actions.into_iter().map(new_action).collect(),
    };
    intake::accept(state, request).await
}

fn change_of(plan: LinkPlan) -> Change {
    match plan {
        LinkPlan::New { virtual_link, name, wim_id, wish } => {
            Change::New { wim_id, name, virtual_link: Some(virtual_link), wish }
        }
        LinkPlan::Edit(patch) => Change::Edit(patch),
        LinkPlan::Delete => Change::Keep,
    }
}

fn refused(error: PlanError) -> Problem {
    match error {
        PlanError::Fields(errors) => Problem::fields(errors),
        PlanError::Refused(reason) => reason.into(),
    }
}

fn pinned(index: &CatalogueIndex, asked: Option<&str>) -> Result<Option<WimId>, Problem> {
    let found = asked.map(|asked| index.find_wim(asked)).transpose();
    Ok(found.map_err(|reason| Problem::of(reason, Place::Body("/wim".to_owned())))?.map(|wim| wim.id))
}

/// One service by id, or by a name that only one has; with a tenant, only that tenant's.
async fn find(state: &State, call: &mut Call) -> Result<Service, Problem> {
    let tenant = scope::tenant_filter(state, &mut call.query).await?;
    call.query.end()?;
    let asked = call.param("service");
    let visible =
        |service: &Service, tenant: Option<TenantId>| tenant.is_none_or(|id| service.tenant_id == id);
    if let Some(id) = ServiceId::parse(asked)
        && let Some(service) = state.store.service(id).await?
    {
        return if visible(&service, tenant) {
            Ok(service)
        } else {
            Err(Problem::not_found("service", asked))
        };
    }
    let filter = ServiceFilter { tenant, name: Some(asked.to_owned()) };
    let mut named = state.store.services(&filter, Page { after: None, limit: 2 }).await?.rows;
    match named.len() {
        1 => Ok(named.remove(0)),
        0 => Err(Problem::not_found("service", asked)),
        _ => Err(Problem::new(
            Code::Invalid,
            "several services have this name: give the id, or say whose by ?tenant=".to_owned(),
        )),
    }
}

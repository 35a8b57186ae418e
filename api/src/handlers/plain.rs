//! Nouns of the whole installation: tenants, sites and WIMs. What they have in common is the same code; what tells
//! them apart is their drafts, which are the domain's.

use crate::call::Call;
use crate::objects;
use crate::problem::Problem;
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use serde::de::DeserializeOwned;
use uuid::Uuid;
use wanlink_domain::draft::{SiteDraft, SitePatch, TenantDraft, TenantPatch, WimDraft, WimPatch};
use wanlink_domain::ids::{SiteId, TenantId, WimId};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::validate::FieldError;

/// One of these nouns.
pub trait Noun: Send + Sync + 'static {
    const KIND: Kind;
    /// Its name among a path's parameters.
    const PARAM: &'static str;
    type Draft: DeserializeOwned + Send;
    type Patch: DeserializeOwned + Clone + Send;

    fn make(state: &State, id: Uuid, draft: Self::Draft) -> Result<Object, Vec<FieldError>>;

    /// The object as it should be; `None`: that is how it is.
    fn edit(state: &State, object: &Object, patch: Self::Patch) -> Result<Option<Object>, Vec<FieldError>>;
}

pub struct Tenants;
pub struct Sites;
/// Their settings hold no secret: those belong to accounts.
pub struct Wims;

impl Noun for Tenants {
    const KIND: Kind = Kind::Tenant;
    const PARAM: &'static str = "tenant";
    type Draft = TenantDraft;
    type Patch = TenantPatch;

    fn make(state: &State, id: Uuid, draft: TenantDraft) -> Result<Object, Vec<FieldError>> {
        draft.create(TenantId(id), state.clock.wall()).map(Object::Tenant)
    }

    fn edit(_: &State, object: &Object, patch: TenantPatch) -> Result<Option<Object>, Vec<FieldError>> {
        let Object::Tenant(tenant) = object else { return Ok(None) };
        let mut edited = tenant.clone();
        Ok(patch.edit(&mut edited)?.then_some(Object::Tenant(edited)))
    }
}

impl Noun for Sites {
    const KIND: Kind = Kind::Site;
    const PARAM: &'static str = "site";
    type Draft = SiteDraft;
    type Patch = SitePatch;

    fn make(state: &State, id: Uuid, draft: SiteDraft) -> Result<Object, Vec<FieldError>> {
        draft.create(SiteId(id), state.clock.wall()).map(Object::Site)
    }

    fn edit(_: &State, object: &Object, patch: SitePatch) -> Result<Option<Object>, Vec<FieldError>> {
        let Object::Site(site) = object else { return Ok(None) };
        let mut edited = site.clone();
        Ok(patch.edit(&mut edited)?.then_some(Object::Site(edited)))
    }
}

impl Noun for Wims {
    const KIND: Kind = Kind::Wim;
    const PARAM: &'static str = "wim";
    type Draft = WimDraft;
    type Patch = WimPatch;

    fn make(state: &State, id: Uuid, draft: WimDraft) -> Result<Object, Vec<FieldError>> {
        draft.create(WimId(id), &state.connectors, state.clock.wall()).map(Object::Wim)
    }

    fn edit(state: &State, object: &Object, patch: WimPatch) -> Result<Option<Object>, Vec<FieldError>> {
        let Object::Wim(wim) = object else { return Ok(None) };
        let mut edited = wim.clone();
        Ok(patch.edit(&mut edited, &state.connectors)?.then_some(Object::Wim(edited)))
    }
}

pub async fn list<N: Noun>(state: Shared, call: Call) -> Answer {
    objects::list(&state, N::KIND, call.query, |_| true).await
}

pub async fn create<N: Noun>(state: Shared, call: Call) -> Answer {
    call.query.end()?;
    let (draft, body) = call.body::<N::Draft>()?;
    let id = scope::id_for(&state, &call, None);
    let object = N::make(&state, id, draft).map_err(Problem::fields)?;
    objects::create(&state, &call, &body, object).await
}

pub async fn show<N: Noun>(state: Shared, call: Call) -> Answer {
    objects::shown(&state, &find::<N>(&state, &call).await?).await
}

pub async fn edit<N: Noun>(state: Shared, call: Call) -> Answer {
    let (patch, body) = call.body::<N::Patch>()?;
    let object = find::<N>(&state, &call).await?;
    objects::edit(&state, &call, &body, object, |object| {
        N::edit(&state, object, patch.clone()).map_err(Problem::fields)
    })
    .await
}

pub async fn delete<N: Noun>(state: Shared, call: Call) -> Answer {
    let object = find::<N>(&state, &call).await?;
    objects::delete(&state, &call, &object).await
}

async fn find<N: Noun>(state: &State, call: &Call) -> Result<Object, Problem> {
    call.query.end()?;
    objects::find(state, N::KIND, call.param(N::PARAM), None).await
}

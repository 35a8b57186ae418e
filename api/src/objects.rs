//! What the catalogue's nouns have in common: finding one, listing, and the three writes as commands.
//!
//! Every write goes to the conductors as one idempotent command; this role decides only whether the call is valid
//! as far as it can see. Deliberately absent: what the nouns' fields mean (`handlers`, and the domain's drafts).

use crate::call::{Call, Expects, Query};
use crate::commands;
use crate::holds::Told;
use crate::listing;
use crate::problem::{Problem, shortened};
use crate::routes::Answer;
use crate::scope;
use crate::state::State;
use crate::view;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse as _;
use serde_json::Value;
use uuid::Uuid;
use wanlink_domain::ids::{CommandId, TenantId, derive};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{Page, Slice};
use wanlink_wire::conductor::{CommandResult, Operation};

/// How often an edit is tried again when others changed the object in between.
const EDIT_TRIES: u32 = 4;

/// Rows that are read at once where most of them may not be kept.
const READ_AT_ONCE: u32 = 256;

/// The plural of a noun, as it stands in paths.
pub fn plural(kind: Kind) -> &'static str {
    match kind {
        Kind::Tenant => "tenants",
        Kind::Site => "sites",
        Kind::Wim => "wims",
        Kind::Account => "accounts",
        Kind::PortMapping => "port-mappings",
        Kind::Network => "networks",
    }
}

pub fn location(kind: Kind, id: Uuid) -> String {
    format!("/v1/{}/{id}", plural(kind))
}

/// One object by id or name; with a tenant, only that tenant's.
pub async fn find(
    state: &State,
    kind: Kind,
    asked: &str,
    tenant: Option<TenantId>,
) -> Result<Object, Problem> {
    let visible = |object: &Object| tenant.is_none_or(|tenant| tenant_of(object) == Some(tenant));
    if let Ok(id) = Uuid::try_parse(asked)
        && let Some(object) = state.store.object(kind, id).await?
    {
        return if visible(&object) { Ok(object) } else { Err(Problem::not_found(kind.noun(), asked)) };
    }
    let mut named = state.store.objects_named(kind, asked).await?;
    named.retain(visible);
    match named.len() {
        1 => Ok(named.remove(0)),
        0 => Err(Problem::not_found(kind.noun(), asked)),
        count => Err(Problem::new(
            Code::Invalid,
            format!(
                "{count} {} have the name {:?}: give the id, or say whose by ?tenant=",
                plural(kind),
                shortened(asked)
            ),
        )),
    }
}

fn tenant_of(object: &Object) -> Option<TenantId> {
    match object {
        Object::Account(it) => Some(it.tenant_id),
        Object::Network(it) => Some(it.tenant_id),
        Object::Tenant(_) | Object::Site(_) | Object::Wim(_) | Object::PortMapping(_) => None,
    }
}

/// `GET` of one.
pub async fn shown(state: &State, object: &Object) -> Answer {
    with_version(state, StatusCode::OK, object).await
}

async fn with_version(state: &State, status: StatusCode, object: &Object) -> Answer {
    let tag = format!("\"{}\"", object.version());
    let shown = match object {
        Object::Account(_) | Object::Wim(_) => Told::look(state).await?.object(object),
        _ => view::object(object),
    };
    Ok((status, [(header::ETAG, tag)], Json(shown)).into_response())
}

/// Its place in the order of lists.
pub fn place(object: &Object) -> (Timestamp, Uuid) {
    let at = match object {
        Object::Tenant(it) => it.created_at,
        Object::Site(it) => it.created_at,
        Object::Wim(it) => it.created_at,
        Object::Account(it) => it.created_at,
        Object::PortMapping(it) => it.created_at,
        Object::Network(it) => it.created_at,
    };
    (at, object.id())
}

/// `GET` of all of one kind, by name where the query says so.
pub async fn list(state: &State, kind: Kind, mut query: Query, keep: impl Fn(&Object) -> bool) -> Answer {
    let page = listing::page(state, &mut query)?;
    let name = query.take("name");
    query.end()?;
    let slice = match name {
        Some(name) => named(state, kind, &name, page, keep).await?,
        None => kept(state, kind, page, keep).await?,
    };
    if !matches!(kind, Kind::Account | Kind::Wim) {
        return Ok(listing::answer(&slice, place, view::object));
    }
    let told = Told::look(state).await?;
    Ok(listing::answer(&slice, place, |object| told.object(object)))
}

async fn named(
    state: &State,
    kind: Kind,
    name: &str,
    page: Page,
    keep: impl Fn(&Object) -> bool,
) -> Result<Slice<Object>, Problem> {
    let mut rows = state.store.objects_named(kind, name).await?;
    rows.retain(|object| keep(object) && page.after.is_none_or(|after| place(object) > after));
    rows.sort_by_key(place);
    let limit = page.limit as usize;
    let more = rows.len() > limit;
    rows.truncate(limit);
    Ok(Slice { rows, more })
}

/// Reads on until the page is full of what is to be kept. Kinds that have a filter here count in thousands.
pub async fn kept(
    state: &State,
    kind: Kind,
    page: Page,
    keep: impl Fn(&Object) -> bool,
) -> Result<Slice<Object>, Problem> {
    let limit = page.limit as usize;
    let (mut rows, mut after) = (Vec::new(), page.after);
    loop {
        let read = Page { after, limit: page.limit.max(READ_AT_ONCE).min(state.settings.page_max) };
        let slice = state.store.objects(kind, read).await?;
        after = slice.rows.last().map(place);
        rows.extend(slice.rows.into_iter().filter(|object| keep(object)));
        if rows.len() > limit || !slice.more || after.is_none() {
            let more = slice.more || rows.len() > limit;
            rows.truncate(limit);
            return Ok(Slice { rows, more });
        }
    }
}

/// The id of the command that makes an object: as repeatable as the object's own.
fn creation(id: Uuid) -> CommandId {
    CommandId(derive(id, &["create"]))
}

/// `POST`: the object's id is that of the call.
pub async fn create(state: &State, call: &Call, body: &Value, object: Object) -> Answer {
    let (kind, id) = (object.kind(), object.id());
    let at = location(kind, id);
    let digest = scope::digest(call, body);
    match commands::run(state, creation(id), digest, Operation::Create { object }, &at).await? {
        CommandResult::Applied { object: Some(object), .. } => {
            let mut response = with_version(state, StatusCode::CREATED, &object).await?;
            if let Ok(at) = at.try_into() {
                response.headers_mut().insert(header::LOCATION, at);
            }
            Ok(response)
        }
        other => Err(commands::refused(other)),
    }
}

/// `PATCH`: `apply` gives the object as it should be, or `None` if that is how it is. Where the caller named no
/// version, an edit that lost against another one is applied to what that one left.
pub async fn edit(
    state: &State,
    call: &Call,
    body: &Value,
    mut object: Object,
    mut apply: impl FnMut(&Object) -> Result<Option<Object>, Problem>,
) -> Answer {
    let (kind, id) = (object.kind(), object.id());
    for _ in 0..EDIT_TRIES {
        call.check_version(object.version())?;
        let Some(edited) = apply(&object)? else { return shown(state, &object).await };
        let operation = Operation::Update { object: edited, expected: object.version() };
        let (command, digest) = (CommandId(state.new_id()), scope::digest(call, body));
        match commands::run(state, command, digest, operation, &location(kind, id)).await? {
            CommandResult::Applied { object: Some(object), .. } => return shown(state, &object).await,
            CommandResult::Refused { problem: Reason { code: Code::VersionMismatch, .. }, .. }
                if call.expects == Expects::Anything => {}
            other => return Err(commands::refused(other)),
        }
        object = state
            .store
            .object(kind, id)
            .await?
            .ok_or_else(|| Problem::not_found(kind.noun(), &id.to_string()))?;
    }
    Err(Problem::new(Code::Overloaded, "others keep changing this object: come back later"))
}

/// `DELETE`: 204 where the object is gone, 202 with the object where its end takes longer (an account).
pub async fn delete(state: &State, call: &Call, object: &Object) -> Answer {
    call.no_body()?;
    call.check_version(object.version())?;
    let (kind, id) = (object.kind(), object.id());
    let expected = match call.expects {
        Expects::Anything => None,
        Expects::Version(_) | Expects::Nothing => Some(object.version()),
    };
    let command = CommandId(scope::id_for(state, call, tenant_of(object)));
    let digest = scope::digest(call, &Value::Null);
    let operation = Operation::Delete { kind, id, expected };
    match commands::run(state, command, digest, operation, &location(kind, id)).await? {
        CommandResult::Applied { object: None, .. } => Ok(StatusCode::NO_CONTENT.into_response()),
        CommandResult::Applied { object: Some(object), .. } => {
            with_version(state, StatusCode::ACCEPTED, &object).await
        }
        other => Err(commands::refused(other)),
    }
}

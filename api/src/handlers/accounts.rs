//! WIM accounts. Their secrets are sealed here, before anything leaves this process, and are never shown again.

use crate::call::{Call, Carrier};
use crate::objects;
use crate::problem::{Place, Problem};
use crate::routes::Answer;
use crate::scope;
use crate::state::{Shared, State};
use serde_json::Value;
use std::collections::BTreeMap;
use wanlink_domain::catalogue::{Account, AccountPhase, Sealed};
use wanlink_domain::connector::ConnectorDescriptor;
use wanlink_domain::draft::{AccountDraft, AccountPatch, PASSWORD};
use wanlink_domain::ids::AccountId;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::reason::Code;
use wanlink_domain::validate::FieldError;
use wanlink_domain::validate::config::{self, MASK, Plaintext};
use wanlink_runtime::seal::Secret;

/// By tenant, WIM and name.
pub async fn list(state: Shared, mut call: Call) -> Answer {
    let tenant = scope::tenant_filter(&state, &mut call.query).await?;
    let wim = match call.query.take("wim") {
        None => None,
        Some(asked) => {
            let index = state.catalogue.current(state.store.as_ref()).await?;
            Some(index.find_wim(&asked)?.id)
        }
    };
    objects::list(&state, Kind::Account, call.query, |object| match object {
        Object::Account(it) => {
            tenant.is_none_or(|tenant| it.tenant_id == tenant) && wim.is_none_or(|wim| it.wim_id == wim)
        }
        _ => false,
    })
    .await
}

pub async fn create(state: Shared, mut call: Call) -> Answer {
    let (draft, body) = call.body::<AccountDraft>()?;
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let tenant = scope::tenant(&index, &mut call.query, draft.tenant.as_deref())?;
    call.query.end()?;
    let wim =
        index.find_wim(&draft.wim).map_err(|reason| Problem::of(reason, Place::Body("/wim".to_owned())))?;
    let id = AccountId(scope::id_for(&state, &call, Some(tenant.id)));
    let (checked, plaintexts) = draft.check(tenant, wim, &state.connectors).map_err(Problem::fields)?;
    let account = checked.create(id, seal(&state, &call, id, &plaintexts)?, state.clock.wall());
    if let Some(stands) = index.account_of(tenant.id, wim.id).filter(|it| it.id != id) {
        return second(&state, stands, &account).await;
    }
    let body = without_secrets(body, state.connectors.get(&wim.kind));
    objects::create(&state, &call, &body, Object::Account(account)).await
}

/// There is one account per (WIM, tenant). The same values again are answered with it; others are refused, and
/// the answer names the fields, never what stands in them.
async fn second(state: &State, stands: &Account, wanted: &Account) -> Answer {
    if stands.phase == AccountPhase::Deleting {
        let detail = "this tenant's account at this WIM is being deleted: come back when it is gone";
        return Err(Problem::new(Code::AccountNotReady, detail));
    }
    let differing = [
        ("name", stands.name != wanted.name),
        ("user", stands.user != wanted.user),
        ("config", stands.config != wanted.config),
    ];
    let mut told: Vec<String> =
        differing.iter().filter(|(_, differs)| *differs).map(|(field, _)| (*field).to_owned()).collect();
    let sealed = wanted.secrets.keys();
    told.extend(
        sealed.map(|field| format!("{field} (stored sealed: nobody here can tell whether it is the same)")),
    );
    if told.is_empty() && wanted.secrets.is_empty() && stands.secrets.is_empty() {
        let object = objects::find(state, Kind::Account, &stands.id.to_string(), None).await?;
        return objects::shown(state, &object).await;
    }
    if told.is_empty() {
        told.push("the secrets, of which none is given".to_owned());
    }
    let mut problem = Problem::new(
        Code::AlreadyExists,
        format!("this tenant has an account at this WIM already; differing fields: {}", told.join(", ")),
    );
    problem.location = Some(objects::location(Kind::Account, stands.id.0));
    Err(problem)
}

pub async fn show(state: Shared, mut call: Call) -> Answer {
    objects::shown(&state, &find(&state, &mut call).await?).await
}

pub async fn edit(state: Shared, mut call: Call) -> Answer {
    let (patch, body) = call.body::<AccountPatch>()?;
    let object = find(&state, &mut call).await?;
    let index = state.catalogue.current(state.store.as_ref()).await?;
    let wim = match &object {
        Object::Account(it) => index.wim(it.wim_id),
        _ => None,
    };
    let wim = wim.ok_or_else(|| Problem::not_found("account", call.param("account")))?;
    let body = without_secrets(body, state.connectors.get(&wim.kind));
    objects::edit(&state, &call, &body, object, |object| {
        let Object::Account(account) = object else { return Ok(None) };
        let checked = patch.clone().check(account, wim, &state.connectors);
        let (checked, plaintexts) = checked.map_err(Problem::fields)?;
        let mut edited = account.clone();
        let changed = checked.edit(&mut edited, seal(&state, &call, account.id, &plaintexts)?);
        Ok(changed.then_some(Object::Account(edited)))
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
    objects::find(state, Kind::Account, call.param("account"), tenant).await
}

/// Each secret sealed for this account and its field.
fn seal(
    state: &State,
    call: &Call,
    account: AccountId,
    plaintexts: &BTreeMap<String, Plaintext>,
) -> Result<BTreeMap<String, Sealed>, Problem> {
    if call.carrier == Carrier::Broker && !plaintexts.is_empty() {
        return Err(Problem::fields(plaintexts.keys().map(|field| secret_in_a_message(field)).collect()));
    }
    let seal_one = |(field, plaintext): (&String, &Plaintext)| {
        let secret = Secret::new(plaintext.expose());
        let sealed = state.sealer.seal(account, field, &secret).map_err(|error| {
            tracing::error!(%error, %account, field, "a secret cannot be sealed");
            Problem::new(Code::Internal, "a secret cannot be sealed; the log of this process says why")
        })?;
        Ok((field.clone(), sealed))
    };
    plaintexts.iter().map(seal_one).collect()
}

fn secret_in_a_message(field: &str) -> FieldError {
    FieldError::new(pointer(field), "is a secret, which must not stand in a message: set it over HTTP")
}

/// A secret's place in the body.
fn pointer(field: &str) -> String {
    if field == PASSWORD { format!("/{PASSWORD}") } else { config::pointer("/config", field) }
}

/// The body as it may be hashed: with the mask in the place of every secret.
fn without_secrets(mut body: Value, connector: Option<&ConnectorDescriptor>) -> Value {
    let mut mask = |pointer: &str| {
        if let Some(secret) = body.pointer_mut(pointer).filter(|value| !value.is_null()) {
            *secret = Value::from(MASK);
        }
    };
    mask(&format!("/{PASSWORD}"));
    for key in connector.map(ConnectorDescriptor::secret_keys).unwrap_or_default() {
        mask(&config::pointer("/config", key));
    }
    body
}

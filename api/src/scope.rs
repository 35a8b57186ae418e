//! Who calls, for which tenant, and the ids that follow from it. Tokens will answer the first two questions here;
//! until then every caller is the same one and names the tenant.

use crate::call::{Call, Query};
use crate::problem::{Place, Problem};
use crate::state::State;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;
use wanlink_domain::canonical;
use wanlink_domain::catalogue::Tenant;
use wanlink_domain::ids::{AccountId, TenantId};
use wanlink_domain::plan::{self, CatalogueIndex};

/// The one caller there is without authentication.
const CALLER: &str = "anonymous";

/// The id of what this call makes: derived where the caller named the call, so that doing it twice is doing it
/// once (P5); otherwise new.
pub fn id_for(state: &State, call: &Call, tenant: Option<TenantId>) -> Uuid {
    let Some(key) = &call.key else { return state.new_id() };
    let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
    let named = plan::Call {
        tenant: &tenant,
        caller: CALLER,
        method: call.method.as_str(),
        path: &call.path,
        idempotency_key: key,
    };
    plan::request_id(&named).0
}

/// By which a repeated call is told from another one under the same key. `body` must not hold a secret: even the
/// digest of a guessable one would give it away.
pub fn digest(call: &Call, body: &Value) -> String {
    canonical::digest(&json!({"path": call.path, "body": body}))
}

/// The tenant that `?tenant=` names, by id or name.
pub async fn tenant_filter(state: &State, query: &mut Query) -> Result<Option<TenantId>, Problem> {
    let Some(asked) = query.take("tenant") else { return Ok(None) };
    let index = state.catalogue.current(state.store.as_ref()).await?;
    Ok(Some(index.find_tenant(&asked)?.id))
}

/// The account that `?account=` names, by id or by a name that only one account has.
pub async fn account_filter(state: &State, query: &mut Query) -> Result<Option<AccountId>, Problem> {
    let Some(asked) = query.take("account") else { return Ok(None) };
    let index = state.catalogue.current(state.store.as_ref()).await?;
    Ok(Some(index.find_account(&asked)?.id))
}

/// A query parameter that must be one of a type's words, as JSON writes them.
pub fn word<T: Copy + Serialize>(query: &mut Query, name: &str, all: &[T]) -> Result<Option<T>, Problem> {
    let Some(text) = query.take(name) else { return Ok(None) };
    let spelled = |value: &T| serde_json::to_value(value).ok().and_then(|it| it.as_str().map(str::to_owned));
    if let Some(found) = all.iter().find(|value| spelled(value).as_deref() == Some(text.as_str())) {
        return Ok(Some(*found));
    }
    let known: Vec<String> = all.iter().filter_map(spelled).collect();
    Err(Problem::at(Place::Query(name.to_owned()), format!("must be one of {}", known.join(", "))))
}

/// The tenant that a body's field or `?tenant=` names: one of them, or both alike.
pub fn tenant<'a>(
    index: &'a CatalogueIndex,
    query: &mut Query,
    field: Option<&str>,
) -> Result<&'a Tenant, Problem> {
    let parameter = query.take("tenant");
    let (asked, place) = match (field, &parameter) {
        (Some(field), _) => (field, Place::Body("/tenant".to_owned())),
        (None, Some(parameter)) => (parameter.as_str(), Place::Query("tenant".to_owned())),
        (None, None) => {
            let place = Place::Body("/tenant".to_owned());
            return Err(Problem::at(place, "is required: the tenant's id or name, here or as ?tenant="));
        }
    };
    let found = index.find_tenant(asked).map_err(|reason| Problem::of(reason, place))?;
    let other = parameter.as_deref().filter(|_| field.is_some()).map(|asked| index.find_tenant(asked));
    if other.is_some_and(|other| other.map_or(true, |other| other.id != found.id)) {
        return Err(Problem::at(Place::Query("tenant".to_owned()), "is another tenant than the body's"));
    }
    Ok(found)
}

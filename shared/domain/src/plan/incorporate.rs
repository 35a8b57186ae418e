//! A request's set of actions: ids, numbers and accepted times.

use crate::accepted::AcceptedAt;
use crate::action::ActionKind;
use crate::ids::{AccountId, ActionId, LinkId, RequestId, derive};
use crate::reason::{Code, Reason};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

/// Namespace of request ids that are derived from a call (RFC 9562, section 5.5); part of the wire format, for two
/// versions must derive alike.
const REQUESTS: Uuid = Uuid::from_u128(0x5d3c_07a4_9f0e_5b16_8a51_27c9_e64d_10b2);

/// What makes a repeated call the same call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<'a> {
    pub tenant: &'a str,
    pub caller: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub idempotency_key: &'a str,
}

/// The request that a call makes, the same however often it is repeated and whichever api takes it.
pub fn request_id(call: &Call<'_>) -> RequestId {
    let parts = [call.tenant, call.caller, call.method, call.path, call.idempotency_key];
    RequestId(derive(REQUESTS, &parts))
}

/// The link that an action is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// It comes to be with this action.
    New,
    /// It is there, with this newest accepted action.
    Existing { link: LinkId, newest: AcceptedAt },
}

/// One intended change, before it has an id. `C`: what is changed, as the journal carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent<C> {
    pub target: Target,
    pub account_id: AccountId,
    pub kind: ActionKind,
    pub change: C,
}

/// One action of a request, ready to be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedAction<C> {
    pub id: ActionId,
    pub link_id: LinkId,
    pub account_id: AccountId,
    pub kind: ActionKind,
    pub accepted_at: AcceptedAt,
    pub change: C,
}

/// What an id is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbered {
    Link,
    Action,
}

/// Ids that follow from the request's: what a repeated call must use.
pub fn derived_ids(request: RequestId) -> impl FnMut(Numbered, usize) -> Uuid {
    move |of, n| {
        let of = match of {
            Numbered::Link => "link",
            Numbered::Action => "action",
        };
        derive(request.0, &[of, &n.to_string()])
    }
}

/// Numbers intents into the actions of one request, in their order. `wall` is the api's clock; `ids` gives the id of
/// the n-th link or action. Several actions of one link are accepted one after the other.
///
/// # Errors
/// `invalid` for none at all and for more than `actions_max`: a request is accepted whole or not at all.
pub fn incorporate<C>(
    intents: Vec<Intent<C>>,
    wall: Timestamp,
    actions_max: usize,
    mut ids: impl FnMut(Numbered, usize) -> Uuid,
) -> Result<Vec<PlannedAction<C>>, Reason> {
    if intents.is_empty() {
        return Err(Reason::new(Code::Invalid, "a request needs at least one action"));
    }
    if intents.len() > actions_max {
        let detail = format!("a request has at most {actions_max} actions, this one has {}", intents.len());
        return Err(Reason::new(Code::Invalid, detail));
    }
    let mut newest: BTreeMap<LinkId, AcceptedAt> = BTreeMap::new();
    let number = |(n, intent): (usize, Intent<C>)| {
        let (link_id, known) = match intent.target {
            Target::New => (LinkId(ids(Numbered::Link, n)), None),
            Target::Existing { link, newest } => (link, Some(newest)),
        };
        let accepted_at = AcceptedAt::next(wall, newest.get(&link_id).copied().max(known));
        newest.insert(link_id, accepted_at);
        PlannedAction {
            id: ActionId(ids(Numbered::Action, n)),
            link_id,
            account_id: intent.account_id,
            kind: intent.kind,
            accepted_at,
            change: intent.change,
        }
    };
    Ok(intents.into_iter().enumerate().map(number).collect())
}

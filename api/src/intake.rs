//! Acceptance (design 4.1): one message to the journal, prompts beside it, and the journal's word as the answer.
//!
//! The request is accepted when the journal's message is confirmed and not returned, whatever becomes of the
//! prompts: the record dispatches what they do not bring. Deliberately absent: planning (`links`), and any write.

use crate::commands::key_conflict;
use crate::problem::Problem;
use crate::state::State;
use crate::view::Time;
use crate::word::{About, Word};
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use wanlink_broker::port::{PublishError, Queue};
use wanlink_domain::action::{Action, ActionKind, ActionState};
use wanlink_domain::ids::{ActionId, LinkId, RequestId, TenantId};
use wanlink_domain::reason::Code;
use wanlink_domain::request::Request as RecordedRequest;
use wanlink_store::port::{ActionFilter, Page};
use wanlink_wire::account::Prompt;
use wanlink_wire::journal::{NewAction, Request, Verdict};

/// Where a request can be read.
pub fn location(id: RequestId) -> String {
    format!("/v1/requests/{id}")
}

/// What stands on record under this id, if the call was made before: its answer, without anything being sent.
pub async fn recorded(state: &State, id: RequestId, digest: &str) -> Result<Option<Response>, Problem> {
    let Some(request) = state.store.request(id).await? else { return Ok(None) };
    if request.digest != digest {
        return Err(key_conflict());
    }
    if let Some(reason) = request.refused {
        return Err(reason.into());
    }
    let actions = recorded_actions(state, id).await?;
    let listed = actions.iter().map(|it| AcceptedAction::new(it.id, it.link_id, it.kind, it.state)).collect();
    Ok(Some(accepted(Recorded::Already(&request), listed)))
}

/// All actions of one request; as many as a page holds.
pub async fn recorded_actions(state: &State, request: RequestId) -> Result<Vec<Action>, Problem> {
    let filter = ActionFilter { request: Some(request), ..ActionFilter::default() };
    let page = Page { after: None, limit: 1_000 };
    Ok(state.store.actions(&filter, page).await?.rows)
}

/// Publishes a planned request and answers with what became of it.
pub async fn accept(state: &State, request: Request) -> Result<Response, Problem> {
    let accepted = hand_in(state, request).await;
    state.telemetry.metrics.accepted.one([match &accepted {
        Ok(_) => "accepted",
        Err(problem) => problem.cause.as_str(),
    }]);
    accepted
}

async fn hand_in(state: &State, mut request: Request) -> Result<Response, Problem> {
    state.journal.admit(state.clock.mono())?;
    let health = state.broker.health().borrow().clone();
    if !health.ready() {
        let detail = health.detail.unwrap_or_else(|| "not connected, or blocked".to_owned());
        return Err(PublishError::Unavailable(detail).into());
    }
    let durable = state.broker.capabilities().durable;
    if !durable {
        // Nothing is promised without the word, so nothing may be recorded after we have given up on it.
        request.not_after = Some(state.clock.wall().after(state.settings.word_wait));
    }
    let id = request.id;
    let mut waiting = state.inbox.wait_for(About::Request(id));
    let began = state.clock.mono();
    let awaited = state.journal.begin(began);
    let confirmed = match publish(state, &request).await {
        Ok(()) => true,
        Err(PublishError::Unknown(_)) => false,
        Err(error) => {
            // Nothing waits in the journal on this call's account.
            awaited.came();
            return Err(error.into());
        }
    };
    // The word says more than the confirm: where it is here already, a missing confirm means nothing.
    let wait = if confirmed { state.settings.word_wait } else { Duration::ZERO };
    let word = waiting.within(wait).await;
    if word.is_some() {
        awaited.came();
        state.telemetry.metrics.word_time.observe([], state.clock.mono().saturating_sub(began));
    }
    match word {
        Some(Word::Journal(Verdict::Refused { problem })) => Err(problem.into()),
        Some(Word::Journal(Verdict::Conflict)) => Err(key_conflict()),
        Some(_) => Ok(accepted(Recorded::Now(&request), planned(&request.actions))),
        None if !confirmed => Err(unknown(id, "the message broker gave no confirm")),
        None if durable => Ok(accepted(Recorded::NotYet(&request), planned(&request.actions))),
        None => Err(unknown(id, "it was not recorded in time")),
    }
}

fn unknown(id: RequestId, why: &str) -> Problem {
    let detail = format!("{why}: repeat with the same Idempotency-Key, or read {}", location(id));
    Problem::new(Code::OutcomeUnknown, detail).with_location(location(id))
}

/// The journal's message and the prompts at the same time; only the former is waited for. Nothing more is sent
/// where the broker refuses the former at once.
async fn publish(state: &State, request: &Request) -> Result<(), PublishError> {
    let mut journal = state.publisher.publish(state.outgoing(Queue::Journal, request.clone(), true));
    let early = (&mut journal).now_or_never();
    if let Some(Err(error)) = early {
        return Err(error);
    }
    let prompts = async {
        for action in &request.actions {
            let message =
                state.outgoing(Queue::Account(action.account_id), prompt(request.id, action), false);
            if let Err(error) = state.publisher.publish_unwaited(message).await {
                // The record dispatches what is not prompted.
                tracing::debug!(%error, action = %action.id, "a prompt was not sent");
                return;
            }
        }
    };
    match early {
        Some(outcome) => {
            prompts.await;
            outcome
        }
        None => futures::join!(journal, prompts).0,
    }
}

fn prompt(request: RequestId, action: &NewAction) -> Prompt {
    Prompt {
        request,
        action: action.id,
        link: action.link_id,
        kind: action.kind,
        accepted_at: action.accepted_at,
    }
}

/// How far a request is when it is answered.
enum Recorded<'a> {
    /// On record from an earlier call.
    Already(&'a RecordedRequest),
    /// The journal's word came.
    Now(&'a Request),
    /// Accepted; the word did not come in time.
    NotYet(&'a Request),
}

/// The answer of a call that was accepted: it is on record, or will be.
#[derive(Serialize, ToSchema)]
pub struct Accepted {
    request: AcceptedRequest,
    actions: Vec<AcceptedAction>,
    /// `false`: accepted, but the conductors have not said in time that it is on record.
    journaled: bool,
}

#[derive(Serialize, ToSchema)]
struct AcceptedRequest {
    id: RequestId,
    tenant_id: TenantId,
    accepted_at: Time,
    total: usize,
}

#[derive(Serialize, ToSchema)]
struct AcceptedAction {
    id: ActionId,
    link: LinkId,
    kind: ActionKind,
    state: ActionState,
}

impl AcceptedAction {
    fn new(id: ActionId, link: LinkId, kind: ActionKind, state: ActionState) -> Self {
        Self { id, link, kind, state }
    }
}

fn accepted(recorded: Recorded<'_>, actions: Vec<AcceptedAction>) -> Response {
    let (id, tenant_id, at, journaled) = match recorded {
        Recorded::Already(it) => (it.id, it.tenant_id, it.accepted_at, true),
        Recorded::Now(it) => (it.id, it.tenant_id, it.accepted_at, true),
        Recorded::NotYet(it) => (it.id, it.tenant_id, it.accepted_at, false),
    };
    let request = AcceptedRequest { id, tenant_id, accepted_at: at.into(), total: actions.len() };
    let body = Accepted { request, actions, journaled };
    (StatusCode::ACCEPTED, [(header::LOCATION, location(id))], Json(body)).into_response()
}

fn planned(actions: &[NewAction]) -> Vec<AcceptedAction> {
    let scheduled = ActionState::Scheduled;
    actions.iter().map(|it| AcceptedAction::new(it.id, it.link_id, it.kind, scheduled)).collect()
}

//! Acceptance (design 4.1): handed in to the journal (`lane`), and answered with the journal's word.
//!
//! The request is accepted when its message in the journal is confirmed and not returned, whatever becomes of the
//! prompts: the record dispatches what they do not bring. Deliberately absent: planning (`links`), and any write.

use crate::commands::key_conflict;
use crate::holds::refuse_if_frozen;
use crate::problem::Problem;
use crate::state::State;
use crate::view::Time;
use crate::word::{About, Word};
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;
use wanlink_broker::port::PublishError;
use wanlink_domain::action::{Action, ActionKind, ActionState};
use wanlink_domain::ids::{ActionId, LinkId, RequestId, ServiceId, TenantId};
use wanlink_domain::reason::Code;
use wanlink_domain::request::Request as RecordedRequest;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::trace::{self, Kind};
use wanlink_store::port::{ActionFilter, Page};
use wanlink_wire::journal::{Request, Traced, Verdict};

/// Where a request can be read.
pub fn location(id: RequestId) -> String {
    format!("/v1/requests/{id}")
}

/// What stands on record under this id, if the call was made before: its answer, without anything being sent.
pub async fn recorded(state: &State, id: RequestId, digest: &str) -> Result<Option<Response>, Problem> {
    recorded_of(state, id, digest, None).await
}

/// The same of a request about a network service.
pub async fn recorded_of(
    state: &State,
    id: RequestId,
    digest: &str,
    service: Option<ServiceId>,
) -> Result<Option<Response>, Problem> {
    let Some(request) = state.store.request(id).await? else { return Ok(None) };
    if request.digest != digest {
        return Err(key_conflict());
    }
    if let Some(reason) = request.refused {
        return Err(reason.into());
    }
    let actions = recorded_actions(state, id).await?;
    Ok(Some(Accepted::recorded(&request, &actions, service).answer(true)))
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
    refuse_if_frozen(&state.catalogue.known().holds)?;
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
    let told = Accepted::planned(&request);
    let mut span = trace::child(Kind::Producer, || "journal publish".to_owned());
    span.set("wanlink.request", || id.to_string());
    span.set("wanlink.actions", || i64::try_from(request.actions.len()).unwrap_or(i64::MAX));
    let published = state.lanes.publish(Traced { trace: span.context(), request }).await;
    drop(span);
    let confirmed = match published {
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
        Some(_) => Ok(told.answer(true)),
        None if !confirmed => Err(unknown(id, "the message broker gave no confirm")),
        None if durable => Ok(told.answer(false)),
        None => Err(unknown(id, "it was not recorded in time")),
    }
}

fn unknown(id: RequestId, why: &str) -> Problem {
    let detail = format!("{why}: repeat with the same Idempotency-Key, or read {}", location(id));
    Problem::new(Code::OutcomeUnknown, detail).with_location(location(id))
}

/// The answer of a call that was accepted: it is on record, or will be.
#[derive(Serialize, ToSchema)]
pub struct Accepted {
    request: AcceptedRequest,
    actions: Vec<AcceptedAction>,
    /// `false`: accepted, but the conductors have not said in time that it is on record.
    journaled: bool,
    /// Of a request about a network service.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<AcceptedService>,
}

#[derive(Serialize, ToSchema)]
struct AcceptedService {
    id: ServiceId,
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

impl Accepted {
    fn of(
        id: RequestId,
        tenant_id: TenantId,
        at: Timestamp,
        actions: Vec<AcceptedAction>,
        service: Option<ServiceId>,
    ) -> Self {
        let request = AcceptedRequest { id, tenant_id, accepted_at: at.into(), total: actions.len() };
        let service = service.map(|id| AcceptedService { id });
        Self { request, actions, journaled: false, service }
    }

    /// Of a request that is handed in: all its actions are new.
    fn planned(request: &Request) -> Self {
        let state = ActionState::Scheduled;
        let listed = request.actions.iter().map(|it| AcceptedAction {
            id: it.id,
            link: it.link_id,
            kind: it.kind,
            state,
        });
        let service = request.service.as_ref().map(|change| change.service.id);
        Self::of(request.id, request.tenant_id, request.accepted_at, listed.collect(), service)
    }

    /// Of one that is on record from an earlier call.
    fn recorded(request: &RecordedRequest, actions: &[Action], service: Option<ServiceId>) -> Self {
        let listed = actions.iter().map(|it| AcceptedAction {
            id: it.id,
            link: it.link_id,
            kind: it.kind,
            state: it.state,
        });
        Self::of(request.id, request.tenant_id, request.accepted_at, listed.collect(), service)
    }

    /// `journaled`: it is on record, not only accepted.
    fn answer(mut self, journaled: bool) -> Response {
        self.journaled = journaled;
        let location = location(self.request.id);
        (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(self)).into_response()
    }
}

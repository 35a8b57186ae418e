//! The journal: accepted requests are recorded, validated once more, and answered with one word each (design 4.2).

use crate::batch::{Handled, Handler, Received};
use crate::context::Context;
use crate::services::Services;
use crate::spans;
use crate::wishes;
use crate::work::{Work, Written};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wanlink_broker::port::{Queue, ReplyTo};
use wanlink_domain::action::{
    Action, ActionKind, ActionState, Admission, Event, admit, deletion_needs_no_call,
};
use wanlink_domain::catalogue::{Account, AccountPhase, Network};
use wanlink_domain::ids::{AccountId, LinkId, NetworkId, RequestId};
use wanlink_domain::link::{Endpoint, Link, LinkStatus, Wish};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::request::Request as Row;
use wanlink_domain::trace::TraceParent;
use wanlink_domain::wish::WishPatch;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::Message;
use wanlink_wire::journal::{Change, Journaled, NewAction, Request, Verdict, Word};

/// Consumes `wan.journal`.
pub struct Journal {
    pub context: Arc<Context>,
}

#[async_trait]
impl Handler for Journal {
    fn queue(&self) -> Queue {
        Queue::Journal
    }

    fn accepts(&self, message: &Message) -> bool {
        matches!(message, Message::Request(_))
    }

    async fn handle(&self, batch: &[Received]) -> Result<Handled, StoreError> {
        let requests: Vec<(&Request, Option<&ReplyTo>)> = batch
            .iter()
            .filter_map(|received| match &received.envelope.message {
                Message::Request(request) => Some((request, received.reply_to.as_ref())),
                _ => None,
            })
            .collect();
        let mut tx = self.context.store.begin().await?;
        let traces = spans::of_requests(batch);
        let (words, written) = self.record(tx.as_mut(), &requests, &traces).await?;
        tx.commit().await?;
        let mut replies: BTreeMap<ReplyTo, Vec<Word>> = BTreeMap::new();
        for (request, reply_to) in &requests {
            if let (Some(reply_to), Some(word)) = (reply_to, words.get(&key(request))) {
                let word = Word { request_id: request.id, word: word.clone() };
                replies.entry((*reply_to).clone()).or_default().push(word);
            }
        }
        let replies =
            replies.into_iter().map(|(to, words)| (to, Message::Journaled(Journaled { words }))).collect();
        Ok(Handled { replies, prompts: written.prompts, wake: written.wake })
    }
}

/// Two messages of one id with the same body are one request; with another body the later one is a conflict.
fn key(request: &Request) -> (RequestId, &str) {
    (request.id, &request.digest)
}

type Words<'a> = BTreeMap<(RequestId, &'a str), Verdict>;

impl Journal {
    async fn record<'a>(
        &self,
        tx: &mut dyn Transaction,
        requests: &[(&'a Request, Option<&ReplyTo>)],
        traces: &BTreeMap<RequestId, TraceParent>,
    ) -> Result<(Words<'a>, Written), StoreError> {
        let context = &self.context;
        let links: Vec<LinkId> = actions_of(requests).map(|action| action.link_id).collect();
        let mut work = Work::load(tx, links, &context.settings.budgets, context.entropy.as_ref()).await?;
        let recorded = recorded(tx, requests).await?;
        let facts = Facts::read(tx, requests).await?;
        let mut services = Services::read(tx, requests.iter().map(|(request, _)| *request)).await?;

        let mut words: Words<'a> = BTreeMap::new();
        let mut rows: BTreeMap<RequestId, Row> = BTreeMap::new();
        let mut new_links: Vec<Link> = Vec::new();
        for (request, _) in requests {
            let before = recorded.get(&request.id).or_else(|| rows.get(&request.id));
            let word = match before {
                Some(row) => word_of(row, &request.digest),
                // Nobody was told that it is accepted, and by now its caller has been told that it may not be.
                None if request.not_after.is_some_and(|limit| context.clock.wall() > limit) => continue,
                None => match services.problem(request).or_else(|| facts.problem(request, &work)) {
                    Some(problem) => {
                        rows.insert(request.id, row(request, Some(problem.clone()), work.now));
                        Verdict::Refused { problem }
                    }
                    None => {
                        rows.insert(request.id, row(request, None, work.now));
                        services.record(request, work.now);
                        new_links.extend(record_actions(&mut work, request));
                        if let Some(trace) = traces.get(&request.id) {
                            keep_trace(&mut work, request, *trace);
                        }
                        Verdict::Journaled
                    }
                },
            };
            words.insert(key(request), word);
        }
        // Links refer to networks, and those to their service.
        services.write(tx).await?;
        if !new_links.is_empty() {
            new_links.sort_by_key(|link| link.id);
            tx.insert_links(&new_links).await?;
        }
        if !rows.is_empty() {
            let rows: Vec<Row> = rows.into_values().collect();
            let inserted = tx.insert_requests(&rows).await?;
            if inserted.len() < rows.len() {
                // Another conductor recorded one of them a moment ago: look again, with its rows in sight.
                return Err(StoreError::Conflict("a request of this batch was recorded meanwhile".into()));
            }
        }
        let written = work.write(tx).await?;
        services.settle(tx).await?;
        Ok((words, written))
    }
}

fn actions_of<'a>(requests: &[(&'a Request, Option<&ReplyTo>)]) -> impl Iterator<Item = &'a NewAction> {
    requests.iter().flat_map(|(request, _)| request.actions.iter())
}

async fn recorded(
    tx: &mut dyn Transaction,
    requests: &[(&Request, Option<&ReplyTo>)],
) -> Result<BTreeMap<RequestId, Row>, StoreError> {
    let ids: BTreeSet<RequestId> = requests.iter().map(|(request, _)| request.id).collect();
    let ids: Vec<RequestId> = ids.into_iter().collect();
    Ok(tx.requests(&ids).await?.into_iter().map(|row| (row.id, row)).collect())
}

fn word_of(row: &Row, digest: &str) -> Verdict {
    match &row.refused {
        _ if row.digest != digest => Verdict::Conflict,
        Some(problem) => Verdict::Refused { problem: problem.clone() },
        None => Verdict::Journaled,
    }
}

fn row(request: &Request, refused: Option<Reason>, now: wanlink_domain::time::Timestamp) -> Row {
    let total = if refused.is_some() { 0 } else { i32::try_from(request.actions.len()).unwrap_or(i32::MAX) };
    Row {
        id: request.id,
        tenant_id: request.tenant_id,
        digest: request.digest.clone(),
        accepted_at: request.accepted_at,
        finished_at: (total == 0).then_some(now),
        refused,
        total,
        done: 0,
        failed: 0,
        superseded: 0,
        cancelled: 0,
        event_seq: 0,
        created_at: now,
    }
}

/// What the plans of a batch rest on, as it is now: a plan may be old.
struct Facts {
    accounts: BTreeMap<AccountId, Account>,
    networks: BTreeMap<NetworkId, Network>,
}

impl Facts {
    async fn read(
        tx: &mut dyn Transaction,
        requests: &[(&Request, Option<&ReplyTo>)],
    ) -> Result<Self, StoreError> {
        let accounts: BTreeSet<AccountId> = actions_of(requests).map(|action| action.account_id).collect();
        let networks: BTreeSet<NetworkId> = actions_of(requests)
            .filter_map(|action| match &action.change {
                Change::New { wish, .. } => Some(&wish.endpoints),
                Change::Edit(patch) => Some(&patch.join),
                Change::Keep => None,
            })
            .flatten()
            .filter_map(|end| end.network_id)
            .collect();
        let accounts: Vec<AccountId> = accounts.into_iter().collect();
        let networks: Vec<NetworkId> = networks.into_iter().collect();
        Ok(Self {
            accounts: tx.accounts(&accounts).await?.into_iter().map(|row| (row.id, row)).collect(),
            networks: if networks.is_empty() {
                BTreeMap::new()
            } else {
                tx.networks(&networks).await?.into_iter().map(|row| (row.id, row)).collect()
            },
        })
    }

    /// Why a request cannot be recorded as a whole, if so.
    fn problem(&self, request: &Request, work: &Work<'_>) -> Option<Reason> {
        let mut own = BTreeSet::new();
        request.actions.iter().find_map(|action| self.action_problem(request, action, work, &mut own))
    }

    fn action_problem(
        &self,
        request: &Request,
        action: &NewAction,
        work: &Work<'_>,
        own: &mut BTreeSet<LinkId>,
    ) -> Option<Reason> {
        let Some(account) = self.accounts.get(&action.account_id) else {
            let detail = format!("WIM account {} does not exist any more", action.account_id);
            return Some(Reason::new(Code::NotFound, detail));
        };
        if account.tenant_id != request.tenant_id {
            return Some(Reason::new(
                Code::NotFound,
                format!("no WIM account {} of this tenant", account.id),
            ));
        }
        if account.phase == AccountPhase::Deleting {
            let detail = format!("WIM account {} is being deleted", account.name);
            return Some(Reason::new(Code::AccountNotReady, detail));
        }
        match (&action.change, work.link(action.link_id)) {
            (Change::New { .. }, Some(_)) => {
                Some(Reason::new(Code::AlreadyExists, format!("link {} exists already", action.link_id)))
            }
            (Change::New { wim_id, wish, .. }, None) => {
                if *wim_id != account.wim_id {
                    return Some(Reason::new(
                        Code::Invalid,
                        "the link's WIM is not its account's".to_owned(),
                    ));
                }
                if !own.insert(action.link_id) {
                    let detail = format!("link {} is created twice in one request", action.link_id);
                    return Some(Reason::new(Code::AlreadyExists, detail));
                }
                self.network_problem(request, &wish.endpoints)
            }
            (Change::Edit(_) | Change::Keep, None) => {
                Some(Reason::new(Code::NotFound, format!("no link {}", action.link_id)))
            }
            (change @ (Change::Edit(_) | Change::Keep), Some(link)) => {
                if link.tenant_id != request.tenant_id || link.account_id != action.account_id {
                    return Some(Reason::new(Code::NotFound, format!("no link {}", action.link_id)));
                }
                match change {
                    Change::Edit(patch) => self.network_problem(request, &patch.join),
                    _ => None,
                }
            }
        }
    }

    /// A network that an endpoint names must be there, or come with the same request.
    fn network_problem(&self, request: &Request, endpoints: &[Endpoint]) -> Option<Reason> {
        let own = |id: NetworkId| {
            request.service.as_ref().is_some_and(|change| change.join.iter().any(|network| network.id == id))
        };
        endpoints.iter().filter_map(|end| end.network_id).find_map(|id| match self.networks.get(&id) {
            Some(network) if network.tenant_id == request.tenant_id => None,
            None if own(id) => None,
            _ => Some(Reason::new(Code::NotFound, format!("no network {id} of this tenant"))),
        })
    }
}

/// Takes a request's actions into the work; answers the links that it creates.
fn record_actions(work: &mut Work<'_>, request: &Request) -> Vec<Link> {
    let mut new_links = Vec::new();
    for new in &request.actions {
        if let Change::New { wim_id, name, virtual_link, wish } = &new.change {
            let mut link = new_link(work, request, new, *wim_id, name, wish);
            link.virtual_link.clone_from(virtual_link);
            let service = request.service.as_ref().filter(|_| virtual_link.is_some());
            link.network_service_id = service.map(|change| change.service.id);
            work.adopt_link(link.clone());
            new_links.push(link);
        }
        record_action(work, request, new);
    }
    new_links
}

/// What becomes of these actions, however late, belongs to that trace.
fn keep_trace(work: &mut Work<'_>, request: &Request, trace: TraceParent) {
    for action in &request.actions {
        work.edit_action(action.id, |action| action.trace = Some(trace));
    }
}

fn record_action(work: &mut Work<'_>, request: &Request, new: &NewAction) {
    let Some(link) = work.link(new.link_id) else { return };
    let patch = match &new.change {
        Change::New { .. } => None,
        Change::Edit(patch) => Some(patch.clone()),
        Change::Keep => Some(WishPatch::default()),
    };
    // As far as it is known now; while it waits, the actions before it may still change it.
    let wish = patch.as_ref().map_or_else(|| link.wish.clone(), |patch| patch.over(&link.wish));
    let action = Action {
        id: new.id,
        request_id: request.id,
        link_id: new.link_id,
        account_id: new.account_id,
        tenant_id: request.tenant_id,
        kind: new.kind,
        state: ActionState::Scheduled,
        accepted_at: new.accepted_at,
        wish,
        patch,
        due_at: Some(work.now.after(work.budgets().dispatch_pause(1))),
        // The api's own prompt is on its way.
        dispatches: 1,
        claims: 0,
        attempt: 0,
        epoch: None,
        session_id: None,
        started_at: None,
        observe_first: false,
        retries: 0,
        failures: 0,
        failing_since: None,
        reason: None,
        waiting_since: work.now,
        created_at: work.now,
        finished_at: None,
        trace: None,
    };
    let order = action.order();
    let admission = admit(link, new.kind, order);
    work.add_action(action);
    match admission {
        Admission::Scheduled => {
            if !matches!(new.change, Change::New { .. }) {
                work.edit_link(new.link_id, |link| {
                    link.newest_at = link.newest_at.max(new.accepted_at);
                    link.refresh_due_at = None;
                });
                wishes::lay_out(work, new.link_id);
            }
            if new.kind == ActionKind::Delete {
                record_deletion(work, new);
            }
        }
        Admission::Superseded(_) => {
            let _ = work.apply(new.id, Event::Supersede, None);
        }
        Admission::Failed(reason) => {
            let _ = work.apply(new.id, Event::Fail(reason), None);
        }
    }
}

/// A DELETE makes the link's other actions unnecessary, earlier ones, or too late, later ones; and where nothing
/// of the link was ever begun it is done itself, without any controller being called.
fn record_deletion(work: &mut Work<'_>, new: &NewAction) {
    let Some(order) = work.action(new.id).map(Action::order) else { return };
    work.edit_link(new.link_id, |link| {
        link.deletion = Some(link.deletion.map_or(order, |standing| standing.min(order)));
    });
    // What is running ends by its own report; this DELETE waits for that.
    work.overtake_all(new.link_id);
    let Some(link) = work.link(new.link_id) else { return };
    if deletion_needs_no_call(link) || link.status == LinkStatus::Deleted {
        let _ = work.apply(new.id, Event::Needless, None);
    } else {
        work.set_status(new.link_id, LinkStatus::ScheduledDeletion, None);
    }
}

fn new_link(
    work: &Work<'_>,
    request: &Request,
    new: &NewAction,
    wim_id: wanlink_domain::ids::WimId,
    name: &str,
    wish: &Wish,
) -> Link {
    Link {
        id: new.link_id,
        tenant_id: request.tenant_id,
        wim_id,
        account_id: new.account_id,
        name: name.to_owned(),
        network_service_id: None,
        virtual_link: None,
        wish: wish.clone(),
        status: LinkStatus::ScheduledCreation,
        status_reason: None,
        status_since: work.now,
        status_source: None,
        observed_status: None,
        service_id: None,
        conn_info: None,
        touched: false,
        newest_at: new.accepted_at,
        begun: None,
        deletion: None,
        lost_at: None,
        effective: None,
        last_seen_at: None,
        refresh_due_at: None,
        event_seq: 0,
        version: 1,
        created_at: work.now,
        modified_at: work.now,
        deleted_at: None,
    }
}

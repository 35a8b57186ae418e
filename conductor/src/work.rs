//! One transaction's work on links and their actions: what was locked, what changes, what is told afterwards.
//!
//! Every path that changes an action (journal, claims, reports, cancel, what is due) goes through [`Work::apply`],
//! so that the action, its link, its request's counters and the outbox change together or not at all. Nothing here
//! decides: the domain does. Deliberately absent: publishing; what is to be sent is handed out after the commit.

mod after;

pub use after::{Outgoing, Wake, Written};

use crate::events;
use crate::wishes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wanlink_domain::action::{
    Action, ActionKind, ActionState, Attempt, Decision, Due, Event, Found, Ignored, Outcome, decide,
    link_after, overtaken,
};
use wanlink_domain::budget::Budgets;
use wanlink_domain::catalogue::Account;
use wanlink_domain::event::OutboxEvent;
use wanlink_domain::ids::{AccountId, ActionId, LinkId, RequestId, ServiceId};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::request::CounterDelta;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::entropy::Entropy;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::account::Prompt;

/// Locked links with their unfinished actions, and all changes to them.
pub struct Work<'a> {
    pub now: Timestamp,
    budgets: &'a Budgets,
    entropy: &'a dyn Entropy,
    links: BTreeMap<LinkId, Link>,
    actions: BTreeMap<ActionId, Action>,
    changed_links: BTreeSet<LinkId>,
    changed_actions: BTreeSet<ActionId>,
    new_actions: BTreeSet<ActionId>,
    attempts: Vec<Attempt>,
    deltas: BTreeMap<RequestId, CounterDelta>,
    events: Vec<OutboxEvent>,
    prompts: Vec<Outgoing>,
    /// Network services of links that came to rest: something of them may be over.
    settled: BTreeSet<ServiceId>,
    /// Accounts known to be observed as a whole.
    listed: BTreeSet<AccountId>,
}

impl<'a> Work<'a> {
    /// Locks these links, then their unfinished actions; the clock is read after that.
    pub async fn load(
        tx: &mut dyn Transaction,
        links: impl IntoIterator<Item = LinkId>,
        budgets: &'a Budgets,
        entropy: &'a dyn Entropy,
    ) -> Result<Self, StoreError> {
        let ids: Vec<LinkId> = links.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let links = if ids.is_empty() { Vec::new() } else { tx.lock_links(&ids).await? };
        // Only of links that were found: one that the journal records between these two reads would otherwise be an
        // action without its link.
        let found: Vec<LinkId> = links.iter().map(|link| link.id).collect();
        let actions = if found.is_empty() { Vec::new() } else { tx.unfinished_actions(&found).await? };
        let mut links: BTreeMap<LinkId, Link> = links.into_iter().map(|link| (link.id, link)).collect();
        for action in actions.iter().filter(|action| action.attempt > 0) {
            if let Some(link) = links.get_mut(&action.link_id) {
                has_begun(link, action);
            }
        }
        Ok(Self {
            now: tx.now().await?,
            budgets,
            entropy,
            links,
            actions: actions.into_iter().map(|action| (action.id, action)).collect(),
            changed_links: BTreeSet::new(),
            changed_actions: BTreeSet::new(),
            new_actions: BTreeSet::new(),
            attempts: Vec::new(),
            deltas: BTreeMap::new(),
            events: Vec::new(),
            prompts: Vec::new(),
            settled: BTreeSet::new(),
            listed: BTreeSet::new(),
        })
    }

    /// Tells which accounts are observed as a whole: their links have no due time of their own.
    pub fn knows<'b>(&mut self, accounts: impl IntoIterator<Item = &'b Account>) {
        let listed = accounts.into_iter().filter(|account| account.refresh_due_at.is_some());
        self.listed.extend(listed.map(|account| account.id));
    }

    pub fn budgets(&self) -> &Budgets {
        self.budgets
    }

    pub fn link(&self, id: LinkId) -> Option<&Link> {
        self.links.get(&id)
    }

    /// Whether this work has changed the link: its version counts that only once all is written.
    pub fn has_changed(&self, id: LinkId) -> bool {
        self.changed_links.contains(&id)
    }

    /// An unfinished action of the locked links, or one that this work has finished.
    pub fn action(&self, id: ActionId) -> Option<&Action> {
        self.actions.get(&id)
    }

    /// The unfinished actions of a link, in accepted order.
    pub fn unfinished(&self, link: LinkId) -> Vec<Action> {
        let mut open: Vec<Action> = self
            .actions
            .values()
            .filter(|action| action.link_id == link && !action.state.is_finished())
            .cloned()
            .collect();
        open.sort_by_key(Action::order);
        open
    }

    /// Takes a link that is inserted in this transaction into the work.
    pub fn adopt_link(&mut self, link: Link) {
        self.links.insert(link.id, link);
    }

    /// Takes a new action into the work; it is inserted when the work is written.
    pub fn add_action(&mut self, action: Action) {
        self.new_actions.insert(action.id);
        self.actions.insert(action.id, action);
    }

    /// Changes a link's columns that are no matter of its state machine.
    pub fn edit_link(&mut self, id: LinkId, change: impl FnOnce(&mut Link)) {
        if let Some(link) = self.links.get_mut(&id) {
            change(link);
            self.changed_links.insert(id);
        }
    }

    /// Changes an action's columns that are no matter of its state machine.
    pub fn edit_action(&mut self, id: ActionId, change: impl FnOnce(&mut Action)) {
        if let Some(action) = self.actions.get_mut(&id) {
            change(action);
            self.changed_actions.insert(id);
        }
    }

    /// Sends a prompt for an action once all is committed, and expects its claim within the pause.
    pub fn prompt(&mut self, id: ActionId) {
        let Some(action) = self.actions.get_mut(&id) else { return };
        action.dispatches = action.dispatches.saturating_add(1);
        action.due_at = Some(self.now.after(self.budgets.dispatch_pause(action.dispatches)));
        self.changed_actions.insert(id);
        self.prompts.push(Outgoing {
            account: action.account_id,
            prompt: Prompt {
                request: action.request_id,
                action: action.id,
                link: action.link_id,
                kind: action.kind,
                accepted_at: action.accepted_at,
            },
            trace: action.trace,
        });
    }

    /// Lets `event` happen to an action, with everything that follows from it. `Err`: it changes nothing.
    pub fn apply(
        &mut self,
        id: ActionId,
        event: Event,
        found: Option<Found>,
    ) -> Result<ActionState, Ignored> {
        let Some(action) = self.actions.get(&id) else { return Err(Ignored::Finished) };
        let claimed = event == Event::Claim;
        let reported = matches!(event, Event::Report(_));
        let unheard = matches!(event, Event::Lost | Event::Report(Outcome::Unknown { .. }));
        let lost = unheard && action.state == ActionState::Running;
        match decide(action, event, self.now, self.entropy.bits(), self.budgets) {
            Decision::Ignore(why) => Err(why),
            Decision::Move { to, due, reason, observe_first } => {
                self.step(id, to, due, reason.clone(), observe_first, claimed, reported);
                self.follow_link(id, to, found, reason);
                if lost {
                    self.remember_lost(id);
                }
                if to.is_finished() {
                    self.end(id);
                } else {
                    self.overtake(id);
                }
                Ok(to)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one decision's fields and what caused it")]
    fn step(
        &mut self,
        id: ActionId,
        to: ActionState,
        due: Due,
        reason: Option<Reason>,
        observe_first: bool,
        claimed: bool,
        reported: bool,
    ) {
        let Some(action) = self.actions.get_mut(&id) else { return };
        if claimed && to == ActionState::Running {
            action.claims = action.claims.saturating_add(1);
        }
        if reported {
            action.claims = 0;
        }
        if to == ActionState::Retry {
            action.retries = action.retries.saturating_add(1);
            action.dispatches = 0;
            let code = reason.as_ref().map(|reason| reason.code);
            if !matches!(code, Some(Code::Unreachable | Code::AttemptLost)) {
                action.failures = action.failures.saturating_add(1);
            }
            action.failing_since = action.failing_since.or(Some(self.now));
        }
        if to == ActionState::Build {
            action.failing_since = None;
        }
        if action.state != to {
            action.waiting_since = self.now;
        }
        action.state = to;
        action.reason = reason;
        action.observe_first = observe_first;
        action.due_at = match due {
            Due::Never => None,
            Due::At(at) => Some(at),
        };
        action.finished_at = to.is_finished().then_some(self.now);
        self.changed_actions.insert(id);
    }

    /// Begins an attempt: the one before it, which lived in the action's row, moves to the history.
    pub fn begin_attempt(
        &mut self,
        id: ActionId,
        epoch: i64,
        session: wanlink_domain::ids::SessionId,
        waited: Waited,
    ) {
        let now = self.now;
        let Some(action) = self.actions.get_mut(&id) else { return };
        if let (Some(epoch), Some(session_id), Some(started_at)) =
            (action.epoch, action.session_id, action.started_at)
        {
            self.attempts.push(Attempt {
                action_id: id,
                attempt: action.attempt,
                epoch,
                session_id,
                started_at,
                ended_at: waited.since,
                reason: waited.reason,
            });
        }
        action.attempt = action.attempt.saturating_add(1);
        action.epoch = Some(epoch);
        action.session_id = Some(session);
        action.started_at = Some(now);
        self.changed_actions.insert(id);
        // The link's row need not say so before this action ends: until then its own row does (`load`).
        if let Some(link) = self.links.get_mut(&action.link_id) {
            has_begun(link, action);
        }
    }

    fn follow_link(&mut self, id: ActionId, to: ActionState, found: Option<Found>, reason: Option<Reason>) {
        let Some(action) = self.actions.get(&id) else { return };
        let (link_id, kind, order) = (action.link_id, action.kind, action.order());
        let Some(link) = self.links.get(&link_id) else { return };
        let change = link_after(link, kind, to, found.as_ref(), reason.as_ref());
        let ends_deletion =
            kind == ActionKind::Delete && to == ActionState::Cancelled && link.deletion == Some(order);
        let ended = to.is_finished().then(|| action.clone());
        if let Some(found) = found {
            self.saw(link_id, found);
        }
        if let Some(ended) = ended {
            wishes::ended(self, &ended);
        }
        if ends_deletion {
            let another =
                self.unfinished(link_id).into_iter().filter(|other| other.kind == ActionKind::Delete);
            let another = another.map(|other| other.order()).filter(|other| *other != order).min();
            self.edit_link(link_id, |link| link.deletion = another);
        }
        self.set_status(link_id, change.status, change.reason);
    }

    /// Records what a connector saw of a link, except the status that it shows to users.
    pub fn saw(&mut self, id: LinkId, found: Found) {
        let now = self.now;
        self.edit_link(id, |link| {
            link.status_source = Some(found.status_source);
            link.observed_status = found.status;
            link.last_seen_at = Some(now);
            if found.service_id.is_some() {
                link.service_id = found.service_id;
            }
            if found.conn_info.is_some() {
                link.conn_info = found.conn_info;
            }
        });
    }

    /// Gives a link this status; an event tells of it only if it is another one.
    pub fn set_status(&mut self, id: LinkId, status: LinkStatus, reason: Option<Reason>) {
        let now = self.now;
        let Some(link) = self.links.get_mut(&id) else { return };
        if link.status == status && link.status_reason == reason {
            return;
        }
        let changed = link.status != status;
        let before = link.status;
        link.status = status;
        link.status_reason = reason;
        if changed {
            link.status_since = now;
            link.event_seq += 1;
            if status == LinkStatus::Deleted {
                link.deleted_at = Some(now);
                link.refresh_due_at = None;
            }
            self.events.push(events::link_status(link, before, now));
        }
        self.changed_links.insert(id);
    }

    /// What a lost attempt had begun can still land at the controller, which cannot fence.
    fn remember_lost(&mut self, id: ActionId) {
        let now = self.now;
        if let Some(link) = self.actions.get(&id).map(|action| action.link_id) {
            self.edit_link(link, |link| link.lost_at = Some(now));
        }
    }

    /// A DELETE that was recorded while this action ran could not end it; now that its attempt is over, it does.
    fn overtake(&mut self, id: ActionId) {
        let Some(action) = self.actions.get(&id) else { return };
        let (link, begun) = (action.link_id, action.attempt > 0);
        let Some(event) = self.links.get(&link).and_then(|link| overtaken(link, action)) else { return };
        // Something of it may be at the controller: whoever removes it looks first.
        let standing = self.links.get(&link).and_then(|link| link.deletion).map(|deletion| deletion.action);
        if let Some(deletion) = standing.filter(|_| begun) {
            self.edit_action(deletion, |deletion| deletion.observe_first = true);
        }
        let _ = self.apply(id, event, None);
    }

    /// Lets the DELETE that stands on a link end the link's other actions that do not run.
    pub fn overtake_all(&mut self, link: LinkId) {
        for other in self.unfinished(link) {
            self.overtake(other.id);
        }
    }

    /// What follows from an action's end: counters, its event, and the next action of the link.
    fn end(&mut self, id: ActionId) {
        let Some(action) = self.actions.get(&id) else { return };
        let (link_id, request_id) = (action.link_id, action.request_id);
        let delta = self.deltas.entry(request_id).or_insert_with(|| CounterDelta::none(request_id));
        match action.state {
            ActionState::Done => delta.done += 1,
            ActionState::Failed => delta.failed += 1,
            ActionState::Superseded => delta.superseded += 1,
            ActionState::Cancelled => delta.cancelled += 1,
            ActionState::Scheduled | ActionState::Running | ActionState::Build | ActionState::Retry => {}
        }
        self.events.push(events::action_ended(action, self.now));
        if action.attempt > 0 {
            // From now on only the link's row says that something was begun on it.
            self.changed_links.insert(link_id);
        }
        if self.link(link_id).is_some_and(|link| link.status == LinkStatus::Deleted) {
            self.end_rest_of_deleted(link_id);
        }
        self.release_successor(link_id);
    }

    /// On a link that is gone a further DELETE is done, and anything else has come too late.
    fn end_rest_of_deleted(&mut self, link: LinkId) {
        for action in self.unfinished(link) {
            let event = match action.kind {
                ActionKind::Delete => Event::Needless,
                _ => Event::Fail(Reason::new(Code::LinkDeleted, format!("link {link} is deleted"))),
            };
            // A running one ends by its own report, which then finds the link gone.
            let _ = self.apply(action.id, event, None);
        }
    }

    /// The first of a link's open actions may run now; a link without open actions is refreshed from now on.
    fn release_successor(&mut self, link_id: LinkId) {
        let next = self.unfinished(link_id).into_iter().next();
        match next {
            Some(next) if next.state == ActionState::Scheduled && !self.new_actions.contains(&next.id) => {
                self.edit_action(next.id, |next| next.dispatches = 0);
                self.prompt(next.id);
            }
            Some(_) => {}
            None => {
                self.settled.extend(self.link(link_id).and_then(|link| link.network_service_id));
                let due = self.now.after(jittered(self.budgets.refresh, self.entropy.bits()));
                let listed =
                    self.links.get(&link_id).is_some_and(|link| self.listed.contains(&link.account_id));
                self.edit_link(link_id, |link| {
                    let observable = link.status != LinkStatus::Deleted && link.touched && !listed;
                    link.refresh_due_at = observable.then_some(due);
                });
            }
        }
    }

    /// Writes everything and answers what is to be published after the commit.
    pub async fn write(mut self, tx: &mut dyn Transaction) -> Result<Written, StoreError> {
        let links: Vec<Link> = self
            .changed_links
            .iter()
            .filter_map(|id| self.links.get(id).cloned())
            .map(|mut link| {
                link.version += 1;
                link.modified_at = self.now;
                link
            })
            .collect();
        if !links.is_empty() {
            tx.update_links(&links).await?;
        }
        let (new, changed): (Vec<Action>, Vec<Action>) = self
            .new_actions
            .union(&self.changed_actions)
            .filter_map(|id| self.actions.get(id).cloned())
            .partition(|action| self.new_actions.contains(&action.id));
        let due = new.iter().chain(&changed).filter_map(|action| action.due_at).min();
        if !new.is_empty() {
            tx.insert_actions(&new).await?;
        }
        if !changed.is_empty() {
            tx.update_actions(&changed).await?;
        }
        if !self.attempts.is_empty() {
            tx.insert_attempts(&self.attempts).await?;
        }
        if !self.settled.is_empty() {
            let settled: Vec<ServiceId> = self.settled.iter().copied().collect();
            tx.settle_services(&settled).await?;
        }
        if !self.deltas.is_empty() {
            let deltas: Vec<CounterDelta> = self.deltas.into_values().collect();
            for request in tx.count_requests(&deltas, self.now).await? {
                if request.finished_at == Some(self.now) {
                    self.events.push(events::request_ended(&request, self.now));
                }
            }
        }
        if !self.events.is_empty() {
            tx.insert_events(&self.events).await?;
        }
        // A prompt for what ended later in the same transaction says nothing to anyone.
        let actions = self.actions;
        self.prompts.retain(|sent| actions.get(&sent.prompt.action).is_some_and(|a| !a.state.is_finished()));
        let wake = Wake { due_in: due.map(|due| due.since(self.now)), events: !self.events.is_empty() };
        Ok(Written { prompts: self.prompts, wake })
    }
}

/// An attempt of this action was begun on its link: something of it may be at the controller.
fn has_begun(link: &mut Link, action: &Action) {
    link.touched = true;
    link.begun = link.begun.max(Some(action.order()));
}

/// How an action waited before an attempt began: the end of the attempt before it.
pub struct Waited {
    pub since: Timestamp,
    pub reason: Option<Reason>,
}

/// A period drawn from 80 to 120 % of `nominal`, so that what began together does not stay together.
pub fn jittered(nominal: Duration, bits: u64) -> Duration {
    nominal.mul_f64(0.8 + 0.4 * (bits as f64 / u64::MAX as f64))
}

//! One link's actions as a conductor keeps them, with nothing but the domain's functions: what is recorded, what may
//! run, what follows. Small enough to read, so that properties of the rules are not properties of the test.

use crate::samples::{START, link};
use std::time::Duration;
use wanlink_domain::accepted::Order;
use wanlink_domain::action::{
    Action, ActionKind, ActionState, Admission, Decision, Due, Event, Outcome, admit, blocked_by, decide,
    deletion_needs_no_call, link_after, overtaken,
};
use wanlink_domain::budget::Budgets;
use wanlink_domain::ids::ActionId;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::reason::Code;
use wanlink_domain::request::{CounterDelta, Request};
use wanlink_domain::time::Timestamp;

pub struct Book {
    pub link: Link,
    pub actions: Vec<Action>,
    pub request: Request,
    pub budgets: Budgets,
    pub now: Timestamp,
    /// The runs that began, in this order.
    pub runs: Vec<(Order, ActionKind)>,
    /// Runs of other actions that began although a DELETE stood: none may.
    pub late_runs: Vec<Order>,
    /// The link was DELETED at some time.
    pub buried: bool,
}

impl Book {
    pub fn new() -> Self {
        let request = Request {
            id: crate::samples::id(1),
            tenant_id: crate::samples::id(1),
            digest: String::new(),
            accepted_at: START,
            refused: None,
            total: 0,
            done: 0,
            failed: 0,
            superseded: 0,
            cancelled: 0,
            event_seq: 0,
            created_at: START,
            finished_at: None,
        };
        Self {
            link: link(),
            actions: Vec::new(),
            request,
            budgets: Budgets::default(),
            now: START,
            runs: Vec::new(),
            late_runs: Vec::new(),
            buried: false,
        }
    }

    pub fn get(&self, id: ActionId) -> &Action {
        self.actions.iter().find(|action| action.id == id).expect("it is recorded")
    }

    fn edit(&mut self, id: ActionId, change: impl FnOnce(&mut Action)) {
        change(self.actions.iter_mut().find(|action| action.id == id).expect("it is recorded"));
    }

    pub fn open(&self) -> Vec<Action> {
        self.actions.iter().filter(|action| !action.state.is_finished()).cloned().collect()
    }

    pub fn record(&mut self, mut action: Action) {
        action.due_at = Some(self.now);
        action.created_at = self.now;
        let (id, kind, order) = (action.id, action.kind, action.order());
        let admission = admit(&self.link, kind, order);
        self.actions.push(action);
        self.request.total += 1;
        match admission {
            Admission::Superseded(_) => self.apply(id, Event::Supersede),
            Admission::Failed(reason) => self.apply(id, Event::Fail(reason)),
            Admission::Scheduled if kind == ActionKind::Delete => self.record_deletion(id, order),
            Admission::Scheduled => {}
        }
    }

    fn record_deletion(&mut self, id: ActionId, order: Order) {
        self.link.deletion = Some(self.link.deletion.map_or(order, |standing| standing.min(order)));
        self.sweep();
        if deletion_needs_no_call(&self.link) || self.link.status == LinkStatus::Deleted {
            self.apply(id, Event::Needless);
        }
    }

    /// Ends what the standing DELETE overtakes.
    fn sweep(&mut self) {
        for action in self.open() {
            if let Some(event) = overtaken(&self.link, &action) {
                if action.attempt > 0 {
                    let deletions: Vec<ActionId> = self
                        .open()
                        .iter()
                        .filter(|one| one.kind == ActionKind::Delete)
                        .map(|one| one.id)
                        .collect();
                    for deletion in deletions {
                        self.edit(deletion, |deletion| deletion.observe_first = true);
                    }
                }
                self.apply(action.id, event);
            }
        }
    }

    /// A session asks to run it.
    pub fn claim(&mut self, id: ActionId) {
        let action = self.get(id).clone();
        if action.state.is_finished() || blocked_by(&action, &self.open()).is_some() {
            return;
        }
        self.apply(id, Event::Claim);
        if self.get(id).state == ActionState::Running && action.state != ActionState::Running {
            self.edit(id, |action| {
                action.attempt += 1;
                action.claims += 1;
            });
            self.link.touched = true;
            self.link.begun = self.link.begun.max(Some(action.order()));
            self.runs.push((action.order(), action.kind));
            if self.link.deletion.is_some() && action.kind != ActionKind::Delete {
                self.late_runs.push(action.order());
            }
        }
    }

    pub fn apply(&mut self, id: ActionId, event: Event) {
        let action = self.get(id).clone();
        let found = match &event {
            Event::Report(Outcome::Done { found }) => found.clone(),
            Event::Report(Outcome::Building { found }) => Some(found.clone()),
            _ => None,
        };
        let reported = matches!(event, Event::Report(_));
        let Decision::Move { to, due, reason, observe_first } =
            decide(&action, event, self.now, u64::MAX / 2, &self.budgets)
        else {
            return;
        };
        let change = link_after(&self.link, action.kind, to, found.as_ref(), reason.as_ref());
        (self.link.status, self.link.status_reason) = (change.status, change.reason);
        self.buried |= self.link.status == LinkStatus::Deleted;
        let now = self.now;
        self.edit(id, |action| {
            if action.state != to {
                action.waiting_since = now;
            }
            action.state = to;
            action.reason = reason;
            action.observe_first = observe_first;
            action.retries += i32::from(to == ActionState::Retry);
            action.claims = if reported { 0 } else { action.claims };
            action.due_at = match due {
                Due::Never => None,
                Due::At(at) => Some(at),
            };
            action.finished_at = to.is_finished().then_some(now);
        });
        if to.is_finished() {
            self.end(&action, to);
        }
        self.sweep();
    }

    fn end(&mut self, action: &Action, to: ActionState) {
        let mut delta = CounterDelta::none(self.request.id);
        match to {
            ActionState::Done => delta.done = 1,
            ActionState::Failed => delta.failed = 1,
            ActionState::Superseded => delta.superseded = 1,
            ActionState::Cancelled => delta.cancelled = 1,
            ActionState::Scheduled | ActionState::Running | ActionState::Build | ActionState::Retry => {}
        }
        self.request.done += delta.done;
        self.request.failed += delta.failed;
        self.request.superseded += delta.superseded;
        self.request.cancelled += delta.cancelled;
        if to != ActionState::Done && self.link.deletion == Some(action.order()) {
            self.link.deletion = None;
        }
        if self.link.status == LinkStatus::Deleted {
            for other in self.open() {
                let event = match other.kind {
                    ActionKind::Delete => Event::Needless,
                    _ => Event::Fail(crate::samples::reason(Code::LinkDeleted)),
                };
                self.apply(other.id, event);
            }
        }
    }

    pub fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }
}

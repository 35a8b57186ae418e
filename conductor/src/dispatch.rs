//! What is due (design 4.6): prompts believed lost, retries, polls, lost attempts, budgets that are used up.
//!
//! Due actions are taken with rows that others hold skipped, their due times are moved on, the transaction is
//! committed, and only then is anything published: a crash in between costs one period. What was prompted before
//! is prompted again only while the account's session reports an empty queue, so that a backlog is never doubled.

use crate::context::Context;
use crate::resolve::Places;
use crate::room::Room;
use crate::work::{Wake, Work};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use wanlink_domain::action::{Action, ActionState, Event, blocked_by};
use wanlink_domain::catalogue::Account;
use wanlink_domain::hold::Holds;
use wanlink_domain::ids::{AccountId, ActionId, SessionId};
use wanlink_domain::lease::Session;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::account::Poll;

const BATCH: u32 = 256;
/// The shortest sleep: due times that are nearly there are taken together.
const SHORTEST: Duration = Duration::from_millis(5);

/// Dispatches until the tasks are stopped.
pub async fn dispatch(context: Arc<Context>, tasks: Tasks) {
    if !context.broker.capabilities().durable {
        // Its queues began empty with this process: what they held before is gone, however often it was sent.
        forget_prompts(&context).await;
    }
    make_all_due(&context).await;
    let mut generation = context.broker.health().borrow().generation;
    while !tasks.is_stopping() {
        context.telemetry.pulse.beat("dispatch", context.clock.mono());
        let now_generation = context.broker.health().borrow().generation;
        if now_generation != generation {
            generation = now_generation;
            // The broker may have lost its memory; what its queues still hold is not doubled (see `Facts::idle`).
            make_all_due(&context).await;
        }
        let pause = match pass(&context).await {
            Ok(Pass::More) => continue,
            Ok(Pass::Sleep(pause)) => pause,
            Err(StoreError::Conflict(_)) => SHORTEST,
            Err(error) => {
                tracing::debug!(%error, "nothing is dispatched while the database is away");
                context.settings.tick
            }
        };
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = context.nudge.dispatch.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

enum Pass {
    More,
    Sleep(Duration),
}

async fn make_all_due(context: &Context) {
    let made = async {
        let mut tx = context.store.begin().await?;
        let now = tx.now().await?;
        let made = tx.make_due(None, now).await?;
        tx.commit().await?;
        Ok::<u64, StoreError>(made)
    };
    match made.await {
        Ok(0) => {}
        Ok(made) => tracing::info!(made, "scheduled actions were made due after a start or a reconnection"),
        Err(error) => {
            tracing::warn!(%error, "scheduled actions could not be made due; they come due by themselves")
        }
    }
}

async fn forget_prompts(context: &Context) {
    let forgotten = async {
        let mut tx = context.store.begin().await?;
        let now = tx.now().await?;
        let forgotten = tx.forget_prompts(now).await?;
        tx.commit().await?;
        Ok::<u64, StoreError>(forgotten)
    };
    match forgotten.await {
        Ok(0) => {}
        Ok(forgotten) => tracing::info!(forgotten, "prompts of the process before are sent anew"),
        Err(error) => tracing::warn!(%error, "prompts of the process before could not be counted out"),
    }
}

async fn pass(context: &Context) -> Result<Pass, StoreError> {
    if !context.broker.health().borrow().ready() {
        return Ok(Pass::Sleep(context.settings.tick));
    }
    let mut tx = context.store.begin().await?;
    let now = tx.now().await?;
    let due = tx.due_actions(now, BATCH).await?;
    if due.is_empty() {
        let next = tx.next_due().await?;
        let pause =
            next.map_or(context.settings.tick, |next| next.since(now)).clamp(SHORTEST, context.settings.tick);
        return Ok(Pass::Sleep(pause));
    }
    let full = due.len() == BATCH as usize;
    let links = due.iter().map(|due| due.link.id);
    let mut work =
        Work::load(tx.as_mut(), links, &context.settings.budgets, context.entropy.as_ref()).await?;
    let facts = Facts::read(tx.as_mut(), &due).await?;
    work.knows(facts.accounts.values());
    let mut polls = Vec::new();
    for due in &due {
        advance(&mut work, &facts, due.action.id, &mut polls);
    }
    let written = work.write(tx.as_mut()).await?;
    tx.commit().await?;
    context.prompt(written.prompts).await;
    let mut room = Room::default();
    for (poll, trace) in polls {
        let account = poll.account;
        if room.in_queue(context, account).await {
            context.to_account(account, trace, poll.into()).await;
        }
    }
    // When this loop looks again it says itself.
    context.wake(Wake { due_in: None, ..written.wake });
    Ok(if full { Pass::More } else { Pass::Sleep(SHORTEST) })
}

struct Facts {
    accounts: BTreeMap<AccountId, Account>,
    sessions: BTreeMap<SessionId, Session>,
    places: Places,
    holds: Holds,
}

impl Facts {
    async fn read(tx: &mut dyn Transaction, due: &[wanlink_store::port::Due]) -> Result<Self, StoreError> {
        let building = due
            .iter()
            .filter(|due| due.action.state == ActionState::Build)
            .map(|due| (due.link.wim_id, &due.action.wish));
        let places = Places::read(tx, building).await?;
        let ids: BTreeSet<AccountId> = due.iter().map(|due| due.action.account_id).collect();
        let ids: Vec<AccountId> = ids.into_iter().collect();
        let accounts = tx.accounts(&ids).await?;
        let sessions = tx.sessions().await?;
        Ok(Self {
            accounts: accounts.into_iter().map(|row| (row.id, row)).collect(),
            sessions: sessions.into_iter().map(|row| (row.id, row)).collect(),
            places,
            holds: Holds::new(tx.holds().await?),
        })
    }

    /// An operator wants the account's work accepted, not run.
    fn held(&self, account: AccountId) -> bool {
        let account = self.accounts.get(&account);
        account.is_some_and(|account| self.holds.on(account.id, account.wim_id).is_some())
    }

    fn holder(&self, account: AccountId) -> Option<&Session> {
        let account = self.accounts.get(&account)?;
        self.sessions.get(&account.session_id?)
    }

    /// The account's session says that no prompt is in its queue or in hand.
    fn idle(&self, account: AccountId) -> bool {
        self.holder(account).is_some_and(|session| session.idle.contains(&account))
    }
}

/// Moves one due action on.
fn advance(work: &mut Work<'_>, facts: &Facts, id: ActionId, polls: &mut Vec<(Poll, Option<TraceParent>)>) {
    let Some(action) = work.action(id).cloned() else { return };
    match action.state {
        ActionState::Scheduled | ActionState::Retry => prompt(work, facts, &action),
        ActionState::Running => {
            if work.apply(id, Event::Lost, None).is_ok() && !facts.held(action.account_id) {
                work.prompt(id);
            }
        }
        ActionState::Build => {
            // The budget is judged, and the next look is due a poll later, whether this one is heard or not.
            if work.apply(id, Event::Lost, None) == Ok(ActionState::Build) {
                polls.extend(poll(work, facts, &action).map(|poll| (poll, action.trace)));
            }
        }
        ActionState::Done | ActionState::Failed | ActionState::Superseded | ActionState::Cancelled => {}
    }
}

fn prompt(work: &mut Work<'_>, facts: &Facts, action: &Action) {
    if facts.held(action.account_id) {
        // Its budgets stand still; lifting the hold makes it due at once.
        let due = work.now.after(work.budgets().dispatch_max);
        work.edit_action(action.id, |action| action.due_at = Some(due));
        return;
    }
    if let Some(spent) = spent(work, action) {
        let _ = work.apply(action.id, Event::Fail(spent), None);
        return;
    }
    let blocked = blocked_by(action, &work.unfinished(action.link_id)).is_some();
    if !blocked && (facts.idle(action.account_id) || overdue(work, action)) {
        work.prompt(action.id);
    } else {
        let due = due_again(work, action);
        work.edit_action(action.id, |action| action.due_at = Some(due));
    }
}

/// Whether a prompt is sent though the account's queue is not known to be empty: the first one, and then one for each
/// whole `dispatch.max` that it has waited, for on an account that is never idle a lost prompt would stay lost.
fn overdue(work: &Work<'_>, action: &Action) -> bool {
    let sent = u32::try_from(action.dispatches).unwrap_or(u32::MAX);
    sent == 0 || work.now.since(action.waiting_since) >= work.budgets().dispatch_max.saturating_mul(sent)
}

fn due_again(work: &Work<'_>, action: &Action) -> Timestamp {
    work.now.after(work.budgets().dispatch_pause(action.dispatches.max(1)))
}

/// Whether an action has waited for its networks for as long as it may.
fn spent(work: &Work<'_>, action: &Action) -> Option<Reason> {
    let reason = action.reason.as_ref().filter(|reason| reason.code == Code::NetworksBuilding)?;
    let budget = work.budgets().networks;
    (work.now.since(action.waiting_since) >= budget).then(|| {
        Reason::new(Code::BudgetSpent, format!("waited {budget:?} for its networks: {}", reason.detail))
    })
}

fn poll(work: &Work<'_>, facts: &Facts, action: &Action) -> Option<Poll> {
    let link = work.link(action.link_id)?;
    let account = facts.accounts.get(&action.account_id)?;
    facts.holder(account.id).filter(|holder| holder.lease_until > work.now)?;
    Some(Poll {
        account: account.id,
        epoch: account.epoch,
        action: action.id,
        kind: action.kind,
        attempt: action.attempt,
        task: facts.places.task(link, &action.wish),
    })
}

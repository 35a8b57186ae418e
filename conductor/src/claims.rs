//! Claims: whether a session may run an action now, as which attempt, and with what wish (design 4.3).
//!
//! Nothing is executed without a verdict. A claim repeated under the same epoch gets the same verdict with the
//! same attempt; one that is not current changes nothing.

use crate::context::Context;
use crate::resolve::Places;
use crate::work::{Waited, Work, Written};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wanlink_domain::action::{Action, ActionKind, ActionState, Event, Ignored, blocked_by};
use wanlink_domain::catalogue::{Account, NetworkGate};
use wanlink_domain::hold::Holds;
use wanlink_domain::ids::{AccountId, ActionId, RequestId, SessionId};
use wanlink_domain::lease::{Standing, standing};
use wanlink_domain::reason::{Code, Reason};
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::conductor::{Claim, ClaimItem, Verdict, VerdictItem};

/// How long a claimer waits before it asks again about what is not yet on record.
const NOT_YET: Duration = Duration::from_millis(100);
/// The longest pause that is asked for while an account changes hands.
const HANDOVER: Duration = Duration::from_secs(1);

/// Judges all claims of a batch in one transaction, which is left to be committed.
pub async fn judge(
    context: &Context,
    tx: &mut dyn Transaction,
    claims: &[&Claim],
) -> Result<(Vec<Vec<VerdictItem>>, Written), StoreError> {
    let items = || claims.iter().flat_map(|claim| claim.items.iter());
    let links = items().map(|item| item.link);
    let mut work = Work::load(tx, links, &context.settings.budgets, context.entropy.as_ref()).await?;
    let facts = Facts::read(tx, &work, items()).await?;
    let mut all = Vec::with_capacity(claims.len());
    for claim in claims {
        let mut verdicts = Vec::with_capacity(claim.items.len());
        for item in &claim.items {
            let verdict = verdict(&mut work, &facts, claim.session, item);
            let ClaimItem { account, epoch, action, .. } = *item;
            verdicts.push(VerdictItem { account, epoch, action, verdict });
        }
        all.push(verdicts);
    }
    Ok((all, work.write(tx).await?))
}

/// What the verdicts rest on besides the locked links.
struct Facts {
    accounts: BTreeMap<AccountId, Account>,
    /// Actions that are finished.
    finished: BTreeSet<ActionId>,
    refused: BTreeSet<RequestId>,
    places: Places,
    holds: Holds,
}

impl Facts {
    async fn read<'a>(
        tx: &mut dyn Transaction,
        work: &Work<'_>,
        items: impl Iterator<Item = &'a ClaimItem> + Clone,
    ) -> Result<Self, StoreError> {
        let unknown: BTreeSet<ActionId> =
            items.clone().map(|item| item.action).filter(|id| work.action(*id).is_none()).collect();
        let unknown: Vec<ActionId> = unknown.into_iter().collect();
        let finished = if unknown.is_empty() { Vec::new() } else { tx.actions(&unknown).await? };
        // One that is not finished was recorded a moment ago, after the links were locked: it is asked for again.
        let finished: BTreeSet<ActionId> = finished
            .into_iter()
            .filter(|action| action.state.is_finished())
            .map(|action| action.id)
            .collect();

        let unrecorded: BTreeSet<RequestId> = items
            .clone()
            .filter(|item| work.action(item.action).is_none() && !finished.contains(&item.action))
            .map(|item| item.request)
            .collect();
        let unrecorded: Vec<RequestId> = unrecorded.into_iter().collect();
        let refused = if unrecorded.is_empty() { Vec::new() } else { tx.requests(&unrecorded).await? };

        let wanted: Vec<&Action> = items.clone().filter_map(|item| work.action(item.action)).collect();
        let places = Places::read(
            tx,
            wanted
                .iter()
                .filter_map(|action| work.link(action.link_id).map(|link| (link.wim_id, &action.wish))),
        )
        .await?;

        let accounts: BTreeSet<AccountId> = items.map(|item| item.account).collect();
        let accounts: Vec<AccountId> = accounts.into_iter().collect();
        let accounts = tx.accounts(&accounts).await?;
        // After the accounts are locked: who lays a hold locks them first, so that one that stands is seen.
        let holds = Holds::new(tx.holds().await?);
        Ok(Self {
            accounts: accounts.into_iter().map(|row| (row.id, row)).collect(),
            holds,
            finished,
            refused: refused.into_iter().filter(|row| row.refused.is_some()).map(|row| row.id).collect(),
            places,
        })
    }
}

fn verdict(work: &mut Work<'_>, facts: &Facts, session: SessionId, item: &ClaimItem) -> Verdict {
    let Some(account) = facts.accounts.get(&item.account) else { return Verdict::Stale };
    match standing(account, session, item.epoch, work.now) {
        Standing::Stale => return Verdict::Stale,
        Standing::Handover { until } => {
            let after = until.since(work.now).min(HANDOVER);
            return again(after, "the account's former session may still be acting");
        }
        Standing::Current => {}
    }
    let Some(action) = work.action(item.action).cloned() else {
        return unrecorded(facts, item);
    };
    if action.account_id != item.account {
        return skip(Code::NotFound, "the action is another account's");
    }
    match action.state {
        ActionState::Done | ActionState::Failed | ActionState::Superseded | ActionState::Cancelled => {
            skip(Code::Superseded, "the action is finished")
        }
        ActionState::Build => skip(Code::Busy, "the link is being built; a poll settles it"),
        ActionState::Running if action.epoch == Some(item.epoch) => run(work, facts, &action),
        // Accepted, not run: lifting the hold makes it due.
        _ if facts.holds.on(account.id, account.wim_id).is_some() => held(work, facts, account, &action),
        ActionState::Running => {
            // Its epoch is over and its session is out, so its attempt is lost; this claim is for the next one.
            let _ = work.apply(action.id, Event::Lost, None);
            begin(work, facts, session, item)
        }
        ActionState::Scheduled | ActionState::Retry => begin(work, facts, session, item),
    }
}

fn held(work: &mut Work<'_>, facts: &Facts, account: &Account, action: &Action) -> Verdict {
    if action.state == ActionState::Running {
        // Its epoch is over and its session is out: what ran has ended.
        let _ = work.apply(action.id, Event::Lost, None);
    }
    let why = facts.holds.on(account.id, account.wim_id).map(wanlink_domain::hold::Hold::why);
    Verdict::Wait { reason: why.unwrap_or_else(|| Reason::new(Code::Paused, "its WIM account is paused")) }
}

fn unrecorded(facts: &Facts, item: &ClaimItem) -> Verdict {
    if facts.finished.contains(&item.action) {
        skip(Code::Superseded, "the action is finished")
    } else if facts.refused.contains(&item.request) {
        skip(Code::Invalid, "the request was refused")
    } else {
        again(NOT_YET, "the request is not on record yet")
    }
}

/// Judges an action that is not running by the state of its link and networks, and begins an attempt if it may.
fn begin(work: &mut Work<'_>, facts: &Facts, session: SessionId, item: &ClaimItem) -> Verdict {
    let Some(action) = work.action(item.action).cloned() else { return unrecorded(facts, item) };
    if let Some(blocker) = blocked_by(&action, &work.unfinished(action.link_id)) {
        let detail = format!("action {} of the same link is unfinished", blocker.order.action);
        return Verdict::Wait { reason: Reason::new(Code::EarlierUnfinished, detail) };
    }
    if matches!(action.kind, ActionKind::Create | ActionKind::Edit) {
        match facts.places.gate(&action.wish) {
            (NetworkGate::Building, Some(reason)) => return wait_for_networks(work, &action, reason),
            (NetworkGate::Failed, Some(reason)) => return fail(work, &action, reason),
            (_, _) => {}
        }
        if let Err(reason) = resolved(work, facts, &action) {
            return fail(work, &action, reason);
        }
    }
    let waited = Waited { since: action.waiting_since, reason: action.reason.clone() };
    match work.apply(action.id, Event::Claim, None) {
        Ok(ActionState::Running) => {
            work.begin_attempt(action.id, item.epoch, session, waited);
            match work.action(action.id).cloned() {
                Some(action) => run(work, facts, &action),
                None => skip(Code::Internal, "the action is gone"),
            }
        }
        Ok(_) => skip(Code::Poisonous, "claimed too often without a report"),
        Err(Ignored::NotYet) => Verdict::Wait {
            reason: action.reason.unwrap_or_else(|| Reason::new(Code::Busy, "its next try is not due yet")),
        },
        Err(_) => skip(Code::Superseded, "the action is not waiting to be run"),
    }
}

fn run(work: &Work<'_>, facts: &Facts, action: &Action) -> Verdict {
    let Some(link) = work.link(action.link_id) else { return skip(Code::Internal, "the link is gone") };
    Verdict::Run {
        attempt: action.attempt,
        kind: action.kind,
        observe_first: action.observe_first,
        task: facts.places.task(link, &action.wish),
    }
}

fn resolved(
    work: &Work<'_>,
    facts: &Facts,
    action: &Action,
) -> Result<wanlink_domain::link::ResolvedWish, Reason> {
    if action.wish.endpoints.len() < 2 {
        // Edits before it were called off, and what they would have added is not there.
        let detail = format!(
            "it would leave {} of the link's endpoints: a link joins two",
            action.wish.endpoints.len()
        );
        return Err(Reason::new(Code::Invalid, detail));
    }
    let link = work.link(action.link_id);
    let wim = link.map(|link| link.wim_id).ok_or_else(|| Reason::new(Code::Internal, "the link is gone"))?;
    facts.places.resolve(wim, &action.wish)
}

fn wait_for_networks(work: &mut Work<'_>, action: &Action, reason: Reason) -> Verdict {
    let waits_already = action.reason.as_ref().is_some_and(|known| known.code == Code::NetworksBuilding);
    if waits_already && work.now.since(action.waiting_since) >= work.budgets().networks {
        let detail = format!("waited {:?} for its networks: {}", work.budgets().networks, reason.detail);
        return fail(work, action, Reason::new(Code::BudgetSpent, detail));
    }
    let (now, shown) = (work.now, reason.clone());
    work.edit_action(action.id, |action| {
        action.reason = Some(shown);
        if !waits_already {
            action.waiting_since = now;
        }
    });
    Verdict::Wait { reason }
}

fn fail(work: &mut Work<'_>, action: &Action, reason: Reason) -> Verdict {
    let _ = work.apply(action.id, Event::Fail(reason.clone()), None);
    Verdict::Skip { reason }
}

fn skip(code: Code, detail: &str) -> Verdict {
    Verdict::Skip { reason: Reason::new(code, detail) }
}

fn again(after: Duration, detail: &str) -> Verdict {
    let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX).max(1);
    Verdict::Again { after_ms, reason: Reason::new(Code::AccountNotReady, detail) }
}

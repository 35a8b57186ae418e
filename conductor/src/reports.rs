//! Reports and observations: applied only under the current epoch and attempt, and answered with what they found
//! (design 4.5, 4.6).

use crate::batch::{Handled, Handler, Received};
use crate::context::Context;
use crate::listing;
use crate::work::{Work, Written, jittered};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wanlink_broker::port::{Queue, ReplyTo};
use wanlink_domain::action::{Action, ActionKind, ActionState, Event, Found, Outcome};
use wanlink_domain::catalogue::Account;
use wanlink_domain::ids::{AccountId, ActionId, LinkId, SessionId};
use wanlink_domain::lease::{Standing, standing};
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::observation::{Known, shown};
use wanlink_domain::reason::{Code, Reason};
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::Message;
use wanlink_wire::report::{
    Fate, Listed, Observed, ObservedItem, Report, ReportItem, Reported, ReportedItem, Sight,
};

/// Consumes `wan.reports`.
pub struct Reports {
    pub context: Arc<Context>,
}

#[async_trait]
impl Handler for Reports {
    fn queue(&self) -> Queue {
        Queue::Reports
    }

    fn accepts(&self, message: &Message) -> bool {
        matches!(message, Message::Report(_) | Message::Observed(_) | Message::Listed(_))
    }

    async fn handle(&self, batch: &[Received]) -> Result<Handled, StoreError> {
        let mut reports: Vec<(&Report, Option<&ReplyTo>)> = Vec::new();
        let mut sights: Vec<(SessionId, &ObservedItem)> = Vec::new();
        let mut lists: Vec<&Listed> = Vec::new();
        for received in batch {
            match &received.envelope.message {
                Message::Report(report) => reports.push((report, received.reply_to.as_ref())),
                Message::Observed(Observed { session, items }) => {
                    sights.extend(items.iter().map(|item| (*session, item)));
                }
                Message::Listed(listed) => lists.push(listed),
                _ => {}
            }
        }
        listing::record(&self.context, &lists).await?;
        let mut tx = self.context.store.begin().await?;
        let (fates, written) = self.apply(tx.as_mut(), &reports, &sights).await?;
        tx.commit().await?;
        let mut replies: BTreeMap<(ReplyTo, SessionId), Vec<ReportedItem>> = BTreeMap::new();
        for ((report, reply_to), fates) in reports.iter().zip(fates) {
            if let Some(reply_to) = reply_to {
                replies.entry(((*reply_to).clone(), report.session)).or_default().extend(fates);
            }
        }
        let replies = replies
            .into_iter()
            .map(|((to, session), items)| (to, Message::Reported(Reported { session, items })))
            .collect();
        Ok(Handled { replies, prompts: written.prompts, wake: written.wake })
    }
}

impl Reports {
    async fn apply(
        &self,
        tx: &mut dyn Transaction,
        reports: &[(&Report, Option<&ReplyTo>)],
        sights: &[(SessionId, &ObservedItem)],
    ) -> Result<(Vec<Vec<ReportedItem>>, Written), StoreError> {
        let context = &self.context;
        let items = || reports.iter().flat_map(|(report, _)| report.items.iter());
        let links = items().map(|item| item.link).chain(sights.iter().map(|(_, item)| item.link));
        let mut work = Work::load(tx, links, &context.settings.budgets, context.entropy.as_ref()).await?;
        let ended = ended(tx, &work, items()).await?;
        let ids: BTreeSet<AccountId> =
            items().map(|item| item.account).chain(sights.iter().map(|(_, item)| item.account)).collect();
        let ids: Vec<AccountId> = ids.into_iter().collect();
        let accounts: BTreeMap<AccountId, Account> =
            tx.accounts(&ids).await?.into_iter().map(|row| (row.id, row)).collect();
        work.knows(accounts.values());

        let mut fates = Vec::with_capacity(reports.len());
        for (report, _) in reports {
            let one = |item: &ReportItem| ReportedItem {
                account: item.account,
                epoch: item.epoch,
                action: item.action,
                attempt: item.attempt,
                fate: settle(&mut work, &accounts, &ended, report.session, item),
            };
            fates.push(report.items.iter().map(one).collect());
        }
        let (listed, seen): (Vec<_>, Vec<_>) =
            self.observe(&mut work, &accounts, sights).into_iter().partition(|(account, _)| {
                accounts.get(account).is_some_and(|account| account.refresh_due_at.is_some())
            });
        let now = work.now;
        let written = work.write(tx).await?;
        let due = now.after(jittered(context.settings.budgets.refresh, context.entropy.bits()));
        for (seen, due) in [(seen, Some(due)), (listed, None)] {
            let links: Vec<LinkId> = seen.into_iter().map(|(_, link)| link).collect();
            if !links.is_empty() {
                tx.schedule_refreshes(&links, due, Some(now)).await?;
            }
        }
        Ok((fates, written))
    }

    /// Applies what observations found; answers the links that were seen just as they are on record.
    fn observe(
        &self,
        work: &mut Work<'_>,
        accounts: &BTreeMap<AccountId, Account>,
        sights: &[(SessionId, &ObservedItem)],
    ) -> BTreeSet<(AccountId, LinkId)> {
        let mut unchanged = BTreeSet::new();
        for (session, item) in sights {
            if !is_current(accounts, *session, item.account, item.epoch, work) {
                continue;
            }
            let Some(link) = work.link(item.link) else { continue };
            let settled = work.unfinished(item.link).is_empty() && link.status != LinkStatus::Deleted;
            // What came before a report of the same batch is older than what that report settled.
            let changed = link.version != item.version || work.has_changed(item.link);
            if changed || !settled || link.account_id != item.account {
                continue;
            }
            let known = Known::of(link);
            let (service_id, conn_info) = (link.service_id.as_ref(), link.conn_info.as_ref());
            match &item.sight {
                Sight::Seen { found } if known.confirmed_by(item.link, found, service_id, conn_info) => {
                    unchanged.insert((item.account, item.link));
                }
                Sight::Seen { found } => {
                    work.saw(item.link, found.clone());
                    // What is wanted gone shows only that (a DELETE of it failed).
                    if !known.deleting {
                        let (status, reason) = shown(item.link, found);
                        work.set_status(item.link, status, reason);
                    }
                }
                Sight::Failed { .. } if known.is_unreachable() => {}
                Sight::Failed { reason } => {
                    work.set_status(item.link, LinkStatus::WimError, Some(reason.clone()));
                }
            }
        }
        unchanged
    }
}

/// The actions that are reported on and already finished.
async fn ended<'a>(
    tx: &mut dyn Transaction,
    work: &Work<'_>,
    items: impl Iterator<Item = &'a ReportItem>,
) -> Result<BTreeMap<ActionId, Action>, StoreError> {
    let ids: BTreeSet<ActionId> =
        items.map(|item| item.action).filter(|id| work.action(*id).is_none()).collect();
    let ids: Vec<ActionId> = ids.into_iter().collect();
    let rows = if ids.is_empty() { Vec::new() } else { tx.actions(&ids).await? };
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

fn is_current(
    accounts: &BTreeMap<AccountId, Account>,
    session: SessionId,
    account: AccountId,
    epoch: i64,
    work: &Work<'_>,
) -> bool {
    accounts
        .get(&account)
        .is_some_and(|account| standing(account, session, epoch, work.now) != Standing::Stale)
}

fn settle(
    work: &mut Work<'_>,
    accounts: &BTreeMap<AccountId, Account>,
    ended: &BTreeMap<ActionId, Action>,
    session: SessionId,
    item: &ReportItem,
) -> Fate {
    let Some(action) = work.action(item.action).or_else(|| ended.get(&item.action)) else {
        return Fate::Gone;
    };
    let own = action.epoch == Some(item.epoch) && action.session_id == Some(session);
    if own && action.attempt == item.attempt && action.state.is_finished() {
        return Fate::Duplicate;
    }
    if action.account_id != item.account || !is_current(accounts, session, item.account, item.epoch, work) {
        return Fate::Stale;
    }
    // From here on the session may act. What comes too late is no reason for it to exit: after a handover several
    // polls of one link may be under way, and all but the first find it settled.
    if action.state.is_finished() || item.attempt < action.attempt {
        return Fate::Duplicate;
    }
    match action.state {
        ActionState::Retry => return Fate::Duplicate,
        // A poll comes under the account's current epoch, which need not be the attempt's.
        ActionState::Build if item.attempt == action.attempt => {}
        ActionState::Running if item.attempt == action.attempt && own => {}
        _ => return Fate::Stale,
    }
    let outcome = second_look(work, item.action, item.outcome.clone());
    let looks_again = outcome != item.outcome;
    let found = match &outcome {
        Outcome::Done { found } => found.clone(),
        Outcome::Building { found } => Some(found.clone()),
        Outcome::Retry { .. } | Outcome::Refused { .. } | Outcome::Unknown { .. } => None,
    };
    match work.apply(item.action, Event::Report(outcome), found) {
        Ok(ActionState::Build) if looks_again => {
            let due = work.now.after(work.budgets().attempt);
            work.edit_action(item.action, |action| action.due_at = Some(due));
            Fate::Applied
        }
        Ok(_) => Fate::Applied,
        Err(_) => Fate::Duplicate,
    }
}

/// A DELETE that follows a lost attempt is looked at once more, one attempt's time later, before its record closes
/// (design 5): what the dead session had begun may have landed behind it. Found then, it is removed again.
fn second_look(work: &mut Work<'_>, id: ActionId, outcome: Outcome) -> Outcome {
    let Some(action) = work.action(id) else { return outcome };
    if action.kind != ActionKind::Delete {
        return outcome;
    }
    let link = action.link_id;
    let looking_again = action.state == ActionState::Build
        && action.reason.as_ref().is_some_and(|reason| reason.code == Code::AttemptLost);
    match outcome {
        Outcome::Done { .. } if work.link(link).is_some_and(|link| link.lost_at.is_some()) => {
            work.edit_link(link, |link| link.lost_at = None);
            Outcome::Building {
                found: gone("it is gone, but an attempt of this link was lost before: looked at once more"),
            }
        }
        // A look that failed says nothing: it is looked once more.
        Outcome::Retry { .. } | Outcome::Unknown { .. } if looking_again => Outcome::Building {
            found: gone("it is gone as far as was seen; the second look failed and is repeated"),
        },
        Outcome::Building { .. } if looking_again => {
            let detail = "what a lost attempt had begun came to be after the removal: removed again";
            Outcome::Retry { reason: Reason::new(Code::AttemptLost, detail), after_ms: None }
        }
        outcome => outcome,
    }
}

fn gone(detail: &str) -> Found {
    Found {
        status: None,
        status_source: StatusSource::Configured,
        service_id: None,
        conn_info: None,
        reason: Some(Reason::new(Code::AttemptLost, detail)),
    }
}

//! Refreshes: settled links are looked at again, so that the database and the controllers converge. Where the connector
//! lists, an account is due as a whole (`listing`); elsewhere each link is.

use crate::context::Context;
use crate::listing;
use crate::resolve::Places;
use crate::room::Room;
use crate::work::jittered;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use wanlink_domain::hold::Holds;
use wanlink_domain::ids::{AccountId, LinkId, SessionId};
use wanlink_domain::link::Link;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::StoreError;
use wanlink_wire::account::{Observe, ObserveLink};

/// Most links in one transaction.
const BATCH: u32 = 256;
/// Most links in one message.
const LINKS_PER_MESSAGE: usize = 64;

/// Asks for observations until the tasks are stopped.
pub async fn refresh(context: Arc<Context>, tasks: Tasks) {
    while !tasks.is_stopping() {
        let pause = match both(&context).await {
            Ok(true) => continue,
            Ok(false) | Err(StoreError::Conflict(_)) => context.settings.tick,
            Err(error) => {
                tracing::debug!(%error, "no refreshes while the database is away");
                Duration::from_secs(1)
            }
        };
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Accounts that are listed, then links that are observed one by one; whether more of either may be due.
async fn both(context: &Context) -> Result<bool, StoreError> {
    if !context.broker.health().borrow().ready() {
        return Ok(false);
    }
    let lists = listing::pass(context).await?;
    let links = pass(context).await?;
    Ok(lists == listing::BATCH as usize || links == BATCH as usize)
}

async fn pass(context: &Context) -> Result<usize, StoreError> {
    let mut tx = context.store.begin().await?;
    let now = tx.now().await?;
    let links = tx.due_refreshes(now, BATCH).await?;
    if links.is_empty() {
        return Ok(0);
    }
    let places = Places::read(tx.as_mut(), links.iter().map(|link| (link.wim_id, &link.wish))).await?;
    let accounts: BTreeSet<AccountId> = links.iter().map(|link| link.account_id).collect();
    let accounts: Vec<AccountId> = accounts.into_iter().collect();
    let sessions = tx.sessions().await?;
    let alive: BTreeSet<SessionId> =
        sessions.into_iter().filter(|session| session.lease_until > now).map(|session| session.id).collect();
    let holds = Holds::new(tx.holds().await?);
    let accounts = tx.accounts(&accounts).await?;
    let listed: BTreeSet<AccountId> = accounts
        .iter()
        .filter(|account| account.refresh_due_at.is_some())
        .map(|account| account.id)
        .collect();
    let epochs: BTreeMap<AccountId, i64> = accounts
        .into_iter()
        .filter(|account| account.session_id.is_some_and(|holder| alive.contains(&holder)))
        .filter(|account| !listed.contains(&account.id))
        // A paused controller may be under repair: nothing is asked of it that can wait.
        .filter(|account| holds.on(account.id, account.wim_id).is_none())
        .map(|account| (account.id, account.epoch))
        .collect();
    let (by_account, by_themselves): (Vec<&Link>, Vec<&Link>) =
        links.iter().partition(|link| listed.contains(&link.account_id));
    let ids = |links: &[&Link]| links.iter().map(|link| link.id).collect::<Vec<LinkId>>();
    let due = now.after(jittered(context.settings.budgets.refresh, context.entropy.bits()));
    tx.schedule_refreshes(&ids(&by_themselves), Some(due), None).await?;
    // They came due once by a path that does not know their account's ways.
    if !by_account.is_empty() {
        tx.schedule_refreshes(&ids(&by_account), None, None).await?;
    }
    tx.commit().await?;

    let mut room = Room::default();
    let mut by_account: BTreeMap<AccountId, Vec<&Link>> = BTreeMap::new();
    for link in &links {
        by_account.entry(link.account_id).or_default().push(link);
    }
    for (account, links) in by_account {
        let Some(epoch) = epochs.get(&account).copied() else { continue };
        for part in links.chunks(LINKS_PER_MESSAGE) {
            let links = part
                .iter()
                .map(|link| ObserveLink { version: link.version, task: places.task(link, &link.wish) })
                .collect();
            if room.in_queue(context, account).await {
                context.to_account(account, None, Observe { account, epoch, links, list: None }.into()).await;
            }
        }
    }
    Ok(links.len())
}

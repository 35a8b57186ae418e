//! Accounts whose connector lists: all their settled links are observed at once, by one due row per account.
//!
//! The question is small, whatever the account has: the worker takes the list, then asks page by page what the links
//! are known to be, so that no message grows with the account; the list itself does, up to what egress lets through. It
//! reports what differs, link by link, after a second look at each, and at the end that all were compared: unchanged
//! links are never written.
//! Deliberately absent: any change of a link (`reports`), and removing what no link explains.

use crate::context::Context;
use crate::events;
use crate::resolve::Places;
use crate::room::Room;
use crate::work::jittered;
use std::collections::BTreeSet;
use std::time::Duration;
use wanlink_domain::catalogue::Account;
use wanlink_domain::hold::Holds;
use wanlink_domain::ids::{AccountId, LinkId, SessionId};
use wanlink_domain::lease::{Standing, standing};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::observation::Known;
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::account::Observe;
use wanlink_wire::conductor::{Links, LinksAnswer, LinksPage, SettledLink};
use wanlink_wire::report::Listed;

/// Most accounts in one transaction.
pub const BATCH: u32 = 32;
/// Most links in one page.
const PAGE: u32 = 128;
/// Most endpoints in one page, whose places are told with it; one link may have more.
const ENDPOINTS_MAX: usize = 512;
/// Most links in one question whether they are known.
const CHUNK: usize = 256;
/// Most links that are named where unknown services are told of.
const NAMED_MAX: usize = 16;

/// When an account that was granted is listed: within one interval, at a place of its own, so that those that were
/// granted together are not listed together. `None`: its connector does not list.
pub fn first_due(account: &Account, lists: bool, now: Timestamp, interval: Duration) -> Option<Timestamp> {
    let soon = account.refresh_due_at.filter(|due| *due > now && *due <= now.after(interval));
    let share = f64::from(account.id.0.as_u128() as u32) / f64::from(u32::MAX);
    lists.then(|| soon.unwrap_or_else(|| now.after(interval.mul_f64(share))))
}

/// Asks for the lists that are due; answers how many accounts were taken.
pub async fn pass(context: &Context) -> Result<usize, StoreError> {
    let mut tx = context.store.begin().await?;
    let now = tx.now().await?;
    let mut accounts = tx.due_listings(now, BATCH).await?;
    if accounts.is_empty() {
        return Ok(0);
    }
    let sessions = tx.sessions().await?;
    let alive: BTreeSet<SessionId> =
        sessions.into_iter().filter(|session| session.lease_until > now).map(|session| session.id).collect();
    let holds = Holds::new(tx.holds().await?);
    for account in &mut accounts {
        let pause = jittered(context.settings.budgets.refresh, context.entropy.bits());
        account.refresh_due_at = Some(now.after(pause));
    }
    tx.update_accounts(&accounts).await?;
    tx.commit().await?;
    let mut room = Room::default();
    for account in &accounts {
        let held = account.session_id.is_some_and(|holder| alive.contains(&holder));
        // A paused controller may be under repair: nothing is asked of it that can wait.
        let paused = holds.on(account.id, account.wim_id).is_some();
        if held && !paused && room.in_queue(context, account.id).await {
            let (id, epoch) = (account.id, account.epoch);
            let observe = Observe { account: id, epoch, links: Vec::new(), list: Some(now) };
            context.to_account(id, None, observe.into()).await;
        }
    }
    Ok(accounts.len())
}

/// What one page of an account's settled links is known to be, for its current holder alone.
pub async fn page(tx: &mut dyn Transaction, query: &Links) -> Result<LinksAnswer, StoreError> {
    let mut answer =
        LinksAnswer { account: query.account, epoch: query.epoch, after: query.after, page: None };
    let Some(account) = tx.accounts(&[query.account]).await?.pop() else { return Ok(answer) };
    let now = tx.now().await?;
    if standing(&account, query.session, query.epoch, now) == Standing::Stale {
        return Ok(answer);
    }
    let mut links = tx.settled_links(query.account, query.after, PAGE).await?;
    let full = links.len() == PAGE as usize;
    let fitting = fitting(links.iter().map(|link| link.wish.endpoints.len()));
    let more = full || fitting < links.len();
    links.truncate(fitting);
    let places = Places::read(tx, links.iter().map(|link| (link.wim_id, &link.wish))).await?;
    let settled = |link: &Link| SettledLink {
        version: link.version,
        known: Known::of(link),
        task: places.task(link, &link.wish),
    };
    answer.page = Some(LinksPage { links: links.iter().map(settled).collect(), more });
    Ok(answer)
}

/// How many links fit into one page, at least one, given how many endpoints each has.
fn fitting(endpoints: impl Iterator<Item = usize>) -> usize {
    let sums = endpoints.scan(0_usize, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    sums.take_while(|sum| *sum <= ENDPOINTS_MAX).count().max(1)
}

/// Records that accounts were compared with their lists, and what these showed that no link explains. In transactions
/// of its own: links are locked before accounts, and doing it again is harmless.
pub async fn record(context: &Context, reports: &[&Listed]) -> Result<(), StoreError> {
    for listed in reports {
        let unknown = unexplained(context, listed).await?;
        let mut tx = context.store.begin().await?;
        let mut accounts = tx.lock_accounts(&[listed.account]).await?;
        let now = tx.now().await?;
        let Some(account) = accounts.first_mut() else { continue };
        let current = standing(account, listed.session, listed.epoch, now) != Standing::Stale;
        if !current || account.listed_at >= Some(listed.asked_at) {
            continue;
        }
        account.listed_at = Some(listed.asked_at);
        let count = i32::try_from(unknown.len()).unwrap_or(i32::MAX);
        let changed = account.unknown_services != count;
        account.unknown_services = count;
        if changed {
            let named = &unknown[..unknown.len().min(NAMED_MAX)];
            tell(account.id, named, count);
            account.event_seq += 1;
            tx.insert_events(&[events::unknown_services(account, named, now)]).await?;
        }
        tx.update_accounts(&accounts).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn tell(account: AccountId, named: &[LinkId], count: i32) {
    if count == 0 {
        tracing::info!(%account, "the controller shows no services of ours any more that no link explains");
    } else {
        tracing::warn!(
            %account, count, links = ?named,
            "services under our mark that no link explains: nothing removes them but an operator"
        );
    }
}

/// The links that services name and that explain none: there is no such row, or it was deleted before the list was
/// asked for. One that is at work is a row, too.
async fn unexplained(context: &Context, listed: &Listed) -> Result<Vec<LinkId>, StoreError> {
    let mut unexplained = Vec::new();
    for chunk in listed.unmatched.chunks(CHUNK) {
        let rows = context.store.begin().await?.lock_links(chunk).await?;
        let explained = |link: &Link| {
            link.status != LinkStatus::Deleted || link.deleted_at.is_none_or(|at| at >= listed.asked_at)
        };
        let known: BTreeSet<LinkId> =
            rows.iter().filter(|link| explained(link)).map(|link| link.id).collect();
        unexplained.extend(chunk.iter().copied().filter(|id| !known.contains(id)));
    }
    Ok(unexplained)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::account;

    #[test]
    fn accounts_that_are_granted_together_are_listed_at_places_of_their_own() {
        let (now, minute) = (Timestamp(1_000_000_000), Duration::from_secs(60));
        let due = |id: u128, due: Option<i64>, lists| {
            let account = Account { refresh_due_at: due.map(Timestamp), ..account(id, 1, None) };
            first_due(&account, lists, now, minute).map(|at| at.0 - now.0)
        };
        assert_eq!(due(0, None, true), Some(0));
        assert_eq!(due(1 << 31, None, true), Some(30_000_000));
        assert_eq!(due(u128::from(u32::MAX), None, true), Some(60_000_000));
        // A handover does not put a list off; one that is overdue finds a place again.
        assert_eq!(due(1 << 31, Some(now.0 + 5), true), Some(5));
        assert_eq!(due(1 << 31, Some(now.0 - 5), true), Some(30_000_000));
        assert_eq!(due(1 << 31, Some(now.0 + 5), false), None);
    }

    #[test]
    fn a_page_is_bounded_by_its_endpoints_too() {
        for (endpoints, fits) in
            [(vec![], 1), (vec![2; 128], 128), (vec![64; 128], 8), (vec![10_000, 2], 1), (vec![2, 10_000], 1)]
        {
            assert_eq!(fitting(endpoints.iter().copied()), fits, "{endpoints:?}");
        }
    }
}

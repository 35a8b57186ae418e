//! What is due, and making it so. Rows that another transaction holds are skipped where whoever holds them is at work on
//! them, and waited for where not.

use super::locks::Mode;
use super::rows::Event;
use super::scope::{Scope, Step};
use super::table::Entry;
use crate::port::{Census, Due, Waiting};
use std::collections::BTreeMap;
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::catalogue::{Account, AccountPhase};
use wanlink_domain::ids::{AccountId, LinkId, NetworkId};
use wanlink_domain::link::Link;
use wanlink_domain::time::Timestamp;

const ALWAYS: Timestamp = Timestamp(i64::MIN);

pub(super) fn actions(it: &mut Scope<'_>, now: Timestamp, limit: u32) -> Step<Vec<Due>> {
    let due = it.view::<Action>().range(Entry::Due(ALWAYS)..=Entry::Due(now)).filter_map(|action| {
        let link = it.get::<Link>(action.link_id.0)?;
        let free = it.free::<Link>(link.id.0.into(), Mode::Update)
            && it.free::<Action>(action.id.0.into(), Mode::Update);
        free.then(|| Due { link: link.clone(), action: action.clone() })
    });
    let due: Vec<Due> = due.take(limit as usize).collect();
    for Due { link, action } in &due {
        it.locked::<Link>(link.id.0, Mode::Update)?;
        it.locked::<Action>(action.id.0, Mode::Update)?;
    }
    Ok(due)
}

pub(super) fn refreshes(it: &mut Scope<'_>, now: Timestamp, limit: u32) -> Step<Vec<Link>> {
    let due = it.view::<Link>().range(Entry::Refresh(ALWAYS)..=Entry::Refresh(now)).filter(|link| {
        let observable = it
            .get::<Account>(link.account_id.0)
            .is_some_and(|account| account.phase == AccountPhase::Ready && account.session_id.is_some());
        observable
            && it.view::<Action>().by(Entry::OpenOfLink(link.id.0)).next().is_none()
            && it.free::<Link>(link.id.0.into(), Mode::Update)
    });
    let due: Vec<Link> = due.take(limit as usize).cloned().collect();
    for link in &due {
        it.locked::<Link>(link.id.0, Mode::Update)?;
    }
    Ok(due)
}

pub(super) fn listings(it: &mut Scope<'_>, now: Timestamp, limit: u32) -> Step<Vec<Account>> {
    let mut due: Vec<Account> = it
        .view::<Account>()
        .all()
        .filter(|account| account.refresh_due_at.is_some_and(|due| due <= now))
        .filter(|account| account.phase == AccountPhase::Ready && account.session_id.is_some())
        .filter(|account| it.free::<Account>(account.id.0.into(), Mode::Update))
        .cloned()
        .collect();
    due.sort_by_key(|account| (account.refresh_due_at, account.id));
    due.truncate(limit as usize);
    for account in &due {
        it.locked::<Account>(account.id.0, Mode::Update)?;
    }
    Ok(due)
}

pub(super) fn settled(it: &Scope<'_>, account: AccountId, after: Option<LinkId>, limit: u32) -> Vec<Link> {
    let live = it.view::<Link>();
    let mut settled: Vec<Link> = live
        .by(Entry::Live(account.0))
        .filter(|link| link.touched && Some(link.id) > after)
        .filter(|link| it.view::<Action>().by(Entry::OpenOfLink(link.id.0)).next().is_none())
        .cloned()
        .collect();
    settled.sort_by_key(|link| link.id);
    settled.truncate(limit as usize);
    settled
}

pub(super) fn schedule_refreshes(
    it: &mut Scope<'_>,
    links: &[LinkId],
    due_at: Option<Timestamp>,
    seen_at: Option<Timestamp>,
) -> Step<()> {
    for mut link in it.all_locked::<Link>(links.iter().map(|id| id.0.into()), Mode::Update)? {
        link.refresh_due_at = due_at;
        link.last_seen_at = seen_at.or(link.last_seen_at);
        it.put(link)?;
    }
    Ok(())
}

pub(super) fn make_due(it: &mut Scope<'_>, accounts: Option<&[AccountId]>, now: Timestamp) -> Step<u64> {
    let open = match accounts {
        Some(accounts) => it.keys_by::<Action>(accounts.iter().map(|id| Entry::OpenOfAccount(id.0))),
        None => it.keys::<Action>(Entry::Due(ALWAYS)..=Entry::Due(Timestamp(i64::MAX))),
    };
    let view = it.view::<Action>();
    let meant = open.into_iter().filter(|key| view.get(*key).is_some_and(|row| is_meant(it, row, accounts)));
    let meant: Vec<_> = meant.collect();
    let mut count = 0;
    for mut action in it.all_locked::<Action>(meant, Mode::Update)? {
        action.due_at = action.due_at.min(Some(now));
        it.put(action)?;
        count += 1;
    }
    Ok(count)
}

fn is_meant(it: &Scope<'_>, action: &Action, accounts: Option<&[AccountId]>) -> bool {
    let epoch = || it.get::<Account>(action.account_id.0).map(|account| account.epoch);
    match action.state {
        ActionState::Scheduled => true,
        ActionState::Running => accounts.is_some() && action.epoch < epoch(),
        _ => false,
    }
}

pub(super) fn make_due_for_networks(it: &mut Scope<'_>, networks: &[NetworkId], now: Timestamp) -> Step<u64> {
    let links = it.keys_by::<Link>(networks.iter().map(|id| Entry::Network(id.0)));
    let open = it.keys_by::<Action>(links.into_iter().map(|link| Entry::OpenOfLink(link.0)));
    let view = it.view::<Action>();
    let scheduled = |row: &Action| row.state == ActionState::Scheduled;
    let meant: Vec<_> = open.into_iter().filter(|key| view.get(*key).is_some_and(scheduled)).collect();
    let mut count = 0;
    for mut action in it.all_locked::<Action>(meant, Mode::Update)? {
        action.due_at = action.due_at.min(Some(now));
        action.dispatches = 0;
        it.put(action)?;
        count += 1;
    }
    Ok(count)
}

pub(super) fn next(it: &Scope<'_>) -> Option<Timestamp> {
    let all = Entry::Due(ALWAYS)..=Entry::Due(Timestamp(i64::MAX));
    it.view::<Action>().range(all).next().and_then(|action| action.due_at)
}

/// What waits, by state in the order of their words.
pub(super) fn census(it: &Scope<'_>) -> Census {
    let mut by_state: BTreeMap<&'static str, Waiting> = BTreeMap::new();
    for action in it.view::<Action>().range(Entry::Due(ALWAYS)..=Entry::Due(Timestamp(i64::MAX))) {
        let (state, since) = (action.state, action.waiting_since);
        let of_state = by_state.entry(state.as_str()).or_insert(Waiting { state, count: 0, since });
        of_state.count += 1;
        of_state.since = of_state.since.min(since);
    }
    let unpublished = it.view::<Event>();
    Census {
        actions: by_state.into_values().collect(),
        events: super::catalogue::count(unpublished.by(Entry::Unpublished)),
        events_since: unpublished.by(Entry::Unpublished).map(|event| event.event.at).min(),
    }
}

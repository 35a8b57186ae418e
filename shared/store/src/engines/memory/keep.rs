//! Holds, the time that they give back, and the removal of what is old.

use super::locks::Mode;
use super::rows::{Command, Event};
use super::scope::{Scope, Step};
use super::table::{Entry, Key, Row as _};
use crate::port::{Forgotten, Old};
use uuid::Uuid;
use wanlink_domain::action::{Action, ActionState, Attempt};
use wanlink_domain::event::Parked;
use wanlink_domain::hold::Hold;
use wanlink_domain::ids::AccountId;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::request::Request;
use wanlink_domain::time::Timestamp;

/// The oldest first.
pub(super) fn oldest_first(mut holds: Vec<Hold>) -> Vec<Hold> {
    holds.sort_by_key(|hold| (hold.since, hold.kind, hold.id));
    holds
}

pub(super) fn put_hold(it: &mut Scope<'_>, hold: &Hold) -> Step<()> {
    it.claim(hold)?;
    if it.get::<Hold>(hold.key()).is_none() { it.put(hold.clone()) } else { Ok(()) }
}

pub(super) fn remove_hold(it: &mut Scope<'_>, key: Key) -> Step<()> {
    if it.locked::<Hold>(key, Mode::Exclusive)?.is_some() {
        it.remove::<Hold>(key);
    }
    Ok(())
}

/// `from`, `until` and `now`, and whether the actions are due then.
pub(super) fn let_go(
    it: &mut Scope<'_>,
    accounts: &[AccountId],
    (from, until, now): (Timestamp, Timestamp, Timestamp),
    wake: bool,
) -> Step<u64> {
    let open = it.keys_by::<Action>(accounts.iter().map(|id| Entry::OpenOfAccount(id.0)));
    let later = |since: Timestamp| Timestamp(since.0 + (until.0 - since.max(from).0).max(0));
    change(
        it,
        open,
        |action| matches!(action.state, ActionState::Scheduled | ActionState::Retry),
        |action| {
            action.waiting_since = later(action.waiting_since);
            action.failing_since = action.failing_since.map(later);
            if wake {
                action.due_at = action.due_at.min(Some(now));
                action.dispatches = 0;
            }
        },
    )
}

pub(super) fn forget_prompts(it: &mut Scope<'_>, now: Timestamp) -> Step<u64> {
    let all = Entry::Due(Timestamp(i64::MIN))..=Entry::Due(Timestamp(i64::MAX));
    let open = it.keys::<Action>(all);
    let prompted = |action: &Action| {
        action.state == ActionState::Scheduled
            || (action.state == ActionState::Retry && action.dispatches > 0)
    };
    change(it, open, prompted, |action| {
        action.due_at = action.due_at.min(Some(now));
        action.dispatches = 0;
    })
}

/// Changes those of these actions that are meant.
fn change(
    it: &mut Scope<'_>,
    keys: Vec<Key>,
    meant: impl Fn(&Action) -> bool,
    edit: impl Fn(&mut Action),
) -> Step<u64> {
    let view = it.view::<Action>();
    let keys: Vec<Key> = keys.into_iter().filter(|key| view.get(*key).is_some_and(&meant)).collect();
    let mut count = 0;
    for mut action in it.all_locked::<Action>(keys, Mode::Update)? {
        edit(&mut action);
        it.put(action)?;
        count += 1;
    }
    Ok(count)
}

pub(super) fn forget(it: &mut Scope<'_>, old: Old, before: Timestamp, limit: u32) -> Step<Forgotten> {
    let most = limit as usize;
    let gone = match old {
        Old::Events => {
            let published = it.view::<Event>().all().filter(|event| event.published_at.is_some()).take(most);
            let over = published.filter(|event| event.published_at.is_some_and(|at| at < before));
            let keys: Vec<Key> = over.map(|event| event.key()).collect();
            remove::<Event>(it, keys)?
        }
        Old::Answers => {
            let over = it.view::<Command>().all().filter(|command| command.answered_at < before);
            let keys: Vec<Key> = over.take(most).map(|command| command.key()).collect();
            remove::<Command>(it, keys)?
        }
        Old::Replayed => {
            let replayed = |parked: &&Parked| parked.replayed_at.is_some_and(|at| at < before);
            let over = it.view::<Parked>().all().filter(replayed);
            let keys: Vec<Key> = over.take(most).map(|parked| parked.key()).collect();
            remove::<Parked>(it, keys)?
        }
        Old::Requests { after } => return requests(it, before, after, most),
        Old::Tombstones => tombstones(it, before, most)?,
    };
    Ok(Forgotten { gone, more: gone >= u64::from(limit), last: None })
}

/// Removes those of these rows that nobody else holds.
fn remove<R: super::rows::Stored>(it: &mut Scope<'_>, keys: Vec<Key>) -> Step<u64> {
    let free: Vec<Key> = keys.into_iter().filter(|key| it.free::<R>(*key, Mode::Exclusive)).collect();
    let rows: Vec<R> = it.all_locked(free, Mode::Exclusive)?;
    for row in &rows {
        it.remove::<R>(row.key());
    }
    Ok(rows.len() as u64)
}

fn requests(
    it: &mut Scope<'_>,
    before: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    most: usize,
) -> Step<Forgotten> {
    let made = Entry::Created(Timestamp(i64::MIN))..=Entry::Created(Timestamp(before.0 - 1));
    let place = |request: &Request| (request.created_at, request.id.0);
    let behind = it.view::<Request>().range(made);
    let behind = behind.filter(|request| after.is_none_or(|after| place(request) > after)).take(most);
    let looked: Vec<Request> = behind.cloned().collect();
    let last = looked.last().map(place);
    let mut gone = 0;
    for request in &looked {
        let over = request.finished_at.is_some_and(|at| at < before);
        let free = it.free::<Request>(request.id.0.into(), Mode::Exclusive);
        if !over || !free || is_needed(it, request) {
            continue;
        }
        it.locked::<Request>(request.id.0, Mode::Exclusive)?;
        let actions = it.keys_by::<Action>([Entry::Request(request.id.0)]);
        remove_actions(it, actions)?;
        it.remove::<Request>(request.id.0.into());
        gone += 1;
    }
    Ok(Forgotten { gone, more: looked.len() >= most, last })
}

/// Whether a living link has its latest action, or its latest failed one, in this request.
fn is_needed(it: &Scope<'_>, request: &Request) -> bool {
    let lives = |action: &Action| {
        it.get::<Link>(action.link_id.0).is_some_and(|link| link.status != LinkStatus::Deleted)
    };
    it.view::<Action>().by(Entry::Request(request.id.0)).any(|action| {
        let later = || {
            let all = it.view::<Action>().by(Entry::Link(action.link_id.0));
            all.filter(|other| other.order() > action.order())
        };
        let failed = action.state == ActionState::Failed;
        let last_failed = failed && !later().any(|other| other.state == ActionState::Failed);
        lives(action) && (last_failed || later().next().is_none())
    })
}

fn remove_actions(it: &mut Scope<'_>, actions: Vec<Key>) -> Step<()> {
    for action in it.all_locked::<Action>(actions, Mode::Exclusive)? {
        for attempt in it.view::<Attempt>().between(Key(action.id.0, i64::MIN), Key(action.id.0, i64::MAX)) {
            it.remove::<Attempt>(attempt.key());
        }
        it.remove::<Action>(action.id.0.into());
    }
    Ok(())
}

fn tombstones(it: &mut Scope<'_>, before: Timestamp, most: usize) -> Step<u64> {
    let over = |link: &&Link| {
        let actions = || it.view::<Action>().by(Entry::Link(link.id.0));
        link.status == LinkStatus::Deleted
            && link.deleted_at.is_some_and(|at| at < before)
            && actions().all(|action| action.finished_at.is_some_and(|at| at < before))
            && it.free::<Link>(link.id.0.into(), Mode::Exclusive)
    };
    let mut old: Vec<Link> = it.view::<Link>().all().filter(over).cloned().collect();
    old.sort_by_key(|link| (link.deleted_at, link.id));
    old.truncate(most);
    for link in &old {
        it.locked::<Link>(link.id.0, Mode::Exclusive)?;
        let actions = it.keys_by::<Action>([Entry::Link(link.id.0)]);
        remove_actions(it, actions)?;
        it.remove::<Link>(link.id.0.into());
    }
    Ok(old.len() as u64)
}

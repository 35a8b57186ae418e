//! Links, actions and requests: what must hold between them as they are written.

use super::locks::Mode;
use super::rows::{Name, networks};
use super::scope::{Scope, Step, invalid};
use super::table::{Entry, Key};
use std::collections::{BTreeMap, BTreeSet};
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::catalogue::{Account, Network};
use wanlink_domain::ids::{LinkId, RequestId};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::request::{CounterDelta, Request};
use wanlink_domain::time::Timestamp;

/// What a link refers to: its account while it lives, and its networks where `ties` says that they are new.
fn refer(it: &mut Scope<'_>, link: &Link, ties: bool) -> Step<()> {
    if link.status != LinkStatus::Deleted {
        it.refer::<Account>(Name::Links, link.account_id.0)?;
    }
    for network in networks(&link.wish).filter(|_| ties) {
        it.refer::<Network>(Name::Links, network.0)?;
    }
    Ok(())
}

/// As the SQL engines keep it, where JSON null is no value.
fn kept(link: &Link) -> Link {
    let mut link = link.clone();
    link.conn_info = link.conn_info.filter(|notes| !notes.is_null());
    link
}

pub(super) fn insert_links(it: &mut Scope<'_>, links: &[Link]) -> Step<Vec<LinkId>> {
    let new: BTreeMap<LinkId, &Link> = links.iter().rev().map(|link| (link.id, link)).collect();
    for link in new.values() {
        it.claim(*link)?;
        if it.get::<Link>(link.id.0).is_none() {
            refer(it, link, true)?;
        }
    }
    let mut inserted = Vec::with_capacity(new.len());
    for (id, link) in new {
        if it.get::<Link>(id.0).is_none() {
            it.put(kept(link))?;
            inserted.push(id);
        }
    }
    Ok(inserted)
}

pub(super) fn update_links(it: &mut Scope<'_>, links: &[Link]) -> Step<()> {
    let before: Vec<Link> = it.all_locked(links.iter().map(|link| link.id.0.into()), Mode::Update)?;
    let before: BTreeMap<LinkId, Link> = before.into_iter().map(|link| (link.id, link)).collect();
    for link in links {
        if let Some(before) = before.get(&link.id) {
            refer(it, link, before.wish != link.wish)?;
        }
    }
    for link in links.iter().filter(|link| before.contains_key(&link.id)) {
        it.put(kept(link))?;
    }
    Ok(())
}

pub(super) fn insert_actions(it: &mut Scope<'_>, actions: &[Action]) -> Step<()> {
    for action in actions {
        it.claim(action)?;
        it.refer::<Request>(Name::Actions, action.request_id.0)?;
        it.refer::<Link>(Name::Actions, action.link_id.0)?;
    }
    actions.iter().try_for_each(|action| it.insert_new(action.clone()))
}

pub(super) fn update_actions(it: &mut Scope<'_>, actions: &[Action]) -> Step<()> {
    let there: Vec<Action> = it.all_locked(actions.iter().map(|action| action.id.0.into()), Mode::Update)?;
    let there: BTreeSet<_> = there.into_iter().map(|action| action.id).collect();
    for action in actions.iter().filter(|action| there.contains(&action.id)) {
        it.put(action.clone())?;
    }
    Ok(())
}

/// Of each link the action that is latest in accepted order among those that ended FAILED, in id order.
pub(super) fn last_failed(it: &Scope<'_>, links: &[LinkId]) -> Vec<Action> {
    let links: BTreeSet<LinkId> = links.iter().copied().collect();
    let view = it.view::<Action>();
    let failed = |link: &LinkId| {
        let of_link = view.by(Entry::Link(link.0)).filter(|action| action.state == ActionState::Failed);
        of_link.max_by_key(|action| action.order()).cloned()
    };
    let mut found: Vec<Action> = links.iter().filter_map(failed).collect();
    found.sort_by_key(|action| action.id);
    found
}

pub(super) fn insert_requests(it: &mut Scope<'_>, requests: &[Request]) -> Step<Vec<RequestId>> {
    let new: BTreeMap<RequestId, &Request> =
        requests.iter().rev().map(|request| (request.id, request)).collect();
    for request in new.values() {
        it.claim(*request)?;
    }
    let mut inserted = Vec::with_capacity(new.len());
    for (id, request) in new {
        if it.get::<Request>(id.0).is_none() {
            it.put(request.clone())?;
            inserted.push(id);
        }
    }
    Ok(inserted)
}

pub(super) fn count_requests(
    it: &mut Scope<'_>,
    deltas: &[CounterDelta],
    now: Timestamp,
) -> Step<Vec<Request>> {
    let ids: Vec<Key> = deltas.iter().map(|delta| delta.id.0.into()).collect();
    let mut rows: Vec<Request> = it.all_locked(ids, Mode::Update)?;
    for row in &mut rows {
        let id = row.id;
        for delta in deltas.iter().filter(|delta| delta.id == id) {
            add(row, delta).ok_or_else(|| invalid(Name::Requests, "a counter is too large"))?;
        }
        if row.open() == 0 {
            row.event_seq += i64::from(row.finished_at.is_none());
            row.finished_at = row.finished_at.or(Some(now));
        }
        it.put(row.clone())?;
    }
    Ok(rows)
}

fn add(row: &mut Request, delta: &CounterDelta) -> Option<()> {
    row.done = row.done.checked_add(delta.done)?;
    row.failed = row.failed.checked_add(delta.failed)?;
    row.superseded = row.superseded.checked_add(delta.superseded)?;
    row.cancelled = row.cancelled.checked_add(delta.cancelled)?;
    Some(())
}

pub(super) fn links_of_request(it: &Scope<'_>, request: RequestId) -> Vec<LinkId> {
    let open = it.view::<Action>();
    let links: BTreeSet<LinkId> =
        open.by(Entry::OpenOfRequest(request.0)).map(|action| action.link_id).collect();
    links.into_iter().collect()
}

//! Accounts as leases see them, and worker sessions.

use super::locks::Mode;
use super::rows::Name;
use super::scope::{Scope, Step};
use super::table::{Entry, Key};
use wanlink_domain::catalogue::{Account, AccountPhase, Wim};
use wanlink_domain::lease::Session;
use wanlink_domain::time::Timestamp;

pub(super) fn update_accounts(it: &mut Scope<'_>, accounts: &[Account]) -> Step<()> {
    let there: Vec<Account> =
        it.all_locked(accounts.iter().map(|account| account.id.0.into()), Mode::Update)?;
    for session in accounts.iter().flat_map(|row| [row.session_id, row.former_session_id]).flatten() {
        it.refer::<Session>(Name::Accounts, session.0)?;
    }
    for kept in there {
        for given in accounts.iter().filter(|given| given.id == kept.id) {
            it.put(leased(kept.clone(), given))?;
        }
    }
    Ok(())
}

/// What is kept of an account whose phase, status, lease and event columns are written.
fn leased(kept: Account, given: &Account) -> Account {
    Account {
        name: kept.name,
        user: kept.user,
        tenant_id: kept.tenant_id,
        wim_id: kept.wim_id,
        config: kept.config,
        secrets: kept.secrets,
        version: kept.version,
        created_at: kept.created_at,
        modified_at: kept.modified_at,
        ..given.clone()
    }
}

/// What is kept of an account whose other columns are written.
pub(super) fn edited(kept: &Account, given: &Account) -> Account {
    Account {
        status: kept.status,
        status_reason: kept.status_reason.clone(),
        status_since: kept.status_since,
        checked_at: kept.checked_at,
        epoch: kept.epoch,
        session_id: kept.session_id,
        former_session_id: kept.former_session_id,
        former_until: kept.former_until,
        refresh_due_at: kept.refresh_due_at,
        listed_at: kept.listed_at,
        unknown_services: kept.unknown_services,
        event_seq: kept.event_seq,
        ..given.clone()
    }
}

pub(super) fn leasable(it: &Scope<'_>) -> Vec<(Account, String)> {
    let ready = it.view::<Account>();
    let ready = ready.all().filter(|account| account.phase == AccountPhase::Ready);
    let with_kind = |account: &Account| {
        let wim = it.get::<Wim>(account.wim_id.0)?;
        Some((account.clone(), wim.kind.clone()))
    };
    ready.filter_map(with_kind).collect()
}

pub(super) fn put_session(it: &mut Scope<'_>, session: &Session) -> Step<()> {
    // A new one is claimed; one that is there already is only changed, so that whoever refers to it need not wait.
    if it.locked::<Session>(session.id.0, Mode::Update)?.is_none() {
        it.claim(session)?;
    }
    it.put(session.clone())
}

pub(super) fn forget_sessions(it: &mut Scope<'_>, before: Timestamp) -> Step<u64> {
    let named = |session: &Session| it.view::<Account>().by(Entry::Session(session.id.0)).next().is_some();
    let over: Vec<Key> = it
        .view::<Session>()
        .all()
        .filter(|session| session.lease_until < before && !named(session))
        .map(|session| session.id.0.into())
        .collect();
    let over: Vec<Session> = it.all_locked(over, Mode::Exclusive)?;
    for session in &over {
        it.remove::<Session>(session.id.0.into());
    }
    Ok(over.len() as u64)
}

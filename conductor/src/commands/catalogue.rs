//! Changes of tenants, sites, WIMs, accounts, port mappings and networks.

use super::{After, applied, refused};
use crate::events;
use std::collections::BTreeSet;
use uuid::Uuid;
use wanlink_domain::catalogue::{Account, AccountPhase, AccountStatus, Network, PortMapping, Wim};
use wanlink_domain::hold::HoldKind;
use wanlink_domain::ids::{AccountId, WimId};
use wanlink_domain::lease::end_epoch;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{Deleted, Guarded, Inserted, StoreError, Transaction};
use wanlink_wire::conductor::CommandResult;

/// Gives an object its version and times.
fn stamp(object: &mut Object, version: i64, created: Timestamp, now: Timestamp) {
    macro_rules! set {
        ($row:expr) => {{
            $row.version = version;
            $row.created_at = created;
            $row.modified_at = now;
        }};
    }
    match object {
        Object::Tenant(row) => set!(row),
        Object::Site(row) => set!(row),
        Object::Wim(row) => set!(row),
        Object::Account(row) => set!(row),
        Object::PortMapping(row) => set!(row),
        Object::Network(row) => set!(row),
    }
}

fn created_at(object: &Object) -> Timestamp {
    match object {
        Object::Tenant(row) => row.created_at,
        Object::Site(row) => row.created_at,
        Object::Wim(row) => row.created_at,
        Object::Account(row) => row.created_at,
        Object::PortMapping(row) => row.created_at,
        Object::Network(row) => row.created_at,
    }
}

/// A new object. An account begins without a queue, a holder or a status.
pub async fn create(
    tx: &mut dyn Transaction,
    object: &Object,
    after: &mut After,
) -> Result<CommandResult, StoreError> {
    let now = tx.now().await?;
    let mut object = object.clone();
    stamp(&mut object, 1, now, now);
    if let Object::Account(account) = &mut object {
        begin_account(account, now);
        after.account = Some(account.id);
    }
    match tx.insert_object(&object).await? {
        Inserted::Applied => {}
        inserted => return Ok(not_inserted(object.kind(), inserted)),
    }
    tx.bump_catalogue().await?;
    Ok(applied(Some(object)))
}

fn begin_account(account: &mut Account, now: Timestamp) {
    account.phase = AccountPhase::Creating;
    account.status = AccountStatus::Pending;
    account.status_reason = None;
    account.status_since = now;
    account.checked_at = None;
    account.epoch = 0;
    account.session_id = None;
    account.former_session_id = None;
    account.former_until = None;
    account.refresh_due_at = None;
    account.listed_at = None;
    account.unknown_services = 0;
    account.event_seq = 0;
}

fn not_inserted(kind: Kind, inserted: Inserted) -> CommandResult {
    match inserted {
        Inserted::Applied => applied(None),
        Inserted::Duplicate { existing } => {
            refused(Code::AlreadyExists, format!("{} {existing} exists already under that name", kind.noun()))
        }
        Inserted::MissingReference { kind, id } => {
            refused(Code::NotFound, format!("{} {id} does not exist", kind.noun()))
        }
    }
}

/// Another form of an object. What a session works with ends its epoch at once (design 5).
pub async fn update(
    tx: &mut dyn Transaction,
    object: &Object,
    expected: i64,
) -> Result<CommandResult, StoreError> {
    let (kind, id) = (object.kind(), object.id());
    let affected = match kind {
        Kind::Wim => accounts_of_wim(tx, WimId(id)).await?,
        Kind::Account => vec![AccountId(id)],
        _ => Vec::new(),
    };
    // Accounts are locked before their WIM, here and wherever settings are read.
    tx.lock_accounts(&affected).await?;
    let Some(before) = tx.lock_object(kind, id).await? else {
        return Ok(refused(Code::NotFound, format!("{} {id} does not exist", kind.noun())));
    };
    let now = tx.now().await?;
    let mut object = object.clone();
    stamp(&mut object, before.version() + 1, created_at(&before), now);
    match tx.update_object(&object, expected).await? {
        Guarded::Applied => {}
        Guarded::Stale { current } => return Ok(stale(kind, id, expected, current)),
        Guarded::Gone => return Ok(refused(Code::NotFound, format!("{} {id} does not exist", kind.noun()))),
        Guarded::Duplicate { existing } => return Ok(not_inserted(kind, Inserted::Duplicate { existing })),
    }
    if drives_sessions(&before, &object) {
        end_epochs(tx, &affected, true).await?;
    }
    if let (Object::Network(before), Object::Network(after)) = (&before, &object) {
        release_waiting(tx, before, after, now).await?;
    } else {
        tx.bump_catalogue().await?;
    }
    Ok(applied(tx.lock_object(kind, id).await?))
}

fn stale(kind: Kind, id: Uuid, expected: i64, current: i64) -> CommandResult {
    let detail = format!("{} {id} is at version {current}, not {expected}", kind.noun());
    CommandResult::Refused { problem: Reason::new(Code::VersionMismatch, detail), current: Some(current) }
}

async fn release_waiting(
    tx: &mut dyn Transaction,
    before: &Network,
    after: &Network,
    now: Timestamp,
) -> Result<(), StoreError> {
    if before.status != after.status {
        tx.make_due_for_networks(&[after.id], now).await?;
    }
    Ok(())
}

/// Whether a change is one of URL, credentials or configuration.
fn drives_sessions(before: &Object, after: &Object) -> bool {
    match (before, after) {
        (Object::Wim(before), Object::Wim(after)) => {
            let drive = |wim: &Wim| (wim.kind.clone(), wim.wim_url.clone(), wim.config.clone());
            drive(before) != drive(after)
        }
        (Object::Account(before), Object::Account(after)) => {
            let drive = |row: &Account| (row.user.clone(), row.config.clone(), row.secrets.clone());
            drive(before) != drive(after)
        }
        _ => false,
    }
}

async fn accounts_of_wim(tx: &mut dyn Transaction, wim: WimId) -> Result<Vec<AccountId>, StoreError> {
    let accounts = tx.leasable_accounts().await?;
    Ok(accounts
        .into_iter()
        .filter(|(account, _)| account.wim_id == wim)
        .map(|(account, _)| account.id)
        .collect())
}

/// Ends these accounts' epochs; `pending`: what their monitors knew is of the old settings.
async fn end_epochs(tx: &mut dyn Transaction, ids: &[AccountId], pending: bool) -> Result<(), StoreError> {
    let mut accounts = tx.lock_accounts(ids).await?;
    let holders: BTreeSet<_> = accounts.iter().filter_map(|account| account.session_id).collect();
    let mut leases = std::collections::BTreeMap::new();
    for holder in holders {
        if let Some(session) = tx.lock_session(holder).await? {
            leases.insert(holder, session.lease_until);
        }
    }
    let now = tx.now().await?;
    let mut changes = Vec::new();
    for account in &mut accounts {
        let lease_until = account.session_id.and_then(|holder| leases.get(&holder).copied());
        end_epoch(account, lease_until, now);
        if pending {
            let before = account.status;
            account.status = AccountStatus::Pending;
            account.status_reason = None;
            account.status_since = now;
            if before != account.status {
                account.event_seq += 1;
                changes.push(events::account_status(account, before, now));
            }
        }
    }
    tx.update_accounts(&accounts).await?;
    if changes.is_empty() { Ok(()) } else { tx.insert_events(&changes).await }
}

/// Removes an object that nothing refers to. An account goes in two steps: its row says so and its session is
/// ended; its queue goes, and the row goes last.
pub async fn delete(
    tx: &mut dyn Transaction,
    kind: Kind,
    id: Uuid,
    expected: Option<i64>,
    after: &mut After,
) -> Result<CommandResult, StoreError> {
    let Some(object) = tx.lock_object(kind, id).await? else {
        return Ok(refused(Code::NotFound, format!("{} {id} does not exist", kind.noun())));
    };
    if let Some(expected) = expected.filter(|expected| *expected != object.version()) {
        return Ok(stale(kind, id, expected, object.version()));
    }
    if let Object::Account(account) = &object {
        return delete_account(tx, account, after).await;
    }
    match tx.delete_object(kind, id).await? {
        Deleted::Applied => {
            if kind == Kind::Wim {
                tx.remove_hold(HoldKind::Wim, id).await?;
            }
            tx.bump_catalogue().await?;
            Ok(applied(None))
        }
        Deleted::Gone => Ok(refused(Code::NotFound, format!("{} {id} does not exist", kind.noun()))),
        Deleted::Referenced { by, count } => Ok(referenced(kind, id, by, count)),
    }
}

pub fn referenced(kind: Kind, id: Uuid, by: &str, count: i64) -> CommandResult {
    let detail = format!("{} {id} is still referred to by {count} of {by}: delete these first", kind.noun());
    refused(Code::StillReferenced, detail)
}

async fn delete_account(
    tx: &mut dyn Transaction,
    account: &Account,
    after: &mut After,
) -> Result<CommandResult, StoreError> {
    let links = tx.links_of_account(account.id).await?;
    if links > 0 {
        return Ok(referenced(Kind::Account, account.id.0, "links", links));
    }
    let id = account.id;
    end_epochs(tx, &[id], false).await?;
    tx.remove_hold(HoldKind::Account, id.0).await?;
    let mut accounts = tx.lock_accounts(&[id]).await?;
    for account in &mut accounts {
        account.phase = AccountPhase::Deleting;
    }
    tx.update_accounts(&accounts).await?;
    tx.bump_catalogue().await?;
    after.account = Some(id);
    Ok(applied(None))
}

/// All port mappings of a WIM at once. They are resolved in each verdict, so no epoch ends.
pub async fn set_port_mappings(
    tx: &mut dyn Transaction,
    wim: WimId,
    mappings: &[PortMapping],
) -> Result<CommandResult, StoreError> {
    if tx.lock_object(Kind::Wim, wim.0).await?.is_none() {
        return Ok(refused(Code::NotFound, format!("wim {wim} does not exist")));
    }
    let now = tx.now().await?;
    let mut mappings = mappings.to_vec();
    for mapping in &mut mappings {
        mapping.wim_id = wim;
        mapping.version = 1;
        mapping.created_at = now;
        mapping.modified_at = now;
    }
    match tx.replace_port_mappings(wim, &mappings).await? {
        Inserted::Applied => {}
        inserted => return Ok(not_inserted(Kind::PortMapping, inserted)),
    }
    tx.bump_catalogue().await?;
    Ok(CommandResult::Applied { object: None, mappings: Some(mappings) })
}

//! Laying and lifting holds: an account, a WIM, or everything (the freeze).
//!
//! Accounts are locked when a hold is laid, so that no claim is answered `run` after the caller was told that it
//! stands. Lifting gives the waiting actions their time back and makes them due. A tenant hears of it by one event
//! per account; the freeze is no tenant's and shows in what every refused call says.

use super::{applied, refused};
use crate::events;
use uuid::Uuid;
use wanlink_domain::catalogue::Account;
use wanlink_domain::hold::{Hold, HoldKind, Holds};
use wanlink_domain::ids::AccountId;
use wanlink_domain::object::Kind;
use wanlink_domain::reason::Code;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::conductor::CommandResult;

/// Accounts that give their actions back in one statement's list.
const PART: usize = 1_000;

/// Lays a hold. One that stands already stays as it is.
pub async fn lay(tx: &mut dyn Transaction, hold: &Hold) -> Result<CommandResult, StoreError> {
    let ids = match accounts_under(tx, hold.kind, hold.id).await? {
        Some(accounts) => accounts.iter().map(|account| account.id).collect::<Vec<_>>(),
        None => return Ok(absent(hold.kind, hold.id)),
    };
    let mut accounts = tx.lock_accounts(&ids).await?;
    let holds = Holds::new(tx.holds().await?);
    if holds.find(hold.kind, hold.id).is_some() {
        return Ok(applied(None));
    }
    let now = tx.now().await?;
    let hold = Hold { since: now, ..hold.clone() };
    tx.put_hold(&hold).await?;
    tell(tx, &mut accounts, &hold, "account.paused").await?;
    tx.bump_catalogue().await?;
    Ok(applied(None))
}

/// Lifts a hold. One that does not stand is lifted already.
pub async fn lift(tx: &mut dyn Transaction, kind: HoldKind, id: Uuid) -> Result<CommandResult, StoreError> {
    let Some(accounts) = accounts_under(tx, kind, id).await? else { return Ok(absent(kind, id)) };
    let holds = Holds::new(tx.holds().await?);
    let Some(hold) = holds.find(kind, id).cloned() else { return Ok(applied(None)) };
    let now = tx.now().await?;
    // Actions are locked before accounts.
    for part in accounts.chunks(PART) {
        give_back(tx, &holds, &hold, part, now).await?;
    }
    let ids: Vec<AccountId> = accounts.iter().map(|account| account.id).collect();
    let mut accounts = tx.lock_accounts(&ids).await?;
    tx.remove_hold(kind, id).await?;
    tell(tx, &mut accounts, &hold, "account.resumed").await?;
    tx.bump_catalogue().await?;
    Ok(applied(None))
}

/// Accounts that another hold covers from the same time on go together.
async fn give_back(
    tx: &mut dyn Transaction,
    holds: &Holds,
    hold: &Hold,
    accounts: &[Account],
    now: wanlink_domain::time::Timestamp,
) -> Result<(), StoreError> {
    let mut by_end = std::collections::BTreeMap::<_, Vec<AccountId>>::new();
    for account in accounts {
        by_end.entry(holds.gives_back_until(hold, account, now)).or_default().push(account.id);
    }
    for ((until, free), ids) in by_end {
        tx.let_go(&ids, hold.since, until, now, free).await?;
    }
    Ok(())
}

/// The accounts that a hold is about; `None`: there is no such account or WIM.
async fn accounts_under(
    tx: &mut dyn Transaction,
    kind: HoldKind,
    id: Uuid,
) -> Result<Option<Vec<Account>>, StoreError> {
    let all = async |tx: &mut dyn Transaction| -> Result<Vec<Account>, StoreError> {
        Ok(tx.leasable_accounts().await?.into_iter().map(|(account, _)| account).collect())
    };
    Ok(match kind {
        HoldKind::All => Some(all(tx).await?),
        HoldKind::Wim => {
            let found: Vec<Account> = all(tx).await?.into_iter().filter(|it| it.wim_id.0 == id).collect();
            // Accounts are locked before their WIM, so it is asked for only where there are none.
            let known = !found.is_empty() || tx.lock_object(Kind::Wim, id).await?.is_some();
            known.then_some(found)
        }
        HoldKind::Account => {
            let found: Vec<Account> = all(tx).await?.into_iter().filter(|it| it.id.0 == id).collect();
            (!found.is_empty()).then_some(found)
        }
    })
}

fn absent(kind: HoldKind, id: Uuid) -> CommandResult {
    let noun = if kind == HoldKind::Wim { "wim" } else { "ready account" };
    refused(Code::NotFound, format!("{noun} {id} does not exist"))
}

/// One event per account; the freeze is told by the api alone.
async fn tell(
    tx: &mut dyn Transaction,
    accounts: &mut [Account],
    hold: &Hold,
    what: &str,
) -> Result<(), StoreError> {
    if hold.kind == HoldKind::All || accounts.is_empty() {
        return Ok(());
    }
    let now = tx.now().await?;
    let mut told = Vec::with_capacity(accounts.len());
    for account in accounts.iter_mut() {
        account.event_seq += 1;
        told.push(events::account_held(account, hold, what, now));
    }
    tx.update_accounts(accounts).await?;
    tx.insert_events(&told).await
}

/// A call that changes something while everything is frozen: its refusal.
pub async fn frozen(tx: &mut dyn Transaction) -> Result<Option<CommandResult>, StoreError> {
    let holds = Holds::new(tx.holds().await?);
    Ok(holds.freeze().map(|freeze| {
        let why = freeze.why();
        refused(why.code, why.detail)
    }))
}

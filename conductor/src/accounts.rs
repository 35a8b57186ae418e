//! Account queues follow their records (design 3): the row first, then its queue, then READY; in deletion the
//! queue first, the row last. Any conductor finishes what another began.

use crate::context::Context;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wanlink_domain::catalogue::{Account, AccountPhase};
use wanlink_domain::ids::AccountId;
use wanlink_domain::object::Kind;
use wanlink_runtime::tasks::Tasks;

/// How often half-finished accounts are looked for.
const INTERVAL: Duration = Duration::from_secs(2);

/// Brings one account's queue in line with its record and answers the row as it is then; `None`: it is gone.
pub async fn settle(context: &Context, id: AccountId) -> Result<Option<Account>, String> {
    let text = |error: wanlink_store::port::StoreError| error.to_string();
    let mut tx = context.store.begin().await.map_err(text)?;
    let Some(account) = tx.accounts(&[id]).await.map_err(text)?.pop() else { return Ok(None) };
    drop(tx);
    match account.phase {
        AccountPhase::Ready => return Ok(Some(account)),
        AccountPhase::Creating => {
            context.broker.declare_account(id).await.map_err(|error| error.to_string())?;
        }
        AccountPhase::Deleting => {
            context.broker.delete_account(id).await.map_err(|error| error.to_string())?;
        }
    }
    let mut tx = context.store.begin().await.map_err(text)?;
    let mut rows = tx.lock_accounts(&[id]).await.map_err(text)?;
    // It may have changed while the broker was asked: then the next look takes it from there.
    if rows.is_empty() {
        // Another conductor finished its deletion while it was declared here: a queue needs its record.
        return context.broker.delete_account(id).await.map(|()| None).map_err(|error| error.to_string());
    }
    let Some(row) = rows.first_mut().filter(|row| row.phase == account.phase) else {
        return Ok(Some(account));
    };
    if row.phase == AccountPhase::Creating {
        row.phase = AccountPhase::Ready;
        tx.update_accounts(&rows).await.map_err(text)?;
    } else {
        tx.delete_object(Kind::Account, id.0).await.map_err(text)?;
    }
    tx.bump_catalogue().await.map_err(text)?;
    tx.commit().await.map_err(text)?;
    context.nudge.planner.notify_one();
    Ok(rows.pop().filter(|row| row.phase == AccountPhase::Ready))
}

/// Looks for half-finished accounts until the tasks are stopped, and after each reconnection makes sure that the
/// ready ones have their queues, for the broker may have lost its memory.
pub async fn care(context: Arc<Context>, tasks: Tasks) {
    let mut declared_in = 0;
    while !tasks.is_stopping() {
        let health = context.broker.health().borrow().clone();
        if health.connected && health.generation != declared_in {
            match declare_all(&context).await {
                Ok(()) => declared_in = health.generation,
                Err(error) => tracing::warn!(error, "the accounts' queues could not be looked after yet"),
            }
        }
        if let Err(error) = pass(&context).await {
            tracing::debug!(error, "some accounts' queues do not follow their records yet");
        }
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

async fn declare_all(context: &Context) -> Result<(), String> {
    let mut tx = context.store.begin().await.map_err(|error| error.to_string())?;
    let ready = tx.leasable_accounts().await.map_err(|error| error.to_string())?;
    drop(tx);
    let ids: Vec<AccountId> = ready.iter().map(|(account, _)| account.id).collect();
    let mut failed = Ok(());
    for id in &ids {
        // One account's trouble is not the others'.
        if let Err(error) = context.broker.declare_account(*id).await {
            failed = Err(format!("account {id}: {error}"));
        }
    }
    let mut tx = context.store.begin().await.map_err(|error| error.to_string())?;
    let rows = tx.accounts(&ids).await.map_err(|error| error.to_string())?;
    drop(tx);
    let still: BTreeSet<AccountId> = rows.into_iter().map(|account| account.id).collect();
    for id in ids.into_iter().filter(|id| !still.contains(id)) {
        context.broker.delete_account(id).await.map_err(|error| error.to_string())?;
    }
    failed
}

async fn pass(context: &Context) -> Result<(), String> {
    let mut tx = context.store.begin().await.map_err(|error| error.to_string())?;
    let ids = tx.unsettled_accounts().await.map_err(|error| error.to_string())?;
    drop(tx);
    let mut failed = Ok(());
    for id in ids {
        if let Err(error) = settle(context, id).await {
            failed = Err(format!("account {id}: {error}"));
        }
    }
    failed
}

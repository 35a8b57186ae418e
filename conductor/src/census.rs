//! What waits: counted once in a while in the database and in the queues, for the figures alone.
//!
//! Every conductor counts; whoever reads several takes the newest. Deliberately absent: the accounts' queues, for the
//! record says what waits there, and one figure for each account would be without bound.

use crate::context::Context;
use crate::figures;
use std::sync::Arc;
use wanlink_broker::port::Queue;
use wanlink_domain::action::ActionState;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::{Census, StoreError};

const QUEUES: [Queue; 6] =
    [Queue::Journal, Queue::Reports, Queue::Conductor, Queue::Leases, Queue::Requests, Queue::Parked];

/// Counts until the tasks are stopped.
pub async fn count(context: Arc<Context>, tasks: Tasks) {
    while !tasks.is_stopping() {
        if let Err(error) = database(&context).await {
            tracing::debug!(%error, "what waits in the database was not counted");
        }
        queues(&context).await;
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = tokio::time::sleep(context.settings.census_interval) => {}
        }
    }
}

async fn database(context: &Context) -> Result<(), StoreError> {
    let mut tx = context.store.begin().await?;
    let census = tx.census().await?;
    let sessions = tx.sessions().await?;
    let accounts = tx.leasable_accounts().await?;
    let now = tx.now().await?;
    drop(tx);
    let metrics = &context.telemetry.metrics;
    waiting(context, &census, now);
    let alive: Vec<_> = sessions.iter().filter(|session| session.lease_until > now).map(|it| it.id).collect();
    let held = |holder: Option<_>| holder.is_some_and(|holder| alive.contains(&holder));
    let held = accounts.iter().filter(|(account, _)| held(account.session_id)).count();
    metrics.sessions.set([], alive.len() as f64);
    metrics.accounts.set(["held"], held as f64);
    metrics.accounts.set(["free"], (accounts.len() - held) as f64);
    Ok(())
}

fn waiting(context: &Context, census: &Census, now: Timestamp) {
    let metrics = &context.telemetry.metrics;
    for state in ActionState::ALL.into_iter().filter(|state| !state.is_finished()) {
        let found = census.actions.iter().find(|found| found.state == state);
        metrics.unfinished.set([state.as_str()], found.map_or(0.0, |found| found.count as f64));
        let age = found.map_or(0.0, |found| now.since(found.since).as_secs_f64());
        metrics.unfinished_age.set([state.as_str()], age);
    }
    metrics.outbox.set([], census.events as f64);
    metrics.outbox_age.set([], census.events_since.map_or(0.0, |since| now.since(since).as_secs_f64()));
}

async fn queues(context: &Context) {
    let metrics = &context.telemetry.metrics;
    metrics.dispatches_lost.set(context.publisher.lost() as f64);
    for queue in QUEUES {
        match context.broker.inspect(queue).await {
            Ok(Some(state)) => metrics.depth.set([figures::queue(queue)], f64::from(state.ready)),
            Ok(None) => {}
            Err(error) => return tracing::debug!(%error, "the queues were not looked at"),
        }
    }
}

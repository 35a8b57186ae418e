//! Keeping: what has ended is removed once it is old, in small batches with a pause between.
//!
//! Each batch is a transaction of its own that skips rows that others hold, so that any number of conductors may do
//! it at once and never two of them the same row. Never removed: what is unfinished, what a living link's present
//! state rests on, what has not been published or sent again. Nothing is removed while everything is frozen.

use crate::context::Context;
use std::sync::Arc;
use std::time::Duration;
use wanlink_domain::hold::Holds;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::{Forgotten, Old, StoreError};

/// How long everything is kept, and how fast it goes.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Finished requests with their actions and attempts.
    pub history: Duration,
    /// Published events.
    pub events: Duration,
    /// Tombstones of links.
    pub tombstones: Duration,
    /// Answers of commands, for their repetitions.
    pub answers: Duration,
    /// Parked messages that were sent again.
    pub parked: Duration,
    /// Between two rounds.
    pub every: Duration,
    /// Rows of one batch.
    pub batch_max: u32,
    /// Between two batches.
    pub pause: Duration,
}

const DAY: Duration = Duration::from_secs(86_400);

impl Default for Retention {
    fn default() -> Self {
        Self {
            history: DAY * 90,
            events: DAY * 7,
            tombstones: DAY * 30,
            answers: DAY * 7,
            parked: DAY * 30,
            every: Duration::from_secs(3_600),
            batch_max: 500,
            pause: Duration::from_millis(100),
        }
    }
}

/// Removes what is old until the tasks are stopped: a round at the start, then one every period.
pub async fn forget(context: Arc<Context>, tasks: Tasks) {
    loop {
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = round(&context) => {}
        }
        let every = crate::work::jittered(context.settings.retention.every, context.entropy.bits());
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = tokio::time::sleep(every) => {}
        }
    }
}

async fn round(context: &Context) {
    let keep = context.settings.retention;
    // Tombstones before requests: what went with them need not be looked at again.
    for (what, old, kept) in [
        ("events", Old::Events, keep.events),
        ("answers", Old::Answers, keep.answers),
        ("parked messages", Old::Replayed, keep.parked),
        ("tombstones", Old::Tombstones, keep.tombstones),
        ("requests", Old::Requests { after: None }, keep.history),
    ] {
        match remove(context, old, kept).await {
            Ok(0) => {}
            Ok(gone) => tracing::info!(what, gone, kept_s = kept.as_secs(), "removed what was old"),
            Err(error) => tracing::debug!(what, %error, "nothing more of it is removed in this round"),
        }
    }
}

/// Batch after batch, until there is no more of it.
async fn remove(context: &Context, mut old: Old, kept: Duration) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let batch = match batch(context, old, kept).await {
            Err(StoreError::Conflict(_)) => Forgotten { more: true, ..Forgotten::default() },
            batch => batch?,
        };
        gone += batch.gone;
        if !batch.more {
            return Ok(gone);
        }
        if let (Old::Requests { after }, Some(last)) = (&mut old, batch.last) {
            *after = Some(last);
        }
        tokio::time::sleep(context.settings.retention.pause).await;
    }
}

async fn batch(context: &Context, old: Old, kept: Duration) -> Result<Forgotten, StoreError> {
    let mut tx = context.store.begin().await?;
    if Holds::new(tx.holds().await?).freeze().is_some() {
        return Ok(Forgotten::default());
    }
    let now = tx.now().await?;
    let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp(now.0.saturating_sub(kept));
    let forgotten = tx.forget(old, before, context.settings.retention.batch_max).await?;
    tx.commit().await?;
    Ok(forgotten)
}

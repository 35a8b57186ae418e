//! Reports of all accounts, in batches: published with confirm, again until the broker has them.
//!
//! Only then is a delivery acknowledged, so an outcome is either on its way or its prompt comes again. Deliberately
//! absent: what the conductors make of a report, except that a stale one ends its account's session (`inbox`).

use crate::context::Context;
use crate::trust::TrustView;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use wanlink_broker::port::Queue;
use wanlink_domain::retry::Schedule;
use wanlink_wire::Message;
use wanlink_wire::report::{Listed, Observed, ObservedItem, Report, ReportItem};

/// Reports on their way to the batcher; their reporters wait beyond that.
const ENTRIES_MAX: usize = 1_024;
const AGAIN: Schedule = Schedule {
    initial: Duration::from_millis(200),
    max: Duration::from_secs(5),
    multiplier: 2.0,
    jitter: 0.2,
};

/// What is reported.
pub(crate) enum Filing {
    Report(ReportItem),
    Observed(ObservedItem),
    Listed(Listed),
}

struct Entry {
    filing: Filing,
    confirmed: oneshot::Sender<()>,
}

/// How the other parts reach the batcher.
pub(crate) struct Reports {
    entries: mpsc::Sender<Entry>,
    /// How long it is tried once the lease is no longer trusted.
    patience: Duration,
}

/// The batcher's end of it.
pub(crate) struct Reporting(mpsc::Receiver<Entry>);

impl Reports {
    pub fn new(patience: Duration) -> (Self, Reporting) {
        let (entries, filed) = mpsc::channel(ENTRIES_MAX);
        (Self { entries, patience }, Reporting(filed))
    }

    /// `true`: the broker has it. `false`: given up, for the lease has long run out or the worker is ending.
    pub async fn file(&self, filing: Filing, trust: &TrustView) -> bool {
        let (confirmed, done) = oneshot::channel();
        let filed =
            async { self.entries.send(Entry { filing, confirmed }).await.is_ok() && done.await.is_ok() };
        tokio::select! {
            biased;
            filed = filed => filed,
            () = self.in_vain(trust) => false,
        }
    }

    /// Ends when the lease has not been trusted for as long as our patience.
    async fn in_vain(&self, trust: &TrustView) {
        loop {
            trust.expired().await;
            if tokio::time::timeout(self.patience, trust.live()).await.is_err() {
                return;
            }
        }
    }
}

/// The batcher; ends with the worker.
pub(crate) async fn run(cx: Arc<Context>, Reporting(mut filed): Reporting) {
    let mut batch = Vec::with_capacity(cx.settings.batch_max);
    let mut tries = 0;
    loop {
        let room = cx.settings.batch_max - batch.len();
        if batch.is_empty() {
            if filed.recv_many(&mut batch, room).await == 0 {
                return;
            }
        } else {
            while batch.len() < cx.settings.batch_max
                && let Ok(entry) = filed.try_recv()
            {
                batch.push(entry);
            }
        }
        batch = publish(&cx, batch).await;
        if batch.is_empty() {
            tries = 0;
        } else {
            tokio::time::sleep(AGAIN.interval(tries, cx.entropy.bits())).await;
            tries += 1;
            batch.retain(|entry| !entry.confirmed.is_closed());
        }
    }
}

/// Publishes a batch and answers what the broker does not have yet.
async fn publish(cx: &Context, batch: Vec<Entry>) -> Vec<Entry> {
    let (mut reports, mut observed) = (Vec::new(), Vec::new());
    for entry in &batch {
        match &entry.filing {
            Filing::Report(item) => reports.push(item.clone()),
            Filing::Observed(item) => observed.push(item.clone()),
            Filing::Listed(_) => {}
        }
    }
    let session = cx.session;
    let reported = reports.is_empty() || file(cx, Report { session, items: reports }).await;
    let seen = observed.is_empty() || file(cx, Observed { session, items: observed }).await;
    let mut left = Vec::new();
    for entry in batch {
        let confirmed = match &entry.filing {
            Filing::Report(_) => reported,
            Filing::Observed(_) => seen,
            Filing::Listed(listed) => file(cx, listed.clone()).await,
        };
        if confirmed {
            // A reporter that has gone does not acknowledge: the conductors know a repetition.
            let _gone = entry.confirmed.send(());
        } else {
            left.push(entry);
        }
    }
    left
}

async fn file(cx: &Context, message: impl Into<Message>) -> bool {
    match cx.post.file(Queue::Reports, message).await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "reports not confirmed; published again");
            false
        }
    }
}

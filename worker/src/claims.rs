//! Claims of all accounts, in batches: what is there is sent at once, and asked again until it is answered.
//!
//! Verdicts are matched by (account, epoch, action), so neither their order nor a repetition matters. Deliberately
//! absent: what a verdict leads to (`prompt`).

use crate::context::Context;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use wanlink_broker::port::Queue;
use wanlink_domain::ids::{AccountId, ActionId};
use wanlink_domain::retry::Schedule;
use wanlink_wire::conductor::{Claim, ClaimItem, Verdict, Verdicts};

/// Claims on their way to the batcher; their askers wait beyond that.
const ASKS_MAX: usize = 1_024;
/// Answers on their way to the batcher; what finds no room is asked again.
const VERDICTS_MAX: usize = 256;

struct Ask {
    item: ClaimItem,
    /// A `run` of this attempt or an earlier one is an answer that comes late.
    above: i32,
    answer: oneshot::Sender<Verdict>,
}

/// How the other parts reach the batcher.
pub(crate) struct Claims {
    asks: mpsc::Sender<Ask>,
    verdicts: mpsc::Sender<Verdicts>,
}

/// The batcher's ends of it.
pub(crate) struct Claiming {
    asks: mpsc::Receiver<Ask>,
    verdicts: mpsc::Receiver<Verdicts>,
}

impl Claims {
    pub fn new() -> (Self, Claiming) {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let (verdicts, answered) = mpsc::channel(VERDICTS_MAX);
        (Self { asks, verdicts }, Claiming { asks: asked, verdicts: answered })
    }

    /// Waits for the verdict, for as long as that takes. `above`: the latest attempt that was reported already.
    pub async fn ask(&self, item: ClaimItem, above: i32) -> Verdict {
        let (answer, verdict) = oneshot::channel();
        if self.asks.send(Ask { item, above, answer }).await.is_ok()
            && let Ok(verdict) = verdict.await
        {
            return verdict;
        }
        // The worker is ending: nobody will answer.
        std::future::pending().await
    }

    /// Brings verdicts from the inbox, which never waits.
    pub fn deliver(&self, verdicts: Verdicts) {
        drop(self.verdicts.try_send(verdicts));
    }
}

type Key = (AccountId, i64, ActionId);

struct Open {
    ask: Ask,
    tries: u32,
    /// When it is asked again, by the monotonic clock.
    again_at: Duration,
}

struct Batcher {
    cx: Arc<Context>,
    open: BTreeMap<Key, Open>,
    /// Not later than the earliest `again_at`.
    look_at: Duration,
}

/// The batcher; ends with the worker.
pub(crate) async fn run(cx: Arc<Context>, mut line: Claiming) {
    let batch_max = cx.settings.batch_max;
    let mut batcher = Batcher { cx, open: BTreeMap::new(), look_at: Duration::ZERO };
    let mut asked = Vec::with_capacity(batch_max);
    loop {
        let pause = batcher.look_at.saturating_sub(batcher.cx.clock.mono());
        tokio::select! {
            biased;
            Some(verdicts) = line.verdicts.recv() => batcher.settle(verdicts),
            count = line.asks.recv_many(&mut asked, batch_max) => {
                if count == 0 {
                    return;
                }
                let keys: Vec<Key> = asked.drain(..).map(|ask| batcher.note(ask)).collect();
                batcher.send(&keys).await;
            }
            () = tokio::time::sleep(pause), if !batcher.open.is_empty() => batcher.send_again().await,
        }
    }
}

impl Batcher {
    fn note(&mut self, ask: Ask) -> Key {
        let key = (ask.item.account, ask.item.epoch, ask.item.action);
        self.open.insert(key, Open { ask, tries: 0, again_at: Duration::ZERO });
        key
    }

    /// Sends one message with these claims and notes when they are due again.
    async fn send(&mut self, keys: &[Key]) {
        let cx = self.cx.clone();
        let now = cx.clock.mono();
        let repeat = cx.settings.repeat;
        let schedule = Schedule { initial: repeat, max: repeat * 4, multiplier: 1.5, jitter: 0.2 };
        let mut items = Vec::with_capacity(keys.len());
        if self.look_at <= now {
            self.look_at = now + repeat * 8;
        }
        for key in keys {
            let Some(open) = self.open.get_mut(key) else { continue };
            open.again_at = now + schedule.interval(open.tries, cx.entropy.bits());
            open.tries += 1;
            self.look_at = self.look_at.min(open.again_at);
            items.push(open.ask.item);
        }
        if let Err(error) = cx.post.ask(Queue::Conductor, Claim { session: cx.session, items }).await {
            tracing::debug!(%error, claims = keys.len(), "claims not sent; asked again");
        }
    }

    async fn send_again(&mut self) {
        // Whoever asked and has gone (his session ended) needs no answer.
        self.open.retain(|_, open| !open.ask.answer.is_closed());
        let now = self.cx.clock.mono();
        let due: Vec<Key> =
            self.open.iter().filter(|(_, open)| open.again_at <= now).map(|(key, _)| *key).collect();
        let later = self.open.values().map(|open| open.again_at).filter(|at| *at > now).min();
        self.look_at = later.unwrap_or(Duration::MAX);
        for batch in due.chunks(self.cx.settings.batch_max) {
            self.send(batch).await;
        }
    }

    fn settle(&mut self, verdicts: Verdicts) {
        if verdicts.session != self.cx.session {
            return;
        }
        for item in verdicts.items {
            let key = (item.account, item.epoch, item.action);
            let late = |open: &Open| matches!(item.verdict, Verdict::Run { attempt, .. } if attempt <= open.ask.above);
            if self.open.get(&key).is_none_or(late) {
                continue;
            }
            if let Some(open) = self.open.remove(&key) {
                drop(open.ask.answer.send(item.verdict));
            }
        }
    }
}

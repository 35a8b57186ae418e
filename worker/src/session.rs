//! The session's own task: it registers, renews all leases at once, and starts and ends account sessions.
//!
//! Nothing blocks it: account sessions run in tasks of their own and speak to it through [`Line`], a sending that
//! hangs is given up ([`crate::post`]), and a regular renewal comes before everything else. Deliberately absent:
//! what an answer means ([`crate::roster`]).

use crate::account::{self, Running};
use crate::context::Context;
use crate::roster::{Roster, Step};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use wanlink_broker::port::Queue;
use wanlink_domain::ids::AccountId;
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::lease::{Holding, Lease, Register, Renewed};

/// Words on their way to the session's task.
const LINE_MAX: usize = 4_096;
/// After a sending that failed: sooner than the next renewal, for the lease runs on.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How much longer each of the first renewals waits than the one before, and how many they are.
const EAGER: Duration = Duration::from_millis(250);
const EAGER_MAX: u32 = 6;

pub(crate) enum Call {
    /// Somebody was told that this epoch is over.
    End(Holding),
    /// The account's session is out.
    Ended(Holding),
    /// Renew now and tell whether the epoch still stands.
    Confirm { holding: Holding, answer: oneshot::Sender<bool> },
}

/// How the other parts speak to the session's task.
#[derive(Clone)]
pub(crate) struct Line(mpsc::Sender<Call>);

impl Line {
    pub fn new() -> (Self, mpsc::Receiver<Call>) {
        let (calls, line) = mpsc::channel(LINE_MAX);
        (Self(calls), line)
    }

    /// Never waits: a word that finds no room is told again at the account's next contact.
    pub fn end(&self, holding: Holding) {
        drop(self.0.try_send(Call::End(holding)));
    }

    /// Ends an epoch that can go on no more; nobody else would say it again.
    pub async fn give_up(&self, holding: Holding) {
        drop(self.0.send(Call::End(holding)).await);
    }

    pub async fn ended(&self, holding: Holding) {
        drop(self.0.send(Call::Ended(holding)).await);
    }

    /// Renews and answers whether the epoch stood when a conductor took that renewal.
    pub async fn confirm(&self, holding: Holding) -> bool {
        let (answer, confirmed) = oneshot::channel();
        self.0.send(Call::Confirm { holding, answer }).await.is_ok() && confirmed.await.unwrap_or(false)
    }
}

/// Somebody who waits for a renewal that is sent after `asked_at`.
struct Waiter {
    holding: Holding,
    asked_at: u64,
    answer: oneshot::Sender<bool>,
}

pub(crate) struct Session {
    cx: Arc<Context>,
    tasks: Tasks,
    roster: Roster,
    running: BTreeMap<AccountId, Running>,
    waiters: Vec<Waiter>,
    /// Send without waiting for the next regular renewal.
    hurry: bool,
    /// Renewals since the registration that brought no account: the first ones come sooner.
    fruitless: u32,
    draining: bool,
    /// The conductors know that this session takes nothing more.
    refusing_known: bool,
    /// By the monotonic clock.
    next_regular: Duration,
    /// Of the latest sending, until it is answered.
    unanswered_since: Option<Duration>,
}

impl Session {
    pub fn new(cx: Arc<Context>, tasks: Tasks) -> Self {
        let roster = Roster::new(cx.session, cx.settings.lease.term());
        Self {
            cx,
            tasks,
            roster,
            running: BTreeMap::new(),
            waiters: Vec::new(),
            hurry: false,
            fruitless: 0,
            draining: false,
            refusing_known: false,
            next_regular: Duration::ZERO,
            unanswered_since: None,
        }
    }

    /// Runs until it was asked to drain and has given everything back.
    pub async fn run(mut self, mut line: mpsc::Receiver<Call>, mut answers: mpsc::Receiver<Renewed>) {
        let cx = self.cx.clone();
        let mut health = cx.broker.health();
        loop {
            let now = cx.clock.mono();
            let (regular, urgent) = (self.next_regular.saturating_sub(now), self.urgent_in(now));
            tokio::select! {
                biased;
                () = tokio::time::sleep(regular) => self.send().await,
                Some(renewed) = answers.recv() => self.take_in(&renewed),
                Some(call) = line.recv() => self.hear(call),
                () = cx.draining.cancelled(), if !self.draining => {
                    self.draining = true;
                    self.roster.drain();
                    self.hurry = true;
                }
                // A connection that came back: the lease ran on meanwhile. (After the broker's close nothing comes.)
                Ok(()) = health.changed() => self.hurry |= health.borrow_and_update().ready(),
                () = sleep_if(urgent) => self.send().await,
            }
            if self.draining && self.roster.is_empty() {
                return;
            }
        }
    }

    /// When to send out of turn: at once, but one such sending at a time, so that a hundred deletions that need a
    /// fresh lease share two renewals.
    fn urgent_in(&self, now: Duration) -> Option<Duration> {
        let wanted = self.hurry
            || (self.roster.is_registered() && self.roster.has_news())
            || self.waiters.iter().any(|waiter| waiter.asked_at == self.roster.sequence())
            || (!self.waiters.is_empty() && self.unanswered_since.is_some());
        let since = self.unanswered_since.filter(|_| !self.hurry);
        wanted.then(|| {
            since.map_or(Duration::ZERO, |since| (since + self.cx.settings.repeat).saturating_sub(now))
        })
    }

    async fn send(&mut self) {
        self.hurry = false;
        // Before the message leaves: trust counts from a moment that was certainly earlier than its arrival.
        let now = self.cx.clock.mono();
        self.cx.telemetry.pulse.beat("session", now);
        let mut pause = self.cx.settings.repeat;
        let mut sent = Ok(());
        if !self.roster.is_registered() || (self.draining && !self.refusing_known) {
            self.roster.register(now);
            sent = self.cx.post.ask(Queue::Leases, self.register()).await;
        }
        if self.roster.is_registered() && sent.is_ok() {
            let (running, idle_after) = (&self.running, self.cx.settings.idle_after);
            let idle = |account| running.get(&account).is_some_and(|it| it.activity.is_idle(now, idle_after));
            let renew = self.roster.renew(now, idle);
            sent = self.cx.post.ask(Queue::Leases, renew).await;
            pause = self.renewal_pause();
        }
        self.unanswered_since = Some(now);
        self.next_regular = now + pause;
        if let Err(error) = sent {
            tracing::debug!(%error, "lease message not sent");
            self.next_regular = now + pause.min(AFTER_FAILURE);
        }
    }

    /// While stopping, a session registers anew without any capacity: it is granted nothing more, and goes on
    /// renewing what it holds until that is finished.
    fn register(&self) -> Register {
        let settings = &self.cx.settings;
        Register {
            session: self.cx.session,
            worker: settings.name.clone(),
            connectors: self.cx.connector_kinds(),
            capacity: if self.draining { 0 } else { settings.capacity },
        }
    }

    /// Grants are planned after a registration is answered, so the first renewals that find none come sooner.
    fn renewal_pause(&mut self) -> Duration {
        let regular = self.cx.settings.lease.renew;
        if self.running.is_empty() && self.fruitless < EAGER_MAX {
            self.fruitless += 1;
            return regular.min(EAGER * self.fruitless);
        }
        regular
    }

    fn take_in(&mut self, renewed: &Renewed) {
        if renewed.session != self.cx.session {
            return;
        }
        if renewed.sequence == self.roster.sequence() {
            self.unanswered_since = None;
        }
        if renewed.unknown {
            tracing::warn!(session = %self.cx.session, "the conductors do not know this session: registering again");
        }
        let registered_before = self.roster.is_registered();
        for step in self.roster.answer(renewed) {
            self.act(step);
        }
        if self.roster.is_registered() && !registered_before {
            self.fruitless = 0;
        }
        // The answer to a registration: the only one whose sequence no renewal has.
        self.refusing_known |= self.draining && renewed.sequence == 0;
        self.answer_waiters(renewed);
    }

    fn act(&mut self, step: Step) {
        match step {
            Step::Start(holding, trust) => {
                tracing::info!(account = %holding.account, epoch = holding.epoch, "account granted");
                let running = account::start(&self.cx, &self.tasks, holding, trust);
                self.running.insert(holding.account, running);
                self.count();
            }
            Step::Extend(holding, trust) => {
                if let Some(running) = self.running.get(&holding.account) {
                    running.trust.send_replace(trust);
                }
            }
            Step::End(holding) => {
                tracing::info!(account = %holding.account, epoch = holding.epoch, "epoch over: account session ends");
                if let Some(running) = self.running.get(&holding.account) {
                    running.stop.cancel();
                }
            }
            Step::Hurry => self.hurry = true,
        }
    }

    fn count(&self) {
        self.cx.telemetry.metrics.held.set([], self.running.len() as f64);
    }

    /// A renewal that was sent after somebody asked tells whether his epoch stands.
    fn answer_waiters(&mut self, renewed: &Renewed) {
        let verdict = |holding: Holding| {
            let about = |answer: &&wanlink_wire::lease::LeaseAnswer| {
                answer.account == holding.account && answer.epoch == holding.epoch
            };
            renewed.answers.iter().find(about).map(|answer| answer.answer != Lease::BadAction)
        };
        let waiting = std::mem::take(&mut self.waiters);
        for waiter in waiting {
            if !self.roster.holds(waiter.holding) {
                let _gone = waiter.answer.send(false);
                continue;
            }
            match verdict(waiter.holding).filter(|_| renewed.sequence > waiter.asked_at) {
                Some(stands) => {
                    let _gone = waiter.answer.send(stands);
                }
                None => self.waiters.push(waiter),
            }
        }
        self.waiters.retain(|waiter| !waiter.answer.is_closed());
    }

    fn hear(&mut self, call: Call) {
        match call {
            Call::End(holding) => {
                if let Some(step) = self.roster.end(holding) {
                    self.act(step);
                }
            }
            Call::Ended(holding) => {
                self.running.remove(&holding.account);
                self.count();
                self.roster.ended(holding);
            }
            Call::Confirm { holding, answer } if self.roster.holds(holding) => {
                self.waiters.push(Waiter { holding, asked_at: self.roster.sequence(), answer });
            }
            Call::Confirm { answer, .. } => {
                let _gone = answer.send(false);
            }
        }
    }
}

async fn sleep_if(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

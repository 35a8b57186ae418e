//! What a session knows of its leases, and what an answer does to it: pure, so that a table of cases holds it.
//!
//! An account is *held* under an epoch, then *ending* (its calls are being dropped), then *released* until an
//! answered renewal has carried that word. Deliberately absent: tasks, messages and the clock (times come in).

use crate::trust::Trust;
use std::collections::BTreeMap;
use std::time::Duration;
use wanlink_domain::ids::{AccountId, SessionId};
use wanlink_wire::lease::{Holding, Lease, Renew, Renewed};

/// Sendings remembered: an answer to an earlier one extends no trust.
const SENT_MAX: usize = 64;
/// The sequence that answers a registration.
const REGISTRATION: u64 = 0;

/// What an answer asks the session to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Begin to act for it.
    Start(Holding, Trust),
    /// It may be acted for until then.
    Extend(Holding, Trust),
    /// Drop everything and say [`Roster::ended`] when it is out.
    End(Holding),
    /// The conductors have more to say, or do not know this session: send again now.
    Hurry,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    epoch: i64,
    trust: Trust,
}

/// One session's leases.
#[derive(Debug)]
pub(crate) struct Roster {
    session: SessionId,
    /// How long an answered sending is trusted.
    term: Duration,
    registered: bool,
    draining: bool,
    sequence: u64,
    /// When each renewal was sent, for those whose answers may still come.
    sent: BTreeMap<u64, Duration>,
    held: BTreeMap<AccountId, Held>,
    ending: BTreeMap<AccountId, i64>,
    /// With the sequence of the first renewal that said so.
    released: BTreeMap<Holding, Option<u64>>,
}

impl Roster {
    pub fn new(session: SessionId, term: Duration) -> Self {
        Self {
            session,
            term,
            registered: false,
            draining: false,
            sequence: REGISTRATION,
            sent: BTreeMap::new(),
            held: BTreeMap::new(),
            ending: BTreeMap::new(),
            released: BTreeMap::new(),
        }
    }

    pub fn is_registered(&self) -> bool {
        self.registered
    }

    /// From now on nothing is started, and what is granted is given back.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Something is held or on its way out.
    pub fn is_acting(&self) -> bool {
        !(self.held.is_empty() && self.ending.is_empty())
    }

    /// Nothing is held, nothing is on its way out, and the conductors have heard of all that was.
    pub fn is_empty(&self) -> bool {
        !self.is_acting() && self.released.is_empty()
    }

    /// Something was released that no renewal has said yet.
    pub fn has_news(&self) -> bool {
        self.released.values().any(Option::is_none)
    }

    /// The number of the latest renewal.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    pub fn holds(&self, holding: Holding) -> bool {
        self.held.get(&holding.account).is_some_and(|held| held.epoch == holding.epoch)
    }

    /// Notes that a registration is sent at `now`. Repetitions share one number, so trust counts from the first.
    pub fn register(&mut self, now: Duration) {
        self.sent.entry(REGISTRATION).or_insert(now);
    }

    /// The renewal to send at `now`.
    pub fn renew(&mut self, now: Duration, idle: impl Fn(AccountId) -> bool) -> Renew {
        self.sequence += 1;
        self.sent.insert(self.sequence, now);
        while self.sent.len() > SENT_MAX {
            self.sent.pop_first();
        }
        for said_in in self.released.values_mut() {
            said_in.get_or_insert(self.sequence);
        }
        Renew {
            session: self.session,
            sequence: self.sequence,
            holdings: self.held.iter().map(|(account, held)| holding(*account, held.epoch)).collect(),
            idle: self.held.keys().copied().filter(|account| idle(*account)).collect(),
            released: self.released.keys().copied().collect(),
            // That word ends every epoch at once, so it comes when what ran has finished.
            draining: self.draining && !self.is_acting(),
        }
    }

    /// Takes an answer in.
    pub fn answer(&mut self, renewed: &Renewed) -> Vec<Step> {
        if renewed.session != self.session {
            return Vec::new();
        }
        if renewed.unknown {
            return self.forgotten();
        }
        let mut steps = Vec::new();
        if renewed.sequence == REGISTRATION && !self.registered {
            self.registered = true;
            steps.push(Step::Hurry);
        }
        let sent_at = self.sent.get(&renewed.sequence).copied();
        self.released.retain(|_, said_in| said_in.is_none_or(|sequence| sequence > renewed.sequence));
        for answer in &renewed.answers {
            let about = holding(answer.account, answer.epoch);
            let step = match (answer.answer, sent_at) {
                (Lease::BadAction, _) => self.end(about),
                // Which sending this answers is forgotten: it proves nothing about now.
                (Lease::Ok | Lease::Granted, None) => None,
                (Lease::Ok, Some(sent_at)) => self.extend(about, sent_at),
                (Lease::Granted, Some(sent_at)) => {
                    self.extend(about, sent_at).or_else(|| self.grant(about, sent_at))
                }
            };
            steps.extend(step);
        }
        if renewed.more {
            steps.push(Step::Hurry);
        }
        steps
    }

    /// The session is not known (any more): everything is given up, and it introduces itself again.
    fn forgotten(&mut self) -> Vec<Step> {
        if !self.registered {
            return Vec::new();
        }
        self.registered = false;
        self.sent.clear();
        let held: Vec<Holding> =
            self.held.iter().map(|(account, held)| holding(*account, held.epoch)).collect();
        let mut steps: Vec<Step> = held.into_iter().filter_map(|held| self.end(held)).collect();
        steps.push(Step::Hurry);
        steps
    }

    fn extend(&mut self, about: Holding, sent_at: Duration) -> Option<Step> {
        let held = self.held.get_mut(&about.account).filter(|held| held.epoch == about.epoch)?;
        held.trust = held.trust.extend(sent_at, self.term);
        Some(Step::Extend(about, held.trust))
    }

    /// A grant is repeated until a renewal names it, so one that comes too early for us is simply not taken.
    fn grant(&mut self, about: Holding, sent_at: Duration) -> Option<Step> {
        let former = self
            .released
            .keys()
            .any(|released| released.account == about.account && released.epoch >= about.epoch);
        if former || self.ending.contains_key(&about.account) {
            return None;
        }
        if self.draining {
            self.released.insert(about, None);
            return None;
        }
        if let Some(held) = self.held.get(&about.account) {
            // An older grant that comes late changes nothing; a newer one means that ours is over.
            let ours = holding(about.account, held.epoch);
            return if held.epoch < about.epoch { self.end(ours) } else { None };
        }
        let trust = Trust::mint(sent_at, self.term);
        self.held.insert(about.account, Held { epoch: about.epoch, trust });
        Some(Step::Start(about, trust))
    }

    /// This epoch is over, as somebody who knows has said. `None`: we do not act under it.
    pub fn end(&mut self, about: Holding) -> Option<Step> {
        if !self.holds(about) {
            return None;
        }
        self.held.remove(&about.account);
        self.ending.insert(about.account, about.epoch);
        Some(Step::End(about))
    }

    /// The account's session is out: nothing of it acts under this epoch any more.
    pub fn ended(&mut self, about: Holding) {
        if self.holds(about) {
            self.held.remove(&about.account);
        }
        if self.ending.get(&about.account) == Some(&about.epoch) {
            self.ending.remove(&about.account);
        }
        self.released.insert(about, None);
    }
}

fn holding(account: AccountId, epoch: i64) -> Holding {
    Holding { account, epoch }
}

#[cfg(test)]
#[path = "roster_tests.rs"]
mod tests;

//! Locks on rows and on unique values: who holds what, who waits for it, and whether waiting would be for ever.
//!
//! The four modes and what they exclude are PostgreSQL's (its documentation, 13.3.2), so that transactions meet here as
//! they meet in production. A lock that becomes free is handed to those who wait for it in the order of their coming;
//! a wait that would close a circle is refused at once. Deliberately absent: any clock; who waits limits that itself.

use super::rows::Name;
use super::table::{Entry, Key};
use crate::port::StoreError;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tokio::sync::oneshot;

/// A transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TxId(u64);

/// What can be held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lock {
    Row(Name, Key),
    /// What is unique of a table: of two that would write it, the second waits to see what became of the first.
    Unique(Name, Entry),
    CatalogueVersion,
    Planner,
}

/// How it is held, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mode {
    /// The row is referred to: it must not go.
    KeyShare,
    /// The row must stay as it is.
    Share,
    /// The row is about to be changed.
    Update,
    /// The row comes or goes.
    Exclusive,
}

impl Mode {
    fn excludes(self, other: Self) -> bool {
        match self {
            Self::KeyShare => other == Self::Exclusive,
            Self::Share => other >= Self::Update,
            Self::Update => other >= Self::Share,
            Self::Exclusive => true,
        }
    }
}

struct Waiter {
    tx: TxId,
    mode: Mode,
    granted: oneshot::Sender<()>,
}

#[derive(Default)]
struct Held {
    holders: BTreeMap<TxId, Mode>,
    queue: VecDeque<Waiter>,
}

impl Held {
    fn free_for(&self, tx: TxId, mode: Mode) -> bool {
        self.holders.iter().all(|(holder, held)| *holder == tx || !held.excludes(mode))
    }

    fn grant(&mut self, tx: TxId, mode: Mode) {
        let held = self.holders.entry(tx).or_insert(mode);
        *held = mode.max(*held);
    }
}

/// All locks of one database.
#[derive(Default)]
pub(super) struct Locks {
    held: BTreeMap<Lock, Held>,
    of: BTreeMap<TxId, BTreeSet<Lock>>,
    waiting: BTreeMap<TxId, (Lock, Mode)>,
    begun: u64,
}

impl Locks {
    pub fn begin(&mut self) -> TxId {
        self.begun += 1;
        TxId(self.begun)
    }

    /// Whether `tx` could hold it now.
    pub fn free(&self, tx: TxId, lock: &Lock, mode: Mode) -> bool {
        self.held.get(lock).is_none_or(|held| held.free_for(tx, mode))
    }

    /// Takes it until the transaction's end, if it is free.
    pub fn take(&mut self, tx: TxId, lock: &Lock, mode: Mode) -> bool {
        match self.held.get_mut(lock) {
            Some(held) if held.free_for(tx, mode) => held.grant(tx, mode),
            Some(_) => return false,
            None => self.held.entry(lock.clone()).or_default().grant(tx, mode),
        }
        let of = self.of.entry(tx).or_default();
        if !of.contains(lock) {
            of.insert(lock.clone());
        }
        true
    }

    /// Queues for a lock that is not free; what is answered resolves once it is held.
    pub fn wait(&mut self, tx: TxId, lock: Lock, mode: Mode) -> Result<oneshot::Receiver<()>, StoreError> {
        let mut asked = BTreeSet::new();
        if self.leads_to(tx, &lock, mode, tx, &mut asked) {
            let text = "transactions wait for each other in a circle".to_owned();
            return Err(StoreError::Conflict(text));
        }
        let (granted, heard) = oneshot::channel();
        self.waiting.insert(tx, (lock.clone(), mode));
        self.held.entry(lock).or_default().queue.push_back(Waiter { tx, mode, granted });
        Ok(heard)
    }

    /// Whether somebody whom a wait for this lock would wait for waits, in the end, for `searched`.
    fn leads_to(
        &self,
        tx: TxId,
        lock: &Lock,
        mode: Mode,
        searched: TxId,
        asked: &mut BTreeSet<TxId>,
    ) -> bool {
        let Some(held) = self.held.get(lock) else { return false };
        held.holders.iter().any(|(holder, theirs)| {
            if *holder == tx || !theirs.excludes(mode) {
                return false;
            }
            *holder == searched
                || asked.insert(*holder)
                    && self
                        .waiting
                        .get(holder)
                        .is_some_and(|(lock, mode)| self.leads_to(*holder, lock, *mode, searched, asked))
        })
    }

    /// Waits no longer. A lock that was handed over in the meantime stays held.
    pub fn leave(&mut self, tx: TxId) {
        if let Some((lock, _)) = self.waiting.remove(&tx) {
            if let Some(held) = self.held.get_mut(&lock) {
                held.queue.retain(|waiter| waiter.tx != tx);
            }
            self.hand_over(&lock);
        }
    }

    /// Lets go of everything, at the transaction's end.
    pub fn end(&mut self, tx: TxId) {
        self.leave(tx);
        for lock in self.of.remove(&tx).unwrap_or_default() {
            if let Some(held) = self.held.get_mut(&lock) {
                held.holders.remove(&tx);
            }
            self.hand_over(&lock);
        }
    }

    /// Gives a lock to those who wait and may have it now, and forgets one that nobody wants. Who may have it does not wait
    /// behind one that may not, as in production; otherwise a circle could close without anybody asking.
    fn hand_over(&mut self, lock: &Lock) {
        let Some(held) = self.held.get_mut(lock) else { return };
        for waiter in std::mem::take(&mut held.queue) {
            if !held.free_for(waiter.tx, waiter.mode) {
                held.queue.push_back(waiter);
                continue;
            }
            held.grant(waiter.tx, waiter.mode);
            self.waiting.remove(&waiter.tx);
            self.of.entry(waiter.tx).or_default().insert(lock.clone());
            // Whoever no longer listens lets go at its transaction's end.
            let _ = waiter.granted.send(());
        }
        if held.holders.is_empty() && held.queue.is_empty() {
            self.held.remove(lock);
        }
    }

    /// How many locks are held or waited for, and by how many transactions.
    #[cfg(test)]
    pub fn size(&self) -> (usize, usize) {
        (self.held.len(), self.of.len() + self.waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn row(number: u128) -> Lock {
        Lock::Row(Name::Links, Uuid::from_u128(number).into())
    }

    #[test]
    fn modes_exclude_each_other_both_ways_as_they_do_in_production() {
        use Mode::{Exclusive, KeyShare, Share, Update};
        let modes = [KeyShare, Share, Update, Exclusive];
        let excluded = [(KeyShare, Exclusive), (Share, Update), (Share, Exclusive), (Update, Update)];
        let more = [(Update, Exclusive), (Exclusive, Exclusive)];
        let expected: BTreeSet<_> =
            excluded.into_iter().chain(more).flat_map(|(one, other)| [(one, other), (other, one)]).collect();
        for one in modes {
            for other in modes {
                assert_eq!(one.excludes(other), expected.contains(&(one, other)), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_lock_is_handed_to_those_who_wait_in_the_order_of_their_coming() {
        let mut locks = Locks::default();
        let [first, second, third, fourth] = std::array::from_fn(|_| locks.begin());
        assert!(locks.take(first, &row(1), Mode::Update));
        assert!(!locks.take(second, &row(1), Mode::Share));
        let mut heard =
            [(second, Mode::Share), (third, Mode::Share), (fourth, Mode::Update)].map(|(tx, mode)| {
                let wait = locks.wait(tx, row(1), mode);
                wait.expect("no circle")
            });
        locks.end(first);
        assert_eq!(heard.each_mut().map(|heard| heard.try_recv().is_ok()), [true, true, false]);
        locks.end(second);
        assert!(heard[2].try_recv().is_err());
        locks.end(third);
        assert!(heard[2].try_recv().is_ok());
        locks.end(fourth);
        assert_eq!(locks.size(), (0, 0), "what nobody holds is forgotten");
    }

    #[test]
    fn a_wait_that_would_close_a_circle_is_refused() {
        let mut locks = Locks::default();
        let txs: [TxId; 3] = std::array::from_fn(|_| locks.begin());
        for (tx, number) in txs.into_iter().zip(1..) {
            assert!(locks.take(tx, &row(number), Mode::Update));
        }
        let _first = locks.wait(txs[0], row(2), Mode::Update).expect("no circle yet");
        let _second = locks.wait(txs[1], row(3), Mode::Update).expect("no circle yet");
        assert!(matches!(locks.wait(txs[2], row(1), Mode::Update), Err(StoreError::Conflict(_))));
        // One that gives up breaks the chain.
        locks.leave(txs[1]);
        assert!(locks.wait(txs[2], row(1), Mode::Update).is_ok());
        for tx in txs {
            locks.end(tx);
        }
        assert_eq!(locks.size(), (0, 0));
    }
}

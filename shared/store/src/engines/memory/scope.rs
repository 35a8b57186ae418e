//! What one operation of a transaction sees and does while it has the database to itself: reads, locks and checked writes.
//!
//! An operation runs to its end without waiting, or is told what to wait for and begins again once it holds that: so each
//! first takes all its locks and only then writes. What it reads is what is committed and what its transaction wrote
//! (READ COMMITTED, as in production). Deliberately absent: awaiting (`transaction.rs`).

use super::super::rows::no_nul;
use super::locks::{Lock, Locks, Mode, TxId};
use super::rows::{Changes, Stored, Tables};
use super::table::{Entry, Key, View};
use crate::port::StoreError;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use uuid::Uuid;

/// Why an operation did not come to its end.
pub(super) enum Halt {
    /// Another transaction holds it.
    Wait(Lock, Mode),
    Fault(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}

pub(super) type Step<T> = Result<T, Halt>;

/// A row that breaks a rule.
pub(super) fn invalid(name: super::rows::Name, why: &str) -> Halt {
    Halt::Fault(StoreError::Invalid(format!("{name:?}: {why}")))
}

pub(super) struct Scope<'a> {
    pub tx: TxId,
    pub tables: &'a mut Tables,
    pub changes: &'a mut Changes,
    pub locks: &'a mut Locks,
}

impl Scope<'_> {
    pub fn view<R: Stored>(&self) -> View<'_, R> {
        View { table: R::table(self.tables), layer: R::layer(self.changes) }
    }

    pub fn get<R: Stored>(&self, key: impl Into<Key>) -> Option<&R> {
        self.view::<R>().get(key.into())
    }

    /// The keys of the rows that are found by this range, in that order.
    pub fn keys<R: Stored>(&self, range: RangeInclusive<Entry>) -> Vec<Key> {
        self.view::<R>().range(range).map(|row| row.key()).collect()
    }

    /// The keys of the rows that are found by any of these, in key order, each once.
    pub fn keys_by<R: Stored>(&self, entries: impl IntoIterator<Item = Entry>) -> Vec<Key> {
        let view = self.view::<R>();
        let keys: BTreeSet<Key> =
            entries.into_iter().flat_map(|entry| view.by(entry)).map(|row| row.key()).collect();
        keys.into_iter().collect()
    }

    /// Holds it until the transaction's end, or waits for whoever holds it.
    pub fn lock(&mut self, lock: Lock, mode: Mode) -> Step<()> {
        if self.locks.take(self.tx, &lock, mode) { Ok(()) } else { Err(Halt::Wait(lock, mode)) }
    }

    fn lock_row<R: Stored>(&mut self, key: Key, mode: Mode) -> Step<()> {
        self.lock(Lock::Row(R::NAME, key), mode)
    }

    /// Whether this row could be locked without waiting.
    pub fn free<R: Stored>(&self, key: Key, mode: Mode) -> bool {
        self.locks.free(self.tx, &Lock::Row(R::NAME, key), mode)
    }

    /// Locks one row and answers it. One that is not there, or not yet, is not locked.
    pub fn locked<R: Stored>(&mut self, key: impl Into<Key>, mode: Mode) -> Step<Option<R>> {
        let key = key.into();
        if self.get::<R>(key).is_none() {
            return Ok(None);
        }
        self.lock_row::<R>(key, mode)?;
        Ok(self.get::<R>(key).cloned())
    }

    /// Locks rows in key order and answers those that are there.
    pub fn all_locked<R: Stored>(&mut self, keys: impl IntoIterator<Item = Key>, mode: Mode) -> Step<Vec<R>> {
        let keys: BTreeSet<Key> = keys.into_iter().collect();
        let mut rows = Vec::with_capacity(keys.len());
        for key in keys {
            rows.extend(self.locked(key, mode)?);
        }
        Ok(rows)
    }

    /// Rows without locks, in key order, each once.
    pub fn all_read<R: Stored>(&self, keys: impl IntoIterator<Item = Key>) -> Vec<R> {
        let keys: BTreeSet<Key> = keys.into_iter().collect();
        let view = self.view::<R>();
        keys.into_iter().filter_map(|key| view.get(key).cloned()).collect()
    }

    /// Keeps a row that is about to be referred to; it must be there.
    pub fn refer<R: Stored>(&mut self, from: super::rows::Name, id: Uuid) -> Step<()> {
        match self.holds::<R>(id)? {
            true => Ok(()),
            false => Err(invalid(from, &format!("refers to a row of {:?} that is not there", R::NAME))),
        }
    }

    /// Keeps a row, if it is there.
    pub fn holds<R: Stored>(&mut self, id: Uuid) -> Step<bool> {
        let key = Key::from(id);
        if self.get::<R>(key).is_none() {
            return Ok(false);
        }
        self.lock_row::<R>(key, Mode::KeyShare)?;
        // Nobody can have removed it in between: had somebody been about to, this would have waited.
        Ok(true)
    }

    /// The place of a row that is about to be inserted: of two that take it, one waits for the other. A row that is there
    /// already is left alone.
    pub fn claim<R: Stored>(&mut self, row: &R) -> Step<()> {
        if self.get::<R>(row.key()).is_none() {
            self.lock_row::<R>(row.key(), Mode::Exclusive)?;
        }
        self.claim_unique(&row.unique(), R::NAME)
    }

    pub fn claim_unique(&mut self, unique: &[Entry], name: super::rows::Name) -> Step<()> {
        for entry in unique {
            self.lock(Lock::Unique(name, entry.clone()), Mode::Exclusive)?;
        }
        Ok(())
    }

    /// Writes a row whose locks are held. What the SQL engines would not take, this one does not either.
    pub fn put<R: Stored>(&mut self, row: R) -> Step<()> {
        row.check().map_err(|why| invalid(R::NAME, why))?;
        no_nul(&row)?;
        R::layer_mut(self.changes).put(row);
        Ok(())
    }

    /// Inserts a row whose key and unique values nobody may have yet.
    pub fn insert_new<R: Stored>(&mut self, row: R) -> Step<()> {
        let view = self.view::<R>();
        let taken = view.get(row.key()).is_some()
            || row.unique().into_iter().any(|entry| view.by(entry).next().is_some());
        if taken {
            return Err(invalid(
                R::NAME,
                "a row is there already under its id or under what is unique of it",
            ));
        }
        self.put(row)
    }

    pub fn remove<R: Stored>(&mut self, key: Key) {
        R::layer_mut(self.changes).remove(key);
    }
}

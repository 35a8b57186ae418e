//! Tables in memory: rows in key order, beside them one ordered index of everything that they are found by.
//!
//! A transaction writes into a layer of its own ([`Layer`]) over the committed table; [`View`] reads both as one. Deliberately absent: locks
//! (`locks.rs`) and what the rows mean (`rows.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use uuid::Uuid;
use wanlink_domain::time::Timestamp;

/// A row's place in its table: its id, or where that is not all of it, what it belongs to and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub Uuid, pub i64);

impl Key {
    const FIRST: Self = Self(Uuid::nil(), i64::MIN);
    const LAST: Self = Self(Uuid::max(), i64::MAX);

    pub fn number(number: i64) -> Self {
        Self(Uuid::nil(), number)
    }
}

impl From<Uuid> for Key {
    fn from(id: Uuid) -> Self {
        Self(id, 0)
    }
}

/// What a row is found by. Those that hold texts or pairs are also what is unique of some tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Entry {
    /// By the time that lists are ordered by.
    Created(Timestamp),
    Name(String),
    NameOf(Uuid, String),
    Pair(Uuid, Uuid),
    /// Of a WIM: a site's switch and port.
    Port(Uuid, Uuid, String, String),
    /// Of a WIM: a service endpoint.
    Service(Uuid, String),
    Tenant(Uuid),
    Wim(Uuid),
    Site(Uuid),
    Network(Uuid),
    /// The network service that a network or link is of.
    OfNetworkService(Uuid),
    /// A live link's account.
    Live(Uuid),
    /// When a link is observed next.
    Refresh(Timestamp),
    /// The session that an account names.
    Session(Uuid),
    /// An account that is being made or deleted.
    Unsettled,
    /// When an unfinished action is due.
    Due(Timestamp),
    Link(Uuid),
    /// The link, account and request of an unfinished action.
    OpenOfLink(Uuid),
    OpenOfAccount(Uuid),
    OpenOfRequest(Uuid),
    Request(Uuid),
    /// An event's id; its key is its position.
    Event(Uuid),
    Unpublished,
}

/// What a table can hold.
pub(super) trait Row: Clone {
    fn key(&self) -> Key;
    /// All that it is found by.
    fn entries(&self) -> Vec<Entry>;
}

/// Rows and their index.
#[derive(Clone, Debug)]
pub(super) struct Table<R> {
    rows: BTreeMap<Key, R>,
    index: BTreeSet<(Entry, Key)>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), index: BTreeSet::new() }
    }
}

impl<R: Row> Table<R> {
    fn put(&mut self, row: R) {
        let key = row.key();
        let entries = row.entries();
        let before = self.rows.insert(key, row).map(|row| row.entries()).unwrap_or_default();
        for gone in before.iter().filter(|entry| !entries.contains(entry)) {
            self.index.remove(&(gone.clone(), key));
        }
        let new = entries.into_iter().filter(|entry| !before.contains(entry));
        self.index.extend(new.map(|entry| (entry, key)));
    }

    fn remove(&mut self, key: Key) {
        if let Some(row) = self.rows.remove(&key) {
            for entry in row.entries() {
                self.index.remove(&(entry, key));
            }
        }
    }

    /// What is found by this range, as (entry, key) in that order.
    fn found(&self, range: RangeInclusive<Entry>) -> impl Iterator<Item = &(Entry, Key)> {
        let (from, to) = range.into_inner();
        self.index.range((from, Key::FIRST)..=(to, Key::LAST))
    }
}

/// One transaction's changes to a table.
#[derive(Clone, Debug)]
pub(super) struct Layer<R> {
    written: Table<R>,
    removed: BTreeSet<Key>,
}

impl<R> Default for Layer<R> {
    fn default() -> Self {
        Self { written: Table::default(), removed: BTreeSet::new() }
    }
}

impl<R: Row> Layer<R> {
    pub fn put(&mut self, row: R) {
        self.removed.remove(&row.key());
        self.written.put(row);
    }

    pub fn remove(&mut self, key: Key) {
        self.written.remove(key);
        self.removed.insert(key);
    }

    fn hides(&self, key: Key) -> bool {
        self.removed.contains(&key) || self.written.rows.contains_key(&key)
    }

    /// Makes the changes part of the table. Costs what was changed, whatever the table holds.
    pub fn apply(self, table: &mut Table<R>) {
        for key in self.removed {
            table.remove(key);
        }
        for row in self.written.rows.into_values() {
            table.put(row);
        }
    }
}

/// A committed table with one transaction's changes over it.
pub(super) struct View<'a, R> {
    pub table: &'a Table<R>,
    pub layer: &'a Layer<R>,
}

impl<'a, R: Row> View<'a, R> {
    pub fn get(&self, key: Key) -> Option<&'a R> {
        if self.layer.removed.contains(&key) {
            return None;
        }
        self.layer.written.rows.get(&key).or_else(|| self.table.rows.get(&key))
    }

    /// All rows in key order.
    pub fn all(&self) -> impl Iterator<Item = &'a R> + use<'a, R> {
        let layer = self.layer;
        let committed = self.table.rows.iter().filter(|(key, _)| !layer.hides(**key));
        merged(committed, layer.written.rows.iter()).map(|(_, row)| row)
    }

    /// The rows from one key to another, both included, in key order.
    pub fn between(&self, from: Key, to: Key) -> Vec<R> {
        let layer = self.layer;
        let committed = self.table.rows.range(from..=to).filter(|(key, _)| !layer.hides(**key));
        merged(committed, layer.written.rows.range(from..=to)).map(|(_, row)| row.clone()).collect()
    }

    /// The rows found by this range, in the order of what they are found by and then of their keys.
    pub fn range(&self, range: RangeInclusive<Entry>) -> impl Iterator<Item = &'a R> + use<'a, R> {
        let (table, layer) = (self.table, self.layer);
        let committed = table.found(range.clone()).filter(|(_, key)| !layer.hides(*key));
        let committed = committed.map(|at| (at, &table.rows));
        let own = layer.written.found(range).map(|at| (at, &layer.written.rows));
        merged(committed, own).filter_map(|((_, key), rows)| rows.get(key))
    }

    /// The rows found by exactly this, in key order.
    pub fn by(&self, entry: Entry) -> impl Iterator<Item = &'a R> + use<'a, R> {
        self.range(entry.clone()..=entry)
    }
}

/// Two ordered iterators as one.
fn merged<K: Ord, V>(
    one: impl Iterator<Item = (K, V)>,
    other: impl Iterator<Item = (K, V)>,
) -> impl Iterator<Item = (K, V)> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some((first, _)), Some((second, _))) if second < first => other.next(),
        (None, Some(_)) => other.next(),
        _ => one.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Tagged(u128, &'static str);

    impl Row for Tagged {
        fn key(&self) -> Key {
            Uuid::from_u128(self.0).into()
        }

        fn entries(&self) -> Vec<Entry> {
            vec![Entry::Name(self.1.to_owned())]
        }
    }

    fn names(view: &View<'_, Tagged>, from: &str, to: &str) -> Vec<u128> {
        view.range(Entry::Name(from.into())..=Entry::Name(to.into())).map(|row| row.0).collect()
    }

    #[test]
    fn a_layer_hides_adds_and_moves_what_is_found_and_leaves_the_table_alone() {
        let mut table = Table::default();
        for row in [Tagged(1, "b"), Tagged(2, "a"), Tagged(3, "c")] {
            table.put(row);
        }
        let mut layer = Layer::default();
        layer.put(Tagged(4, "aa"));
        layer.put(Tagged(2, "z"));
        layer.remove(Uuid::from_u128(3).into());
        let none = Layer::default();
        let (before, during) = (View { table: &table, layer: &none }, View { table: &table, layer: &layer });
        assert_eq!(names(&before, "a", "c"), [2, 1, 3]);
        assert_eq!(names(&during, "a", "z"), [4, 1, 2]);
        assert_eq!(names(&during, "a", "a"), []);
        assert_eq!(during.all().map(|row| row.0).collect::<Vec<_>>(), [1, 2, 4]);
        assert_eq!(during.get(Uuid::from_u128(3).into()), None);
        layer.apply(&mut table);
        let after = View { table: &table, layer: &none };
        assert_eq!(names(&after, "a", "z"), [4, 1, 2]);
        assert_eq!(table.index.len(), 3, "nothing of what is gone stays in the index");
    }
}

//! Guarded writes of catalogue objects: each answers what it found instead of failing, so that the transaction lives on
//! and the caller can say it.

use super::super::references::{meeting, parents};
use super::leases::edited;
use super::locks::Mode;
use super::rows::{Name, Stored};
use super::scope::{Scope, Step, invalid};
use super::table::{Entry, Key, Row as _};
use crate::port::{Deleted, Guarded, Inserted};
use std::collections::BTreeSet;
use uuid::Uuid;
use wanlink_domain::catalogue::{Account, Network, PortMapping, Site, Tenant, Wim};
use wanlink_domain::ids::WimId;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::service::Service;

/// Does one thing with the row inside an object, or with the table of a kind.
macro_rules! each {
    ($object:expr, $row:ident => $work:expr) => {
        match $object {
            Object::Tenant($row) => $work,
            Object::Site($row) => $work,
            Object::Wim($row) => $work,
            Object::Account($row) => $work,
            Object::PortMapping($row) => $work,
            Object::Network($row) => $work,
        }
    };
    (kind $kind:expr, $row:ident => $work:expr) => {
        match $kind {
            Kind::Tenant => {
                type $row = Tenant;
                $work
            }
            Kind::Site => {
                type $row = Site;
                $work
            }
            Kind::Wim => {
                type $row = Wim;
                $work
            }
            Kind::Account => {
                type $row = Account;
                $work
            }
            Kind::PortMapping => {
                type $row = PortMapping;
                $work
            }
            Kind::Network => {
                type $row = Network;
                $work
            }
        }
    };
}

pub(super) use each;

/// A row of the catalogue.
pub(super) trait CatalogueRow: Stored {
    fn object(self) -> Object;

    /// What is kept where this one is written over `kept`.
    fn over(&self, _kept: &Self) -> Self {
        self.clone()
    }
}

macro_rules! catalogue_rows {
    ($($row:ident),+) => {
        $(impl CatalogueRow for $row {
            fn object(self) -> Object {
                Object::$row(self)
            }
        })+
    };
}

catalogue_rows!(Tenant, Site, Wim, Network);

impl CatalogueRow for Account {
    fn object(self) -> Object {
        Object::Account(self)
    }

    fn over(&self, kept: &Self) -> Self {
        edited(kept, self)
    }
}

impl CatalogueRow for PortMapping {
    fn object(self) -> Object {
        Object::PortMapping(self)
    }

    /// As the SQL engines keep it, where JSON null is no value.
    fn over(&self, _: &Self) -> Self {
        let mut row = self.clone();
        row.wan_service_mapping_info = row.wan_service_mapping_info.filter(|info| !info.is_null());
        row
    }
}

/// Keeps the rows that will be referred to, in the order of their kinds, and names the first that is not there.
fn hold(it: &mut Scope<'_>, wanted: &[(Kind, Uuid)]) -> Step<Option<Inserted>> {
    let wanted: BTreeSet<(Kind, Uuid)> = wanted.iter().copied().collect();
    for (kind, id) in wanted {
        if !each!(kind kind, R => it.holds::<R>(id)?) {
            return Ok(Some(Inserted::MissingReference { kind, id }));
        }
    }
    Ok(None)
}

/// Who stands where this row would, under its id or under what is unique of it: itself first, then by id.
fn taken<R: Stored>(it: &Scope<'_>, row: &R) -> Option<Key> {
    if it.get::<R>(row.key()).is_some() {
        return Some(row.key());
    }
    it.keys_by::<R>(row.unique()).into_iter().next()
}

pub(super) fn insert(it: &mut Scope<'_>, object: &Object) -> Step<Inserted> {
    if let Some(missing) = hold(it, &parents(object))? {
        return Ok(missing);
    }
    each!(object, row => insert_row(it, row))
}

fn insert_row<R: CatalogueRow>(it: &mut Scope<'_>, row: &R) -> Step<Inserted> {
    it.claim(row)?;
    if let Some(existing) = taken(it, row) {
        return Ok(Inserted::Duplicate { existing: existing.0 });
    }
    it.put(row.over(row))?;
    Ok(Inserted::Applied)
}

pub(super) fn lock(it: &mut Scope<'_>, kind: Kind, id: Uuid) -> Step<Option<Object>> {
    Ok(each!(kind kind, R => it.locked::<R>(id, Mode::Update)?.map(CatalogueRow::object)))
}

pub(super) fn update(it: &mut Scope<'_>, object: &Object, expected: i64) -> Step<Guarded> {
    let Some(current) = lock(it, object.kind(), object.id())? else { return Ok(Guarded::Gone) };
    if current.version() != expected {
        return Ok(Guarded::Stale { current: current.version() });
    }
    each!(object, row => update_row(it, row, &parents(object)))
}

fn update_row<R: CatalogueRow>(it: &mut Scope<'_>, row: &R, parents: &[(Kind, Uuid)]) -> Step<Guarded> {
    let Some(kept) = it.get::<R>(row.key()).cloned() else { return Ok(Guarded::Gone) };
    if kept.unique() != row.unique() {
        it.claim_unique(&kept.unique(), R::NAME)?;
        it.claim_unique(&row.unique(), R::NAME)?;
    }
    let taken = it.keys_by::<R>(row.unique());
    if let Some(existing) = taken.into_iter().find(|key| *key != row.key()) {
        return Ok(Guarded::Duplicate { existing: existing.0 });
    }
    if hold(it, parents)?.is_some() {
        return Err(invalid(R::NAME, "refers to a row that is not there"));
    }
    it.put(row.over(&kept))?;
    Ok(Guarded::Applied)
}

pub(super) fn delete(it: &mut Scope<'_>, kind: Kind, id: Uuid) -> Step<Deleted> {
    if lock(it, kind, id)?.is_none() {
        return Ok(Deleted::Gone);
    }
    // Whoever is about to refer to it holds its key: it is waited for, and then counts.
    each!(kind kind, R => {
        it.locked::<R>(id, Mode::Exclusive)?;
        let unique = it.get::<R>(id).map(Stored::unique).unwrap_or_default();
        it.claim_unique(&unique, R::NAME)?;
    });
    if let Some((by, count)) = references(it, kind, id).into_iter().find(|(_, count)| *count > 0) {
        return Ok(Deleted::Referenced { by, count });
    }
    if kind == Kind::Wim {
        clear_mappings(it, WimId(id))?;
    }
    each!(kind kind, R => it.remove::<R>(id.into()));
    Ok(Deleted::Applied)
}

/// What keeps an object: the nouns and how many, in a fixed order. Tombstones of links do not count.
fn references(it: &Scope<'_>, kind: Kind, id: Uuid) -> Vec<(&'static str, i64)> {
    let live = |link: &&Link| link.status != LinkStatus::Deleted;
    let ends_at = |link: &&Link| link.wish.endpoints.iter().any(|end| end.site_id.0 == id);
    match kind {
        Kind::Tenant => vec![
            ("account", count(it.view::<Account>().by(Entry::Tenant(id)))),
            ("network", count(it.view::<Network>().by(Entry::Tenant(id)))),
            ("service", count(it.view::<Service>().by(Entry::Tenant(id)))),
        ],
        Kind::Site => vec![
            ("network", count(it.view::<Network>().by(Entry::Site(id)))),
            ("port mapping", count(it.view::<PortMapping>().by(Entry::Site(id)))),
            ("link", count(it.view::<Link>().all().filter(live).filter(ends_at))),
        ],
        Kind::Wim => vec![("account", count(it.view::<Account>().by(Entry::Wim(id))))],
        Kind::Account => vec![("link", count(it.view::<Link>().by(Entry::Live(id))))],
        Kind::PortMapping => Vec::new(),
        Kind::Network => vec![
            ("link", count(it.view::<Link>().by(Entry::Network(id)).filter(live))),
            ("service", count(it.get::<Network>(id).and_then(|row| row.network_service_id).into_iter())),
        ],
    }
}

pub(super) fn count<T>(rows: impl Iterator<Item = T>) -> i64 {
    i64::try_from(rows.count()).unwrap_or(i64::MAX)
}

/// Removes all mappings of a WIM, whose row is locked.
fn clear_mappings(it: &mut Scope<'_>, wim: WimId) -> Step<()> {
    let mappings = it.keys_by::<PortMapping>([Entry::Wim(wim.0)]);
    for mapping in it.all_locked::<PortMapping>(mappings, Mode::Exclusive)? {
        it.remove::<PortMapping>(mapping.key());
    }
    Ok(())
}

pub(super) fn replace_mappings(it: &mut Scope<'_>, wim: WimId, mappings: &[PortMapping]) -> Step<Inserted> {
    let mut wanted = vec![(Kind::Wim, wim.0)];
    wanted.extend(mappings.iter().map(|mapping| (Kind::Site, mapping.site_id.0)));
    if let Some(missing) = hold(it, &wanted)? {
        return Ok(missing);
    }
    if let Some(existing) = meeting(mappings) {
        return Ok(Inserted::Duplicate { existing });
    }
    // The WIM's row keeps two replacements of the same WIM apart.
    it.locked::<Wim>(wim.0, Mode::Update)?;
    let there = it.keys_by::<PortMapping>([Entry::Wim(wim.0)]);
    it.all_locked::<PortMapping>(there, Mode::Exclusive)?;
    for mapping in mappings {
        it.claim(mapping)?;
    }
    clear_mappings(it, wim)?;
    for mapping in mappings {
        if taken(it, mapping).is_some() {
            return Err(invalid(Name::PortMappings, "a mapping has the id of another WIM's mapping"));
        }
        it.put(mapping.over(mapping))?;
    }
    Ok(Inserted::Applied)
}

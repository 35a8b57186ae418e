//! Guarded writes of catalogue objects: each answers what it found instead of failing, so that the transaction lives
//! on and the caller can say it.

use super::super::references::{meeting, parents};
use super::super::rows::{int, json, text};
use super::transaction::SqlTransaction;
use super::{Arg, Fault, Statements, Work};
use crate::port::{Deleted, Guarded, Inserted, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;
use wanlink_domain::catalogue::PortMapping;
use wanlink_domain::ids::WimId;
use wanlink_domain::object::{Kind, Object};

/// The statements about one kind of object.
struct Of {
    insert: &'static str,
    update: &'static str,
    lock: &'static str,
    delete: &'static str,
    /// Ids that stand where a row would.
    taken: &'static str,
    /// What keeps it; `None`: nothing refers to this kind.
    references: Option<&'static str>,
}

impl Statements {
    fn of(&self, kind: Kind) -> Of {
        macro_rules! of {
            ($insert:ident, $update:ident, $lock:ident, $delete:ident, $taken:ident, $references:expr) => {
                Of {
                    insert: self.$insert,
                    update: self.$update,
                    lock: self.$lock,
                    delete: self.$delete,
                    taken: self.$taken,
                    references: $references,
                }
            };
        }
        match kind {
            Kind::Tenant => of!(
                tenant_insert,
                tenant_update,
                tenant_lock,
                tenant_delete,
                tenant_taken,
                Some(self.tenant_references)
            ),
            Kind::Site => {
                of!(site_insert, site_update, site_lock, site_delete, site_taken, Some(self.site_references))
            }
            Kind::Wim => {
                of!(wim_insert, wim_update, wim_lock, wim_delete, wim_taken, Some(self.wim_references))
            }
            Kind::Account => of!(
                account_insert,
                account_update,
                account_lock,
                account_delete,
                account_taken,
                Some(self.account_references)
            ),
            Kind::PortMapping => of!(
                port_mapping_insert,
                port_mapping_update,
                port_mapping_lock,
                port_mapping_delete,
                port_mapping_taken,
                None
            ),
            Kind::Network => of!(
                network_insert,
                network_update,
                network_lock,
                network_delete,
                network_taken,
                Some(self.network_references)
            ),
        }
    }
}

/// The row inside an object, as an array of one.
fn row(object: &Object) -> Result<Arg, Fault> {
    match object {
        Object::Tenant(row) => json(&[row]),
        Object::Site(row) => json(&[row]),
        Object::Wim(row) => json(&[row]),
        Object::Account(row) => json(&[row]),
        Object::PortMapping(row) => json(&[row]),
        Object::Network(row) => json(&[row]),
    }
}

fn again(what: &str, fault: &str) -> Fault {
    Fault::Store(StoreError::Conflict(format!("{what} met another transaction: {fault}")))
}

impl<W: Work> SqlTransaction<W> {
    /// Keeps rows that will be referred to and names the first that is not there.
    async fn hold(&mut self, wanted: &[(Kind, Uuid)]) -> Result<Option<Inserted>, Fault> {
        let mut by_kind: BTreeMap<Kind, BTreeSet<Uuid>> = BTreeMap::new();
        for (kind, id) in wanted {
            by_kind.entry(*kind).or_default().insert(*id);
        }
        for (kind, ids) in by_kind {
            let sql = match kind {
                Kind::Tenant => self.sql.tenants_hold,
                Kind::Site => self.sql.sites_hold,
                Kind::Wim => self.sql.wims_hold,
                // Nothing in the catalogue refers to these.
                Kind::Account | Kind::PortMapping | Kind::Network => continue,
            };
            let there: BTreeSet<Uuid> = self.fetch(sql, vec![json(&ids)?]).await?.into_iter().collect();
            if let Some(id) = ids.difference(&there).next() {
                return Ok(Some(Inserted::MissingReference { kind, id: *id }));
            }
        }
        Ok(None)
    }

    pub(super) async fn insert_one(&mut self, object: &Object) -> Result<Inserted, Fault> {
        if let Some(missing) = self.hold(&parents(object)).await? {
            return Ok(missing);
        }
        let of = self.sql.of(object.kind());
        let row = self.note(row(object))?;
        let inserted: Vec<Uuid> = self.fetch(of.insert, vec![row.clone()]).await?;
        if !inserted.is_empty() {
            return Ok(Inserted::Applied);
        }
        let taken: Vec<Uuid> = self.fetch(of.taken, vec![row]).await?;
        let existing = taken.iter().find(|id| **id == object.id()).or(taken.first());
        match existing {
            Some(existing) => Ok(Inserted::Duplicate { existing: *existing }),
            None => self.note(Err(again("an insertion", "the row in its way is gone again"))),
        }
    }

    pub(super) async fn update_one(&mut self, object: &Object, expected: i64) -> Result<Guarded, StoreError> {
        let of = self.sql.of(object.kind());
        let Some(current) = self.lock_one(object.kind(), object.id()).await? else {
            return Ok(Guarded::Gone);
        };
        if current.version() != expected {
            return Ok(Guarded::Stale { current: current.version() });
        }
        let row = self.note(row(object))?;
        let taken: Vec<Uuid> = self.fetch(of.taken, vec![row.clone()]).await?;
        if let Some(existing) = taken.into_iter().find(|id| *id != object.id()) {
            return Ok(Guarded::Duplicate { existing });
        }
        match self.execute(of.update, vec![row, int(expected)]).await {
            Ok(_) => Ok(Guarded::Applied),
            // Somebody took the name since it was looked up: beginning again finds the row.
            Err(Fault::Unique(text)) => Err(again("an update", &text).into()),
            Err(fault) => Err(fault.into()),
        }
    }

    pub(super) async fn delete_one(&mut self, kind: Kind, id: Uuid) -> Result<Deleted, StoreError> {
        if self.lock_one(kind, id).await?.is_none() {
            return Ok(Deleted::Gone);
        }
        let of = self.sql.of(kind);
        if let Some(references) = of.references {
            let found: Vec<(String, i64)> = self.fetch(references, vec![text(id)]).await?;
            if let Some((by, count)) = found.into_iter().next() {
                return Ok(Deleted::Referenced { by: noun(&by), count });
            }
        }
        match kind {
            Kind::Wim => drop(self.execute(self.sql.port_mappings_clear, vec![text(id)]).await?),
            Kind::Network => drop(self.execute(self.sql.network_untie, vec![text(id)]).await?),
            Kind::Tenant | Kind::Site | Kind::Account | Kind::PortMapping => {}
        }
        match self.execute(of.delete, vec![text(id)]).await {
            Ok(_) => Ok(Deleted::Applied),
            // Somebody referred to it since that was looked up: beginning again finds the row.
            Err(Fault::Foreign(text)) => Err(again("a deletion", &text).into()),
            Err(fault) => Err(fault.into()),
        }
    }

    pub(super) async fn lock_one(&mut self, kind: Kind, id: Uuid) -> Result<Option<Object>, Fault> {
        let of = self.sql.of(kind);
        Ok(self.fetch(of.lock, vec![text(id)]).await?.pop())
    }

    pub(super) async fn replace_mappings(
        &mut self,
        wim: WimId,
        mappings: &[PortMapping],
    ) -> Result<Inserted, Fault> {
        let mut wanted = vec![(Kind::Wim, wim.0)];
        wanted.extend(mappings.iter().map(|mapping| (Kind::Site, mapping.site_id.0)));
        if let Some(missing) = self.hold(&wanted).await? {
            return Ok(missing);
        }
        if let Some(existing) = meeting(mappings) {
            return Ok(Inserted::Duplicate { existing });
        }
        // The WIM's row keeps two replacements of the same WIM apart.
        self.lock_one(Kind::Wim, wim.0).await?;
        self.execute(self.sql.port_mappings_clear, vec![text(wim)]).await?;
        let rows = self.note(json(mappings))?;
        let inserted: Vec<Uuid> = self.fetch(self.sql.port_mapping_insert, vec![rows]).await?;
        if inserted.len() == mappings.len() {
            return Ok(Inserted::Applied);
        }
        let text = "a mapping has the id of another WIM's mapping".to_owned();
        self.note(Err(Fault::Store(StoreError::Invalid(text))))
    }
}

/// The noun that a references statement answers.
fn noun(by: &str) -> &'static str {
    match by {
        "account" => "account",
        "network" => "network",
        "port mapping" => "port mapping",
        "service" => "service",
        _ => "link",
    }
}

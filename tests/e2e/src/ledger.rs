//! The judgement at the end of every scenario: what the controller did is what the database says, no more, no less.

use crate::client::text;
use crate::system::System;
use crate::wait::{PATIENCE, holds, wait_until};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use wanlink_emulator::{LedgerView, ServiceEntry};

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub active: usize,
    pub deleted: usize,
    /// Services created (201).
    pub effects: u64,
    /// Writes of services and accesses that changed nothing (204).
    pub repeats: u64,
    /// Removals of what was not there.
    pub repeated_deletes: u64,
}

/// Waits until nothing is unfinished, then holds every link against the controller's ledger:
///
/// - ACTIVE: exactly one service, created once, with each of its ends attached once; it is there;
/// - DELETED: nothing is there, and what was created was removed;
/// - anything else: created at most once;
/// - never attempted (superseded, cancelled, refused before any claim): never written;
/// - nothing is there that none of the links explains.
///
/// A poll or an observation may be on its way when this begins; what it finds moves no link between these classes.
pub async fn assert_ledger_equals_database(system: &System) -> Tally {
    settled(system).await;
    let links = system.api.list("/v1/links?deleted=true").await;
    let mut attempts: BTreeMap<String, i64> = BTreeMap::new();
    for action in system.api.list("/v1/actions").await {
        *attempts.entry(text(&action, "link_id")).or_default() +=
            action["attempt"].as_i64().expect("a number");
    }
    let ledger = system.controller.ledger().await;
    let mut wrong = Vec::new();
    let mut explained = BTreeSet::new();
    let mut tally = Tally {
        effects: ledger.totals.service_creates,
        repeats: ledger.totals.repeats,
        repeated_deletes: ledger.totals.repeated_deletes,
        ..Tally::default()
    };
    for link in &links {
        let id = text(link, "id");
        let found = Found::of(&ledger, &id);
        let tried = attempts.get(&id).copied().unwrap_or_default() > 0;
        match text(link, "status").as_str() {
            "ACTIVE" => tally.active += 1,
            "DELETED" => tally.deleted += 1,
            _ => {}
        }
        if let Err(fault) = found.judge(link, tried) {
            wrong.push(format!("link {id} is {}: {fault}: {found:?}", link["status"]));
        }
        explained.insert(id);
    }
    let unexplained = ledger.present.iter().filter(|vpn| !explained.contains(*vpn));
    wrong
        .extend(unexplained.map(|vpn| format!("service {vpn} is at the controller and no link explains it")));
    assert!(wrong.is_empty(), "ledger and database differ:\n{}", wrong.join("\n"));
    println!("ledger equals database: {tally:?}");
    tally
}

/// Every request has ended.
pub async fn settled(system: &System) {
    wait_until("all requests to be finished", PATIENCE, async || {
        let open: Vec<Value> = system
            .api
            .list("/v1/requests")
            .await
            .into_iter()
            .filter(|request| request["open"] != 0)
            .collect();
        holds(open.is_empty(), || format!("{} unfinished, such as {}", open.len(), open[0]))
    })
    .await;
}

/// What the controller knows of one link.
#[derive(Debug)]
struct Found {
    present: bool,
    entry: Option<ServiceEntry>,
}

impl Found {
    fn of(ledger: &LedgerView, link: &str) -> Self {
        Self {
            present: ledger.present.iter().any(|vpn| vpn == link),
            entry: ledger.services.get(link).copied(),
        }
    }

    fn judge(&self, link: &Value, tried: bool) -> Result<(), &'static str> {
        let entry = self.entry.unwrap_or_default();
        let (service, accesses) = (entry.service, entry.accesses);
        let of_service = link["network_service_id"].is_string();
        let ends = link["endpoints"].as_array().map_or(0, Vec::len) as u64;
        if !tried && self.entry.is_some() {
            return Err("it was written without an attempt");
        }
        if service.creates > 1 {
            return Err("it was created more than once");
        }
        match link["status"].as_str().unwrap_or_default() {
            "ACTIVE" if !self.present => Err("it is not there"),
            "ACTIVE" if service.creates != 1 || service.deletes != 0 => Err("it was not created just once"),
            // Sites join and leave services: an end that left may have come again.
            "ACTIVE" if of_service && accesses.creates != ends + accesses.deletes => {
                Err("its ends are not those that are attached")
            }
            "ACTIVE" if !of_service && (accesses.creates != ends || accesses.deletes != 0) => {
                Err("an end was not attached just once")
            }
            "DELETED" if self.present => Err("it is still there"),
            "DELETED" if service.creates != service.deletes => {
                Err("what was created was not what was removed")
            }
            "DELETED" if accesses.creates != accesses.deletes => Err("an end was not removed just once"),
            _ => Ok(()),
        }
    }
}

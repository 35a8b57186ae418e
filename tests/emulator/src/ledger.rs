//! The ledger: what every write did, counted per service and in all, and kept call by call.
//!
//! A test computes "nothing lost, nothing doubled" from it, so it counts effects at the tree and not requests: a
//! second PUT of the same thing is a repeat, a PUT that changes something is an effect, whatever the client learned
//! of it. Counts are exact for ever; of the calls only the newest are held in memory.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Calls held for `GET /ledger/calls`; older ones stay in the counts and in the journal's file.
const CALLS_MAX: usize = 100_000;

/// What a write did to one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Brought it into being (201).
    Created,
    /// Changed it (204).
    Changed,
    /// Found it as wished (204).
    Repeated,
    /// Removed it (204).
    Deleted,
    /// Found nothing to remove (409 `data-missing`).
    RepeatedDelete,
    /// Refused; nothing was changed.
    Refused,
}

/// The kinds of objects that a write touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// A `vpn-service`.
    Service,
    /// A `site-network-access`.
    Access,
    /// A `site`: the operator's own, no connector should ever write one.
    Site,
    /// The container above them, or a path that names nothing known.
    Tree,
}

/// One object touched by a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// Its kind.
    pub object: Object,
    /// Its key: `vpn-id`, `network-access-id` or `site-id`.
    pub id: String,
    /// The service it belongs to, where that is known.
    #[serde(rename = "vpn-id", default, skip_serializing_if = "Option::is_none")]
    pub vpn_id: Option<String>,
    /// What became of it.
    pub effect: Effect,
}

/// One write as it came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Position in the ledger, from 1.
    pub seq: u64,
    /// Wall time in milliseconds.
    pub at_ms: u64,
    /// HTTP method.
    pub method: String,
    /// Path as sent.
    pub path: String,
    /// The header `traceparent`, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// Status answered, or meant to be.
    pub status: u16,
    /// `error-tag` where it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_tag: Option<String>,
    /// False where a fault kept the answer from the client.
    pub answered: bool,
    /// What it did, object by object; empty for a patch that changed nothing.
    pub touched: Vec<Touch>,
}

/// Numbers of effects, by [`Effect`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Answered 201.
    pub creates: u64,
    /// Writes that changed what was there.
    pub changes: u64,
    /// Writes that changed nothing (204).
    pub repeats: u64,
    /// Removals that removed.
    pub deletes: u64,
    /// Removals of what was not there.
    pub repeated_deletes: u64,
    /// Refused writes.
    pub refused: u64,
}

impl Counts {
    fn add(&mut self, effect: Effect) {
        let count = match effect {
            Effect::Created => &mut self.creates,
            Effect::Changed => &mut self.changes,
            Effect::Repeated => &mut self.repeats,
            Effect::Deleted => &mut self.deletes,
            Effect::RepeatedDelete => &mut self.repeated_deletes,
            Effect::Refused => &mut self.refused,
        };
        *count += 1;
    }
}

/// Sums over everything written since the ledger began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Writes received and judged.
    pub calls: u64,
    /// Creates and changes of services and accesses.
    pub effects: u64,
    /// Writes of services and accesses that changed nothing.
    pub repeats: u64,
    /// Effective removals of services and accesses.
    pub deletes: u64,
    /// Removals of what was not there.
    pub repeated_deletes: u64,
    /// PATCH calls that were accepted.
    pub patches: u64,
    /// Refused writes.
    pub refused: u64,
    /// Accepted writes of sites.
    pub site_writes: u64,
    /// Services created (201): one per link, where all is well.
    pub service_creates: u64,
    /// PUTs of a service as it already was.
    pub service_repeats: u64,
    /// Services removed.
    pub service_deletes: u64,
}

/// What was done to one service and to its accesses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServiceEntry {
    /// Of the `vpn-service` itself.
    #[serde(flatten)]
    pub service: Counts,
    /// Of its `site-network-access`es.
    pub accesses: Counts,
    /// Wall time of the first write, in milliseconds.
    pub first_at: u64,
    /// Wall time of the newest one.
    pub last_at: u64,
}

/// The answer to `GET /ledger`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerView {
    /// Sequence of the newest call.
    pub seq: u64,
    /// Sums.
    pub totals: Totals,
    /// By `vpn-id`: every service that was ever written, or tried to be.
    pub services: BTreeMap<String, ServiceEntry>,
    /// The `vpn-id`s that exist now, foreign ones included.
    pub present: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    seq: u64,
    totals: Totals,
    services: BTreeMap<String, ServiceEntry>,
    /// Last known service of an access, so that a repeated delete still counts where it belongs.
    owners: BTreeMap<String, String>,
    calls: VecDeque<Call>,
}

impl Ledger {
    pub(crate) fn next_seq(&self) -> u64 {
        self.seq + 1
    }

    /// The service that the access of this path was last seen attached to.
    pub(crate) fn owner(&self, access_path: &str) -> Option<&str> {
        self.owners.get(access_path).map(String::as_str)
    }

    pub(crate) fn record(&mut self, call: Call) {
        self.seq = call.seq;
        self.totals.calls += 1;
        let accepted = call.error_tag.is_none();
        self.totals.patches += u64::from(accepted && call.method == "PATCH");
        self.totals.refused += u64::from(call.touched.iter().any(|touch| touch.effect == Effect::Refused));
        for touch in &call.touched {
            self.add_total(touch);
            self.add_service(touch, call.at_ms);
        }
        if let [Touch { object: Object::Access, vpn_id: Some(vpn), effect, .. }] = call.touched.as_slice()
            && *effect != Effect::Refused
        {
            self.owners.insert(call.path.clone(), vpn.clone());
        }
        if self.calls.len() == CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    fn add_total(&mut self, touch: &Touch) {
        let totals = &mut self.totals;
        if touch.object == Object::Site {
            totals.site_writes += u64::from(touch.effect != Effect::Refused);
            return;
        }
        let service = u64::from(touch.object == Object::Service);
        match touch.effect {
            Effect::Created => {
                totals.effects += 1;
                totals.service_creates += service;
            }
            Effect::Changed => totals.effects += 1,
            Effect::Repeated => {
                totals.repeats += 1;
                totals.service_repeats += service;
            }
            Effect::Deleted => {
                totals.deletes += 1;
                totals.service_deletes += service;
            }
            Effect::RepeatedDelete => totals.repeated_deletes += 1,
            Effect::Refused => {}
        }
    }

    fn add_service(&mut self, touch: &Touch, at_ms: u64) {
        let Some(vpn) = &touch.vpn_id else { return };
        let entry = self
            .services
            .entry(vpn.clone())
            .or_insert_with(|| ServiceEntry { first_at: at_ms, ..ServiceEntry::default() });
        entry.last_at = at_ms;
        match touch.object {
            Object::Service => entry.service.add(touch.effect),
            Object::Access => entry.accesses.add(touch.effect),
            Object::Site | Object::Tree => {}
        }
    }

    pub(crate) fn view(&self, present: Vec<String>) -> LedgerView {
        LedgerView { seq: self.seq, totals: self.totals, services: self.services.clone(), present }
    }

    /// Calls after `seq`, oldest first, at most `limit`.
    pub(crate) fn calls_since(&self, seq: u64, limit: usize) -> Vec<Call> {
        let start = self.calls.partition_point(|call| call.seq <= seq);
        self.calls.iter().skip(start).take(limit).cloned().collect()
    }
}

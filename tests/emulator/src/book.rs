//! Everything the emulator knows, behind one lock: the tree, the ledger, the journal, and what faults hide or force.
//!
//! One lock is what makes parallel writes right: a commit is checked, journaled, applied and counted without
//! another in between, in some tens of microseconds. A forced status and a hidden resource are faults of the moment
//! and do not outlive the process.

use crate::draft::Draft;
use crate::journal::{Journal, Record};
use crate::ledger::{Call, Effect, Ledger, LedgerView, Object, Touch};
use crate::options::Options;
use crate::probe::Building;
use crate::restconf::problem::Problem;
use crate::restconf::target::Target;
use crate::tree::{AccessName, Change, Tree, site_members};
use crate::yang::Members;
use serde_json::json;
use std::collections::BTreeMap;
use std::io;

pub(crate) struct Book {
    pub(crate) tree: Tree,
    pub(crate) ledger: Ledger,
    journal: Journal,
    pub(crate) any_site: bool,
    pub(crate) building: Building,
    /// Statuses that the probe answers whatever the tree says, by `vpn-id`.
    pub(crate) forced: BTreeMap<String, String>,
    hidden_services: BTreeMap<String, u64>,
    hidden_accesses: BTreeMap<AccessName, u64>,
}

/// Who asks for a write, as the ledger keeps it.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) at_ms: u64,
    /// False where a fault will keep the answer back.
    pub(crate) answered: bool,
}

impl Book {
    /// Replays the journal, if there is one, and adds the configured sites that are not in it.
    pub(crate) fn open(options: &Options, now_ms: u64) -> io::Result<Self> {
        let mut book = Self {
            tree: Tree::default(),
            ledger: Ledger::default(),
            journal: Journal::in_memory(),
            any_site: options.any_site,
            building: Building {
                seed: options.seed,
                min_ms: options.build_min_ms,
                max_ms: options.build_max_ms,
            },
            forced: BTreeMap::new(),
            hidden_services: BTreeMap::new(),
            hidden_accesses: BTreeMap::new(),
        };
        if let Some(path) = &options.state {
            book.journal = Journal::open(path, |record| book.replay(record))?;
        }
        for site in &options.sites {
            if book.tree.site(&site.id).is_none() {
                let change = Change::Site { id: site.id.clone(), value: site_members(site) };
                book.commit(Record { at_ms: now_ms, call: None, changes: vec![change] })?;
            }
        }
        Ok(book)
    }

    fn replay(&mut self, record: Record) {
        for change in record.changes {
            self.tree.apply(change, record.at_ms);
        }
        if let Some(call) = record.call {
            self.ledger.record(call);
        }
    }

    /// Journal first, so that what is answered is kept; then the tree.
    fn commit(&mut self, record: Record) -> io::Result<()> {
        self.journal.append(&record)?;
        self.replay(record);
        Ok(())
    }

    /// Starts a transaction against the tree as it is.
    pub(crate) fn draft(&self) -> Draft<'_> {
        Draft::new(&self.tree, self.any_site)
    }

    /// Commits what a write came to, success or not, and counts it. The status of an accepted write is 201 where
    /// something named by the path was created, else 204.
    pub(crate) fn settle(
        &mut self,
        caller: &Caller,
        target: Option<&Target>,
        outcome: Result<(Vec<Change>, Vec<Touch>), Problem>,
    ) -> Result<u16, Problem> {
        let (changes, touched, status, problem) = match outcome {
            Ok((changes, touched)) => {
                // What the path names comes first; what was changed beside it decides nothing.
                let created = touched.first().is_some_and(|touch| touch.effect == Effect::Created);
                let created = created && caller.method != "PATCH";
                (changes, touched, if created { 201 } else { 204 }, None)
            }
            Err(problem) => {
                let touched = vec![self.refusal(caller, target, &problem)];
                (Vec::new(), touched, problem.status.as_u16(), Some(problem))
            }
        };
        let call = Call {
            seq: self.ledger.next_seq(),
            at_ms: caller.at_ms,
            method: caller.method.clone(),
            path: caller.path.clone(),
            traceparent: caller.traceparent.clone(),
            status,
            error_tag: problem.as_ref().map(|problem| problem.tag.clone()),
            answered: caller.answered,
            touched,
        };
        self.commit(Record { at_ms: caller.at_ms, call: Some(call), changes })
            .map_err(|e| Problem::internal(format!("the journal cannot be written: {}", e.kind())))?;
        problem.map_or(Ok(status), Err)
    }

    fn refusal(&self, caller: &Caller, target: Option<&Target>, problem: &Problem) -> Touch {
        let absent = caller.method == "DELETE" && problem.tag == "data-missing" && problem.app_tag.is_none();
        let effect = if absent { Effect::RepeatedDelete } else { Effect::Refused };
        let (object, id, vpn_id) = match target {
            Some(Target::Service(id)) => (Object::Service, id.clone(), Some(id.clone())),
            Some(Target::Access { id, .. } | Target::AccessService { id, .. }) => {
                (Object::Access, id.clone(), self.ledger.owner(&caller.path).map(str::to_owned))
            }
            Some(Target::Site(id)) => (Object::Site, id.clone(), None),
            _ => (Object::Tree, String::new(), None),
        };
        Touch { object, id, vpn_id, effect }
    }

    pub(crate) fn ledger_view(&self) -> LedgerView {
        self.ledger.view(self.tree.services().map(|(id, _)| id.clone()).collect())
    }

    /// Removes a service and its accesses behind everyone's back: no ledger entry. False where it does not exist.
    pub(crate) fn vanish(&mut self, id: &str, now_ms: u64) -> io::Result<bool> {
        if self.tree.service(id).is_none() {
            return Ok(false);
        }
        let mut changes: Vec<Change> = self
            .tree
            .attached(id)
            .map(|(site, access)| Change::Access { site: site.clone(), id: access.clone(), value: None })
            .collect();
        changes.push(Change::Service { id: id.to_owned(), value: None });
        self.commit(Record { at_ms: now_ms, call: None, changes })?;
        Ok(true)
    }

    /// Puts a service there that belongs to `customer`: no ledger entry.
    pub(crate) fn plant(&mut self, id: &str, customer: &str, now_ms: u64) -> io::Result<()> {
        let value = json!({
            "vpn-id": id,
            "vpn-svc-type": "vpws",
            "svc-topo": "any-to-any",
            "customer-name": customer,
            "ce-vlan-preservation": true,
            "ce-vlan-cos-preservation": true,
        });
        let value: Members = value.as_object().cloned().unwrap_or_default();
        let change = Change::Service { id: id.to_owned(), value: Some(value) };
        self.commit(Record { at_ms: now_ms, call: None, changes: vec![change] })
    }

    /// Keeps a resource out of sight of reads until `until_ms`.
    pub(crate) fn hide(&mut self, target: &Target, until_ms: u64) {
        match target {
            Target::Service(id) => {
                self.hidden_services.insert(id.clone(), until_ms);
            }
            Target::Access { site, id } => {
                self.hidden_accesses.insert((site.clone(), id.clone()), until_ms);
            }
            _ => {}
        }
    }

    pub(crate) fn hides_service(&self, id: &str, now_ms: u64) -> bool {
        self.hidden_services.get(id).is_some_and(|until| now_ms < *until)
    }

    pub(crate) fn hides_access(&self, name: &AccessName, now_ms: u64) -> bool {
        self.hidden_accesses.get(name).is_some_and(|until| now_ms < *until)
    }
}

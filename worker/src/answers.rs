//! Reports that the broker has and no conductor has answered yet.
//!
//! Reports and leases travel in queues of their own, so a `released` may be handled before the reports that were
//! published ahead of it; those would then be stale, and their work would be done again. Whoever gives an epoch back
//! in good order therefore waits here first. Deliberately absent: what an answer leads to (`inbox`).

use std::collections::BTreeMap;
use tokio::sync::watch;
use wanlink_domain::ids::ActionId;
use wanlink_wire::lease::Holding;
use wanlink_wire::report::{ReportItem, ReportedItem};

type Open = BTreeMap<Holding, BTreeMap<(ActionId, i32), ReportItem>>;

pub(crate) struct Answers(watch::Sender<Open>);

impl Answers {
    pub fn new() -> Self {
        Self(watch::Sender::new(Open::new()))
    }

    /// An answer to this report is expected from now on.
    pub fn expect(&self, item: &ReportItem) {
        self.0.send_modify(|open| {
            let own = open.entry(Holding { account: item.account, epoch: item.epoch }).or_default();
            own.insert((item.action, item.attempt), item.clone());
        });
    }

    /// One has come.
    pub fn came(&self, item: &ReportedItem) {
        let holding = Holding { account: item.account, epoch: item.epoch };
        self.0.send_if_modified(|open| {
            let Some(own) = open.get_mut(&holding) else { return false };
            let expected = own.remove(&(item.action, item.attempt)).is_some();
            if own.is_empty() {
                open.remove(&holding);
            }
            expected
        });
    }

    /// Nobody waits for this epoch's answers any more.
    pub fn forget(&self, holding: Holding) {
        self.0.send_if_modified(|open| open.remove(&holding).is_some());
    }

    /// The epoch's reports that are not answered.
    pub fn missing(&self, holding: Holding) -> Vec<ReportItem> {
        self.0.borrow().get(&holding).map_or_else(Vec::new, |own| own.values().cloned().collect())
    }

    /// Ends when all of the epoch's reports are answered.
    pub async fn complete(&self, holding: Holding) {
        let mut open = self.0.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        drop(open.wait_for(|open| !open.contains_key(&holding)).await);
    }
}

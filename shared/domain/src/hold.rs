//! Holds: what is accepted but not run. An operator pauses a WIM account or a WIM, or freezes everything.
//!
//! A hold starts nothing and stops nothing: what runs when it is laid ends and is recorded, and a building link is
//! still polled, for only so does what was begun come to its end. What waits says so, and its budgets stand still.
//! Deliberately absent: who may lay one, and the rows that it holds.

use crate::catalogue::Account;
use crate::ids::{AccountId, WimId};
use crate::reason::{Code, Reason};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a hold is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldKind {
    /// One WIM account.
    Account,
    /// All accounts of one WIM.
    Wim,
    /// Everything: the freeze.
    All,
}

/// One hold: the row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub kind: HoldKind,
    /// Of the account or the WIM; nil for everything.
    pub id: Uuid,
    /// The operator's words.
    pub reason: Option<String>,
    /// By the database's clock.
    pub since: Timestamp,
}

impl Hold {
    pub fn holds(&self, account: AccountId, wim: WimId) -> bool {
        match self.kind {
            HoldKind::Account => self.id == account.0,
            HoldKind::Wim => self.id == wim.0,
            HoldKind::All => true,
        }
    }

    /// Why nothing is run, as a waiting action says it.
    pub fn why(&self) -> Reason {
        let (code, what) = match self.kind {
            HoldKind::Account => (Code::Paused, "its WIM account is paused"),
            HoldKind::Wim => (Code::Paused, "its WIM is paused"),
            HoldKind::All => (Code::Frozen, "everything is frozen"),
        };
        let words = self.reason.as_ref().map(|words| format!(" ({words})")).unwrap_or_default();
        Reason::new(code, format!("{what} since {}{words}", self.since))
    }
}

/// All holds there are; they are few.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holds(Vec<Hold>);

impl Holds {
    pub fn new(holds: Vec<Hold>) -> Self {
        Self(holds)
    }

    pub fn find(&self, kind: HoldKind, id: Uuid) -> Option<&Hold> {
        self.0.iter().find(|hold| hold.kind == kind && hold.id == id)
    }

    pub fn freeze(&self) -> Option<&Hold> {
        self.find(HoldKind::All, Uuid::nil())
    }

    /// What holds an account's work, the widest hold first.
    pub fn on(&self, account: AccountId, wim: WimId) -> Option<&Hold> {
        self.0.iter().filter(|hold| hold.holds(account, wim)).max_by_key(|hold| hold.kind)
    }

    /// Until when the lifting of `lifted` gives an account its waiting time back, and whether it is free then: what
    /// another hold covers as well is given back when that one is lifted.
    pub fn gives_back_until(&self, lifted: &Hold, account: &Account, now: Timestamp) -> (Timestamp, bool) {
        let others = self
            .0
            .iter()
            .filter(|hold| (hold.kind, hold.id) != (lifted.kind, lifted.id))
            .filter(|hold| hold.holds(account.id, account.wim_id));
        others.map(|hold| hold.since).min().map_or((now, true), |since| (since, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn hold(kind: HoldKind, number: u128, since: i64) -> Hold {
        Hold { kind, id: id(number), reason: None, since: Timestamp(since) }
    }

    #[test]
    fn a_hold_is_about_its_account_its_wim_or_everything() {
        let (account, wim) = (AccountId(id(1)), WimId(id(2)));
        for (hold, held) in [
            (hold(HoldKind::Account, 1, 0), true),
            (hold(HoldKind::Account, 2, 0), false),
            (hold(HoldKind::Wim, 2, 0), true),
            (hold(HoldKind::Wim, 1, 0), false),
            (hold(HoldKind::All, 0, 0), true),
        ] {
            assert_eq!(hold.holds(account, wim), held, "{hold:?}");
            assert_eq!(Holds::new(vec![hold.clone()]).on(account, wim).is_some(), held);
        }
    }

    #[test]
    fn the_widest_hold_is_named_with_the_operators_words() {
        let mut wide = hold(HoldKind::All, 0, 5);
        wide.reason = Some("backup".to_owned());
        let holds = Holds::new(vec![hold(HoldKind::Account, 1, 0), wide]);
        let why = holds.on(AccountId(id(1)), WimId(id(2))).unwrap().why();
        assert_eq!(why.code, Code::Frozen);
        assert!(why.detail.contains("backup"), "{}", why.detail);
        assert_eq!(holds.freeze().map(|hold| hold.since), Some(Timestamp(5)));
    }
}

//! Worker sessions, and who may act for an account (design 5).

use crate::catalogue::Account;
use crate::ids::{AccountId, SessionId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One start of one worker process, as the conductors know it: the row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub id: SessionId,
    /// The worker's name, for people.
    pub worker: String,
    /// Connector kinds that it can build.
    pub connectors: Vec<String>,
    /// How many accounts it is willing to hold.
    pub capacity: i32,
    /// It takes no new accounts and gives back what it has.
    pub draining: bool,
    /// By the database's clock: `ttl` after the last renewal's commit.
    pub lease_until: Timestamp,
    /// Accounts without a prompt in their queues at the last renewal.
    pub idle: Vec<AccountId>,
    pub registered_at: Timestamp,
}

/// What an epoch that is presented by a session is worth for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may act.
    Current,
    /// It holds the account, but the former holder may still be acting until then (or until it says `released`).
    Handover { until: Timestamp },
    /// Its epoch is over: it must exit.
    Stale,
}

/// Judges a session's epoch. `now` is the database's clock, read after the rows were locked.
pub fn standing(account: &Account, session: SessionId, epoch: i64, now: Timestamp) -> Standing {
    if account.epoch != epoch || account.session_id != Some(session) {
        return Standing::Stale;
    }
    // The same session may be granted the account anew while its earlier epoch's calls are still in flight, so
    // even that one waits for the word or for the time.
    match account.former_until {
        Some(until) if until > now => Standing::Handover { until },
        _ => Standing::Current,
    }
}

/// Ends an account's epoch: nobody may act until a grant. `lease_until` is the end of the holder's lease, if it
/// has one that was ever used under this epoch.
pub fn end_epoch(account: &mut Account, lease_until: Option<Timestamp>, now: Timestamp) {
    account.epoch += 1;
    let holder = account.session_id.take();
    let unreleased = account.former_until.filter(|until| *until > now);
    let holders_end = lease_until.filter(|until| holder.is_some() && *until > now);
    (account.former_session_id, account.former_until) = match (unreleased, holders_end) {
        (None, None) => (None, None),
        (Some(until), None) => (account.former_session_id, Some(until)),
        (None, Some(until)) => (holder, Some(until)),
        // Two that may still act: no single word releases both, so only time does.
        (Some(earlier), Some(until)) => (None, Some(earlier.max(until))),
    };
}

/// Ends an account's epoch because a session names a later one than the record does: the record was set back behind
/// what it had granted, as by the restoring of a backup. No epoch that anybody may still hold is granted again, and
/// the next one waits for the end of both the recorded holder and the one that spoke.
///
/// `recorded_until`: the end of the recorded holder's lease. `acting_until`: until when the session that names
/// `later` may act; `None`: it says that it does not any more. `known`: the record has a row of that session.
pub fn outrun(
    account: &mut Account,
    later: i64,
    (session, known): (SessionId, bool),
    recorded_until: Option<Timestamp>,
    acting_until: Option<Timestamp>,
    now: Timestamp,
) {
    if account.session_id != Some(session) {
        end_epoch(account, recorded_until, now);
    }
    account.epoch = account.epoch.max(later);
    account.session_id = Some(session);
    end_epoch(account, acting_until, now);
    if !known && account.former_session_id == Some(session) {
        account.former_session_id = None;
    }
}

/// Gives a free account to a session under a new epoch.
pub fn grant(account: &mut Account, session: SessionId) {
    debug_assert!(account.session_id.is_none(), "an account is granted only after its epoch was ended");
    account.epoch += 1;
    account.session_id = Some(session);
}

/// Takes a former holder's word that it no longer acts. `false`: it was not waited for.
pub fn release(account: &mut Account, session: SessionId) -> bool {
    let waited_for = account.former_session_id == Some(session);
    if waited_for {
        account.former_session_id = None;
        account.former_until = None;
    }
    waited_for
}

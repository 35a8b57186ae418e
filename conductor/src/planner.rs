//! The planner of leases: gives accounts that nobody holds to the least loaded session that can drive them.
//!
//! One planner at a time, by a lock in the database; whoever gets it plans. Time alone ends no epoch: an expired
//! lease is taken away only when there is somebody to give the account to, and a holder that renews first keeps
//! it. After the database or the broker was away nobody could renew, so leases are left alone for one ttl.

use crate::context::Context;
use crate::listing::first_due;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use wanlink_domain::catalogue::Account;
use wanlink_domain::ids::{AccountId, SessionId};
use wanlink_domain::lease::{Session, end_epoch, grant};
use wanlink_domain::time::Timestamp;
use wanlink_runtime::tasks::Tasks;
use wanlink_store::port::StoreError;

/// Sessions are forgotten this many ttls after their lease ended, unless an account still names them.
const FORGET_AFTER_TTLS: u32 = 30;

/// Plans until the tasks are stopped.
pub async fn plan(context: Arc<Context>, tasks: Tasks) {
    // At a start nothing is known of what happened before.
    let mut back_since = Some(context.clock.mono());
    let mut generation = 0;
    let mut on_tick = false;
    while !tasks.is_stopping() {
        let health = context.broker.health().borrow().clone();
        if !health.ready() || health.generation != generation {
            generation = health.generation;
            back_since = Some(context.clock.mono());
        }
        let grace = back_since
            .is_some_and(|since| context.clock.mono().saturating_sub(since) < context.settings.lease_ttl);
        match pass(&context, Round { grace, rebalance: on_tick }).await {
            Ok(granted) => {
                if granted > 0 {
                    tracing::info!(granted, "accounts were granted to sessions");
                    context.nudge.dispatch.notify_one();
                }
                if !grace {
                    back_since = None;
                }
            }
            Err(StoreError::Conflict(_)) => {}
            Err(error) => {
                tracing::debug!(%error, "no planning while the database is away");
                back_since = Some(context.clock.mono());
            }
        }
        tokio::select! {
            biased;
            () = tasks.stopped() => return,
            () = context.nudge.planner.notified() => on_tick = false,
            () = tokio::time::sleep(context.settings.planner_interval) => on_tick = true,
        }
    }
}

/// What a round may do.
#[derive(Clone, Copy)]
struct Round {
    /// Renewals were impossible a moment ago: no lease is taken away because it has expired.
    grace: bool,
    /// Accounts may be moved between living sessions.
    rebalance: bool,
}

/// One round; answers how many accounts were granted.
async fn pass(context: &Context, round: Round) -> Result<usize, StoreError> {
    let mut tx = context.store.begin().await?;
    if !tx.try_lock_planner().await? {
        return Ok(0);
    }
    let now = tx.now().await?;
    let sessions = tx.sessions().await?;
    let accounts = tx.leasable_accounts().await?;
    let wanted = choose(&sessions, &accounts, now, round, context.settings.hysteresis_percent);
    if wanted.is_empty() {
        let before = Timestamp(now.0 - micros(context.settings.lease_ttl * FORGET_AFTER_TTLS));
        if sessions.iter().any(|session| session.lease_until < before) {
            tx.forget_sessions(before).await?;
            tx.commit().await?;
        }
        return Ok(0);
    }
    let was_alive: BTreeSet<SessionId> =
        sessions.iter().filter(|session| session.lease_until > now).map(|session| session.id).collect();
    let ids: Vec<AccountId> = wanted.keys().copied().collect();
    let mut locked = tx.lock_accounts(&ids).await?;
    let kinds: BTreeMap<AccountId, &str> =
        accounts.iter().map(|(account, kind)| (account.id, kind.as_str())).collect();
    let mut granted = Vec::new();
    for account in &mut locked {
        let Some(to) = wanted.get(&account.id) else { continue };
        if let Some(holder) = account.session_id {
            let lease_until = tx.lock_session(holder).await?.map(|session| session.lease_until);
            let now = tx.now().await?;
            let alive = lease_until.is_some_and(|until| until > now);
            // A holder that was believed dead may have renewed since the sessions were read: it goes on. One that is
            // to give the account up hears so at its next renewal, and the next epoch waits for its word.
            if alive && !was_alive.contains(&holder) {
                continue;
            }
            end_epoch(account, lease_until, now);
        }
        grant(account, *to);
        let lists = kinds
            .get(&account.id)
            .and_then(|kind| context.connectors.get(kind))
            .is_some_and(|it| it.can_list);
        account.refresh_due_at = first_due(account, lists, now, context.settings.budgets.refresh);
        granted.push(account.clone());
    }
    tx.update_accounts(&granted).await?;
    tx.commit().await?;
    if !granted.is_empty() {
        // In a transaction of its own, for actions are locked before accounts. A crash in between costs one period.
        let ids: Vec<AccountId> = granted.iter().map(|account| account.id).collect();
        let mut tx = context.store.begin().await?;
        let now = tx.now().await?;
        tx.make_due(Some(&ids), now).await?;
        tx.commit().await?;
    }
    Ok(granted.len())
}

/// Which accounts go to which sessions: those that nobody holds, or whose holder's lease is over, to the session
/// with the fewest accounts for its capacity that has the connector.
fn choose(
    sessions: &[Session],
    accounts: &[(Account, String)],
    now: Timestamp,
    round: Round,
    hysteresis_percent: u32,
) -> BTreeMap<AccountId, SessionId> {
    let alive =
        |id: &SessionId| sessions.iter().any(|session| session.id == *id && session.lease_until > now);
    let mut load: BTreeMap<SessionId, i32> = BTreeMap::new();
    for (account, _) in accounts {
        if let Some(holder) = account.session_id.filter(alive) {
            *load.entry(holder).or_default() += 1;
        }
    }
    let mut chosen = BTreeMap::new();
    let least = |load: &BTreeMap<SessionId, i32>, kind: &String| {
        sessions
            .iter()
            .filter(|session| session.lease_until > now && !session.draining)
            .filter(|session| session.connectors.contains(kind))
            .filter(|session| load.get(&session.id).copied().unwrap_or(0) < session.capacity)
            .map(|session| (load.get(&session.id).copied().unwrap_or(0), session.id))
            .min()
    };
    for (account, kind) in accounts {
        let free = match account.session_id {
            None => true,
            Some(holder) => !alive(&holder) && !round.grace,
        };
        if !free {
            continue;
        }
        if let Some((_, best)) = least(&load, kind) {
            *load.entry(best).or_default() += 1;
            chosen.insert(account.id, best);
        }
    }
    if chosen.is_empty() && round.rebalance && !round.grace {
        // One move a round, so that a joining worker is filled without everything changing hands at once.
        chosen.extend(accounts.iter().find_map(|(account, kind)| {
            let holder = account.session_id.filter(alive)?;
            let held = load.get(&holder).copied().unwrap_or(0);
            let (best_held, best) = least(&load, kind)?;
            uneven(held, best_held, hysteresis_percent).then_some((account.id, best))
        }));
    }
    chosen
}

/// Whether moving one account away from who holds `held` to who holds `other` is worth a handover: it must leave
/// the first one no lighter than the second, and the difference must exceed the hysteresis.
fn uneven(held: i32, other: i32, hysteresis_percent: u32) -> bool {
    let threshold = i64::from(other) * (100 + i64::from(hysteresis_percent));
    held - other >= 2 && i64::from(held) * 100 > threshold
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::account;
    use uuid::Uuid;

    fn session(id: u128, until: i64, capacity: i32, connectors: &[&str]) -> Session {
        Session {
            id: SessionId(Uuid::from_u128(id)),
            worker: format!("worker-{id}"),
            connectors: connectors.iter().map(|kind| (*kind).to_owned()).collect(),
            capacity,
            draining: false,
            lease_until: Timestamp(until),
            idle: Vec::new(),
            registered_at: Timestamp(0),
        }
    }

    fn check(sessions: &[Session], accounts: &[(Account, &str)], grace: bool, expect: &[(u128, u128)]) {
        let accounts: Vec<(Account, String)> =
            accounts.iter().map(|(account, kind)| (account.clone(), (*kind).to_owned())).collect();
        let chosen: Vec<(u128, u128)> =
            choose(sessions, &accounts, Timestamp(100), Round { grace, rebalance: true }, 20)
                .into_iter()
                .map(|(account, session)| (account.0.as_u128(), session.0.as_u128()))
                .collect();
        assert_eq!(chosen, expect);
    }

    #[test]
    fn free_accounts_go_to_the_least_loaded_that_can() {
        let two = [session(1, 200, 10, &["a"]), session(2, 200, 10, &["a", "b"])];
        check(&two, &[(account(11, 1, None), "a"), (account(12, 1, None), "a")], false, &[(11, 1), (12, 2)]);
        check(&two, &[(account(11, 1, None), "b"), (account(12, 1, None), "b")], false, &[(11, 2), (12, 2)]);
        check(&two, &[(account(11, 1, Some(1)), "a"), (account(12, 1, None), "a")], false, &[(12, 2)]);
        check(&two, &[(account(11, 1, None), "c")], false, &[]);
    }

    #[test]
    fn capacity_and_draining_are_respected() {
        let mut draining = session(2, 200, 10, &["a"]);
        draining.draining = true;
        let sessions = [session(1, 200, 1, &["a"]), draining];
        check(&sessions, &[(account(11, 1, None), "a"), (account(12, 1, None), "a")], false, &[(11, 1)]);
    }

    #[test]
    fn a_worker_that_joins_is_given_one_account_a_round_until_it_is_even() {
        let two = [session(1, 200, 10, &["a"]), session(2, 200, 10, &["a"])];
        let held = |by: &[u128]| -> Vec<(Account, &str)> {
            by.iter().zip(11..).map(|(by, id)| (account(id, 1, Some(*by)), "a")).collect()
        };
        check(&two, &held(&[1, 1, 1, 1]), false, &[(11, 2)]);
        check(&two, &held(&[2, 1, 1, 1]), false, &[(12, 2)]);
        check(&two, &held(&[2, 2, 1, 1]), false, &[]);
        check(&two, &held(&[2, 1, 1]), false, &[]);
        // What is free goes first.
        let mut free = held(&[1, 1, 1, 1]);
        free.push((account(20, 1, None), "a"));
        check(&two, &free, false, &[(20, 2)]);
    }

    #[test]
    fn moving_is_worth_it_only_beyond_the_hysteresis() {
        for (held, other, worth) in
            [(2, 0, true), (1, 0, false), (12, 10, false), (13, 10, true), (120, 100, false)]
        {
            assert_eq!(uneven(held, other, 20), worth, "{held} against {other}");
        }
    }

    #[test]
    fn an_expired_holder_is_replaced_but_not_during_grace() {
        let sessions = [session(1, 50, 10, &["a"]), session(2, 200, 10, &["a"])];
        check(&sessions, &[(account(11, 1, Some(1)), "a")], false, &[(11, 2)]);
        check(&sessions, &[(account(11, 1, Some(1)), "a")], true, &[]);
        check(&sessions[..1], &[(account(11, 1, Some(1)), "a")], false, &[]);
    }
}

//! Leases (design 5) under any interleaving of grants, renewals, ends and words: one acts at a time, epochs grow, and
//! the next one runs only after the former's word or the end of its lease.

use crate::samples::{START, account, id};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use wanlink_domain::ids::SessionId;
use wanlink_domain::lease::{Standing, end_epoch, grant, release, standing};
use wanlink_domain::time::Timestamp;

const TTL: Duration = Duration::from_secs(20);
const SESSIONS: u128 = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The planner gives the account to this session, if it is free or its holder's lease is over.
    Grant(u128),
    /// The session renews all its leases.
    Renew(u128),
    /// The settings changed, or the account is drained.
    End,
    /// The session says that it no longer acts under what it held before.
    Release(u128),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let session = 0..SESSIONS;
    prop_oneof![
        3 => session.clone().prop_map(Step::Grant),
        3 => session.clone().prop_map(Step::Renew),
        1 => Just(Step::End),
        1 => session.prop_map(Step::Release),
        3 => (0u64..30).prop_map(Step::Wait),
    ]
}

/// A session as it is outside: what it may still be doing under which epoch, until when.
#[derive(Clone, Copy, Debug)]
struct Acting {
    session: SessionId,
    epoch: i64,
    /// The end of the lease under which it last could begin anything; `None`: it said that it is out.
    until: Option<Timestamp>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn one_acts_at_a_time_and_the_next_waits_for_the_word_or_the_time(
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let mut account = account();
        let mut now = START;
        let mut leases: BTreeMap<SessionId, Timestamp> = BTreeMap::new();
        let mut actors: Vec<Acting> = Vec::new();
        let mut epochs = vec![account.epoch];
        for step in steps {
            match step {
                Step::Wait(seconds) => now = now.after(Duration::from_secs(seconds)),
                Step::Renew(number) => {
                    let session = id::<SessionId>(number);
                    leases.insert(session, now.after(TTL));
                    // A renewal is answered `ok` only for the epoch that stands: an older one ends by its old time.
                    for actor in &mut actors {
                        if actor.session == session && actor.epoch == account.epoch && actor.until.is_some() {
                            actor.until = Some(now.after(TTL));
                        }
                    }
                }
                Step::End => {
                    let until = account.session_id.and_then(|holder| leases.get(&holder).copied());
                    end_epoch(&mut account, until, now);
                }
                Step::Release(number) => {
                    let session = id::<SessionId>(number);
                    for actor in &mut actors {
                        if actor.session == session && actor.epoch < account.epoch {
                            actor.until = None;
                        }
                    }
                    let waited_for = account.former_session_id == Some(session);
                    prop_assert_eq!(release(&mut account, session), waited_for);
                }
                Step::Grant(number) => {
                    let session = id::<SessionId>(number);
                    if let Some(holder) = account.session_id {
                        let until = leases.get(&holder).copied();
                        if until.is_some_and(|until| until > now) {
                            continue;
                        }
                        end_epoch(&mut account, until, now);
                    }
                    let until = *leases.entry(session).or_insert(now.after(TTL));
                    if until <= now {
                        continue;
                    }
                    grant(&mut account, session);
                    actors.push(Acting { session, epoch: account.epoch, until: Some(until) });
                }
            }
            prop_assert!(account.epoch >= *epochs.last().unwrap_or(&0));
            if account.epoch != *epochs.last().unwrap_or(&0) {
                epochs.push(account.epoch);
            }
            prop_assert_eq!(account.former_session_id.is_some() && account.former_until.is_none(), false);
            judge(&account, &actors, now)?;
        }
        prop_assert!(epochs.is_sorted_by(|a, b| a < b), "epochs grow strictly: {:?}", epochs);
        let mut granted: Vec<i64> = actors.iter().map(|actor| actor.epoch).collect();
        granted.dedup();
        prop_assert_eq!(granted.len(), actors.len(), "no epoch is given twice");
    }
}

fn judge(
    account: &wanlink_domain::catalogue::Account,
    actors: &[Acting],
    now: Timestamp,
) -> Result<(), TestCaseError> {
    let stand = |actor: &Acting| standing(account, actor.session, actor.epoch, now);
    let current: Vec<&Acting> = actors.iter().filter(|actor| stand(actor) == Standing::Current).collect();
    prop_assert!(current.len() <= 1, "two are current: {:?}", current);
    let alive = |actor: &&Acting| actor.until.is_some_and(|until| until > now);
    for actor in actors {
        match stand(actor) {
            Standing::Current => {
                let others: Vec<&Acting> =
                    actors.iter().filter(|other| other.epoch != actor.epoch).filter(alive).collect();
                prop_assert!(others.is_empty(), "{:?} may run while {:?} may still act", actor, others);
            }
            Standing::Handover { until } => {
                prop_assert!(until > now);
                prop_assert_eq!(actor.epoch, account.epoch);
            }
            Standing::Stale => {
                let holds = account.epoch == actor.epoch && account.session_id == Some(actor.session);
                prop_assert!(!holds);
            }
        }
    }
    Ok(())
}

#[test]
fn a_holder_that_is_granted_anew_waits_for_its_own_word() {
    let (mut account, session) = (account(), id::<SessionId>(1));
    grant(&mut account, session);
    end_epoch(&mut account, Some(START.after(TTL)), START);
    grant(&mut account, session);
    let until = START.after(TTL);
    assert_eq!(standing(&account, session, account.epoch, START), Standing::Handover { until });
    assert!(release(&mut account, session));
    assert_eq!(standing(&account, session, account.epoch, START), Standing::Current);
    assert!(!release(&mut account, session), "it is waited for once");
}

#[test]
fn an_epoch_that_nobody_used_leaves_nobody_to_wait_for() {
    let mut account = account();
    end_epoch(&mut account, Some(START.after(TTL)), START);
    grant(&mut account, id(1));
    assert_eq!(standing(&account, id(1), account.epoch, START), Standing::Current);
    assert_eq!(standing(&account, id(1), account.epoch - 1, START), Standing::Stale);
    assert_eq!(standing(&account, id(2), account.epoch, START), Standing::Stale);
}

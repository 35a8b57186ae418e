//! Accounts as leases see them, sessions, and the planner's lock.

use super::rows::{self, at};
use super::{Bench, Outcome, equal, fails};
use wanlink_domain::catalogue::{Account, AccountPhase, AccountStatus};
use wanlink_domain::lease::Session;
use wanlink_domain::object::Object;
use wanlink_domain::reason::{Code, Reason};
use wanlink_store::port::StoreError;

pub async fn updating_accounts_writes_lease_status_and_events_alone(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let changed = Account {
        name: "not this".into(),
        user: None,
        config: Default::default(),
        secrets: Default::default(),
        version: 9,
        modified_at: at(99),
        phase: AccountPhase::Deleting,
        status: AccountStatus::Error,
        status_reason: Some(Reason::new(Code::Auth, "refused")),
        status_since: at(1),
        checked_at: Some(at(2)),
        epoch: 3,
        session_id: Some(rows::session_id(1)),
        former_session_id: Some(rows::session_id(1)),
        former_until: Some(at(4)),
        refresh_due_at: Some(at(6)),
        listed_at: Some(at(7)),
        unknown_services: 8,
        event_seq: 5,
        ..rows::account(1, 1, 1)
    };
    let mut tx = opened.begin().await?;
    tx.update_accounts(std::slice::from_ref(&changed)).await?;
    let was = rows::account(1, 1, 1);
    let expected = Account {
        name: was.name,
        user: was.user,
        config: was.config,
        secrets: was.secrets,
        version: was.version,
        modified_at: was.modified_at,
        ..changed
    };
    equal("locked", tx.lock_accounts(&[rows::account_id(9), rows::account_id(1)]).await?, vec![expected])
}

pub async fn an_account_is_held_only_by_a_known_session(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let held = Account { session_id: Some(rows::session_id(9)), ..rows::account(1, 1, 1) };
    let updated = opened.begin().await?.update_accounts(&[held]).await;
    fails("update_accounts", updated, |error| matches!(error, StoreError::Invalid(_)))?;
    let negative = Account { epoch: -1, ..rows::account(1, 1, 1) };
    let updated = opened.begin().await?.update_accounts(&[negative]).await;
    fails("a negative epoch", updated, |error| matches!(error, StoreError::Invalid(_)))?;
    let negative = Account { unknown_services: -1, ..rows::account(1, 1, 1) };
    let updated = opened.begin().await?.update_accounts(&[negative]).await;
    fails("a negative count", updated, |error| matches!(error, StoreError::Invalid(_)))
}

/// Accounts 1 to 4 of tenants 1 to 4; session 2 holds account 2 and formerly held account 3.
async fn leased(bench: &Bench) -> Result<super::Opened, super::Failure> {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.put_session(&rows::session(2)).await?;
    for number in 2..=4 {
        tx.insert_object(&Object::Tenant(rows::tenant(number))).await?;
        tx.insert_object(&Object::Account(rows::account(number, number, 1))).await?;
    }
    let session = Some(rows::session_id(2));
    tx.update_accounts(&[
        Account { session_id: session, epoch: 1, ..rows::account(2, 2, 1) },
        Account { former_session_id: session, former_until: Some(at(9)), epoch: 2, ..rows::account(3, 3, 1) },
        Account { phase: AccountPhase::Creating, ..rows::account(4, 4, 1) },
    ])
    .await?;
    tx.commit().await?;
    Ok(opened)
}

pub async fn accounts_of_a_session_are_held_or_formerly_held(bench: Bench) -> Outcome {
    let opened = leased(&bench).await?;
    let mut tx = opened.begin().await?;
    let found = tx.accounts_of_session(rows::session_id(2)).await?;
    let found: Vec<_> = found.into_iter().map(|account| account.id).collect();
    equal("session 2", found, vec![rows::account_id(2), rows::account_id(3)])?;
    equal("session 1", tx.accounts_of_session(rows::session_id(1)).await?, vec![])
}

pub async fn unsettled_accounts_are_being_made_or_deleted(bench: Bench) -> Outcome {
    let opened = leased(&bench).await?;
    let mut tx = opened.begin().await?;
    tx.update_accounts(&[Account { phase: AccountPhase::Deleting, ..rows::account(1, 1, 1) }]).await?;
    equal("unsettled", tx.unsettled_accounts().await?, vec![rows::account_id(1), rows::account_id(4)])
}

pub async fn leasable_accounts_are_ready_and_tell_their_connector(bench: Bench) -> Outcome {
    let opened = leased(&bench).await?;
    let found = opened.begin().await?.leasable_accounts().await?;
    let found: Vec<_> = found.into_iter().map(|(account, kind)| (account.id, kind)).collect();
    let expected = [1, 2, 3].map(|number| (rows::account_id(number), "ietf_l2sm".to_owned()));
    equal("leasable", found, expected.to_vec())
}

pub async fn a_session_is_put_and_renewed(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    equal("locked", tx.lock_session(rows::session_id(1)).await?, Some(rows::session(1)))?;
    equal("unknown", tx.lock_session(rows::session_id(9)).await?, None)?;
    let renewed = Session {
        connectors: vec![],
        capacity: 3,
        draining: true,
        lease_until: at(40_000_000),
        idle: vec![rows::account_id(2), rows::account_id(1)],
        ..rows::session(1)
    };
    tx.put_session(&renewed).await?;
    tx.put_session(&rows::session(2)).await?;
    let sessions = vec![renewed, rows::session(2)];
    equal("sessions", tx.sessions().await?, sessions.clone())?;
    tx.commit().await?;
    equal("read", opened.read.sessions().await?, sessions)
}

pub async fn sessions_are_forgotten_when_their_lease_ended_and_no_account_names_them(
    bench: Bench,
) -> Outcome {
    let opened = leased(&bench).await?;
    let mut tx = opened.begin().await?;
    let ending = |number, until| Session { lease_until: at(until), ..rows::session(number) };
    for session in [ending(1, 10), ending(2, 10), ending(3, 10), ending(4, 30)] {
        tx.put_session(&session).await?;
    }
    equal("forgotten", tx.forget_sessions(at(20)).await?, 2)?;
    let left: Vec<_> = tx.sessions().await?.into_iter().map(|session| session.id).collect();
    equal("left", left, vec![rows::session_id(2), rows::session_id(4)])?;
    equal("not before its end", tx.forget_sessions(at(30)).await?, 0)
}

pub async fn one_conductor_plans_at_a_time(bench: Bench) -> Outcome {
    let (first, second) = (bench.open().await?, bench.open().await?);
    let mut planner = first.begin().await?;
    equal("the first", planner.try_lock_planner().await?, true)?;
    equal("the same again", planner.try_lock_planner().await?, true)?;
    {
        // Refused, or not even let in: in no case planning as well.
        let mut other =
            Box::pin(async { second.begin().await?.try_lock_planner().await.map_err(Into::into) });
        let answer: Result<Result<bool, super::Failure>, _> =
            tokio::time::timeout(super::QUIET, &mut other).await;
        if let Ok(answer) = answer {
            equal("the second", answer?, false)?;
        }
    }
    planner.commit().await?;
    equal("after its end", second.begin().await?.try_lock_planner().await?, true)
}

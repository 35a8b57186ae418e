//! Actions and attempts as rows, and what the schema refuses of them.

use super::rows::{self, at};
use super::{Bench, Outcome, equal, fails};
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::{Action, ActionKind, ActionState};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::trace::TraceParent;
use wanlink_domain::wish::WishPatch;
use wanlink_store::port::StoreError;

/// Everything differs from what [`rows::action`] says.
fn running(number: u32, link: u32) -> Action {
    Action {
        kind: ActionKind::Delete,
        state: ActionState::Running,
        accepted_at: AcceptedAt(at(3).0),
        wish: rows::wish([Some(rows::network_id(1)), None]),
        patch: Some(WishPatch {
            bandwidth_kbps: Some(9),
            leave: vec![rows::network_id(2)],
            retype: true,
            ..WishPatch::default()
        }),
        due_at: Some(at(60)),
        dispatches: 2,
        claims: 3,
        attempt: 4,
        epoch: Some(5),
        session_id: Some(rows::session_id(9)),
        started_at: Some(at(6)),
        observe_first: true,
        retries: 7,
        failures: 5,
        failing_since: Some(at(7)),
        reason: Some(Reason::new(Code::Busy, "later")),
        waiting_since: at(8),
        trace: Some(TraceParent { trace: u128::MAX, span: 1, sampled: true }),
        ..rows::action(number, link)
    }
}

pub async fn an_action_is_read_as_it_was_written(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let mut tx = opened.begin().await?;
    let actions: Vec<Action> =
        (10..).zip(ActionState::ALL).map(|(n, state)| rows::action_in(state, n, 1)).collect();
    tx.insert_actions(&actions).await?;
    tx.insert_actions(&[running(30, 1)]).await?;
    tx.commit().await?;
    for action in actions.into_iter().chain([running(30, 1), rows::action(1, 1)]) {
        equal("read", opened.read.action(action.id).await?, Some(action))?;
    }
    Ok(())
}

pub async fn updating_actions_writes_every_column(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    tx.update_actions(&[running(3, 3), running(1, 1)]).await?;
    let ids = [1, 2, 3].map(rows::action_id);
    let expected = vec![running(1, 1), rows::action(2, 2), running(3, 3)];
    equal("actions", tx.actions(&ids).await?, expected)?;
    let ended = rows::action_in(ActionState::Failed, 1, 1);
    tx.update_actions(std::slice::from_ref(&ended)).await?;
    equal("ended", tx.actions(&ids[..1]).await?, vec![ended])
}

pub async fn unfinished_actions_are_those_of_these_links(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    tx.insert_actions(&[
        rows::action_in(ActionState::Done, 10, 1),
        rows::action_in(ActionState::Retry, 11, 1),
        rows::action_in(ActionState::Build, 12, 2),
        rows::action_in(ActionState::Running, 13, 3),
        rows::action_in(ActionState::Cancelled, 14, 3),
    ])
    .await?;
    let found = tx.unfinished_actions(&[rows::link_id(3), rows::link_id(1)]).await?;
    let found: Vec<_> = found.into_iter().map(|action| action.id).collect();
    equal("unfinished", found, [1, 3, 11, 13].map(rows::action_id).to_vec())
}

pub async fn an_unfinished_action_without_a_due_time_is_refused(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    for state in ActionState::ALL.into_iter().filter(|state| !state.is_finished()) {
        let action = Action { due_at: None, ..rows::action_in(state, 10, 1) };
        let inserted = opened.begin().await?.insert_actions(&[action]).await;
        fails(&format!("{state:?}"), inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    let updated =
        opened.begin().await?.update_actions(&[Action { due_at: None, ..rows::action(1, 1) }]).await;
    fails("an update", updated, |error| matches!(error, StoreError::Invalid(_)))
}

pub async fn an_action_is_finished_exactly_when_its_state_is(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    for state in ActionState::ALL {
        let finished_at = (!state.is_finished()).then_some(at(5));
        let action = Action { finished_at, due_at: Some(at(1)), ..rows::action_in(state, 10, 1) };
        let inserted = opened.begin().await?.insert_actions(&[action]).await;
        fails(&format!("{state:?}"), inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    Ok(())
}

pub async fn what_runs_runs_under_an_epoch(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    for action in [Action { epoch: None, ..running(10, 1) }, Action { attempt: 0, ..running(10, 1) }] {
        let inserted = opened.begin().await?.insert_actions(&[action]).await;
        fails("insert_actions", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    Ok(())
}

pub async fn negative_counts_are_refused(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let action = || rows::action(10, 1);
    for action in [
        Action { dispatches: -1, ..action() },
        Action { claims: -1, ..action() },
        Action { attempt: -1, ..action() },
        Action { retries: -1, ..action() },
        Action { epoch: Some(-1), ..action() },
    ] {
        let inserted = opened.begin().await?.insert_actions(&[action]).await;
        fails("insert_actions", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    Ok(())
}

pub async fn an_action_needs_its_link_and_its_request(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    for action in [rows::action(10, 9), Action { request_id: rows::request_id(9), ..rows::action(10, 1) }] {
        let inserted = opened.begin().await?.insert_actions(&[action]).await;
        fails("insert_actions", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    Ok(())
}

pub async fn inserting_an_action_again_is_refused(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let inserted = opened.begin().await?.insert_actions(&[rows::action(1, 1)]).await;
    fails("insert_actions", inserted, |error| matches!(error, StoreError::Invalid(_)))
}

pub async fn the_last_failed_action_is_the_latest_in_accepted_order(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let ended = |state, number, link, accepted| Action {
        accepted_at: AcceptedAt(accepted),
        ..rows::action_in(state, number, link)
    };
    let mut tx = opened.begin().await?;
    tx.insert_actions(&[
        ended(ActionState::Failed, 20, 1, 5),
        ended(ActionState::Failed, 21, 1, 4),
        ended(ActionState::Done, 22, 1, 9),
        // The id decides between two of the same time.
        ended(ActionState::Failed, 23, 2, 5),
        ended(ActionState::Failed, 24, 2, 5),
        ended(ActionState::Superseded, 25, 3, 5),
    ])
    .await?;
    let found = tx.last_failed(&[3, 2, 1].map(rows::link_id)).await?;
    let found: Vec<_> = found.into_iter().map(|action| action.id).collect();
    equal("last_failed", found, vec![rows::action_id(20), rows::action_id(24)])
}

pub async fn attempts_are_read_oldest_first(bench: Bench) -> Outcome {
    let opened = bench.with_links(2).await?;
    let mut tx = opened.begin().await?;
    let mut plain = rows::attempt(1, 2);
    plain.reason = None;
    tx.insert_attempts(&[rows::attempt(1, 3), plain.clone(), rows::attempt(2, 1), rows::attempt(1, 1)])
        .await?;
    tx.commit().await?;
    let expected = vec![rows::attempt(1, 1), plain, rows::attempt(1, 3)];
    equal("attempts", opened.read.attempts(rows::action_id(1)).await?, expected)?;
    let again = opened.begin().await?.insert_attempts(&[rows::attempt(1, 1)]).await;
    fails("again", again, |error| matches!(error, StoreError::Invalid(_)))
}

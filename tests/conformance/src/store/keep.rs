//! Holds, and the removal of what is old.

use super::rows::{self, at};
use super::{Bench, Outcome, equal};
use serde_json::json;
use uuid::Uuid;
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::event::Parked;
use wanlink_domain::hold::{Hold, HoldKind};
use wanlink_domain::ids::CommandId;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::request::CounterDelta;
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{Forgotten, Old};

fn hold(kind: HoldKind, number: u128, micros: i64) -> Hold {
    Hold { kind, id: Uuid::from_u128(number), reason: Some("it's \"so\"".to_owned()), since: at(micros) }
}

pub async fn holds_are_laid_once_and_lifted(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let (first, second) = (hold(HoldKind::All, 0, 5), hold(HoldKind::Account, 7, 3));
    let mut tx = opened.begin().await?;
    tx.put_hold(&first).await?;
    tx.put_hold(&second).await?;
    tx.put_hold(&Hold { since: at(9), reason: None, ..first.clone() }).await?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    equal("the oldest first", tx.holds().await?, vec![second.clone(), first.clone()])?;
    equal("in the catalogue", opened.read.catalogue().await?.holds, vec![second.clone(), first.clone()])?;
    tx.remove_hold(HoldKind::Wim, second.id).await?;
    tx.remove_hold(HoldKind::All, first.id).await?;
    equal("left", tx.holds().await?, vec![second])
}

pub async fn what_is_let_go_gets_its_time_back(bench: Bench) -> Outcome {
    let opened = bench.with_links(4).await?;
    let waiting = |n, since, failing: Option<i64>| Action {
        waiting_since: at(since),
        failing_since: failing.map(at),
        due_at: Some(at(900)),
        dispatches: 3,
        ..rows::action_in(if failing.is_some() { ActionState::Retry } else { ActionState::Scheduled }, n, n)
    };
    let running = Action { waiting_since: at(10), ..rows::action_in(ActionState::Running, 4, 4) };
    let before = [waiting(1, 10, None), waiting(2, 10, Some(5)), waiting(3, 120, None), running];
    let mut tx = opened.begin().await?;
    tx.update_actions(&before).await?;
    let accounts = [rows::account_id(1)];
    equal("others", tx.let_go(&[rows::account_id(9)], at(100), at(150), at(200), true).await?, 0)?;
    equal("asleep", tx.let_go(&accounts, at(100), at(150), at(200), false).await?, 3)?;
    let ids = [1, 2, 3, 4].map(rows::action_id);
    let since = |actions: &[Action]| actions.iter().map(|action| action.waiting_since).collect::<Vec<_>>();
    let asleep = tx.actions(&ids).await?;
    equal("since", since(&asleep), vec![at(60), at(60), at(150), at(10)])?;
    equal("failing", asleep[1].failing_since, Some(at(55)))?;
    equal("still due", (asleep[0].due_at, asleep[0].dispatches), (Some(at(900)), 3))?;
    tx.let_go(&accounts, at(150), at(200), at(200), true).await?;
    let awake = tx.actions(&ids).await?;
    equal("awake since", since(&awake), vec![at(110), at(110), at(200), at(10)])?;
    for action in &awake[..3] {
        equal("due", (action.due_at, action.dispatches), (Some(at(200)), 0))?;
    }
    equal("what runs", &awake[3], &before[3])
}

pub async fn prompts_are_forgotten_but_not_a_retrys_own_time(bench: Bench) -> Outcome {
    let opened = bench.with_links(4).await?;
    let action =
        |state, n, dispatches| Action { due_at: Some(at(900)), dispatches, ..rows::action_in(state, n, n) };
    let mut tx = opened.begin().await?;
    tx.update_actions(&[
        action(ActionState::Scheduled, 1, 4),
        action(ActionState::Retry, 2, 0),
        action(ActionState::Retry, 3, 2),
        action(ActionState::Running, 4, 2),
    ])
    .await?;
    equal("made due", tx.forget_prompts(at(50)).await?, 2)?;
    let found = tx.actions(&[1, 2, 3, 4].map(rows::action_id)).await?;
    let found: Vec<_> = found.iter().map(|it| (it.due_at, it.dispatches)).collect();
    let (now, later) = (Some(at(50)), Some(at(900)));
    equal("due", found, vec![(now, 0), (later, 0), (now, 0), (later, 2)])
}

pub async fn old_events_go_when_they_were_published(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_events(&[1, 2, 3, 4, 5].map(rows::event)).await?;
    tx.mark_published(&[1, 2, 4].map(rows::event_id), at(10)).await?;
    tx.mark_published(&[5].map(rows::event_id), at(30)).await?;
    let gone = |gone, more| Forgotten { gone, more, last: None };
    equal("two", tx.forget(Old::Events, at(20), 2).await?, gone(2, true))?;
    equal("one", tx.forget(Old::Events, at(20), 2).await?, gone(1, false))?;
    equal("none", tx.forget(Old::Events, at(20), 2).await?, gone(0, false))?;
    equal("at its time", tx.forget(Old::Events, at(30), 2).await?, gone(0, false))?;
    equal("later", tx.forget(Old::Events, at(31), 2).await?, gone(1, false))?;
    equal("unpublished", tx.unpublished_events(10).await?.len(), 1)
}

pub async fn old_answers_and_replayed_messages_go(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let parked = |number| Parked {
        id: rows::parked_id(number),
        origin: "journal".to_owned(),
        reason: "malformed".to_owned(),
        count: 1,
        payload: "e30=".to_owned(),
        parked_at: at(1),
        replayed_at: None,
    };
    let mut tx = opened.begin().await?;
    tx.insert_parked(&[parked(1), parked(2), parked(3)]).await?;
    tx.mark_replayed(rows::parked_id(1), at(5)).await?;
    tx.mark_replayed(rows::parked_id(2), at(15)).await?;
    equal("replayed", tx.forget(Old::Replayed, at(10), 9).await?.gone, 1)?;
    equal("its row", tx.lock_parked(rows::parked_id(1)).await?, None)?;
    equal("the others", tx.lock_parked(rows::parked_id(3)).await?.map(|it| it.id), Some(rows::parked_id(3)))?;
    let command = CommandId(Uuid::from_u128(77));
    tx.record_command(command, "digest", &json!({})).await?;
    let now = tx.now().await?;
    let hour = std::time::Duration::from_secs(3_600);
    equal("young", tx.forget(Old::Answers, Timestamp(now.0 - 3_600_000_000), 9).await?.gone, 0)?;
    equal("old", tx.forget(Old::Answers, now.after(hour), 9).await?.gone, 1)?;
    equal("its answer", tx.command(command).await?, None)
}

/// An action that ended long ago, as the request's only one.
async fn ended(tx: &mut dyn wanlink_store::port::Transaction, n: u32, state: ActionState) -> Outcome {
    tx.insert_requests(&[rows::request(n, 1)]).await?;
    tx.insert_actions(&[Action { request_id: rows::request_id(n), ..rows::action_in(state, n, 1) }]).await?;
    let delta = CounterDelta { done: 1, ..CounterDelta::none(rows::request_id(n)) };
    tx.count_requests(&[delta], at(500)).await?;
    Ok(())
}

pub async fn old_requests_go_whole_but_for_what_a_living_link_rests_on(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let mut tx = opened.begin().await?;
    // Of link 1, in accepted order: two that are over, a failed one, the latest; beside the unfinished of request 1.
    for (n, state) in [
        (11, ActionState::Done),
        (12, ActionState::Failed),
        (13, ActionState::Failed),
        (14, ActionState::Done),
    ] {
        ended(tx.as_mut(), n, state).await?;
    }
    let all = [1, 11, 12, 13, 14].map(rows::request_id);
    let known =
        |rows: Vec<wanlink_domain::request::Request>| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let nothing = tx.forget(Old::Requests { after: None }, at(500), 100).await?;
    equal("too young", nothing.gone, 0)?;
    let first = tx.forget(Old::Requests { after: None }, at(501), 3).await?;
    equal("first look", (first.gone, first.more), (2, true))?;
    let rest = tx.forget(Old::Requests { after: first.last }, at(501), 3).await?;
    equal("second look", (rest.gone, rest.more), (0, false))?;
    equal("left", known(tx.requests(&all).await?), [1, 13, 14].map(rows::request_id).to_vec())?;
    equal("its actions", tx.actions(&[rows::action_id(11)]).await?, vec![])?;
    // Of a tombstone nothing is needed but what is unfinished.
    let link = Link { status: LinkStatus::Deleted, deleted_at: Some(at(400)), ..rows::link(1) };
    tx.update_links(&[link]).await?;
    equal("then", tx.forget(Old::Requests { after: None }, at(501), 100).await?.gone, 2)?;
    equal("unfinished", known(tx.requests(&all).await?), vec![rows::request_id(1)])
}

pub async fn old_tombstones_go_with_their_actions(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let tombstone =
        |n, micros| Link { status: LinkStatus::Deleted, deleted_at: Some(at(micros)), ..rows::link(n) };
    let mut tx = opened.begin().await?;
    tx.update_links(&[tombstone(1, 100), tombstone(2, 100), tombstone(3, 300)]).await?;
    let over = |n| rows::action_in(ActionState::Done, n, n);
    tx.update_actions(&[over(1), over(3)]).await?;
    let gone = tx.forget(Old::Tombstones, at(200), 10).await?;
    equal("gone", (gone.gone, gone.more), (1, false))?;
    let left = tx.lock_links(&[1, 2, 3].map(rows::link_id)).await?;
    equal("left", left.iter().map(|link| link.id).collect::<Vec<_>>(), [2, 3].map(rows::link_id).to_vec())?;
    equal("its action", tx.actions(&[rows::action_id(1)]).await?, vec![])?;
    equal("the request", tx.requests(&[rows::request_id(1)]).await?.len(), 1)
}

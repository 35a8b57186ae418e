//! What is due, and making it so.

use super::rows::{self, at};
use super::{Bench, Outcome, equal};
use std::collections::BTreeSet;
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::catalogue::{Account, AccountPhase};
use wanlink_domain::link::Link;
use wanlink_domain::object::Object;
use wanlink_store::port::{Census, Due, Waiting};

fn due(number: u32, micros: i64) -> Action {
    Action { due_at: Some(at(micros)), ..rows::action(number, number) }
}

pub async fn due_actions_come_longest_due_first_up_to_the_limit(bench: Bench) -> Outcome {
    let opened = bench.with_links(4).await?;
    let mut tx = opened.begin().await?;
    tx.update_actions(&[due(1, 30), due(2, 10), due(3, 20), due(4, 10)]).await?;
    let pair = |number, micros| Due { link: rows::link(number), action: due(number, micros) };
    let expected = vec![pair(2, 10), pair(4, 10), pair(3, 20)];
    equal("three", tx.due_actions(at(100), 3).await?, expected)?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    equal("all", tx.due_actions(at(100), 100).await?.len(), 4)?;
    equal("none", tx.due_actions(at(100), 0).await?, vec![])
}

pub async fn what_is_finished_or_not_yet_due_is_left(bench: Bench) -> Outcome {
    let opened = bench.with_links(4).await?;
    let mut tx = opened.begin().await?;
    tx.update_actions(&[due(1, 30), rows::action_in(ActionState::Done, 2, 2), due(3, 31), due(4, 29)])
        .await?;
    let found = tx.due_actions(at(30), 100).await?;
    equal(
        "due",
        found.iter().map(|due| due.action.id).collect(),
        vec![rows::action_id(4), rows::action_id(1)],
    )
}

pub async fn two_conductors_never_take_the_same_due_action(bench: Bench) -> Outcome {
    let opened = bench.with_links(6).await?;
    let other = bench.open().await?;
    let take = async |opened: &super::Opened| -> Result<Vec<_>, super::Failure> {
        let mut tx = opened.begin().await?;
        let taken = tx.due_actions(at(50), 4).await?;
        // As a conductor does: what was taken is due later.
        let moved: Vec<_> =
            taken.iter().map(|due| Action { due_at: Some(at(99)), ..due.action.clone() }).collect();
        tx.update_actions(&moved).await?;
        tx.commit().await?;
        Ok(moved.into_iter().map(|action| action.id).collect())
    };
    let (first, second) = futures::join!(take(&opened), take(&other));
    let (first, second) = (first?, second?);
    let both: BTreeSet<_> = first.iter().chain(&second).collect();
    equal("taken twice", both.len(), first.len() + second.len())?;
    let third = take(&opened).await?;
    equal("all were taken", both.len() + third.len(), 6)
}

pub async fn the_next_due_time_is_the_earliest_of_the_unfinished(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    tx.update_actions(&[due(1, 30), rows::action_in(ActionState::Done, 2, 2), due(3, 20)]).await?;
    equal("next_due", tx.next_due().await?, Some(at(20)))?;
    tx.update_actions(&[1, 3].map(|n| rows::action_in(ActionState::Failed, n, n))).await?;
    equal("nothing", tx.next_due().await?, None)
}

pub async fn what_waits_is_counted_with_its_age(bench: Bench) -> Outcome {
    let opened = bench.with_links(4).await?;
    let mut tx = opened.begin().await?;
    tx.update_actions(&[1, 2, 3, 4].map(|n| rows::action_in(ActionState::Done, n, n))).await?;
    equal("nothing", tx.census().await?, Census::default())?;
    let waiting =
        |state, number, since| Action { waiting_since: at(since), ..rows::action_in(state, number, number) };
    tx.update_actions(&[
        waiting(ActionState::Scheduled, 1, 30),
        waiting(ActionState::Retry, 2, 50),
        waiting(ActionState::Scheduled, 3, 20),
    ])
    .await?;
    tx.insert_events(&[4, 3, 5].map(rows::event)).await?;
    tx.mark_published(&[rows::event_id(3)], at(9)).await?;
    let found = Census {
        actions: vec![
            Waiting { state: ActionState::Retry, count: 1, since: at(50) },
            Waiting { state: ActionState::Scheduled, count: 2, since: at(20) },
        ],
        events: 2,
        events_since: Some(at(4)),
    };
    equal("census", tx.census().await?, found)
}

/// A second account of the world's WIM, with a link 9 and a scheduled action 9.
async fn second_account(tx: &mut Box<dyn wanlink_store::port::Transaction>) -> Outcome {
    tx.insert_object(&Object::Tenant(rows::tenant(2))).await?;
    tx.insert_object(&Object::Account(rows::account(2, 2, 1))).await?;
    tx.insert_links(&[Link { account_id: rows::account_id(2), ..rows::link(9) }]).await?;
    let action = Action { account_id: rows::account_id(2), dispatches: 3, ..due(9, 90) };
    tx.insert_actions(&[action]).await?;
    Ok(())
}

pub async fn actions_of_an_account_are_made_due_with_their_prompts_counted(bench: Bench) -> Outcome {
    let opened = bench.with_links(5).await?;
    let mut tx = opened.begin().await?;
    second_account(&mut tx).await?;
    let prompted = |number, micros| Action { dispatches: 5, ..due(number, micros) };
    let in_state = |state, number, micros| Action {
        due_at: Some(at(micros)),
        dispatches: 5,
        ..rows::action_in(state, number, number)
    };
    let retry = in_state(ActionState::Retry, 3, 70);
    // One runs under the epoch that is, one under an epoch that is over.
    let mut accounts = tx.lock_accounts(&[rows::account_id(1)]).await?;
    accounts[0].epoch = 2;
    tx.update_accounts(&accounts).await?;
    let runs = Action { epoch: Some(2), ..in_state(ActionState::Running, 4, 95) };
    let lost = in_state(ActionState::Running, 5, 90);
    tx.update_actions(&[prompted(1, 80), prompted(2, 10), retry.clone(), runs.clone(), lost]).await?;
    equal("made due", tx.make_due(Some(&[rows::account_id(1)]), at(50)).await?, 3)?;
    let found = tx.actions(&[1, 2, 3, 4, 5].map(rows::action_id)).await?;
    // What was due before stays first in line.
    let lost = in_state(ActionState::Running, 5, 50);
    let expected = vec![prompted(1, 50), prompted(2, 10), retry, runs, lost];
    equal("actions", found, expected)?;
    equal("another's", tx.actions(&[rows::action_id(9)]).await?[0].due_at, Some(at(90)))?;
    equal("of no account", tx.make_due(Some(&[]), at(40)).await?, 0)
}

pub async fn scheduled_actions_of_all_accounts_are_made_due(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    second_account(&mut tx).await?;
    let running = Action { due_at: Some(at(70)), ..rows::action_in(ActionState::Running, 3, 3) };
    tx.update_actions(&[due(1, 80), due(2, 81), running]).await?;
    equal("made due", tx.make_due(None, at(50)).await?, 3)?;
    let found = tx.actions(&[1, 2, 3, 9].map(rows::action_id)).await?;
    let times: Vec<_> = found.iter().map(|action| (action.due_at, action.dispatches)).collect();
    let expected = vec![(Some(at(50)), 0), (Some(at(50)), 0), (Some(at(70)), 0), (Some(at(50)), 3)];
    equal("times", times, expected)
}

pub async fn actions_that_need_a_network_are_made_due(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let needing = |number, networks| Link { wish: rows::wish(networks), ..rows::link(number) };
    let (one, two) = (Some(rows::network_id(1)), Some(rows::network_id(2)));
    let mut tx = opened.begin().await?;
    tx.update_links(&[needing(1, [one, two]), needing(2, [None, two])]).await?;
    tx.update_actions(&[Action { dispatches: 4, ..due(1, 80) }, due(2, 81), due(3, 82)]).await?;
    equal("by the first", tx.make_due_for_networks(&[rows::network_id(1)], at(50)).await?, 1)?;
    let both = [rows::network_id(1), rows::network_id(2), rows::network_id(9)];
    equal("by both", tx.make_due_for_networks(&both, at(40)).await?, 2)?;
    let found = tx.actions(&[1, 2, 3].map(rows::action_id)).await?;
    equal("actions", found, vec![due(1, 40), due(2, 40), due(3, 82)])
}

pub async fn due_refreshes_are_of_held_ready_accounts_without_work(bench: Bench) -> Outcome {
    let opened = bench.with_links(5).await?;
    let mut tx = opened.begin().await?;
    second_account(&mut tx).await?;
    let ids = [1, 2, 3, 4, 5, 9].map(rows::link_id);
    tx.schedule_refreshes(&ids, Some(at(20)), None).await?;
    tx.schedule_refreshes(&ids[..1], Some(at(10)), None).await?;
    tx.schedule_refreshes(&ids[3..4], Some(at(99)), None).await?;
    // Of account 1 the links 1, 2 and 4 rest, and 4 is not due; 3 and 5 have work; nobody holds account 2.
    tx.update_actions(&[1, 2, 4].map(|n| rows::action_in(ActionState::Done, n, n))).await?;
    tx.update_actions(&[Action {
        account_id: rows::account_id(2),
        ..rows::action_in(ActionState::Done, 9, 9)
    }])
    .await?;
    let held = Account { session_id: Some(rows::session_id(1)), epoch: 1, ..rows::account(1, 1, 1) };
    equal("nobody holds it", tx.due_refreshes(at(50), 10).await?, vec![])?;
    tx.update_accounts(std::slice::from_ref(&held)).await?;
    let ids = |links: Vec<Link>| links.into_iter().map(|link| link.id).collect::<Vec<_>>();
    let due = ids(tx.due_refreshes(at(50), 10).await?);
    equal("due", due, vec![rows::link_id(1), rows::link_id(2)])?;
    equal("limited", ids(tx.due_refreshes(at(50), 1).await?), vec![rows::link_id(1)])?;
    tx.update_accounts(&[Account { phase: AccountPhase::Deleting, ..held }]).await?;
    equal("not ready", tx.due_refreshes(at(50), 10).await?, vec![])
}

pub async fn refreshes_are_scheduled_and_last_seen_is_kept(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    let ids = [2, 1].map(rows::link_id);
    tx.schedule_refreshes(&ids, Some(at(10)), Some(at(5))).await?;
    tx.schedule_refreshes(&ids[..1], Some(at(20)), None).await?;
    let seen = |number, due_at| Link {
        refresh_due_at: Some(at(due_at)),
        last_seen_at: Some(at(5)),
        ..rows::link(number)
    };
    let found = tx.lock_links(&[1, 2, 3].map(rows::link_id)).await?;
    equal("links", found, vec![seen(1, 10), seen(2, 20), rows::link(3)])
}

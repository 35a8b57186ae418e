//! All of a transaction is there, or nothing of it.

use super::rows::{self, at};
use super::{Bench, Opened, Outcome, equal, fails};
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::ids::LinkId;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::CounterDelta;
use wanlink_store::port::{StoreError, Transaction};

/// One of everything that a batch writes.
async fn everything(tx: &mut Box<dyn Transaction>) -> Outcome {
    tx.insert_object(&Object::Tenant(rows::tenant(2))).await?;
    tx.record_command(wanlink_domain::ids::CommandId(rows::tenant_id(2).0), "d", &serde_json::json!({}))
        .await?;
    tx.insert_requests(&[rows::request(1, 1)]).await?;
    tx.insert_links(&[rows::link(1)]).await?;
    tx.insert_actions(&[rows::action(1, 1)]).await?;
    tx.insert_attempts(&[rows::attempt(1, 1)]).await?;
    tx.insert_events(&[rows::event(1)]).await?;
    tx.insert_parked(&[rows::parked(1)]).await?;
    tx.bump_catalogue().await?;
    Ok(())
}

async fn nothing_is_there(opened: &Opened, version: i64) -> Outcome {
    equal("tenant", opened.read.object(Kind::Tenant, rows::tenant_id(2).0).await?, None)?;
    equal("request", opened.read.request(rows::request_id(1)).await?, None)?;
    equal("link", opened.read.link(rows::link_id(1)).await?, None)?;
    equal("action", opened.read.action(rows::action_id(1)).await?, None)?;
    equal("attempts", opened.read.attempts(rows::action_id(1)).await?, vec![])?;
    equal("parked", opened.read.parked_message(rows::parked_id(1)).await?, None)?;
    equal("version", opened.read.catalogue_version().await?, version)?;
    let mut tx = opened.begin().await?;
    equal("events", tx.unpublished_events(10).await?, vec![])?;
    equal("command", tx.command(wanlink_domain::ids::CommandId(rows::tenant_id(2).0)).await?, None)
}

pub async fn a_dropped_transaction_leaves_nothing(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let version = opened.read.catalogue_version().await?;
    let mut tx = opened.begin().await?;
    everything(&mut tx).await?;
    drop(tx);
    nothing_is_there(&opened, version).await
}

pub async fn what_is_not_committed_is_not_seen(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    everything(&mut tx).await?;
    equal("before", opened.read.action(rows::action_id(1)).await?, None)?;
    tx.commit().await?;
    equal("after", opened.read.action(rows::action_id(1)).await?, Some(rows::action(1, 1)))
}

pub async fn a_failed_operation_takes_its_whole_transaction_along(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let version = opened.read.catalogue_version().await?;
    let mut tx = opened.begin().await?;
    everything(&mut tx).await?;
    let bad = tx.insert_actions(&[Action { due_at: None, ..rows::action(2, 1) }]).await;
    fails("the operation", bad, |error| matches!(error, StoreError::Invalid(_)))?;
    // Neither a further operation nor the commit pretends.
    fails("the next", tx.now().await, |error| matches!(error, StoreError::Invalid(_)))?;
    fails("the commit", tx.commit().await, |error| matches!(error, StoreError::Invalid(_)))?;
    nothing_is_there(&opened, version).await
}

pub async fn a_batch_with_one_bad_row_writes_none(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let bad = Action { due_at: None, ..rows::action(11, 2) };
    let mut tx = opened.begin().await?;
    let inserted = tx.insert_actions(&[rows::action(10, 1), bad, rows::action(12, 3)]).await;
    fails("the batch", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    drop(tx);
    for number in 10..=12 {
        equal("action", opened.read.action(rows::action_id(number)).await?, None)?;
    }
    Ok(())
}

pub async fn an_end_its_counter_and_its_event_come_together(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let end = async |commit: bool| -> Outcome {
        let mut tx = opened.begin().await?;
        tx.update_actions(&[rows::action_in(ActionState::Done, 1, 1)]).await?;
        let delta = CounterDelta { done: 1, ..CounterDelta::none(rows::request_id(1)) };
        tx.count_requests(&[delta], at(5)).await?;
        tx.insert_events(&[rows::event(1)]).await?;
        if commit {
            tx.commit().await?;
        }
        Ok(())
    };
    let seen = async || -> Result<(bool, i32, usize), super::Failure> {
        let action = opened.read.action(rows::action_id(1)).await?;
        let request = opened.read.request(rows::request_id(1)).await?;
        let events = opened.begin().await?.unpublished_events(10).await?;
        let finished = action.is_some_and(|action| action.finished_at.is_some());
        Ok((finished, request.map_or(0, |request| request.done), events.len()))
    };
    end(false).await?;
    equal("dropped", seen().await?, (false, 0, 0))?;
    end(true).await?;
    equal("committed", seen().await?, (true, 1, 1))
}

pub async fn an_empty_batch_is_nothing(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    equal("links", tx.insert_links(&[]).await?, Vec::<LinkId>::new())?;
    tx.update_links(&[]).await?;
    tx.insert_actions(&[]).await?;
    tx.update_actions(&[]).await?;
    tx.insert_attempts(&[]).await?;
    tx.insert_requests(&[]).await?;
    tx.update_accounts(&[]).await?;
    tx.insert_events(&[]).await?;
    tx.mark_published(&[], at(1)).await?;
    tx.insert_parked(&[]).await?;
    tx.schedule_refreshes(&[], Some(at(1)), None).await?;
    equal("due", tx.make_due_for_networks(&[], at(1)).await?, 0)?;
    Ok(tx.commit().await?)
}

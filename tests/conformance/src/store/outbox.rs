//! Events on their way out, and messages that were set aside.

use super::rows::{self, at};
use super::{Bench, Failure, Outcome, ends, equal};
use serde_json::json;
use std::collections::BTreeSet;
use wanlink_domain::event::{OutboxEvent, Parked};
use wanlink_domain::ids::EventId;

fn numbers(events: &[OutboxEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

pub async fn events_come_in_the_order_they_were_written(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    // The order of writing is neither that of ids nor that of times.
    let mut tx = opened.begin().await?;
    tx.insert_events(&[5, 3, 9].map(rows::event)).await?;
    tx.insert_events(&[4].map(rows::event)).await?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    tx.insert_events(&[1, 2].map(rows::event)).await?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    let found = tx.unpublished_events(100).await?;
    equal("events", found, [5, 3, 9, 4, 1, 2].map(rows::event).to_vec())?;
    let limited = tx.unpublished_events(2).await?;
    equal("limited", numbers(&limited), [5, 3].map(rows::event_id).to_vec())
}

pub async fn published_events_do_not_come_again(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_events(&[1, 2, 3].map(rows::event)).await?;
    tx.mark_published(&[2, 9, 1].map(rows::event_id), at(9)).await?;
    tx.commit().await?;
    let found = opened.begin().await?.unpublished_events(100).await?;
    equal("events", numbers(&found), vec![rows::event_id(3)])
}

pub async fn events_come_again_when_their_relay_did_not_finish(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_events(&[1, 2].map(rows::event)).await?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    tx.unpublished_events(100).await?;
    tx.mark_published(&[rows::event_id(1)], at(9)).await?;
    drop(tx);
    // The rollback may come a moment later, and until then its rows are skipped.
    let both = [1, 2].map(rows::event_id);
    let come_again = async {
        while numbers(&opened.begin().await?.unpublished_events(100).await?) != both {
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    ends("waiting for the events", come_again).await?
}

pub async fn two_relays_never_take_the_same_event(bench: Bench) -> Outcome {
    let (first, second) = (bench.open().await?, bench.open().await?);
    let mut tx = first.begin().await?;
    tx.insert_events(&[1, 2, 3, 4, 5].map(rows::event)).await?;
    tx.commit().await?;
    let relay = async |opened: &super::Opened| -> Result<Vec<EventId>, Failure> {
        let mut tx = opened.begin().await?;
        let taken = numbers(&tx.unpublished_events(3).await?);
        tx.mark_published(&taken, at(9)).await?;
        tx.commit().await?;
        Ok(taken)
    };
    let (a, b) = futures::join!(relay(&first), relay(&second));
    let mut taken = a?;
    taken.extend(b?);
    taken.extend(relay(&first).await?);
    let distinct: BTreeSet<_> = taken.iter().collect();
    equal("taken twice", distinct.len(), taken.len())?;
    equal("taken", distinct.len(), 5)
}

pub async fn an_event_keeps_any_data(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let data = [json!(null), json!({}), json!([1, null]), json!("text"), json!({ "a": null }), json!(false)];
    let events: Vec<OutboxEvent> =
        (1..).zip(data).map(|(number, data)| OutboxEvent { data, ..rows::event(number) }).collect();
    let mut tx = opened.begin().await?;
    tx.insert_events(&events).await?;
    equal("events", tx.unpublished_events(10).await?, events)
}

pub async fn a_message_parked_again_is_counted_up(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_parked(&[rows::parked(1), rows::parked(2)]).await?;
    let again = Parked { reason: "another".into(), ..rows::parked(1) };
    tx.insert_parked(&[again.clone(), rows::parked(3), again]).await?;
    tx.commit().await?;
    let counted = Parked { count: 3, ..rows::parked(1) };
    equal("parked", opened.read.parked_message(rows::parked_id(1)).await?, Some(counted))?;
    equal("others", opened.read.parked_message(rows::parked_id(3)).await?, Some(rows::parked(3)))
}

pub async fn a_parked_message_is_marked_replayed(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_parked(&[rows::parked(1), rows::parked(2)]).await?;
    equal("unknown", tx.lock_parked(rows::parked_id(9)).await?, None)?;
    equal("locked", tx.lock_parked(rows::parked_id(1)).await?, Some(rows::parked(1)))?;
    tx.mark_replayed(rows::parked_id(1), at(50)).await?;
    tx.commit().await?;
    let replayed = Parked { replayed_at: Some(at(50)), ..rows::parked(1) };
    equal("parked", opened.read.parked_message(rows::parked_id(1)).await?, Some(replayed))
}

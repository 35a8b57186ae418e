//! Requests and their counters.

use super::rows::{self, at};
use super::{Bench, Failure, Outcome, equal, fails};
use wanlink_domain::action::ActionState;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::request::{CounterDelta, Request};
use wanlink_store::port::StoreError;

fn done(request: u32, done: i32) -> CounterDelta {
    CounterDelta { done, ..CounterDelta::none(rows::request_id(request)) }
}

pub async fn requests_that_are_there_already_are_left_alone(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    equal("first", tx.insert_requests(&[rows::request(2, 1)]).await?, vec![rows::request_id(2)])?;
    let other = Request { digest: "d2".into(), ..rows::request(2, 5) };
    equal("again", tx.insert_requests(&[other, rows::request(1, 1)]).await?, vec![rows::request_id(1)])?;
    let found = tx.requests(&[9, 2, 1].map(rows::request_id)).await?;
    equal("requests", found, vec![rows::request(1, 1), rows::request(2, 1)])
}

pub async fn counters_add_up_and_the_last_one_ends_the_request(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_requests(&[rows::request(1, 10), rows::request(2, 1)]).await?;
    let first = CounterDelta { done: 1, failed: 2, superseded: 3, cancelled: 0, ..done(1, 0) };
    let counted = Request { done: 1, failed: 2, superseded: 3, ..rows::request(1, 10) };
    equal("first", tx.count_requests(&[first], at(5)).await?, vec![counted.clone()])?;
    let last = CounterDelta { cancelled: 4, ..done(1, 0) };
    let ended = Request { cancelled: 4, finished_at: Some(at(6)), event_seq: 1, ..counted };
    equal("last", tx.count_requests(&[last], at(6)).await?, vec![ended.clone()])?;
    // What adds nothing ends nothing a second time.
    equal("nothing", tx.count_requests(&[done(1, 0)], at(7)).await?, vec![ended])?;
    equal("the other", tx.requests(&[rows::request_id(2)]).await?, vec![rows::request(2, 1)])?;
    equal("unknown", tx.count_requests(&[done(9, 1)], at(7)).await?, vec![])?;
    equal("none", tx.count_requests(&[], at(7)).await?, vec![])
}

pub async fn deltas_of_one_request_in_one_batch_are_summed(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_requests(&[rows::request(1, 3), rows::request(2, 2)]).await?;
    let deltas = [done(2, 1), done(1, 1), done(1, 1), CounterDelta { failed: 1, ..done(1, 0) }];
    let found = tx.count_requests(&deltas, at(5)).await?;
    let ended = Request { done: 2, failed: 1, finished_at: Some(at(5)), event_seq: 1, ..rows::request(1, 3) };
    equal("requests", found, vec![ended, Request { done: 1, ..rows::request(2, 2) }])
}

pub async fn counters_above_the_total_are_refused(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_requests(&[rows::request(1, 2)]).await?;
    tx.commit().await?;
    for delta in [done(1, 3), done(1, -1)] {
        let counted = opened.begin().await?.count_requests(&[delta], at(5)).await;
        fails("count_requests", counted, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    Ok(())
}

/// Counts one action done in a transaction of its own; whether that ended the request.
async fn count_one(opened: &super::Opened) -> Result<bool, Failure> {
    let mut tx = opened.begin().await?;
    let found = tx.count_requests(&[done(1, 1)], at(5)).await?;
    tx.commit().await?;
    Ok(found.iter().any(|request| request.open() == 0))
}

pub async fn a_request_ends_once_however_many_end_it_at_once(bench: Bench) -> Outcome {
    let (first, second) = (bench.open().await?, bench.open().await?);
    let mut tx = first.begin().await?;
    tx.insert_requests(&[rows::request(1, 8)]).await?;
    tx.commit().await?;
    let counting = [&first, &second, &first, &second, &first, &second, &first, &second].map(count_one);
    let mut ends = 0;
    for ended in super::ends("counting", futures::future::join_all(counting)).await? {
        ends += usize::from(ended?);
    }
    equal("ends", ends, 1)?;
    let request = first.read.request(rows::request_id(1)).await?;
    let expected = Request { done: 8, finished_at: Some(at(5)), event_seq: 1, ..rows::request(1, 8) };
    equal("request", request, Some(expected))
}

pub async fn links_of_a_request_are_those_with_unfinished_actions(bench: Bench) -> Outcome {
    let opened = bench.with_links(3).await?;
    let mut tx = opened.begin().await?;
    tx.insert_requests(&[rows::request(2, 1)]).await?;
    tx.update_actions(&[rows::action_in(ActionState::Done, 2, 2)]).await?;
    tx.insert_actions(&[rows::action_in(ActionState::Retry, 10, 3)]).await?;
    let found = tx.links_of_request(rows::request_id(1)).await?;
    equal("links", found, vec![rows::link_id(1), rows::link_id(3)])?;
    equal("another", tx.links_of_request(rows::request_id(2)).await?, vec![])
}

pub async fn a_refused_request_is_finished_from_the_start(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let refused = Some(Reason::new(Code::NoCommonWim, "none reaches both"));
    let request = Request { refused, finished_at: Some(at(1)), ..rows::request(1, 3) };
    let mut tx = opened.begin().await?;
    tx.insert_requests(std::slice::from_ref(&request)).await?;
    tx.commit().await?;
    equal("request", opened.read.request(request.id).await?, Some(request.clone()))?;
    let open = Request { finished_at: None, id: rows::request_id(2), ..request };
    let inserted = opened.begin().await?.insert_requests(&[open]).await;
    fails("an open one", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
    let finished = Request { finished_at: Some(at(1)), ..rows::request(2, 1) };
    let inserted = opened.begin().await?.insert_requests(&[finished]).await;
    fails("a finished one with open actions", inserted, |error| matches!(error, StoreError::Invalid(_)))
}

//! The calls: closed loop or open loop, over connections that stay, each answer kept as it came.

use super::estate::Estate;
use super::http::{Address, Answer, Connection};
use super::schedule::Schedule;
use crate::client::progress::Progress;
use crate::exit::Failure;
use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use uuid::Uuid;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::{Clock as _, SystemClock};
use wanlink_runtime::tasks::Tasks;

/// Before a call that was not taken is sent again.
const PAUSE: Duration = Duration::from_millis(100);
/// Sendings of one call that the api says it cannot take now.
const TRIES: usize = 600;
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What came of one call. Times are the machine's wall clock: they are compared with the api's and the database's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub account: usize,
    pub links: usize,
    /// When it was due; in the closed loop: when it was first sent.
    pub due: Timestamp,
    pub answered: Timestamp,
    /// Sendings before the last one, which the api said it could not take.
    pub put_off: usize,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted(Accepted),
    /// Another answer, or none.
    Failed(String),
}

/// A 202.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub request: Uuid,
    pub at: Timestamp,
    /// The word that it is recorded came with the answer.
    pub journaled: bool,
    pub actions: Vec<Uuid>,
}

/// The calls of a run.
pub struct Load {
    pub address: Address,
    pub estate: Estate,
    pub calls: usize,
    pub clients: usize,
    /// `None`: closed loop.
    pub schedule: Option<Schedule>,
}

/// What the clients share.
struct Shared {
    load: Load,
    tasks: Tasks,
    start: Timestamp,
    next: AtomicUsize,
    answered: AtomicUsize,
}

/// Opens all connections, then makes all calls. Answers them in no order, and when the first was due.
pub async fn run(load: Load) -> Result<(Vec<Call>, Timestamp), Failure> {
    let tasks = Tasks::new();
    let mut connections = Vec::new();
    for _ in 0..load.clients.min(load.calls) {
        connections.push(Connection::open(&load.address, &tasks).await?);
    }
    let (start, calls) = (SystemClock.wall(), load.calls);
    let shared = Arc::new(Shared {
        load,
        tasks: tasks.clone(),
        start,
        next: AtomicUsize::new(0),
        answered: AtomicUsize::new(0),
    });
    let clients: Vec<_> =
        connections.into_iter().map(|connection| tasks.spawn(client(shared.clone(), connection))).collect();
    let mut progress = Progress::new("calls answered");
    let mut told = futures::future::join_all(clients);
    let ended = loop {
        let answered = shared.answered.load(Ordering::Relaxed);
        progress.set(u64::try_from(answered).unwrap_or(u64::MAX), u64::try_from(calls).unwrap_or(u64::MAX));
        if let Ok(ended) = tokio::time::timeout(LOOK_EVERY, &mut told).await {
            break ended;
        }
    };
    progress.set(u64::try_from(calls).unwrap_or(u64::MAX), u64::try_from(calls).unwrap_or(u64::MAX));
    let mut all = Vec::with_capacity(calls);
    for calls in ended {
        all.extend(calls.map_err(|error| Failure::failed(format!("a client ended: {error}")))?);
    }
    tasks.stop(Duration::from_secs(1)).await;
    Ok((all, start))
}

/// One client: takes the next call, waits until it is due, makes it.
async fn client(shared: Arc<Shared>, connection: Connection) -> Vec<Call> {
    let load = &shared.load;
    let mut connection = Some(connection);
    let mut calls = Vec::with_capacity(load.calls / load.clients + 1);
    loop {
        let n = shared.next.fetch_add(1, Ordering::Relaxed);
        if n >= load.calls {
            return calls;
        }
        let due = match load.schedule.as_ref().and_then(|schedule| schedule.due(n)) {
            None => SystemClock.wall(),
            Some(after) => {
                let due = shared.start.after(after);
                tokio::time::sleep(due.since(SystemClock.wall())).await;
                due
            }
        };
        let (outcome, put_off) = make(&shared, &mut connection, load.estate.body(n).into()).await;
        let (account, links) = (load.estate.account(n), load.estate.links_of(n));
        calls.push(Call { account, links, due, answered: SystemClock.wall(), put_off, outcome });
        shared.answered.fetch_add(1, Ordering::Relaxed);
    }
}

/// Makes one call until it has an answer that is final. Without a key, one that may have been taken is not repeated.
async fn make(shared: &Shared, connection: &mut Option<Connection>, body: Bytes) -> (Outcome, usize) {
    for put_off in 0..TRIES {
        let open = match connection {
            Some(open) => open,
            None => match Connection::open(&shared.load.address, &shared.tasks).await {
                Ok(opened) => connection.insert(opened),
                Err(failure) => return (Outcome::Failed(failure.message), put_off),
            },
        };
        let answer = match open.call(Method::POST, "/links", body.clone()).await {
            Ok(answer) => answer,
            Err(error) => {
                *connection = None;
                return (Outcome::Failed(format!("no answer: {error}")), put_off);
            }
        };
        match read(&answer) {
            Read::Final(outcome) => return (outcome, put_off),
            Read::NotNow => tokio::time::sleep(PAUSE).await,
        }
    }
    (Outcome::Failed("the api could not take it for a long time".to_owned()), TRIES)
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    Final(Outcome),
    /// Nothing was sent: the same call may be made again.
    NotNow,
}

fn read(answer: &Answer) -> Read {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        request: Request<'a>,
        actions: Vec<Action>,
        journaled: bool,
    }
    #[derive(Deserialize)]
    struct Request<'a> {
        id: Uuid,
        accepted_at: &'a str,
    }
    #[derive(Deserialize)]
    struct Action {
        id: Uuid,
    }
    #[derive(Deserialize)]
    struct Problem<'a> {
        code: &'a str,
    }
    let failed = |what: &str| Read::Final(Outcome::Failed(format!("{} {what}", answer.status.as_u16())));
    if answer.status == StatusCode::ACCEPTED {
        let Ok(body) = serde_json::from_slice::<Body>(&answer.body) else { return failed("unreadable") };
        let Ok(at) = body.request.accepted_at.parse() else { return failed("unreadable") };
        let actions = body.actions.iter().map(|it| it.id).collect();
        let (request, journaled) = (body.request.id, body.journaled);
        return Read::Final(Outcome::Accepted(Accepted { request, at, journaled, actions }));
    }
    let code = serde_json::from_slice::<Problem>(&answer.body).map_or("", |it| it.code);
    match code {
        "unavailable" | "overloaded" if answer.status == StatusCode::SERVICE_UNAVAILABLE => Read::NotNow,
        code => failed(code),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        let status = StatusCode::from_u16(status).expect("a status");
        Answer { status, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn answers_are_read_for_what_they_promise() {
        let id = Uuid::from_u128(7);
        let body = format!(
            r#"{{"request": {{"id": "{id}", "tenant_id": "t", "accepted_at": "2026-11-21T03:38:06.000005Z", "total": 1}},
                "actions": [{{"id": "{id}", "link": "l", "kind": "CREATE", "state": "SCHEDULED"}}], "journaled": true}}"#
        );
        let at = "2026-11-21T03:38:06.000005Z".parse().expect("a time");
        let accepted = Accepted { request: id, at, journaled: true, actions: vec![id] };
        let failed = |text: &str| Read::Final(Outcome::Failed(text.to_owned()));
        for (answer, expect) in [
            (answer(202, &body), Read::Final(Outcome::Accepted(accepted))),
            (answer(202, "{}"), failed("202 unreadable")),
            (answer(503, r#"{"code": "overloaded"}"#), Read::NotNow),
            (answer(503, r#"{"code": "unavailable", "detail": "away"}"#), Read::NotNow),
            (answer(503, r#"{"code": "outcome-unknown"}"#), failed("503 outcome-unknown")),
            (answer(422, r#"{"code": "invalid"}"#), failed("422 invalid")),
            (answer(500, "oops"), failed("500 ")),
        ] {
            assert_eq!(read(&answer), expect, "{answer:?}");
        }
    }
}

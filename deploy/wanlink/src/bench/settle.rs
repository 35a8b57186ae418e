//! Until everything has settled, and then what the database says of it: the actions as the api lists them, read once,
//! after the run.
//!
//! While work is open, only each account's last request is asked for, one at a time: that costs a read by key per
//! pause, not one per link. Deliberately absent: any sum (`result`).

use super::http::{Address, Answer, Connection};
use super::load::{Accepted, Call, Outcome};
use crate::client::progress::Progress;
use crate::exit::{Exit, Failure};
use bytes::Bytes;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::{Clock as _, SystemClock};
use wanlink_runtime::tasks::Tasks;

/// Between two looks at what is open.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Between two readings of the list, where something is open in it.
const READ_AGAIN: Duration = Duration::from_millis(500);

/// The end of one action, by the database's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub state: String,
    /// The database's clock.
    pub at: Timestamp,
    /// Attempts beyond the first one.
    pub repeats: u64,
    pub reason: Option<String>,
}

#[derive(Deserialize)]
struct Row<'a> {
    id: Uuid,
    state: &'a str,
    finished_at: Option<&'a str>,
    attempt: u64,
    retries: u64,
    reason: Option<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    code: String,
    detail: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Row<'a>>,
    next: Option<&'a str>,
}

/// A reader of the api.
pub struct Reader {
    connection: Connection,
    patience: Duration,
}

impl Reader {
    pub async fn open(address: &Address, tasks: &Tasks, patience: Duration) -> Result<Self, Failure> {
        Ok(Self { connection: Connection::open(address, tasks).await?, patience })
    }

    async fn get(&mut self, path: &str) -> Result<Answer, Failure> {
        let answer = self.connection.call(Method::GET, path, Bytes::new()).await;
        answer.map_err(|error| Failure::new(Exit::Unavailable, format!("GET {path}: {error}")))
    }

    /// Waits until the last accepted request of each account has ended, or patience has.
    pub async fn wait(&mut self, calls: &[Call]) -> Result<(), Failure> {
        let mut last: BTreeMap<usize, (Timestamp, &Accepted)> = BTreeMap::new();
        for call in calls {
            let Outcome::Accepted(accepted) = &call.outcome else { continue };
            let newest = last.entry(call.account).or_insert((accepted.at, accepted));
            if accepted.at > newest.0 {
                *newest = (accepted.at, accepted);
            }
        }
        let mut progress = Progress::new("accounts settled");
        let total = u64::try_from(last.len()).unwrap_or(u64::MAX);
        let mut moved = SystemClock.mono();
        let mut open_before = u64::MAX;
        for (done, (_, accepted)) in last.values().enumerate() {
            progress.set(u64::try_from(done).unwrap_or(u64::MAX), total);
            loop {
                let open = self.still_open(accepted.request).await?;
                if open == 0 {
                    moved = SystemClock.mono();
                    break;
                }
                if open != open_before {
                    (open_before, moved) = (open, SystemClock.mono());
                }
                if SystemClock.mono().saturating_sub(moved) > self.patience {
                    return Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        progress.set(total, total);
        Ok(())
    }

    /// Actions of a request that have not ended; 1 where it is not on record yet.
    async fn still_open(&mut self, request: Uuid) -> Result<u64, Failure> {
        #[derive(Deserialize)]
        struct Counters {
            open: u64,
        }
        let path = format!("/requests/{request}");
        let answer = self.get(&path).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(1);
        }
        Ok(parsed::<Counters>(&path, &answer)?.open)
    }

    /// Reads the ends of these actions. Waits for those that are open, while some of them still end.
    pub async fn ends(&mut self, calls: &[Call]) -> Result<BTreeMap<Uuid, Ended>, Failure> {
        let accepted = calls.iter().filter_map(|call| match &call.outcome {
            Outcome::Accepted(accepted) => Some(accepted),
            Outcome::Failed(_) => None,
        });
        let mut ours: BTreeMap<Uuid, Option<Ended>> =
            accepted.flat_map(|it| &it.actions).map(|id| (*id, None)).collect();
        let (mut moved, mut left_before) = (SystemClock.mono(), usize::MAX);
        loop {
            self.read_all(&mut ours).await?;
            let left = ours.values().filter(|end| end.is_none()).count();
            if left < left_before {
                (left_before, moved) = (left, SystemClock.mono());
            }
            if left == 0 || SystemClock.mono().saturating_sub(moved) > self.patience {
                return Ok(ours.into_iter().filter_map(|(id, end)| Some((id, end?))).collect());
            }
            tokio::time::sleep(READ_AGAIN).await;
        }
    }

    async fn read_all(&mut self, ours: &mut BTreeMap<Uuid, Option<Ended>>) -> Result<(), Failure> {
        let mut cursor = String::new();
        loop {
            let path = format!("/actions?limit=1000{cursor}");
            let answer = self.get(&path).await?;
            if !answer.status.is_success() {
                return Err(refused(&path, &answer));
            }
            let page: Page = serde_json::from_slice(&answer.body)
                .map_err(|error| Failure::failed(format!("GET {path}: {error}")))?;
            for row in &page.items {
                if let Some(end) = ours.get_mut(&row.id) {
                    *end = row.end();
                }
            }
            match page.next {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(()),
            }
        }
    }
}

impl Row<'_> {
    fn end(&self) -> Option<Ended> {
        Some(Ended {
            state: self.state.to_owned(),
            at: self.finished_at?.parse().ok()?,
            repeats: self.attempt.saturating_sub(1).max(self.retries),
            reason: self.reason.as_ref().map(|reason| format!("{}: {}", reason.code, reason.detail)),
        })
    }
}

fn refused(path: &str, answer: &Answer) -> Failure {
    Failure::failed(format!("GET {path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)))
}

fn parsed<T: DeserializeOwned>(path: &str, answer: &Answer) -> Result<T, Failure> {
    let found = serde_json::from_slice(&answer.body).ok().filter(|_| answer.status.is_success());
    found.ok_or_else(|| refused(path, answer))
}

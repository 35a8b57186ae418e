//! Removing what is old: ids first, under locks that skip what others hold, then everything that goes with them.

use super::super::rows::{int, json, maybe_text};
use super::transaction::SqlTransaction;
use super::{Arg, Work};
use crate::port::{Forgotten, Old, StoreError};
use serde::Deserialize;
use uuid::Uuid;
use wanlink_domain::ids::{LinkId, RequestId};
use wanlink_domain::time::Timestamp;

/// Requests that were looked at, the latest of them last, and those that may go.
#[derive(Deserialize)]
struct Looked {
    looked: u32,
    last: Option<(Timestamp, Uuid)>,
    old: Vec<RequestId>,
}

impl<W: Work> SqlTransaction<W> {
    pub(super) async fn remove_old(
        &mut self,
        old: Old,
        before: Timestamp,
        limit: u32,
    ) -> Result<Forgotten, StoreError> {
        let plain = vec![int(before.0), int(limit)];
        let gone = match old {
            Old::Events => self.execute(self.sql.events_forget, plain).await?,
            Old::Answers => self.execute(self.sql.answers_forget, plain).await?,
            Old::Replayed => self.execute(self.sql.replayed_forget, plain).await?,
            Old::Requests { after } => return self.remove_requests(before, after, limit).await,
            Old::Tombstones => self.remove_tombstones(plain).await?,
        };
        Ok(Forgotten { gone, more: gone >= u64::from(limit), last: None })
    }

    async fn remove_requests(
        &mut self,
        before: Timestamp,
        after: Option<(Timestamp, Uuid)>,
        limit: u32,
    ) -> Result<Forgotten, StoreError> {
        let place = vec![
            int(before.0),
            Arg::Int(after.map(|(at, _)| at.0)),
            maybe_text(after.map(|(_, id)| id)),
            int(limit),
        ];
        let found: Option<Looked> = self.fetch(self.sql.requests_old, place).await?.pop();
        let Some(found) = found else { return Ok(Forgotten::default()) };
        if !found.old.is_empty() {
            for sql in [
                self.sql.attempts_drop_of_requests,
                self.sql.actions_drop_of_requests,
                self.sql.requests_drop,
            ] {
                let ids = json(&found.old)?;
                self.execute(sql, vec![ids]).await?;
            }
        }
        Ok(Forgotten { gone: found.old.len() as u64, more: found.looked >= limit, last: found.last })
    }

    async fn remove_tombstones(&mut self, args: Vec<Arg>) -> Result<u64, StoreError> {
        let old: Vec<LinkId> = self.fetch(self.sql.tombstones_old, args).await?;
        if !old.is_empty() {
            for sql in [self.sql.attempts_drop_of_links, self.sql.actions_drop_of_links, self.sql.links_drop]
            {
                let ids = json(&old)?;
                self.execute(sql, vec![ids]).await?;
            }
        }
        Ok(old.len() as u64)
    }
}

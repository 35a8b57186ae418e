//! The write side: each operation of the port as its statements.

use super::super::rows::{decode, int, json, maybe_text, text, word};
use super::{Arg, Fault, Statements, Work};
use crate::port::{Census, Deleted, Due, Forgotten, Guarded, Inserted, Old, StoreError, Transaction};
use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;
use wanlink_domain::action::{Action, Attempt};
use wanlink_domain::catalogue::{Account, Network, PortMapping, Site};
use wanlink_domain::event::{OutboxEvent, Parked};
use wanlink_domain::hold::{Hold, HoldKind};
use wanlink_domain::ids::{
    AccountId, ActionId, CommandId, EventId, InstallationId, LinkId, NetworkId, ParkedId, RequestId,
    ServiceId, SessionId, SiteId, TenantId, WimId,
};
use wanlink_domain::lease::Session;
use wanlink_domain::link::Link;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::{CounterDelta, Request};
use wanlink_domain::service::Service;
use wanlink_domain::time::Timestamp;

/// A transaction of any SQL engine. After an operation has failed it can only be dropped: engines differ in what
/// they would keep of it (PostgreSQL answers a COMMIT after an error with a silent rollback), so nothing is kept.
pub(in crate::engines) struct SqlTransaction<W> {
    work: Box<W>,
    pub(super) sql: &'static Statements,
    failed: Option<StoreError>,
}

impl<W: Work> SqlTransaction<W> {
    pub(in crate::engines) fn new(work: W, sql: &'static Statements) -> Self {
        Self { work: Box::new(work), sql, failed: None }
    }

    fn open(&self) -> Result<(), Fault> {
        self.failed.clone().map_or(Ok(()), |error| Err(Fault::Store(error)))
    }

    /// Remembers that an operation failed.
    pub(super) fn note<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &result {
            self.failed.get_or_insert_with(|| fault.clone().into());
        }
        result
    }

    pub(super) async fn fetch<T: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Vec<T>, Fault> {
        self.open()?;
        let result = self.work.fetch(sql, args).await.and_then(decode);
        self.note(result)
    }

    pub(super) async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, Fault> {
        self.open()?;
        let result = self.work.execute(sql, args).await;
        self.note(result)
    }

    /// The one row of a statement that always answers one.
    async fn fetch_one<T: DeserializeOwned>(&mut self, sql: &'static str) -> Result<T, Fault> {
        let row = self.fetch(sql, Vec::new()).await?.pop();
        let row =
            row.ok_or_else(|| Fault::Store(StoreError::Invalid("a row of the schema is missing".to_owned())));
        self.note(row)
    }

    async fn fetch_first<T: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        args: Vec<Arg>,
    ) -> Result<Option<T>, Fault> {
        Ok(self.fetch(sql, args).await?.into_iter().next())
    }

    /// Rows by a list of ids; an empty list asks nobody.
    pub(super) async fn by_ids<I: serde::Serialize, T: DeserializeOwned>(
        &mut self,
        sql: &'static str,
        ids: &[I],
    ) -> Result<Vec<T>, StoreError> {
        if ids.is_empty() {
            return self.open().map(|()| Vec::new()).map_err(Into::into);
        }
        let ids = self.note(json(ids))?;
        Ok(self.fetch(sql, vec![ids]).await?)
    }

    /// A set-based write of `rows`; of none it is nothing.
    pub(super) async fn write<T: serde::Serialize>(
        &mut self,
        sql: &'static str,
        rows: &[T],
    ) -> Result<u64, StoreError> {
        if rows.is_empty() {
            return self.open().map(|()| 0).map_err(Into::into);
        }
        let rows = self.note(json(rows))?;
        Ok(self.execute(sql, vec![rows]).await?)
    }
}

/// Compares the newest migration that was applied with the build's.
pub(in crate::engines) fn check_schema(found: Option<i64>, needed: i64) -> Result<(), StoreError> {
    match found.unwrap_or(0) {
        found if found == needed => Ok(()),
        found => Err(StoreError::Schema { found, needed }),
    }
}

#[derive(Deserialize)]
struct DueRow {
    link: Link,
    action: Action,
}

#[async_trait]
impl<W: Work> Transaction for SqlTransaction<W> {
    async fn now(&mut self) -> Result<Timestamp, StoreError> {
        Ok(self.fetch_one(self.sql.now).await?)
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        match self.failed {
            Some(error) => Err(error),
            None => self.work.commit().await,
        }
    }

    async fn installation(&mut self) -> Result<InstallationId, StoreError> {
        Ok(self.fetch_one(self.sql.installation).await?)
    }

    async fn command(&mut self, id: CommandId) -> Result<Option<(String, Value)>, StoreError> {
        Ok(self.fetch_first(self.sql.command, vec![text(id)]).await?)
    }

    async fn record_command(
        &mut self,
        id: CommandId,
        digest: &str,
        answer: &Value,
    ) -> Result<(), StoreError> {
        let answer = self.note(json(answer))?;
        let args = vec![text(id), text(digest), answer];
        let inserted = self.execute(self.sql.command_insert, args).await?;
        let result = if inserted == 1 {
            Ok(())
        } else {
            let text = format!("command {id} was recorded by another transaction");
            Err(Fault::Store(StoreError::Conflict(text)))
        };
        Ok(self.note(result)?)
    }

    async fn insert_object(&mut self, object: &Object) -> Result<Inserted, StoreError> {
        Ok(self.insert_one(object).await?)
    }

    async fn update_object(&mut self, object: &Object, expected: i64) -> Result<Guarded, StoreError> {
        self.update_one(object, expected).await
    }

    async fn delete_object(&mut self, kind: Kind, id: Uuid) -> Result<Deleted, StoreError> {
        self.delete_one(kind, id).await
    }

    async fn lock_object(&mut self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError> {
        Ok(self.lock_one(kind, id).await?)
    }

    async fn bump_catalogue(&mut self) -> Result<i64, StoreError> {
        Ok(self.fetch_one(self.sql.catalogue_bump).await?)
    }

    async fn sites(&mut self, ids: &[SiteId]) -> Result<Vec<Site>, StoreError> {
        self.by_ids(self.sql.sites_by_id, ids).await
    }

    async fn networks(&mut self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError> {
        self.by_ids(self.sql.networks_by_id, ids).await
    }

    async fn port_mappings(&mut self, pairs: &[(WimId, SiteId)]) -> Result<Vec<PortMapping>, StoreError> {
        self.by_ids(self.sql.port_mappings_of, pairs).await
    }

    async fn replace_port_mappings(
        &mut self,
        wim: WimId,
        mappings: &[PortMapping],
    ) -> Result<Inserted, StoreError> {
        Ok(self.replace_mappings(wim, mappings).await?)
    }

    async fn lock_links(&mut self, ids: &[LinkId]) -> Result<Vec<Link>, StoreError> {
        self.by_ids(self.sql.links_lock, ids).await
    }

    async fn insert_links(&mut self, links: &[Link]) -> Result<Vec<LinkId>, StoreError> {
        self.by_ids(self.sql.links_insert, links).await
    }

    async fn update_links(&mut self, links: &[Link]) -> Result<(), StoreError> {
        self.write(self.sql.links_update, links).await.map(drop)
    }

    async fn unfinished_actions(&mut self, links: &[LinkId]) -> Result<Vec<Action>, StoreError> {
        self.by_ids(self.sql.unfinished_actions, links).await
    }

    async fn actions(&mut self, ids: &[ActionId]) -> Result<Vec<Action>, StoreError> {
        self.by_ids(self.sql.actions_by_id, ids).await
    }

    async fn last_failed(&mut self, links: &[LinkId]) -> Result<Vec<Action>, StoreError> {
        self.by_ids(self.sql.last_failed, links).await
    }

    async fn insert_actions(&mut self, actions: &[Action]) -> Result<(), StoreError> {
        self.write(self.sql.actions_insert, actions).await.map(drop)
    }

    async fn update_actions(&mut self, actions: &[Action]) -> Result<(), StoreError> {
        self.write(self.sql.actions_update, actions).await.map(drop)
    }

    async fn insert_attempts(&mut self, attempts: &[Attempt]) -> Result<(), StoreError> {
        self.write(self.sql.attempts_insert, attempts).await.map(drop)
    }

    async fn requests(&mut self, ids: &[RequestId]) -> Result<Vec<Request>, StoreError> {
        self.by_ids(self.sql.requests_by_id, ids).await
    }

    async fn insert_requests(&mut self, requests: &[Request]) -> Result<Vec<RequestId>, StoreError> {
        self.by_ids(self.sql.requests_insert, requests).await
    }

    async fn count_requests(
        &mut self,
        deltas: &[CounterDelta],
        now: Timestamp,
    ) -> Result<Vec<Request>, StoreError> {
        let mut ids: Vec<RequestId> = deltas.iter().map(|delta| delta.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut requests: Vec<Request> = self.by_ids(self.sql.requests_lock, &ids).await?;
        for delta in deltas {
            if let Ok(place) = requests.binary_search_by_key(&delta.id, |request| request.id) {
                requests[place].count(delta, now);
            }
        }
        self.write(self.sql.requests_count, &requests).await?;
        Ok(requests)
    }

    async fn links_of_account(&mut self, account: AccountId) -> Result<i64, StoreError> {
        Ok(self.fetch_first(self.sql.links_of_account, vec![text(account)]).await?.unwrap_or(0))
    }

    async fn links_of_request(&mut self, request: RequestId) -> Result<Vec<LinkId>, StoreError> {
        Ok(self.fetch(self.sql.links_of_request, vec![text(request)]).await?)
    }

    async fn lock_services(&mut self, ids: &[ServiceId]) -> Result<Vec<Service>, StoreError> {
        self.by_ids(self.sql.services_lock, ids).await
    }

    async fn insert_services(&mut self, services: &[Service]) -> Result<Vec<ServiceId>, StoreError> {
        self.by_ids(self.sql.services_insert, services).await
    }

    async fn update_services(&mut self, services: &[Service]) -> Result<(), StoreError> {
        self.write(self.sql.services_update, services).await.map(drop)
    }

    async fn services_named(&mut self, names: &[(TenantId, String)]) -> Result<Vec<Service>, StoreError> {
        self.by_ids(self.sql.services_named, names).await
    }

    async fn networks_named(&mut self, names: &[(TenantId, String)]) -> Result<Vec<Network>, StoreError> {
        self.by_ids(self.sql.networks_named, names).await
    }

    async fn insert_networks(&mut self, networks: &[Network]) -> Result<Vec<NetworkId>, StoreError> {
        self.by_ids(self.sql.network_insert, networks).await
    }

    async fn update_networks(&mut self, networks: &[Network]) -> Result<(), StoreError> {
        self.write(self.sql.networks_update, networks).await.map(drop)
    }

    async fn settle_services(&mut self, ids: &[ServiceId]) -> Result<Vec<ServiceId>, StoreError> {
        self.settle(ids).await
    }

    async fn due_actions(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Due>, StoreError> {
        let rows: Vec<DueRow> = self.fetch(self.sql.due_actions, vec![int(now.0), int(limit)]).await?;
        Ok(rows.into_iter().map(|DueRow { link, action }| Due { link, action }).collect())
    }

    async fn due_refreshes(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Link>, StoreError> {
        Ok(self.fetch(self.sql.due_refreshes, vec![int(now.0), int(limit)]).await?)
    }

    async fn due_listings(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Account>, StoreError> {
        Ok(self.fetch(self.sql.due_listings, vec![int(now.0), int(limit)]).await?)
    }

    async fn settled_links(
        &mut self,
        account: AccountId,
        after: Option<LinkId>,
        limit: u32,
    ) -> Result<Vec<Link>, StoreError> {
        let args = vec![text(account), maybe_text(after), int(limit)];
        Ok(self.fetch(self.sql.settled_links, args).await?)
    }

    async fn schedule_refreshes(
        &mut self,
        links: &[LinkId],
        due_at: Option<Timestamp>,
        seen_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let args = vec![json(links)?, Arg::Int(due_at.map(|at| at.0)), Arg::Int(seen_at.map(|at| at.0))];
        self.execute(self.sql.refreshes_schedule, args).await?;
        Ok(())
    }

    async fn make_due(&mut self, accounts: Option<&[AccountId]>, now: Timestamp) -> Result<u64, StoreError> {
        let accounts = accounts.map_or(Ok(Arg::Text(None)), json)?;
        Ok(self.execute(self.sql.make_due, vec![accounts, int(now.0)]).await?)
    }

    async fn make_due_for_networks(
        &mut self,
        networks: &[NetworkId],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        Ok(self.execute(self.sql.make_due_for_networks, vec![json(networks)?, int(now.0)]).await?)
    }

    async fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.fetch_one(self.sql.next_due).await?)
    }

    async fn census(&mut self) -> Result<Census, StoreError> {
        Ok(self.fetch_one(self.sql.census).await?)
    }

    async fn accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        self.by_ids(self.sql.accounts_by_id, ids).await
    }

    async fn lock_accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        self.by_ids(self.sql.accounts_lock, ids).await
    }

    async fn update_accounts(&mut self, accounts: &[Account]) -> Result<(), StoreError> {
        self.write(self.sql.accounts_update, accounts).await.map(drop)
    }

    async fn accounts_of_session(&mut self, session: SessionId) -> Result<Vec<Account>, StoreError> {
        Ok(self.fetch(self.sql.accounts_of_session, vec![text(session)]).await?)
    }

    async fn unsettled_accounts(&mut self) -> Result<Vec<AccountId>, StoreError> {
        Ok(self.fetch(self.sql.unsettled_accounts, Vec::new()).await?)
    }

    async fn leasable_accounts(&mut self) -> Result<Vec<(Account, String)>, StoreError> {
        Ok(self.fetch(self.sql.leasable_accounts, Vec::new()).await?)
    }

    async fn try_lock_planner(&mut self) -> Result<bool, StoreError> {
        let rows: Vec<Uuid> = self.fetch(self.sql.planner_lock, Vec::new()).await?;
        Ok(!rows.is_empty())
    }

    async fn lock_session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.fetch_first(self.sql.session_lock, vec![text(id)]).await?)
    }

    async fn sessions(&mut self) -> Result<Vec<Session>, StoreError> {
        Ok(self.fetch(self.sql.sessions, Vec::new()).await?)
    }

    async fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.write(self.sql.session_put, std::slice::from_ref(session)).await.map(drop)
    }

    async fn forget_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        Ok(self.execute(self.sql.sessions_forget, vec![int(before.0)]).await?)
    }

    async fn insert_events(&mut self, events: &[OutboxEvent]) -> Result<(), StoreError> {
        self.write(self.sql.events_insert, events).await.map(drop)
    }

    async fn unpublished_events(&mut self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        Ok(self.fetch(self.sql.unpublished_events, vec![int(limit)]).await?)
    }

    async fn mark_published(&mut self, ids: &[EventId], at: Timestamp) -> Result<(), StoreError> {
        self.execute(self.sql.events_publish, vec![json(ids)?, int(at.0)]).await?;
        Ok(())
    }

    async fn insert_parked(&mut self, parked: &[Parked]) -> Result<(), StoreError> {
        // One statement may touch a row only once, so copies within the batch are counted here.
        let mut by_id: BTreeMap<ParkedId, Parked> = BTreeMap::new();
        for message in parked {
            by_id
                .entry(message.id)
                .and_modify(|first| first.count = first.count.saturating_add(message.count))
                .or_insert_with(|| message.clone());
        }
        let rows: Vec<Parked> = by_id.into_values().collect();
        self.write(self.sql.parked_insert, &rows).await.map(drop)
    }

    async fn lock_parked(&mut self, id: ParkedId) -> Result<Option<Parked>, StoreError> {
        Ok(self.fetch_first(self.sql.parked_lock, vec![text(id)]).await?)
    }

    async fn mark_replayed(&mut self, id: ParkedId, at: Timestamp) -> Result<(), StoreError> {
        self.execute(self.sql.parked_replay, vec![text(id), int(at.0)]).await?;
        Ok(())
    }

    async fn holds(&mut self) -> Result<Vec<Hold>, StoreError> {
        Ok(self.fetch(self.sql.holds, Vec::new()).await?)
    }

    async fn put_hold(&mut self, hold: &Hold) -> Result<(), StoreError> {
        self.write(self.sql.hold_put, std::slice::from_ref(hold)).await.map(drop)
    }

    async fn remove_hold(&mut self, kind: HoldKind, id: Uuid) -> Result<(), StoreError> {
        self.execute(self.sql.hold_remove, vec![word(&kind), text(id)]).await?;
        Ok(())
    }

    async fn let_go(
        &mut self,
        accounts: &[AccountId],
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
        wake: bool,
    ) -> Result<u64, StoreError> {
        let args = vec![json(accounts)?, int(from.0), int(until.0), int(now.0), int(i64::from(wake))];
        Ok(self.execute(self.sql.actions_let_go, args).await?)
    }

    async fn forget_prompts(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.execute(self.sql.prompts_forget, vec![int(now.0)]).await?)
    }

    async fn forget(&mut self, old: Old, before: Timestamp, limit: u32) -> Result<Forgotten, StoreError> {
        self.remove_old(old, before, limit).await
    }
}

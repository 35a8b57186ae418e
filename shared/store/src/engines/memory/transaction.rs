//! The write side: a transaction is a layer of changes over the committed tables, the locks that it holds, and the first
//! failure that ended it.
//!
//! Each operation has the database to itself while it runs; where it must wait for a lock, it lets go, waits, and
//! begins again. Deliberately absent: the operations' own rules (`catalogue.rs`, `work.rs`, `due.rs`, `leases.rs`).

use super::locks::{Lock, Mode, TxId};
use super::rows::{Changes, Command, Name};
use super::scope::{Halt, Scope, Step};
use super::table::{Entry, Key};
use super::{MemoryDatabase, catalogue, due, keep, leases, outbox, services, work};
use crate::port::{Census, Deleted, Due, Forgotten, Guarded, Inserted, Old, StoreError, Transaction};
use async_trait::async_trait;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
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

pub(super) struct MemoryTransaction {
    database: Arc<MemoryDatabase>,
    id: TxId,
    changes: Changes,
    failed: Option<StoreError>,
    /// How long it waits for a lock.
    limit: Duration,
}

impl MemoryTransaction {
    pub fn new(database: Arc<MemoryDatabase>, limit: Duration) -> Self {
        let id = database.lock().locks.begin();
        Self { database, id, changes: Changes::default(), failed: None, limit }
    }

    /// Runs one operation; again for each lock that it had to wait for.
    async fn run<T: Send>(
        &mut self,
        mut operation: impl FnMut(&mut Scope<'_>) -> Step<T> + Send,
    ) -> Result<T, StoreError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            let granted = match self.attempt(&mut operation) {
                Ok(answer) => return Ok(answer),
                Err(Halt::Fault(error)) => return Err(self.fail(error)),
                Err(Halt::Wait(lock, mode)) => self.database.lock().locks.wait(self.id, lock, mode),
            };
            let granted = granted.map_err(|error| self.fail(error))?;
            let queued = Queued { database: &self.database, id: self.id };
            let held = tokio::time::timeout(self.limit, granted).await;
            drop(queued);
            if held.is_err() {
                let text = format!("a lock did not come within {:?}", self.limit);
                return Err(self.fail(StoreError::Conflict(text)));
            }
        }
    }

    fn attempt<T>(&mut self, operation: &mut impl FnMut(&mut Scope<'_>) -> Step<T>) -> Step<T> {
        let mut state = self.database.lock();
        let state = &mut *state;
        operation(&mut Scope {
            tx: self.id,
            tables: &mut state.tables,
            changes: &mut self.changes,
            locks: &mut state.locks,
        })
    }

    /// After an operation has failed a transaction can only be dropped, as with every engine.
    fn fail(&mut self, error: StoreError) -> StoreError {
        self.failed.get_or_insert(error).clone()
    }
}

/// A place in a lock's queue, given up with the future that waits there.
struct Queued<'a> {
    database: &'a MemoryDatabase,
    id: TxId,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.database.lock().locks.leave(self.id);
    }
}

impl Drop for MemoryTransaction {
    fn drop(&mut self) {
        self.database.lock().locks.end(self.id);
    }
}

#[async_trait]
impl Transaction for MemoryTransaction {
    async fn now(&mut self) -> Result<Timestamp, StoreError> {
        let clock = self.database.clock.clone();
        self.run(|_| Ok(clock.wall())).await
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        // The locks go as this is dropped, after the changes are there.
        std::mem::take(&mut self.changes).apply(&mut self.database.lock().tables);
        Ok(())
    }

    async fn installation(&mut self) -> Result<InstallationId, StoreError> {
        let missing = || StoreError::Invalid("a row of the schema is missing".to_owned());
        self.run(|it| it.tables.installation.ok_or_else(missing).map_err(Halt::from)).await
    }

    async fn command(&mut self, id: CommandId) -> Result<Option<(String, Value)>, StoreError> {
        self.run(|it| Ok(it.get::<Command>(id.0).map(|row| (row.digest.clone(), row.answer.clone())))).await
    }

    async fn record_command(
        &mut self,
        id: CommandId,
        digest: &str,
        answer: &Value,
    ) -> Result<(), StoreError> {
        let clock = self.database.clock.clone();
        self.run(|it| {
            let answered_at = clock.wall();
            let row = Command { id, digest: digest.to_owned(), answer: answer.clone(), answered_at };
            it.claim(&row)?;
            if it.get::<Command>(id.0).is_some() {
                let text = format!("command {id} was recorded by another transaction");
                return Err(StoreError::Conflict(text).into());
            }
            it.put(row)
        })
        .await
    }

    async fn insert_object(&mut self, object: &Object) -> Result<Inserted, StoreError> {
        self.run(|it| catalogue::insert(it, object)).await
    }

    async fn update_object(&mut self, object: &Object, expected: i64) -> Result<Guarded, StoreError> {
        self.run(|it| catalogue::update(it, object, expected)).await
    }

    async fn delete_object(&mut self, kind: Kind, id: Uuid) -> Result<Deleted, StoreError> {
        self.run(|it| catalogue::delete(it, kind, id)).await
    }

    async fn lock_object(&mut self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError> {
        self.run(|it| catalogue::lock(it, kind, id)).await
    }

    async fn bump_catalogue(&mut self) -> Result<i64, StoreError> {
        self.run(|it| {
            it.lock(Lock::CatalogueVersion, Mode::Update)?;
            let version = it.changes.version.unwrap_or(it.tables.version) + 1;
            it.changes.version = Some(version);
            Ok(version)
        })
        .await
    }

    async fn sites(&mut self, ids: &[SiteId]) -> Result<Vec<Site>, StoreError> {
        self.run(|it| Ok(it.all_read(ids.iter().map(|id| id.0.into())))).await
    }

    async fn networks(&mut self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError> {
        self.run(|it| Ok(it.all_read(ids.iter().map(|id| id.0.into())))).await
    }

    async fn port_mappings(&mut self, pairs: &[(WimId, SiteId)]) -> Result<Vec<PortMapping>, StoreError> {
        self.run(|it| {
            let entries = pairs.iter().map(|(wim, site)| Entry::Pair(wim.0, site.0));
            Ok(it.all_read(it.keys_by::<PortMapping>(entries)))
        })
        .await
    }

    async fn replace_port_mappings(
        &mut self,
        wim: WimId,
        mappings: &[PortMapping],
    ) -> Result<Inserted, StoreError> {
        self.run(|it| catalogue::replace_mappings(it, wim, mappings)).await
    }

    async fn lock_links(&mut self, ids: &[LinkId]) -> Result<Vec<Link>, StoreError> {
        self.run(|it| it.all_locked(ids.iter().map(|id| id.0.into()), Mode::Update)).await
    }

    async fn insert_links(&mut self, links: &[Link]) -> Result<Vec<LinkId>, StoreError> {
        self.run(|it| work::insert_links(it, links)).await
    }

    async fn update_links(&mut self, links: &[Link]) -> Result<(), StoreError> {
        self.run(|it| work::update_links(it, links)).await
    }

    async fn unfinished_actions(&mut self, links: &[LinkId]) -> Result<Vec<Action>, StoreError> {
        self.run(|it| {
            let open = it.keys_by::<Action>(links.iter().map(|link| Entry::OpenOfLink(link.0)));
            it.all_locked(open, Mode::Update)
        })
        .await
    }

    async fn actions(&mut self, ids: &[ActionId]) -> Result<Vec<Action>, StoreError> {
        self.run(|it| Ok(it.all_read(ids.iter().map(|id| id.0.into())))).await
    }

    async fn last_failed(&mut self, links: &[LinkId]) -> Result<Vec<Action>, StoreError> {
        self.run(|it| Ok(work::last_failed(it, links))).await
    }

    async fn insert_actions(&mut self, actions: &[Action]) -> Result<(), StoreError> {
        self.run(|it| work::insert_actions(it, actions)).await
    }

    async fn update_actions(&mut self, actions: &[Action]) -> Result<(), StoreError> {
        self.run(|it| work::update_actions(it, actions)).await
    }

    async fn insert_attempts(&mut self, attempts: &[Attempt]) -> Result<(), StoreError> {
        self.run(|it| {
            for attempt in attempts {
                it.claim(attempt)?;
                it.refer::<Action>(Name::Attempts, attempt.action_id.0)?;
            }
            attempts.iter().try_for_each(|attempt| it.insert_new(attempt.clone()))
        })
        .await
    }

    async fn requests(&mut self, ids: &[RequestId]) -> Result<Vec<Request>, StoreError> {
        self.run(|it| Ok(it.all_read(ids.iter().map(|id| id.0.into())))).await
    }

    async fn insert_requests(&mut self, requests: &[Request]) -> Result<Vec<RequestId>, StoreError> {
        self.run(|it| work::insert_requests(it, requests)).await
    }

    async fn count_requests(
        &mut self,
        deltas: &[CounterDelta],
        now: Timestamp,
    ) -> Result<Vec<Request>, StoreError> {
        self.run(|it| work::count_requests(it, deltas, now)).await
    }

    async fn links_of_account(&mut self, account: AccountId) -> Result<i64, StoreError> {
        self.run(|it| Ok(catalogue::count(it.view::<Link>().by(Entry::Live(account.0))))).await
    }

    async fn links_of_request(&mut self, request: RequestId) -> Result<Vec<LinkId>, StoreError> {
        self.run(|it| Ok(work::links_of_request(it, request))).await
    }

    async fn lock_services(&mut self, ids: &[ServiceId]) -> Result<Vec<Service>, StoreError> {
        self.run(|it| it.all_locked(services::keys(ids), Mode::Update)).await
    }

    async fn insert_services(&mut self, rows: &[Service]) -> Result<Vec<ServiceId>, StoreError> {
        self.run(|it| services::insert(it, rows)).await
    }

    async fn update_services(&mut self, rows: &[Service]) -> Result<(), StoreError> {
        self.run(|it| services::update(it, rows)).await
    }

    async fn services_named(&mut self, names: &[(TenantId, String)]) -> Result<Vec<Service>, StoreError> {
        self.run(|it| Ok(services::named(it, names))).await
    }

    async fn networks_named(&mut self, names: &[(TenantId, String)]) -> Result<Vec<Network>, StoreError> {
        self.run(|it| Ok(services::named(it, names))).await
    }

    async fn insert_networks(&mut self, rows: &[Network]) -> Result<Vec<NetworkId>, StoreError> {
        self.run(|it| services::insert_networks(it, rows)).await
    }

    async fn update_networks(&mut self, rows: &[Network]) -> Result<(), StoreError> {
        self.run(|it| services::update_networks(it, rows)).await
    }

    async fn settle_services(&mut self, ids: &[ServiceId]) -> Result<Vec<ServiceId>, StoreError> {
        self.run(|it| services::settle(it, ids)).await
    }

    async fn due_actions(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Due>, StoreError> {
        self.run(|it| due::actions(it, now, limit)).await
    }

    async fn due_refreshes(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Link>, StoreError> {
        self.run(|it| due::refreshes(it, now, limit)).await
    }

    async fn due_listings(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Account>, StoreError> {
        self.run(|it| due::listings(it, now, limit)).await
    }

    async fn settled_links(
        &mut self,
        account: AccountId,
        after: Option<LinkId>,
        limit: u32,
    ) -> Result<Vec<Link>, StoreError> {
        self.run(|it| Ok(due::settled(it, account, after, limit))).await
    }

    async fn schedule_refreshes(
        &mut self,
        links: &[LinkId],
        due_at: Option<Timestamp>,
        seen_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.run(|it| due::schedule_refreshes(it, links, due_at, seen_at)).await
    }

    async fn make_due(&mut self, accounts: Option<&[AccountId]>, now: Timestamp) -> Result<u64, StoreError> {
        self.run(|it| due::make_due(it, accounts, now)).await
    }

    async fn make_due_for_networks(
        &mut self,
        networks: &[NetworkId],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        self.run(|it| due::make_due_for_networks(it, networks, now)).await
    }

    async fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.run(|it| Ok(due::next(it))).await
    }

    async fn census(&mut self) -> Result<Census, StoreError> {
        self.run(|it| Ok(due::census(it))).await
    }

    async fn accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        self.run(|it| it.all_locked(ids.iter().map(|id| id.0.into()), Mode::Share)).await
    }

    async fn lock_accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError> {
        self.run(|it| it.all_locked(ids.iter().map(|id| id.0.into()), Mode::Update)).await
    }

    async fn update_accounts(&mut self, accounts: &[Account]) -> Result<(), StoreError> {
        self.run(|it| leases::update_accounts(it, accounts)).await
    }

    async fn accounts_of_session(&mut self, session: SessionId) -> Result<Vec<Account>, StoreError> {
        self.run(|it| Ok(it.view::<Account>().by(Entry::Session(session.0)).cloned().collect())).await
    }

    async fn unsettled_accounts(&mut self) -> Result<Vec<AccountId>, StoreError> {
        self.run(|it| Ok(it.view::<Account>().by(Entry::Unsettled).map(|row| row.id).collect())).await
    }

    async fn leasable_accounts(&mut self) -> Result<Vec<(Account, String)>, StoreError> {
        self.run(|it| Ok(leases::leasable(it))).await
    }

    async fn try_lock_planner(&mut self) -> Result<bool, StoreError> {
        self.run(|it| Ok(it.locks.take(it.tx, &Lock::Planner, Mode::Update))).await
    }

    async fn lock_session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.run(|it| it.locked(id.0, Mode::Update)).await
    }

    async fn sessions(&mut self) -> Result<Vec<Session>, StoreError> {
        self.run(|it| Ok(it.view::<Session>().all().cloned().collect())).await
    }

    async fn put_session(&mut self, session: &Session) -> Result<(), StoreError> {
        self.run(|it| leases::put_session(it, session)).await
    }

    async fn forget_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        self.run(|it| leases::forget_sessions(it, before)).await
    }

    async fn insert_events(&mut self, events: &[OutboxEvent]) -> Result<(), StoreError> {
        self.run(|it| outbox::insert(it, events)).await
    }

    async fn unpublished_events(&mut self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
        self.run(|it| outbox::unpublished(it, limit)).await
    }

    async fn mark_published(&mut self, ids: &[EventId], at: Timestamp) -> Result<(), StoreError> {
        self.run(|it| outbox::mark_published(it, ids, at)).await
    }

    async fn insert_parked(&mut self, parked: &[Parked]) -> Result<(), StoreError> {
        self.run(|it| outbox::park(it, parked)).await
    }

    async fn lock_parked(&mut self, id: ParkedId) -> Result<Option<Parked>, StoreError> {
        self.run(|it| it.locked(id.0, Mode::Update)).await
    }

    async fn mark_replayed(&mut self, id: ParkedId, at: Timestamp) -> Result<(), StoreError> {
        self.run(|it| outbox::mark_replayed(it, id, at)).await
    }

    async fn holds(&mut self) -> Result<Vec<Hold>, StoreError> {
        self.run(|it| Ok(keep::oldest_first(it.view::<Hold>().all().cloned().collect()))).await
    }

    async fn put_hold(&mut self, hold: &Hold) -> Result<(), StoreError> {
        self.run(|it| keep::put_hold(it, hold)).await
    }

    async fn remove_hold(&mut self, kind: HoldKind, id: Uuid) -> Result<(), StoreError> {
        self.run(|it| keep::remove_hold(it, Key(id, kind as i64))).await
    }

    async fn let_go(
        &mut self,
        accounts: &[AccountId],
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
        wake: bool,
    ) -> Result<u64, StoreError> {
        self.run(|it| keep::let_go(it, accounts, (from, until, now), wake)).await
    }

    async fn forget_prompts(&mut self, now: Timestamp) -> Result<u64, StoreError> {
        self.run(|it| keep::forget_prompts(it, now)).await
    }

    async fn forget(&mut self, old: Old, before: Timestamp, limit: u32) -> Result<Forgotten, StoreError> {
        self.run(|it| keep::forget(it, old, before, limit)).await
    }
}

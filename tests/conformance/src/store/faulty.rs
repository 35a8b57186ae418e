//! Engines with one fault each, to prove that the suite would notice.
//!
//! A faulty engine is a sound one behind a wrapper that breaks one promise of the port; [`FAULTS`] names for each
//! fault the cases that must fail on it, the telling one first. Deliberately absent: faults that no case can see, and
//! faults of the read side, which decides nothing.

use super::Harness;
use async_trait::async_trait;
use futures::future::BoxFuture;
use serde_json::Value;
use std::sync::Arc;
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
use wanlink_store::port::{
    Capabilities, Census, Deleted, Due, Forgotten, Guarded, Inserted, Old, Page, ReadStore, Store,
    StoreError, Transaction,
};

/// The promise that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// None: the wrapper itself disturbs nothing.
    None,
    /// A batch is written row by row, each committed at once.
    NonAtomicBatch,
    /// Names that differ by case are the same name.
    CaseInsensitiveNames,
    /// Links are read without being locked.
    LostUpdate,
    /// A guarded write does not look at the version.
    IgnoresVersions,
    /// Events come by id instead of in the order they were written.
    SortsEventsById,
    /// An unfinished action without a due time is quietly given one.
    InventsDueTimes,
    /// A failed operation is forgotten, and its transaction lives on.
    ForgetsFailures,
}

/// Each fault with exactly the cases that fail on it.
pub const FAULTS: &[(Fault, &[&str])] = &[
    (Fault::NonAtomicBatch, &["a_batch_with_one_bad_row_writes_none"]),
    (Fault::CaseInsensitiveNames, &["names_differ_by_case"]),
    (Fault::LostUpdate, &["no_update_is_lost", "a_locked_link_is_waited_for_and_then_seen_as_changed"]),
    (Fault::IgnoresVersions, &["an_update_of_another_version_changes_nothing"]),
    (Fault::SortsEventsById, &["events_come_in_the_order_they_were_written"]),
    (
        Fault::InventsDueTimes,
        &[
            "an_unfinished_action_without_a_due_time_is_refused",
            "a_batch_with_one_bad_row_writes_none",
            "a_failed_operation_takes_its_whole_transaction_along",
        ],
    ),
    (
        Fault::ForgetsFailures,
        &["a_failed_operation_takes_its_whole_transaction_along", "a_command_recorded_twice_is_a_conflict"],
    ),
];

/// A harness whose stores all have one fault.
pub struct FaultyHarness {
    pub sound: Arc<dyn Harness>,
    pub fault: Fault,
}

impl Harness for FaultyHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(FaultyStore { sound: self.sound.store(), read: self.sound.read(), fault: self.fault })
    }

    fn read(&self) -> Arc<dyn ReadStore> {
        self.sound.read()
    }

    fn clean(&self) -> BoxFuture<'_, ()> {
        self.sound.clean()
    }
}

struct FaultyStore {
    sound: Arc<dyn Store>,
    read: Arc<dyn ReadStore>,
    fault: Fault,
}

#[async_trait]
impl Store for FaultyStore {
    fn capabilities(&self) -> Capabilities {
        self.sound.capabilities()
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        self.sound.migrate().await
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        self.sound.check_schema().await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        let begun = self.sound.begin().await?;
        // Who does not lock has not begun: a transaction of the sound engine may lock by itself.
        let begun = (self.fault != Fault::LostUpdate).then_some(begun);
        let (sound, read) = (self.sound.clone(), self.read.clone());
        Ok(Box::new(FaultyTransaction { begun, sound, read, fault: self.fault }))
    }

    async fn close(&self) {
        self.sound.close().await;
        self.read.close().await;
    }
}

struct FaultyTransaction {
    begun: Option<Box<dyn Transaction>>,
    sound: Arc<dyn Store>,
    read: Arc<dyn ReadStore>,
    fault: Fault,
}

impl FaultyTransaction {
    async fn inner(&mut self) -> Result<&mut Box<dyn Transaction>, StoreError> {
        if self.begun.is_none() {
            self.begun = Some(self.sound.begin().await?);
        }
        self.begun.as_mut().ok_or_else(|| StoreError::Unavailable("not begun".to_owned()))
    }

    /// Commits what there is and begins anew.
    async fn slip(&mut self) -> Result<(), StoreError> {
        if let Some(inner) = self.begun.take() {
            inner.commit().await?;
        }
        Ok(())
    }

    /// Lets a failure be forgotten: what was done since the beginning is gone, and the next operation begins anew.
    fn forget<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.fault == Fault::ForgetsFailures && result.is_err() {
            self.begun = None;
        }
        result
    }

    /// A row of the same kind whose name differs by case alone.
    async fn alike(&mut self, object: &Object) -> Result<Option<Uuid>, StoreError> {
        let page = Page { after: None, limit: 1_000 };
        let rows = self.read.objects(object.kind(), page).await?.rows;
        let alike = |row: &&Object| match (name(row), name(object)) {
            (Some(one), Some(other)) => one != other && one.eq_ignore_ascii_case(other),
            _ => false,
        };
        Ok(rows.iter().find(alike).map(Object::id))
    }
}

fn name(object: &Object) -> Option<&str> {
    match object {
        Object::Tenant(row) => Some(&row.name),
        Object::Site(row) => Some(&row.name),
        Object::Wim(row) => Some(&row.name),
        Object::Network(row) => Some(&row.name),
        Object::Account(_) | Object::PortMapping(_) => None,
    }
}

/// Implements the port with some operations of our own and the rest handed through.
macro_rules! transaction {
    (
        own { $($own:tt)* }
        through { $(fn $name:ident($($arg:ident: $kind:ty),*) -> $answer:ty;)+ }
    ) => {
        #[async_trait]
        impl Transaction for FaultyTransaction {
            $($own)*
            $(
                async fn $name(&mut self, $($arg: $kind),*) -> Result<$answer, StoreError> {
                    self.inner().await?.$name($($arg),*).await
                }
            )+
        }
    };
}

transaction! {
    own {
        async fn commit(self: Box<Self>) -> Result<(), StoreError> {
            match self.begun {
                Some(inner) => inner.commit().await,
                None => Ok(()),
            }
        }

        async fn record_command(&mut self, id: CommandId, digest: &str, answer: &Value) -> Result<(), StoreError> {
            let result = self.inner().await?.record_command(id, digest, answer).await;
            self.forget(result)
        }

        async fn insert_object(&mut self, object: &Object) -> Result<Inserted, StoreError> {
            if self.fault == Fault::CaseInsensitiveNames && let Some(existing) = self.alike(object).await? {
                return Ok(Inserted::Duplicate { existing });
            }
            self.inner().await?.insert_object(object).await
        }

        async fn update_object(&mut self, object: &Object, expected: i64) -> Result<Guarded, StoreError> {
            let inner = self.inner().await?;
            match inner.update_object(object, expected).await? {
                Guarded::Stale { current } if self.fault == Fault::IgnoresVersions => {
                    self.inner().await?.update_object(object, current).await
                }
                found => Ok(found),
            }
        }

        async fn lock_links(&mut self, ids: &[LinkId]) -> Result<Vec<Link>, StoreError> {
            if self.begun.is_some() || self.fault != Fault::LostUpdate {
                return self.inner().await?.lock_links(ids).await;
            }
            let mut links = Vec::new();
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                links.extend(self.read.link(id).await?);
            }
            Ok(links)
        }

        async fn insert_actions(&mut self, actions: &[Action]) -> Result<(), StoreError> {
            let mut actions = actions.to_vec();
            if self.fault == Fault::InventsDueTimes {
                for action in actions.iter_mut().filter(|action| !action.state.is_finished()) {
                    action.due_at.get_or_insert(Timestamp(0));
                }
            }
            if self.fault == Fault::NonAtomicBatch && actions.len() > 1 {
                for action in actions {
                    self.inner().await?.insert_actions(&[action]).await?;
                    self.slip().await?;
                }
                return Ok(());
            }
            let result = self.inner().await?.insert_actions(&actions).await;
            self.forget(result)
        }

        async fn unpublished_events(&mut self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError> {
            let mut events = self.inner().await?.unpublished_events(limit).await?;
            if self.fault == Fault::SortsEventsById {
                events.sort_by_key(|event| event.id);
            }
            Ok(events)
        }
    }
    through {
        fn now() -> Timestamp;
        fn installation() -> InstallationId;
        fn command(id: CommandId) -> Option<(String, Value)>;
        fn delete_object(kind: Kind, id: Uuid) -> Deleted;
        fn lock_object(kind: Kind, id: Uuid) -> Option<Object>;
        fn bump_catalogue() -> i64;
        fn sites(ids: &[SiteId]) -> Vec<Site>;
        fn networks(ids: &[NetworkId]) -> Vec<Network>;
        fn port_mappings(pairs: &[(WimId, SiteId)]) -> Vec<PortMapping>;
        fn replace_port_mappings(wim: WimId, mappings: &[PortMapping]) -> Inserted;
        fn insert_links(links: &[Link]) -> Vec<LinkId>;
        fn update_links(links: &[Link]) -> ();
        fn unfinished_actions(links: &[LinkId]) -> Vec<Action>;
        fn actions(ids: &[ActionId]) -> Vec<Action>;
        fn last_failed(links: &[LinkId]) -> Vec<Action>;
        fn update_actions(actions: &[Action]) -> ();
        fn insert_attempts(attempts: &[Attempt]) -> ();
        fn requests(ids: &[RequestId]) -> Vec<Request>;
        fn insert_requests(requests: &[Request]) -> Vec<RequestId>;
        fn count_requests(deltas: &[CounterDelta], now: Timestamp) -> Vec<Request>;
        fn links_of_account(account: AccountId) -> i64;
        fn links_of_request(request: RequestId) -> Vec<LinkId>;
        fn lock_services(ids: &[ServiceId]) -> Vec<Service>;
        fn insert_services(services: &[Service]) -> Vec<ServiceId>;
        fn update_services(services: &[Service]) -> ();
        fn services_named(names: &[(TenantId, String)]) -> Vec<Service>;
        fn networks_named(names: &[(TenantId, String)]) -> Vec<Network>;
        fn insert_networks(networks: &[Network]) -> Vec<NetworkId>;
        fn update_networks(networks: &[Network]) -> ();
        fn settle_services(ids: &[ServiceId]) -> Vec<ServiceId>;
        fn due_actions(now: Timestamp, limit: u32) -> Vec<Due>;
        fn due_refreshes(now: Timestamp, limit: u32) -> Vec<Link>;
        fn due_listings(now: Timestamp, limit: u32) -> Vec<Account>;
        fn settled_links(account: AccountId, after: Option<LinkId>, limit: u32) -> Vec<Link>;
        fn schedule_refreshes(links: &[LinkId], due_at: Option<Timestamp>, seen_at: Option<Timestamp>) -> ();
        fn make_due(accounts: Option<&[AccountId]>, now: Timestamp) -> u64;
        fn make_due_for_networks(networks: &[NetworkId], now: Timestamp) -> u64;
        fn next_due() -> Option<Timestamp>;
        fn census() -> Census;
        fn accounts(ids: &[AccountId]) -> Vec<Account>;
        fn lock_accounts(ids: &[AccountId]) -> Vec<Account>;
        fn update_accounts(accounts: &[Account]) -> ();
        fn accounts_of_session(session: SessionId) -> Vec<Account>;
        fn unsettled_accounts() -> Vec<AccountId>;
        fn leasable_accounts() -> Vec<(Account, String)>;
        fn try_lock_planner() -> bool;
        fn lock_session(id: SessionId) -> Option<Session>;
        fn sessions() -> Vec<Session>;
        fn put_session(session: &Session) -> ();
        fn forget_sessions(before: Timestamp) -> u64;
        fn insert_events(events: &[OutboxEvent]) -> ();
        fn mark_published(ids: &[EventId], at: Timestamp) -> ();
        fn insert_parked(parked: &[Parked]) -> ();
        fn lock_parked(id: ParkedId) -> Option<Parked>;
        fn mark_replayed(id: ParkedId, at: Timestamp) -> ();
        fn holds() -> Vec<Hold>;
        fn put_hold(hold: &Hold) -> ();
        fn remove_hold(kind: HoldKind, id: Uuid) -> ();
        fn let_go(
            accounts: &[AccountId],
            from: Timestamp,
            until: Timestamp,
            now: Timestamp,
            wake: bool
        ) -> u64;
        fn forget_prompts(now: Timestamp) -> u64;
        fn forget(old: Old, before: Timestamp, limit: u32) -> Forgotten;
    }
}

//! The write side: transactions of set-based operations. Only the conductors hold one.

use super::{Capabilities, Forgotten, Old, StoreError};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;
use wanlink_domain::action::{Action, ActionState, Attempt};
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

/// A database that may be written.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    fn capabilities(&self) -> Capabilities;

    /// Brings the schema to this build's version. Several processes may do so at once; twice is once.
    async fn migrate(&self) -> Result<(), StoreError>;

    /// `Ok` if the schema is this build's, [`StoreError::Schema`] naming both versions if not.
    async fn check_schema(&self) -> Result<(), StoreError>;

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError>;

    /// Ends all connections.
    async fn close(&self);
}

/// What waits, for operators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Census {
    /// Unfinished actions by state, in the order of the states' names; states without any are absent.
    pub actions: Vec<Waiting>,
    /// Events that are not published.
    pub events: i64,
    /// When the oldest of them was written.
    pub events_since: Option<Timestamp>,
}

/// The unfinished actions of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Waiting {
    pub state: ActionState,
    pub count: i64,
    /// Since when the oldest of them has been in it.
    pub since: Timestamp,
}

/// What a guarded write of one row found.
#[derive(Clone, Debug, PartialEq)]
pub enum Guarded {
    Applied,
    /// The row has another version than the expected one; nothing was written.
    Stale {
        current: i64,
    },
    /// There is no such row.
    Gone,
    /// Another row has its unique name or pair; nothing was written.
    Duplicate {
        existing: Uuid,
    },
}

/// What an insertion of one object found.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    Applied,
    /// Another row, or this very one, is there already under its id, unique name or pair.
    Duplicate {
        existing: Uuid,
    },
    /// A row that it refers to is not there; the noun and the id.
    MissingReference {
        kind: Kind,
        id: Uuid,
    },
}

/// What a deletion found.
#[derive(Clone, Debug, PartialEq)]
pub enum Deleted {
    Applied,
    Gone,
    /// Others refer to it: nothing was removed. The noun of the referring rows and how many.
    Referenced {
        by: &'static str,
        count: i64,
    },
}

/// An action that is due, with its rows locked.
#[derive(Clone, Debug, PartialEq)]
pub struct Due {
    pub link: Link,
    pub action: Action,
}

/// One unit of work: all of it is committed, or none. Dropping it rolls back.
#[async_trait]
pub trait Transaction: Send {
    /// The database's clock at the time of the call (not of the transaction's start).
    async fn now(&mut self) -> Result<Timestamp, StoreError>;

    /// Commits. [`StoreError::CommitUnknown`]: read by id what became of it.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;

    /// This deployment's id; made by the first migration.
    async fn installation(&mut self) -> Result<InstallationId, StoreError>;

    // --- catalogue -----------------------------------------------------------------------------------------

    /// The stored answer of a command, with the digest of its body.
    async fn command(&mut self, id: CommandId) -> Result<Option<(String, Value)>, StoreError>;
    async fn record_command(&mut self, id: CommandId, digest: &str, answer: &Value)
    -> Result<(), StoreError>;

    /// Inserts one object as it is given (version and times included).
    async fn insert_object(&mut self, object: &Object) -> Result<Inserted, StoreError>;
    /// Writes all columns of one object whose version was `expected`, except the lease, status and event columns
    /// of an account (see [`Transaction::update_accounts`]). `object.version` is the new one.
    async fn update_object(&mut self, object: &Object, expected: i64) -> Result<Guarded, StoreError>;
    /// Refuses, inside the transaction, while other rows refer to it. A WIM's port mappings go with it; tombstones
    /// of links do not count as references to a network or an account.
    async fn delete_object(&mut self, kind: Kind, id: Uuid) -> Result<Deleted, StoreError>;
    /// Locks one object's row and answers it.
    async fn lock_object(&mut self, kind: Kind, id: Uuid) -> Result<Option<Object>, StoreError>;
    /// Counts one change of the catalogue: planners see it as a new version.
    async fn bump_catalogue(&mut self) -> Result<i64, StoreError>;

    /// Without locks, in id order; unknown ids are omitted.
    async fn sites(&mut self, ids: &[SiteId]) -> Result<Vec<Site>, StoreError>;
    async fn networks(&mut self, ids: &[NetworkId]) -> Result<Vec<Network>, StoreError>;
    /// All mappings of these (WIM, site) pairs.
    async fn port_mappings(&mut self, pairs: &[(WimId, SiteId)]) -> Result<Vec<PortMapping>, StoreError>;
    /// Replaces all mappings of a WIM; `Duplicate` names a mapping of `mappings` that meets another of them.
    async fn replace_port_mappings(
        &mut self,
        wim: WimId,
        mappings: &[PortMapping],
    ) -> Result<Inserted, StoreError>;

    // --- links, actions, requests ---------------------------------------------------------------------------

    /// Locks and answers the rows, in id order; unknown ids are omitted.
    async fn lock_links(&mut self, ids: &[LinkId]) -> Result<Vec<Link>, StoreError>;
    /// Inserts those that are not there yet and answers their ids.
    async fn insert_links(&mut self, links: &[Link]) -> Result<Vec<LinkId>, StoreError>;
    /// Writes all columns of locked rows.
    async fn update_links(&mut self, links: &[Link]) -> Result<(), StoreError>;

    /// Locks and answers the unfinished actions of these (locked) links, in id order.
    async fn unfinished_actions(&mut self, links: &[LinkId]) -> Result<Vec<Action>, StoreError>;
    /// Reads actions by id without locking, finished or not; unknown ids are omitted.
    async fn actions(&mut self, ids: &[ActionId]) -> Result<Vec<Action>, StoreError>;
    /// The latest action in accepted order of each of these links that ended FAILED.
    async fn last_failed(&mut self, links: &[LinkId]) -> Result<Vec<Action>, StoreError>;
    async fn insert_actions(&mut self, actions: &[Action]) -> Result<(), StoreError>;
    /// Writes all columns of rows whose links are locked.
    async fn update_actions(&mut self, actions: &[Action]) -> Result<(), StoreError>;
    async fn insert_attempts(&mut self, attempts: &[Attempt]) -> Result<(), StoreError>;

    /// Reads requests by id without locking; unknown ids are omitted.
    async fn requests(&mut self, ids: &[RequestId]) -> Result<Vec<Request>, StoreError>;
    /// Inserts those that are not there yet and answers their ids.
    async fn insert_requests(&mut self, requests: &[Request]) -> Result<Vec<RequestId>, StoreError>;
    /// Adds the deltas, sets `finished_at` (and counts `event_seq` up) where nothing is open any more, and
    /// answers the rows after that, in id order.
    async fn count_requests(
        &mut self,
        deltas: &[CounterDelta],
        now: Timestamp,
    ) -> Result<Vec<Request>, StoreError>;
    /// How many links of this account are not tombstones.
    async fn links_of_account(&mut self, account: AccountId) -> Result<i64, StoreError>;
    /// Ids of the links with unfinished actions of this request.
    async fn links_of_request(&mut self, request: RequestId) -> Result<Vec<LinkId>, StoreError>;

    // --- network services -------------------------------------------------------------------------------------

    /// Locks and answers the rows, in id order; unknown ids are omitted.
    async fn lock_services(&mut self, ids: &[ServiceId]) -> Result<Vec<Service>, StoreError>;
    /// Inserts those whose id and name (per tenant) are free, and answers their ids.
    async fn insert_services(&mut self, services: &[Service]) -> Result<Vec<ServiceId>, StoreError>;
    /// Writes all columns of locked rows.
    async fn update_services(&mut self, services: &[Service]) -> Result<(), StoreError>;
    /// By tenant and exact name, without locks, in id order.
    async fn services_named(&mut self, names: &[(TenantId, String)]) -> Result<Vec<Service>, StoreError>;
    /// The same of networks.
    async fn networks_named(&mut self, names: &[(TenantId, String)]) -> Result<Vec<Network>, StoreError>;
    /// Inserts those whose id and name (per tenant) are free, and answers their ids.
    async fn insert_networks(&mut self, networks: &[Network]) -> Result<Vec<NetworkId>, StoreError>;
    /// Writes what a service says of its networks: virtual link, `vim_info`, port, encapsulation and whether they are
    /// leaving. Their status is their site's to tell; a row of another service is left alone.
    async fn update_networks(&mut self, networks: &[Network]) -> Result<(), StoreError>;
    /// Locks these services and removes what of them is over: networks that are leaving and that neither a link nor an
    /// unfinished action of their virtual link needs, and each service in phase DELETING that has no link but tombstones,
    /// with its networks. Answers the ids of the services that are gone.
    async fn settle_services(&mut self, ids: &[ServiceId]) -> Result<Vec<ServiceId>, StoreError>;

    // --- what is due ----------------------------------------------------------------------------------------

    /// Locks up to `limit` unfinished actions that are due at `now`, with their links, the longest due first,
    /// skipping rows that another transaction holds.
    async fn due_actions(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Due>, StoreError>;
    /// Locks up to `limit` links whose refresh is due, that have no unfinished action, of ready accounts with a
    /// session, skipping held rows.
    async fn due_refreshes(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Link>, StoreError>;
    /// Locks up to `limit` ready accounts with a session whose list is due, the longest due first, skipping held rows.
    async fn due_listings(&mut self, now: Timestamp, limit: u32) -> Result<Vec<Account>, StoreError>;
    /// Without locks: up to `limit` links of this account behind `after` in id order that are no tombstones, for which
    /// an attempt was ever begun and that have no unfinished action.
    async fn settled_links(
        &mut self,
        account: AccountId,
        after: Option<LinkId>,
        limit: u32,
    ) -> Result<Vec<Link>, StoreError>;
    /// Sets when these links are observed next (`None`: with their account), and, where given, when they were last seen.
    async fn schedule_refreshes(
        &mut self,
        links: &[LinkId],
        due_at: Option<Timestamp>,
        seen_at: Option<Timestamp>,
    ) -> Result<(), StoreError>;
    /// Makes the SCHEDULED actions of these accounts, and their RUNNING ones of an epoch that is over, due at `now`
    /// (`None`: the SCHEDULED ones of all).
    /// Prompts that were sent stay counted, so that a backlog that is still in its queue is not doubled.
    async fn make_due(&mut self, accounts: Option<&[AccountId]>, now: Timestamp) -> Result<u64, StoreError>;
    /// Makes the SCHEDULED actions of links that need one of these networks due at `now`, with no prompt counted as
    /// sent: their prompts were answered with `wait` and are gone.
    async fn make_due_for_networks(
        &mut self,
        networks: &[NetworkId],
        now: Timestamp,
    ) -> Result<u64, StoreError>;
    /// When the next unfinished action is due; for sleeping until then.
    async fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError>;
    /// Counts what waits, without locks.
    async fn census(&mut self) -> Result<Census, StoreError>;

    // --- accounts, sessions, leases --------------------------------------------------------------------------

    /// Locked against change until the end of the transaction, but not against other readers (a shared lock), in id
    /// order; unknown ids are omitted.
    async fn accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError>;
    /// Locks and answers the rows, in id order; unknown ids are omitted.
    async fn lock_accounts(&mut self, ids: &[AccountId]) -> Result<Vec<Account>, StoreError>;
    /// Writes phase, status, lease and event columns of locked rows (not name, credentials, configuration).
    async fn update_accounts(&mut self, accounts: &[Account]) -> Result<(), StoreError>;
    /// Without locks: what a session holds, and what it formerly held and has not released, in id order.
    async fn accounts_of_session(&mut self, session: SessionId) -> Result<Vec<Account>, StoreError>;
    /// Ids of accounts in phase CREATING or DELETING: work left by whoever began it.
    async fn unsettled_accounts(&mut self) -> Result<Vec<AccountId>, StoreError>;
    /// Without locks: ready accounts, with their WIM's connector kind, for the planner of leases, in id order.
    async fn leasable_accounts(&mut self) -> Result<Vec<(Account, String)>, StoreError>;
    /// Takes the planner's lock for this transaction; `false`: another conductor is planning.
    async fn try_lock_planner(&mut self) -> Result<bool, StoreError>;

    /// Locks one session's row.
    async fn lock_session(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;
    /// Without locks, in id order.
    async fn sessions(&mut self) -> Result<Vec<Session>, StoreError>;
    async fn put_session(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Removes sessions whose lease ended before `before` and that no account names.
    async fn forget_sessions(&mut self, before: Timestamp) -> Result<u64, StoreError>;

    // --- outbox, parked ----------------------------------------------------------------------------------------

    async fn insert_events(&mut self, events: &[OutboxEvent]) -> Result<(), StoreError>;
    /// Locks up to `limit` unpublished events in the order they were written, skipping held rows.
    async fn unpublished_events(&mut self, limit: u32) -> Result<Vec<OutboxEvent>, StoreError>;
    async fn mark_published(&mut self, ids: &[EventId], at: Timestamp) -> Result<(), StoreError>;

    /// Inserts; one that is there already is counted up instead.
    async fn insert_parked(&mut self, parked: &[Parked]) -> Result<(), StoreError>;
    async fn lock_parked(&mut self, id: ParkedId) -> Result<Option<Parked>, StoreError>;
    async fn mark_replayed(&mut self, id: ParkedId, at: Timestamp) -> Result<(), StoreError>;

    // --- holds, keeping ----------------------------------------------------------------------------------------

    /// Without locks: all holds, the oldest first.
    async fn holds(&mut self) -> Result<Vec<Hold>, StoreError>;
    /// One that is there already stays as it is.
    async fn put_hold(&mut self, hold: &Hold) -> Result<(), StoreError>;
    async fn remove_hold(&mut self, kind: HoldKind, id: Uuid) -> Result<(), StoreError>;
    /// Gives the SCHEDULED and RETRY actions of these accounts the time from `from` to `until` back: their waits count
    /// as much later. `wake`: they are due at `now`, no prompt counted as sent.
    async fn let_go(
        &mut self,
        accounts: &[AccountId],
        from: Timestamp,
        until: Timestamp,
        now: Timestamp,
        wake: bool,
    ) -> Result<u64, StoreError>;
    /// Makes everything that may have been prompted and is not running due at `now`, no prompt counted as sent: the
    /// queues that held the prompts are gone.
    async fn forget_prompts(&mut self, now: Timestamp) -> Result<u64, StoreError>;
    /// Removes up to `limit` rows of one kind that ended before `before`, skipping rows that others hold; never what
    /// is unfinished or still needed.
    async fn forget(&mut self, old: Old, before: Timestamp, limit: u32) -> Result<Forgotten, StoreError>;
}

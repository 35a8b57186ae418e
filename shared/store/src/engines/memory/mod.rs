//! The in-memory engine: for tests and for simulation.
//!
//! A [`MemoryDatabase`] is the database; each [`MemoryStore`] and [`MemoryReadStore`] is one process's hold on it. Its
//! transactions meet as PostgreSQL's do (READ COMMITTED, row locks, skipped where the port says so), because what tests
//! and simulation are to find are the races of production. A commit costs what was changed, not what there is. Time and
//! ids come in; the only timer is the limit of a wait for a lock.
//!
//! Deliberately absent: durability, and more than one process (both declared); so it is opened only where the
//! configuration says in so many words that it may forget ([`engine`]).

mod catalogue;
mod due;
pub(super) mod engine;
mod keep;
mod leases;
mod locks;
mod outbox;
mod reader;
mod rows;
mod scope;
mod services;
mod table;
mod transaction;
mod work;

pub use reader::MemoryReadStore;

use super::relational::check_schema;
use crate::port::{Capabilities, Store, StoreError, Transaction};
use async_trait::async_trait;
use locks::Locks;
use rows::Tables;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use transaction::MemoryTransaction;
use wanlink_domain::ids::InstallationId;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;

const CAPABILITIES: Capabilities = Capabilities { engine: "memory", durable: false, shared: false };

/// The one version of the tables: what is not kept is never migrated.
const SCHEMA: i64 = 1;

/// How long a transaction waits for a lock unless it is told otherwise.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// The database itself. Handles to it are made by [`MemoryDatabase::store`] and [`MemoryDatabase::read`].
pub struct MemoryDatabase {
    state: Mutex<State>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

#[derive(Default)]
struct State {
    schema: Option<i64>,
    tables: Tables,
    locks: Locks,
}

impl MemoryDatabase {
    /// An empty database whose clock is `clock`.
    pub fn new(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), clock, entropy })
    }

    /// A handle to write with.
    pub fn store(self: &Arc<Self>) -> MemoryStore {
        self.store_waiting(LOCK_WAIT)
    }

    /// A handle whose transactions wait this long for a lock.
    pub fn store_waiting(self: &Arc<Self>, lock_wait: Duration) -> MemoryStore {
        MemoryStore { handle: Handle::to(self), lock_wait }
    }

    /// A handle to read with.
    pub fn read(self: &Arc<Self>) -> MemoryReadStore {
        MemoryReadStore(Handle::to(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A hold on the database that can be closed.
struct Handle {
    database: Arc<MemoryDatabase>,
    closed: AtomicBool,
}

impl Handle {
    fn to(database: &Arc<MemoryDatabase>) -> Self {
        Self { database: database.clone(), closed: AtomicBool::new(false) }
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        match self.closed.load(Ordering::Acquire) {
            true => Err(StoreError::Unavailable("closed".to_owned())),
            false => Ok(self.database.lock()),
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// The database for a conductor.
pub struct MemoryStore {
    handle: Handle,
    lock_wait: Duration,
}

#[async_trait]
impl Store for MemoryStore {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let mut state = self.handle.open()?;
        if state.schema.is_none() {
            let database = &self.handle.database;
            let id = InstallationId(database.entropy.uuid_v7(database.clock.wall()));
            (state.schema, state.tables.installation) = (Some(SCHEMA), Some(id));
        }
        Ok(())
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        check_schema(self.handle.open()?.schema, SCHEMA)
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        self.check_schema().await?;
        Ok(Box::new(MemoryTransaction::new(self.handle.database.clone(), self.lock_wait)))
    }

    async fn close(&self) {
        self.handle.close();
    }
}

//! The in-memory engine, with a database of its own for each case.

use super::Harness;
use futures::future::BoxFuture;
use std::sync::Arc;
use wanlink_runtime::clock::SystemClock;
use wanlink_runtime::entropy::SystemEntropy;
use wanlink_store::engines::memory::MemoryDatabase;
use wanlink_store::port::{ReadStore, Store};

pub struct MemoryHarness {
    database: Arc<MemoryDatabase>,
}

impl MemoryHarness {
    pub fn start() -> Self {
        Self { database: MemoryDatabase::new(Arc::new(SystemClock), Arc::new(SystemEntropy)) }
    }

    pub fn database(&self) -> &Arc<MemoryDatabase> {
        &self.database
    }
}

impl Harness for MemoryHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.database.store())
    }

    fn read(&self) -> Arc<dyn ReadStore> {
        Arc::new(self.database.read())
    }

    fn clean(&self) -> BoxFuture<'_, ()> {
        // The database goes with the harness.
        Box::pin(std::future::ready(()))
    }
}

//! The SQLite engine on a file of its own for each case.

use super::Harness;
use futures::future::BoxFuture;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;
use wanlink_runtime::config::Database;
use wanlink_store::engines::sqlite::{SqliteReadStore, SqliteStore};
use wanlink_store::port::{ReadStore, Store};

pub struct SqliteHarness {
    folder: TempDir,
}

impl SqliteHarness {
    pub fn start() -> std::io::Result<Self> {
        Ok(Self { folder: TempDir::new()? })
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn open_store(&self) -> SqliteStore {
        SqliteStore::open(&Database::default(), self.folder.path()).expect("the defaults are right")
    }

    pub fn open_read(&self) -> SqliteReadStore {
        SqliteReadStore::open(&Database::default(), self.folder.path()).expect("the defaults are right")
    }
}

impl Harness for SqliteHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.open_store())
    }

    fn read(&self) -> Arc<dyn ReadStore> {
        Arc::new(self.open_read())
    }

    fn clean(&self) -> BoxFuture<'_, ()> {
        // The folder goes with the harness.
        Box::pin(std::future::ready(()))
    }
}

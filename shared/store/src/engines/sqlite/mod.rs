//! SQLite in a file: the embedded profile's database, one writer at a time, durable.
//!
//! One connection writes, each transaction begins IMMEDIATE and so holds the whole database: what locks rows elsewhere
//! only reads here. The api reads over connections of their own that are opened `mode=ro`. Deliberately absent: more
//! than one machine.

mod connection;
mod faults;

use super::migrations;
use super::registry::{Engine, Surroundings, own_keys, span};
use super::relational::{Reader, SqlTransaction, Statements, check_schema, each_statement, from_files};
use crate::port::{Capabilities, ReadStore, Store, StoreError, Transaction};
use async_trait::async_trait;
use connection::{SqliteSource, SqliteWork};
use faults::store_error;
use serde::Deserialize;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use wanlink_runtime::config::Database;

/// The statements of this engine.
pub static STATEMENTS: Statements = each_statement!(from_files);

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("migrations/0001_tables.sql")),
    (2, "rows as json", include_str!("migrations/0002_rows_as_json.sql")),
];

const CAPABILITIES: Capabilities = Capabilities { engine: "sqlite", durable: true, shared: false };

/// The file that is taken where no endpoint is given.
const FILE: &str = "wanlink.db";

/// The engine, for the registry.
pub struct Sqlite;

/// The engine's own keys below `database.options`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// How long a transaction waits for another process that writes.
    #[serde(deserialize_with = "span")]
    busy_timeout: Duration,
    synchronous: Synchronous,
}

/// What a commit waits for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Synchronous {
    /// The disk: a committed transaction survives a power failure.
    Full,
    /// The operating system: it survives the end of the process only.
    Normal,
}

impl Default for Options {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), synchronous: Synchronous::Full }
    }
}

impl Engine for Sqlite {
    fn name(&self) -> &'static str {
        CAPABILITIES.engine
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn open(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn Store>, String> {
        Ok(Arc::new(SqliteStore::open(section, &with.data_dir)?))
    }

    fn open_read(&self, section: &Database, with: &Surroundings) -> Result<Arc<dyn ReadStore>, String> {
        Ok(Arc::new(SqliteReadStore::open(section, &with.data_dir)?))
    }
}

/// The file: the one endpoint (a path, or a `sqlite:` URL without parameters), or one in the data folder.
fn file(section: &Database, data_dir: &Path) -> Result<PathBuf, String> {
    match section.endpoints.as_slice() {
        [] => Ok(data_dir.join(FILE)),
        [endpoint] => {
            let text = endpoint.expose();
            let path = text.strip_prefix("sqlite:").unwrap_or(text);
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.contains(['?', '@']) || path == ":memory:" {
                return Err("endpoints[0]: not the path of a file".to_owned());
            }
            Ok(PathBuf::from(path))
        }
        _ => Err("endpoints: this engine has one file".to_owned()),
    }
}

fn connect_options(file: &Path, options: &Options) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(true)
        .busy_timeout(options.busy_timeout)
        .statement_cache_capacity(256)
}

/// The database for a conductor.
pub struct SqliteStore {
    pool: SqlitePool,
    limit: Duration,
}

impl SqliteStore {
    /// Reads the section; the file is made by the first connection.
    pub fn open(section: &Database, data_dir: &Path) -> Result<Self, String> {
        let options: Options = own_keys(section)?;
        let synchronous = match options.synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        };
        let connect = connect_options(&file(section, data_dir)?, &options)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(section.connect_timeout)
            .test_before_acquire(false)
            .connect_lazy_with(connect);
        Ok(Self { pool, limit: section.statement_timeout })
    }

    async fn begin_immediate(&self) -> Result<SqliteWork, StoreError> {
        let transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        Ok(SqliteWork { transaction, limit: self.limit })
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let needed = migrations::newest(MIGRATIONS);
        // One transaction over all migrations: of two processes that migrate, the second finds nothing to do.
        let mut work = self.begin_immediate().await?;
        let migrated = migrations::migrator(MIGRATIONS).run_direct(None, &mut *work.transaction, false).await;
        migrated.map_err(|error| migrations::error(error, needed, store_error))?;
        work.transaction.commit().await.map_err(faults::commit_error)
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let mut work = self.begin_immediate().await?;
        let found = work.schema().await?;
        check_schema(found, migrations::newest(MIGRATIONS))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(SqlTransaction::new(self.begin_immediate().await?, &STATEMENTS)))
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// The database for an api: connections that SQLite itself keeps from writing.
pub type SqliteReadStore = Reader<SqliteSource>;

impl SqliteReadStore {
    /// Reads the section. The file need not be there yet: until it is, every question ends `Unavailable`.
    pub fn open(section: &Database, data_dir: &Path) -> Result<Self, String> {
        let options: Options = own_keys(section)?;
        if !section.read_endpoints.is_empty() {
            return Err("read_endpoints: this engine reads the file of `endpoints`".to_owned());
        }
        let pool = SqlitePoolOptions::new()
            .max_connections(section.connections_max)
            .acquire_timeout(section.connect_timeout)
            .test_before_acquire(false)
            .connect_lazy_with(connect_options(&file(section, data_dir)?, &options).read_only(true));
        Ok(Self::new(SqliteSource { pool, limit: section.statement_timeout }))
    }

    /// The connections themselves, for the tests that prove what they may not do.
    pub fn pool(&self) -> &SqlitePool {
        &self.source().pool
    }
}

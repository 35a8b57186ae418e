//! PostgreSQL: the production database, shared by any number of conductors and apis.
//!
//! READ COMMITTED with explicit row locks in id order; every wait has a limit on the server's side (statement, lock,
//! idle transaction) and a longer one on ours. The api's connection is a role that was granted SELECT alone, and read-only
//! by default besides. Deliberately absent: LISTEN and NOTIFY (they serialize commits), and server-side functions
//! beyond the one that keeps `link_networks`.

mod connection;
mod faults;
mod servers;

use super::migrations;
use super::registry::{Engine, Surroundings, own_keys, span};
use super::relational::{
    Reader, SqlTransaction, Statements, Work as _, check_schema, each_statement, from_files,
};
use crate::port::{Capabilities, ReadStore, Store, StoreError, Transaction};
use async_trait::async_trait;
use connection::{PostgresSource, PostgresWork};
use faults::store_error;
use serde::Deserialize;
use servers::{Access, Servers};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnection, PgPool};
use std::sync::Arc;
use std::time::Duration;
use wanlink_runtime::config::Database;

/// The statements of this engine.
pub static STATEMENTS: Statements = each_statement!(from_files);

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "tables", include_str!("migrations/0001_tables.sql")),
    (2, "objects", include_str!("migrations/0002_objects.sql")),
];

const READ_ROLE: &str = include_str!("sql/read_role.sql");
const GRANT_READ_ONLY: &str = include_str!("sql/grant_read_only.sql");

const CAPABILITIES: Capabilities = Capabilities { engine: "postgres", durable: true, shared: true };

/// The engine, for the registry.
pub struct Postgres;

/// The engine's own keys below `database.options`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Options {
    /// How long a statement waits for a row that another transaction holds.
    #[serde(deserialize_with = "span")]
    lock_timeout: Duration,
    /// How long a migration waits for another one that runs.
    #[serde(deserialize_with = "span")]
    migration_timeout: Duration,
    /// The role of the api's connections: `migrate` grants it SELECT and nothing else.
    read_role: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(5),
            migration_timeout: Duration::from_secs(60),
            read_role: None,
        }
    }
}

impl Engine for Postgres {
    fn name(&self) -> &'static str {
        CAPABILITIES.engine
    }

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn open(&self, section: &Database, _: &Surroundings) -> Result<Arc<dyn Store>, String> {
        Ok(Arc::new(PostgresStore::open(section)?))
    }

    fn open_read(&self, section: &Database, _: &Surroundings) -> Result<Arc<dyn ReadStore>, String> {
        Ok(Arc::new(PostgresReadStore::open(section)?))
    }
}

/// The database for a conductor.
pub struct PostgresStore {
    servers: Arc<Servers>,
    options: Options,
}

impl PostgresStore {
    /// Reads the section; connections are made when they are needed, to the first endpoint that takes writes.
    pub fn open(section: &Database) -> Result<Self, String> {
        let options: Options = own_keys(section)?;
        let servers =
            Servers::open(section, &section.endpoints, "endpoints", options.lock_timeout, Access::Write)?;
        Ok(Self { servers: Arc::new(servers), options })
    }

    /// A connection without the limits that a migration may pass.
    async fn migrating(&self) -> Result<PgConnection, StoreError> {
        let limit = format!("{}ms", self.options.migration_timeout.as_millis());
        let settings = [("statement_timeout", "0"), ("idle_in_transaction_session_timeout", "0")];
        self.servers.connect(&settings, &[("lock_timeout", limit)]).await
    }

    async fn grant_read_only(&self, connection: &mut PgConnection, role: &str) -> Result<(), StoreError> {
        sqlx::query(READ_ROLE).bind(role).execute(&mut *connection).await.map_err(store_error)?;
        sqlx::raw_sql(GRANT_READ_ONLY).execute(&mut *connection).await.map_err(store_error)?;
        Ok(())
    }
}

#[async_trait]
impl Store for PostgresStore {
    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    async fn migrate(&self) -> Result<(), StoreError> {
        let needed = migrations::newest(MIGRATIONS);
        let mut connection = self.migrating().await?;
        // Of two processes that migrate, the second waits for the first (an advisory lock) and finds nothing to do.
        let migrated = migrations::migrator(MIGRATIONS).run_direct(None, &mut connection, false).await;
        migrated.map_err(|error| migrations::error(error, needed, store_error))?;
        if let Some(role) = &self.options.read_role {
            self.grant_read_only(&mut connection, role).await?;
        }
        connection.close().await.map_err(store_error)
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let mut work = PostgresWork::begin(&self.servers).await?;
        let there = work.fetch(STATEMENTS.schema_exists, Vec::new()).await?;
        let found = if there.first().map(String::as_str) == Some("true") {
            work.fetch(STATEMENTS.schema_version, Vec::new()).await?
        } else {
            Vec::new()
        };
        check_schema(found.first().and_then(|version| version.parse().ok()), migrations::newest(MIGRATIONS))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        Ok(Box::new(SqlTransaction::new(PostgresWork::begin(&self.servers).await?, &STATEMENTS)))
    }

    async fn close(&self) {
        self.servers.close().await;
    }
}

/// The database for an api: connections that may only read.
pub type PostgresReadStore = Reader<PostgresSource>;

impl PostgresReadStore {
    /// Reads the section: `read_endpoints`, or `endpoints` where there are none.
    pub fn open(section: &Database) -> Result<Self, String> {
        let options: Options = own_keys(section)?;
        let (endpoints, name) = if section.read_endpoints.is_empty() {
            (&section.endpoints, "endpoints")
        } else {
            (&section.read_endpoints, "read_endpoints")
        };
        let servers = Servers::open(section, endpoints, name, options.lock_timeout, Access::Read)?;
        Ok(Self::new(PostgresSource { servers }))
    }

    /// The connections themselves, for the tests that prove what they may not do.
    pub fn pool(&self) -> PgPool {
        self.source().servers.pool()
    }
}

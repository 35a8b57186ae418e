//! How this engine runs statements: parameters bound in order, one text column back, every wait limited.

use super::super::migrations;
use super::super::relational::{Arg, Fault, Source, Statements, Work, bind};
use super::faults::{commit_error, fault, late};
use super::{CAPABILITIES, MIGRATIONS, STATEMENTS};
use crate::port::{Capabilities, StoreError};
use async_trait::async_trait;
use sqlx::sqlite::{Sqlite, SqlitePool};
use sqlx::{SqliteConnection, Transaction};
use std::time::Duration;

/// An open transaction on the one connection that writes.
pub(in crate::engines) struct SqliteWork {
    pub(super) transaction: Transaction<'static, Sqlite>,
    pub(super) limit: Duration,
}

impl SqliteWork {
    /// The newest migration that was applied; `None`: none ever was.
    pub(super) async fn schema(&mut self) -> Result<Option<i64>, StoreError> {
        let there = self.fetch(STATEMENTS.schema_exists, Vec::new()).await?;
        if there.first().map(String::as_str) != Some("true") {
            return Ok(None);
        }
        let found = self.fetch(STATEMENTS.schema_version, Vec::new()).await?;
        Ok(found.first().and_then(|version| version.parse().ok()))
    }
}

async fn fetch(
    connection: &mut SqliteConnection,
    sql: &'static str,
    args: Vec<Arg>,
    limit: Duration,
) -> Result<Vec<String>, Fault> {
    let query = bind!(sqlx::query_scalar::<Sqlite, String>(sql), args);
    let rows = tokio::time::timeout(limit, query.fetch_all(connection)).await;
    rows.map_err(|_| late(limit))?.map_err(fault)
}

#[async_trait]
impl Work for SqliteWork {
    async fn fetch(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault> {
        fetch(&mut self.transaction, sql, args, self.limit).await
    }

    async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, Fault> {
        let query = bind!(sqlx::query::<Sqlite>(sql), args);
        let done = tokio::time::timeout(self.limit, query.execute(&mut *self.transaction)).await;
        Ok(done.map_err(|_| late(self.limit))?.map_err(fault)?.rows_affected())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        match tokio::time::timeout(self.limit, self.transaction.commit()).await {
            Ok(committed) => committed.map_err(commit_error),
            Err(_) => Err(StoreError::CommitUnknown(format!("no word within {:?}", self.limit))),
        }
    }
}

/// Connections that read.
pub struct SqliteSource {
    pub(super) pool: SqlitePool,
    pub(super) limit: Duration,
}

#[async_trait]
impl Source for SqliteSource {
    const STATEMENTS: &'static Statements = &STATEMENTS;

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn schema(&self) -> i64 {
        migrations::newest(MIGRATIONS)
    }

    async fn fetch(&self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault> {
        let mut connection = self.pool.acquire().await.map_err(fault)?;
        fetch(&mut connection, sql, args, self.limit).await
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

//! How this engine runs statements: parameters bound in order, one text column back, every wait limited.

use super::super::migrations;
use super::super::relational::{Arg, Fault, Source, Statements, Work};
use super::faults::{commit_error, fault, late};
use super::servers::Servers;
use super::{CAPABILITIES, MIGRATIONS, STATEMENTS};
use crate::port::{Capabilities, StoreError};
use async_trait::async_trait;
use sqlx::Transaction;
use sqlx::postgres::{PgConnection, Postgres};
use std::time::Duration;

/// An open transaction.
pub(in crate::engines) struct PostgresWork {
    pub(super) transaction: Transaction<'static, Postgres>,
    pub(super) limit: Duration,
}

async fn fetch(
    connection: &mut PgConnection,
    sql: &'static str,
    args: Vec<Arg>,
    limit: Duration,
) -> Result<Vec<String>, Fault> {
    let mut query = sqlx::query_scalar::<Postgres, String>(sql);
    for arg in args {
        query = match arg {
            Arg::Int(value) => query.bind(value),
            Arg::Text(value) => query.bind(value),
        };
    }
    let rows = tokio::time::timeout(limit, query.fetch_all(connection)).await;
    rows.map_err(|_| late(limit))?.map_err(fault)
}

#[async_trait]
impl Work for PostgresWork {
    async fn fetch(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault> {
        fetch(&mut self.transaction, sql, args, self.limit).await
    }

    async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, Fault> {
        let mut query = sqlx::query::<Postgres>(sql);
        for arg in args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
            };
        }
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
pub struct PostgresSource {
    pub(super) servers: Servers,
}

#[async_trait]
impl Source for PostgresSource {
    const STATEMENTS: &'static Statements = &STATEMENTS;

    fn capabilities(&self) -> Capabilities {
        CAPABILITIES
    }

    fn schema(&self) -> i64 {
        migrations::newest(MIGRATIONS)
    }

    async fn fetch(&self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault> {
        let mut connection = self.servers.acquire().await.map_err(Fault::Store)?;
        fetch(&mut connection, sql, args, self.servers.limit()).await
    }

    async fn close(&self) {
        self.servers.close().await;
    }
}

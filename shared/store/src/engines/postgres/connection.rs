//! How this engine runs statements: parameters bound in order, one text column back, every wait limited.

use super::super::migrations;
use super::super::relational::{Arg, Fault, Source, Statements, Work, bind};
use super::faults::{fault, late, unsaid};
use super::servers::Servers;
use super::{CAPABILITIES, MIGRATIONS, STATEMENTS};
use crate::port::{Capabilities, StoreError};
use async_trait::async_trait;
use sqlx::Transaction;
use sqlx::postgres::Postgres;
use std::sync::Arc;

/// An open transaction.
pub(in crate::engines) struct PostgresWork {
    transaction: Transaction<'static, Postgres>,
    servers: Arc<Servers>,
    /// Of the pool that the connection is from.
    generation: u64,
}

impl PostgresWork {
    pub(super) async fn begin(servers: &Arc<Servers>) -> Result<Self, StoreError> {
        let (transaction, generation) = servers.begin().await?;
        Ok(Self { transaction, servers: servers.clone(), generation })
    }
}

/// Waits for an answer as long as a living server may take.
async fn answer<T>(
    servers: &Servers,
    generation: u64,
    call: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Fault> {
    let limit = servers.limit();
    match tokio::time::timeout(limit, call).await {
        Ok(answered) => answered.map_err(fault),
        Err(_) => {
            servers.give_up(generation);
            Err(late(limit))
        }
    }
}

#[async_trait]
impl Work for PostgresWork {
    async fn fetch(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<Vec<String>, Fault> {
        let query = bind!(sqlx::query_scalar::<Postgres, String>(sql), args);
        answer(&self.servers, self.generation, query.fetch_all(&mut *self.transaction)).await
    }

    async fn execute(&mut self, sql: &'static str, args: Vec<Arg>) -> Result<u64, Fault> {
        let query = bind!(sqlx::query::<Postgres>(sql), args);
        let done = answer(&self.servers, self.generation, query.execute(&mut *self.transaction)).await?;
        Ok(done.rows_affected())
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { transaction, servers, generation } = *self;
        answer(&servers, generation, transaction.commit()).await.map_err(unsaid)
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
        let (mut connection, generation) = self.servers.acquire().await.map_err(Fault::Store)?;
        let query = bind!(sqlx::query_scalar::<Postgres, String>(sql), args);
        answer(&self.servers, generation, query.fetch_all(&mut *connection)).await
    }

    async fn close(&self) {
        self.servers.close().await;
    }
}

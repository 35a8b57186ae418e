//! The PostgreSQL engine on a database of its own for each case, made on the server that `WANLINK_TEST_DATABASE_URL`
//! names: a role that can create databases and roles.

use super::Harness;
use futures::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::str::FromStr;
use std::sync::Arc;
use wanlink_runtime::clock::{Clock, SystemClock};
use wanlink_runtime::config::{Database, Endpoint};
use wanlink_runtime::entropy::{Entropy, SystemEntropy};
use wanlink_store::engines::postgres::{PostgresReadStore, PostgresStore};
use wanlink_store::port::{ReadStore, Store};

const URL: &str = "WANLINK_TEST_DATABASE_URL";

pub struct PostgresHarness {
    server: PgConnectOptions,
    name: String,
}

impl PostgresHarness {
    /// Makes an empty database. No server is a failure, never a skip.
    pub async fn start() -> Result<Self, String> {
        let url = std::env::var(URL).map_err(|_| {
            format!("{URL} is not set: run the tests with tests/run, which starts the servers")
        })?;
        let server =
            PgConnectOptions::from_str(&url).map_err(|_| format!("{URL} is not a PostgreSQL URL"))?;
        let name = format!("wanlink_test_{}", SystemEntropy.uuid_v7(SystemClock.wall()).simple());
        let harness = Self { server, name };
        harness.on_server(&format!("create database {}", harness.name)).await?;
        Ok(harness)
    }

    /// The database's name, for making names of roles that nobody else has.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a statement beside the database.
    pub async fn on_server(&self, sql: &str) -> Result<(), String> {
        let mut server = self.server.connect().await.map_err(|error| format!("{URL}: {error}"))?;
        let done = server.execute(AssertSqlSafe(sql.to_owned())).await;
        let _ = server.close().await;
        done.map(drop).map_err(|error| format!("{sql}: {error}"))
    }

    /// A plain connection to the database.
    pub async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.server.clone().database(&self.name).connect().await
    }

    pub fn section(&self) -> Database {
        self.section_as(None)
    }

    /// The section for a role with a password.
    pub fn section_as(&self, role: Option<(&str, &str)>) -> Database {
        let mut address = self.server.clone().database(&self.name);
        if let Some((role, password)) = role {
            address = address.username(role).password(password);
        }
        let url = address.to_url_lossy();
        Database {
            engine: "postgres".to_owned(),
            endpoints: vec![Endpoint::new(url.as_str())],
            connections_max: 6,
            ..Database::default()
        }
    }

    /// Host and port of the server, for a stretch of network in front of it.
    pub fn server_address(&self) -> String {
        format!("{}:{}", self.server.get_host(), self.server.get_port())
    }

    /// The database as it is reached through a port of loopback.
    pub fn endpoint_at(&self, port: u16) -> Endpoint {
        let address = self.server.clone().database(&self.name).host("127.0.0.1").port(port);
        Endpoint::new(address.to_url_lossy().as_str())
    }

    pub fn open_store(&self) -> PostgresStore {
        PostgresStore::open(&self.section()).expect("the section is right")
    }

    pub fn open_read(&self) -> PostgresReadStore {
        PostgresReadStore::open(&self.section()).expect("the section is right")
    }
}

impl Harness for PostgresHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.open_store())
    }

    fn read(&self) -> Arc<dyn ReadStore> {
        Arc::new(self.open_read())
    }

    fn clean(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Err(error) = self.on_server(&format!("drop database {} with (force)", self.name)).await {
                eprintln!("{error}");
            }
        })
    }
}

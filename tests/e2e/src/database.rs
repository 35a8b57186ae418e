//! A PostgreSQL database of one system's own, with the two roles that an operator makes: the owner of all, and one
//! that may only read.

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::str::FromStr;
use wanlink_runtime::entropy::{Entropy, SystemEntropy};

/// One database on a server.
#[derive(Debug)]
pub struct Database {
    server: PgConnectOptions,
    name: String,
    /// For conductors and `migrate`.
    pub url: String,
    /// For the api.
    pub read_url: String,
    pub read_role: String,
}

impl Database {
    /// Makes it, empty. `server`: the URL of a role that can create databases and roles.
    pub async fn create(server: &str) -> Self {
        let server = PgConnectOptions::from_str(server).expect("a PostgreSQL URL");
        let mark = format!("{:016x}", SystemEntropy.bits());
        let (name, read_role) = (format!("wanlink_e2e_{mark}"), format!("wanlink_e2e_reader_{mark}"));
        let owner = server.clone().database(&name);
        let reader = owner.clone().username(&read_role).password(&mark);
        // How to connect is for the roles' configuration to say.
        let address = |options: &PgConnectOptions| {
            let mut url = options.to_url_lossy();
            url.set_query(None);
            url.to_string()
        };
        let (url, read_url) = (address(&owner), address(&reader));
        let database = Self { server, name, url, read_url, read_role };
        database.run(&format!("create database {}", database.name)).await;
        database.run(&format!("create role {} login password '{mark}'", database.read_role)).await;
        database
    }

    async fn run(&self, sql: &str) {
        let mut server = self.server.connect().await.expect("the PostgreSQL server takes connections");
        server.execute(AssertSqlSafe(sql.to_owned())).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        server.close().await.expect("a connection can be closed");
    }

    /// How many connections of the roles there are, and how many of them are encrypted under a client's certificate.
    pub async fn connections(&self) -> (i64, i64) {
        let sql = "select count(*), count(*) filter (where ssl and client_dn is not null) \
                   from pg_stat_activity join pg_stat_ssl using (pid) \
                   where application_name = 'wanlink' and datname = $1";
        let mut server = self.server.connect().await.expect("the PostgreSQL server takes connections");
        let counted = sqlx::query_as::<_, (i64, i64)>(sql).bind(&self.name).fetch_one(&mut server).await;
        counted.expect("the server counts its connections")
    }

    /// Removes it and its role.
    pub async fn remove(self) {
        self.run(&format!("drop database {} with (force)", self.name)).await;
        self.run(&format!("drop role {}", self.read_role)).await;
    }
}

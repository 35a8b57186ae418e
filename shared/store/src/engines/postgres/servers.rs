//! The servers that a section names: one pool, its connections made to the first endpoint that serves.

use super::faults::{self, store_error};
use crate::port::StoreError;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, Postgres};
use sqlx::{ConnectOptions as _, Connection as _, Transaction};
use std::str::FromStr as _;
use std::time::Duration;
use tokio::sync::Mutex;
use wanlink_runtime::config::{Database, Endpoint};

/// How much longer than the server's own limit we wait for its word: past that the connection is dead, not slow.
const MARGIN: Duration = Duration::from_secs(5);

/// What the connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

pub(super) struct Servers {
    pool: PgPool,
    addresses: Vec<PgConnectOptions>,
    access: Access,
    connect_timeout: Duration,
    limit: Duration,
    /// Which address new connections go to; held while another is chosen, so that one caller looks for all.
    current: Mutex<usize>,
}

impl Servers {
    /// `name` is the endpoints' key, for errors; they never repeat an address, for it may hold a password.
    pub(super) fn open(
        section: &Database,
        endpoints: &[Endpoint],
        name: &str,
        lock_timeout: Duration,
        access: Access,
    ) -> Result<Self, String> {
        let addresses: Vec<PgConnectOptions> = endpoints
            .iter()
            .enumerate()
            .map(|(place, endpoint)| {
                address(endpoint)
                    .map(|address| with_settings(address, section, lock_timeout, access))
                    .ok_or_else(|| {
                        format!("{name}[{place}]: not a URL such as postgres://user@host/database")
                    })
            })
            .collect::<Result<_, _>>()?;
        let first = addresses.first().cloned().ok_or_else(|| format!("{name}: none is given"))?;
        let pool = PgPoolOptions::new()
            .max_connections(section.connections_max)
            .acquire_timeout(section.connect_timeout)
            .connect_lazy_with(first);
        Ok(Self {
            pool,
            addresses,
            access,
            connect_timeout: section.connect_timeout,
            limit: section.statement_timeout + MARGIN,
            current: Mutex::new(0),
        })
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// How long to wait for the word on one statement.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        match self.timed(self.pool.begin()).await {
            Err(error @ StoreError::Unavailable(_)) => {
                self.choose(error).await?;
                self.timed(self.pool.begin()).await
            }
            other => other,
        }
    }

    pub(super) async fn acquire(&self) -> Result<sqlx::pool::PoolConnection<Postgres>, StoreError> {
        match self.timed(self.pool.acquire()).await {
            Err(error @ StoreError::Unavailable(_)) => {
                self.choose(error).await?;
                self.timed(self.pool.acquire()).await
            }
            other => other,
        }
    }

    /// A connection of its own, outside the pool, with settings that win over the section's.
    pub(super) async fn connect(
        &self,
        fixed: &[(&str, &str)],
        computed: &[(&str, String)],
    ) -> Result<PgConnection, StoreError> {
        let mut last = None;
        for address in &self.addresses {
            let address = address.clone().options(fixed.iter().copied()).options(computed.iter().cloned());
            match self.probe(&address).await {
                Ok(connection) => return Ok(connection),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| StoreError::Unavailable("no endpoint".to_owned())))
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }

    /// Points new connections at the first address that serves. `error`, which made us ask, stands if that is the
    /// current one (its connections are all in use), or if none does.
    async fn choose(&self, error: StoreError) -> Result<(), StoreError> {
        if self.addresses.len() < 2 || self.pool.is_closed() {
            return Err(error);
        }
        let mut current = self.current.lock().await;
        for (place, address) in self.addresses.iter().enumerate() {
            let Ok(connection) = self.probe(address).await else { continue };
            drop(connection);
            if place == *current {
                return Err(error);
            }
            tracing::warn!(%error, from = *current, to = place, "database: another endpoint is used from now on");
            *current = place;
            self.pool.set_connect_options(address.clone());
            return Ok(());
        }
        Err(error)
    }

    /// Connects and asks whether this server does what we need of it.
    async fn probe(&self, address: &PgConnectOptions) -> Result<PgConnection, StoreError> {
        let mut connection = self.timed(address.connect()).await?;
        if self.access == Access::Write {
            let standby =
                sqlx::query_scalar::<_, bool>("select pg_is_in_recovery()").fetch_one(&mut connection);
            if self.timed(standby).await? {
                let _ = connection.close().await;
                return Err(StoreError::Unavailable("the server is a standby".to_owned()));
            }
        }
        Ok(connection)
    }

    async fn timed<T>(&self, call: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
        let limit = self.connect_timeout + MARGIN;
        tokio::time::timeout(limit, call)
            .await
            .map_err(|_| StoreError::from(faults::late(limit)))?
            .map_err(store_error)
    }
}

fn address(endpoint: &Endpoint) -> Option<PgConnectOptions> {
    let text = endpoint.expose();
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return None;
    }
    PgConnectOptions::from_str(text).ok()
}

/// The limits on the server's side, as settings of each connection.
fn with_settings(
    address: PgConnectOptions,
    section: &Database,
    lock_timeout: Duration,
    access: Access,
) -> PgConnectOptions {
    let millis = |span: Duration| format!("{}ms", span.as_millis());
    let mut settings = vec![
        ("statement_timeout", millis(section.statement_timeout)),
        ("lock_timeout", millis(lock_timeout)),
        // A process that stopped in the middle of a transaction must not keep its rows from the others.
        ("idle_in_transaction_session_timeout", millis(section.statement_timeout)),
        ("default_transaction_isolation", "read committed".to_owned()),
    ];
    if access == Access::Read {
        settings.push(("default_transaction_read_only", "on".to_owned()));
        // Filters that are null must cost nothing: planned with their values, each list finds its index.
        settings.push(("plan_cache_mode", "force_custom_plan".to_owned()));
    }
    address.application_name("wanlink").statement_cache_capacity(256).options(settings)
}

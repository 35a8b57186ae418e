//! The servers that a section names: one pool of connections to the first endpoint that serves.
//!
//! The pool is replaced as a whole when another endpoint is chosen, and when a connection fell silent: its neighbours are
//! as dead as it is, and a pool takes back what is given to it only after the connection has answered.

use super::faults::{self, store_error};
use crate::port::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode, Postgres};
use sqlx::{ConnectOptions as _, Connection as _, Transaction};
use std::str::FromStr as _;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::Mutex;
use wanlink_runtime::config::{Database, Endpoint};
use wanlink_runtime::tls;

/// How much longer than the server's own limit we wait for its word: past that the connection is dead, not slow.
const MARGIN: Duration = Duration::from_secs(5);

/// What the connections are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

pub(super) struct Servers {
    current: RwLock<Current>,
    addresses: Vec<PgConnectOptions>,
    pools: PgPoolOptions,
    access: Access,
    connect_timeout: Duration,
    limit: Duration,
    /// Held while another endpoint is looked for, so that one caller looks for all.
    choosing: Mutex<()>,
}

/// The pool in use.
#[derive(Clone)]
struct Current {
    pool: PgPool,
    /// Which address it connects to.
    place: usize,
    /// Counts the pools before it.
    generation: u64,
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
        let security = tls::Client::of_database(&section.tls);
        if security.is_given() {
            // sqlx reads the files at each connection; what is wrong with them is told at the start.
            security.load()?;
            security.warn();
        }
        let addresses: Vec<PgConnectOptions> = endpoints
            .iter()
            .enumerate()
            .map(|(place, endpoint)| {
                let address = address(endpoint).ok_or("not a URL such as postgres://user@host/database");
                let address = address.and_then(|address| secured(address, endpoint, &security));
                address
                    .map(|address| with_settings(address, section, lock_timeout, access))
                    .map_err(|why| format!("{name}[{place}]: {why}"))
            })
            .collect::<Result<_, _>>()?;
        let first = addresses.first().cloned().ok_or_else(|| format!("{name}: none is given"))?;
        let pools = PgPoolOptions::new()
            .max_connections(section.connections_max)
            .acquire_timeout(section.connect_timeout);
        let pool = pools.clone().connect_lazy_with(first);
        Ok(Self {
            current: RwLock::new(Current { pool, place: 0, generation: 0 }),
            addresses,
            pools,
            access,
            connect_timeout: section.connect_timeout,
            limit: section.statement_timeout + MARGIN,
            choosing: Mutex::new(()),
        })
    }

    pub(super) fn pool(&self) -> PgPool {
        self.current().pool
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long to wait for the word on one statement.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// A transaction, and the generation of the pool it is from.
    pub(super) async fn begin(&self) -> Result<(Transaction<'static, Postgres>, u64), StoreError> {
        let Current { pool, generation, .. } = self.current();
        match self.timed(pool.begin()).await {
            Err(error @ StoreError::Unavailable(_)) => {
                self.choose(generation, error).await?;
                let Current { pool, generation, .. } = self.current();
                Ok((self.timed(pool.begin()).await?, generation))
            }
            other => Ok((other?, generation)),
        }
    }

    /// A connection, and the generation of the pool it is from.
    pub(super) async fn acquire(&self) -> Result<(PoolConnection<Postgres>, u64), StoreError> {
        let Current { pool, generation, .. } = self.current();
        match self.timed(pool.acquire()).await {
            Err(error @ StoreError::Unavailable(_)) => {
                self.choose(generation, error).await?;
                let Current { pool, generation, .. } = self.current();
                Ok((self.timed(pool.acquire()).await?, generation))
            }
            other => Ok((other?, generation)),
        }
    }

    /// Gives up the pool of this generation, of which a connection fell silent.
    pub(super) fn give_up(&self, generation: u64) {
        let Current { place, .. } = self.current();
        tracing::warn!(endpoint = place, "database: a connection fell silent; all are made anew");
        self.replace(generation, place);
    }

    /// Puts a fresh pool of connections to the address at `place` where the one of this generation is.
    fn replace(&self, generation: u64, place: usize) {
        let Some(address) = self.addresses.get(place) else { return };
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.generation != generation || current.pool.is_closed() {
            return;
        }
        let pool = self.pools.clone().connect_lazy_with(address.clone());
        let old = std::mem::replace(&mut *current, Current { pool, place, generation: generation + 1 });
        // From here on what comes back to it is closed; nobody waits for that.
        drop(old.pool.close());
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
        self.pool().close().await;
    }

    /// Finds the first address that serves and, if it is another one, makes it the current one. `error`, which made us
    /// ask, stands if that is the current one (its connections are all in use), or if none serves.
    async fn choose(&self, generation: u64, error: StoreError) -> Result<(), StoreError> {
        if self.addresses.len() < 2 || self.pool().is_closed() {
            return Err(error);
        }
        let _one_at_a_time = self.choosing.lock().await;
        let current = self.current();
        if current.generation != generation {
            return Ok(());
        }
        for (place, address) in self.addresses.iter().enumerate() {
            let Ok(connection) = self.probe(address).await else { continue };
            drop(connection);
            if place == current.place {
                return Err(error);
            }
            tracing::warn!(%error, from = current.place, to = place, "database: another endpoint is used");
            self.replace(generation, place);
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
        let ended =
            tokio::time::timeout(limit, call).await.map_err(|_| StoreError::from(faults::late(limit)))?;
        match ended.map_err(store_error) {
            // A server that does not let us in is away; no row is to blame for it.
            Err(StoreError::Invalid(text) | StoreError::ReadOnly(text)) => Err(StoreError::Unavailable(text)),
            other => other,
        }
    }
}

fn address(endpoint: &Endpoint) -> Option<PgConnectOptions> {
    let text = endpoint.expose();
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return None;
    }
    PgConnectOptions::from_str(text).ok()
}

/// Encrypted and verified, where the section says anything of TLS. An endpoint that says otherwise contradicts it.
fn secured(
    address: PgConnectOptions,
    endpoint: &Endpoint,
    security: &tls::Client,
) -> Result<PgConnectOptions, &'static str> {
    if !security.is_given() {
        return Ok(address);
    }
    let said = endpoint.expose().split_once('?').map_or("", |(_, query)| query);
    let weaker = |pair: &str| {
        pair.split_once('=').is_some_and(|(key, mode)| {
            matches!(key, "sslmode" | "ssl-mode") && !mode.eq_ignore_ascii_case("verify-full")
        })
    };
    if said.split('&').any(weaker) {
        return Err("its sslmode is weaker than verify-full, which database.tls asks for: leave it out");
    }
    let mut address = address.ssl_mode(PgSslMode::VerifyFull);
    if let Some(ca) = &security.ca {
        address = address.ssl_root_cert(&ca.path);
    }
    if let Some(identity) = &security.identity {
        address = address.ssl_client_cert(&identity.certificate.path).ssl_client_key(&identity.key.path);
    }
    Ok(address)
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
    // Compiling a plan costs more than any of ours takes.
    settings.push(("jit", "off".to_owned()));
    address.application_name("wanlink").statement_cache_capacity(256).options(settings)
}

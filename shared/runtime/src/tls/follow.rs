//! A server's TLS files, followed while it runs: changed ones are read again and serve the next handshakes.
//!
//! Looking is asking for each file's change time, length and number every few seconds. Files that cannot be used leave
//! what served so far in place, until they change again. Deliberately absent: signals, and ending connections that
//! stand: those keep the certificate they began with.

use super::Server;
use rustls::ServerConfig;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_secs(2);

/// What tells one state of a file from another; `None`: it is not there.
type Mark = Option<(i64, i64, u64, u64)>;

/// What the next handshake is made with.
#[derive(Debug)]
pub struct Followed {
    server: Server,
    /// Of the files that `current` was read from, taken before they were read.
    first: Vec<Mark>,
    current: RwLock<Arc<ServerConfig>>,
}

impl Followed {
    /// Reads the files for the first time; what is wrong with them ends a start.
    pub fn start(server: Server) -> Result<Self, String> {
        server.warn();
        let first = marks(&server);
        let current = RwLock::new(server.load()?);
        Ok(Self { server, first, current })
    }

    pub fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks at the files until `stop`.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut seen = self.first.clone();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PERIOD) => {}
            }
            let now = marks(&self.server);
            if now != seen {
                seen = now;
                self.read_again();
            }
        }
    }

    fn read_again(&self) {
        match self.server.load() {
            Ok(config) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = config;
                tracing::info!("the api's certificate was read again");
            }
            // Most often certificate and key are being replaced one after the other.
            Err(error) => {
                tracing::warn!(error, "the api's changed certificate cannot be used: the former serves")
            }
        }
    }
}

fn marks(server: &Server) -> Vec<Mark> {
    let mark =
        |path| std::fs::metadata(path).ok().map(|it| (it.mtime(), it.mtime_nsec(), it.len(), it.ino()));
    server.paths().map(mark).collect()
}

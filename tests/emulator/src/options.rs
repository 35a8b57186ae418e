//! What one emulator is told at its start. No configuration file: it is started by tests and by one command line.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Settings of one emulator; `Options::default()` is an open one on a free loopback port that forgets everything.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The journal that makes tree and ledger outlive the process; `None` keeps them in memory only.
    pub state: Option<PathBuf>,
    /// HTTP basic credentials demanded below `/restconf`; `None` lets everybody in.
    pub credentials: Option<Credentials>,
    /// Sites that exist from the start.
    pub sites: Vec<SiteOption>,
    /// Sites and devices come into being when an access first names them.
    pub any_site: bool,
    /// Shortest time, in milliseconds, that the probe calls a complete link `BUILD`.
    pub build_min_ms: u64,
    /// Longest such time.
    pub build_max_ms: u64,
    /// Seed of all draws: building times and probabilities of faults.
    pub seed: u64,
    /// Errors carry one bare object instead of an array, as Clixon writes them.
    pub error_object: bool,
    /// As a process ([`crate::serve`]), end when standard input is closed. The starter's end of the pipe is closed
    /// by the kernel however the starter ends, `kill -9` included.
    pub until_stdin_closes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            state: None,
            credentials: None,
            sites: Vec::new(),
            any_site: false,
            build_min_ms: 200,
            build_max_ms: 2_000,
            seed: 0,
            error_object: false,
            until_stdin_closes: false,
        }
    }
}

/// User and password; `Debug` shows neither the password nor its length.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The password, compared as it stands.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// A site of the operator's: its id and its devices, all at the location `<id>-loc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteOption {
    /// `site-id`.
    pub id: String,
    /// `device-id`s that accesses may refer to.
    pub devices: Vec<String>,
}

impl SiteOption {
    /// A site with the one device `<id>-ce`.
    pub fn named(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { devices: vec![format!("{id}-ce")], id }
    }

    /// Reads `NAME` or `NAME=DEVICE[,DEVICE..]`; the message says which part is empty.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((id, devices)) = text.split_once('=') else {
            return if text.is_empty() {
                Err("the site's name is empty".to_owned())
            } else {
                Ok(Self::named(text))
            };
        };
        let devices: Vec<String> = devices.split(',').map(str::to_owned).collect();
        if id.is_empty() || devices.iter().any(String::is_empty) {
            return Err("expected NAME or NAME=DEVICE[,DEVICE], none of them empty".to_owned());
        }
        Ok(Self { id: id.to_owned(), devices })
    }
}

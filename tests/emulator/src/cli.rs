//! The command line, shared by this crate's own binary and by any other that offers an emulator as a subcommand.

use crate::options::{Credentials, Options, SiteOption};
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Flags of an emulator.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// File that keeps tree and ledger over restarts (in memory without it)
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Demand HTTP basic authentication by this user
    #[arg(long, requires = "password_file")]
    pub user: Option<String>,
    /// File with the password; a line break at its end is not part of it
    #[arg(long, value_name = "FILE", requires = "user")]
    pub password_file: Option<PathBuf>,
    /// A site that exists from the start, with its devices (default: NAME-ce)
    #[arg(long = "site", value_name = "NAME[=DEVICE,..]", value_parser = SiteOption::parse)]
    pub sites: Vec<SiteOption>,
    /// Let sites and devices come into being when an access first names them
    #[arg(long)]
    pub any_site: bool,
    /// Shortest time in BUILD, in milliseconds
    #[arg(long, default_value_t = 200, value_name = "MS")]
    pub build_min: u64,
    /// Longest time in BUILD, in milliseconds
    #[arg(long, default_value_t = 2_000, value_name = "MS")]
    pub build_max: u64,
    /// Seed of building times and of faults' probabilities
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Write errors as one object instead of an array
    #[arg(long)]
    pub error_object: bool,
    /// End when standard input is closed: whoever started this with a pipe cannot leave it behind
    #[arg(long)]
    pub until_stdin_closes: bool,
}

impl Arguments {
    /// Reads the password's file and makes options of the rest.
    pub fn into_options(self) -> io::Result<Options> {
        if self.build_min > self.build_max {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "--build-min is above --build-max"));
        }
        let credentials = match (self.user, self.password_file) {
            (Some(user), Some(file)) => {
                let text = fs::read_to_string(file)?;
                let password = text.strip_suffix('\n').unwrap_or(&text);
                let password = password.strip_suffix('\r').unwrap_or(password).to_owned();
                Some(Credentials { user, password })
            }
            _ => None,
        };
        Ok(Options {
            listen: self.listen,
            state: self.state,
            credentials,
            sites: self.sites,
            any_site: self.any_site,
            build_min_ms: self.build_min,
            build_max_ms: self.build_max,
            seed: self.seed,
            error_object: self.error_object,
            until_stdin_closes: self.until_stdin_closes,
        })
    }
}

//! The command line: what there is to say, and nothing of how it is done.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// WAN links between sites through WAN controllers.
#[derive(Debug, Parser)]
#[command(name = "wanlink", version, propagate_version = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    pub layers: Layers,
    #[command(subcommand)]
    pub command: Command,
}

/// Where the configuration comes from, beside the standard files and `WANLINK__SECTION__KEY`.
#[derive(Args, Clone, Debug, Default)]
pub struct Layers {
    /// A configuration file (TOML, or INI with its own sections); later ones win.
    #[arg(long, global = true, value_name = "FILE")]
    pub conf_file: Vec<PathBuf>,
    /// One setting, such as `--set lease.ttl=30s`; wins over everything else.
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run an api: HTTP in, requests out to the message broker.
    Api,
    /// Run a conductor: the only role that writes the database.
    Conductor,
    /// Run a worker: drives the WAN controllers; needs no database.
    Worker,
    /// Run all roles in one process with embedded engines; state in a folder.
    Up(Up),
    /// Bring the database schema to this build's version.
    Migrate,
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// List the engines that this executable is built with.
    Engines,
    /// Keys for sealing credentials.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Run an emulated WAN controller (RFC 8466 over RESTCONF) to try things on.
    Emulator(wanlink_emulator::Arguments),
}

#[derive(Args, Debug)]
pub struct Up {
    /// Where its state is kept; made if it is missing.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Address and port of the api; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Leave the worker out: what is accepted is recorded and waits.
    #[arg(long)]
    pub without_worker: bool,
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print the effective configuration, secrets masked, with the origin of each value and the settle bound.
    Check,
}

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key pair: apis get the public half, workers the private one.
    Generate {
        /// The folder for `seal-public.key` and `seal-private.key`.
        #[arg(long, value_name = "FOLDER", default_value = ".")]
        dir: PathBuf,
    },
}

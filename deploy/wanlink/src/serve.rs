//! The commands that run: each role as a process of its own, and all of them in one.

use crate::assemble::{Assembly, Running, keys, until_asked};
use crate::exit::Failure;
use crate::settings::{ConfigArgs, ListenArgs};
use serde_json::json;
use std::fs::File;
use std::path::Path;
use wanlink_runtime::config::Config;
use wanlink_runtime::{shutdown::Shutdown, telemetry};

/// The file in the data folder whose lock says that a process works on it.
const LOCK: &str = "lock";

/// The roles of a process of their own.
pub use wanlink_runtime::metrics::Role;

/// Flags of `up`.
#[derive(Clone, Debug, clap::Args)]
pub struct UpArgs {
    #[command(flatten)]
    pub config: ConfigArgs,
    #[command(flatten)]
    pub listen: ListenArgs,
    /// Run no worker: what is accepted waits until one is there
    #[arg(long)]
    pub without_worker: bool,
}

/// `wanlink api|conductor|worker`: until a signal comes.
pub async fn role(role: Role, args: &ConfigArgs, listen: Option<&str>) -> Result<(), Failure> {
    let loaded = args.load(listen)?;
    log(&loaded.config)?;
    let assembly = Assembly::of_one_role(role, loaded.config);
    assembly.check_engines()?;
    let signals = signals()?;
    let mut running = Running::default();
    match role {
        Role::Api => print_address(&assembly, assembly.start_api(&mut running).await?)?,
        Role::Conductor => assembly.start_conductor(&mut running).await?,
        Role::Worker => {
            let database = &assembly.config.database;
            if !database.endpoints.is_empty() || !database.read_endpoints.is_empty() {
                tracing::warn!("a worker uses no database: give it a configuration without its address");
            }
            assembly.start_worker(&mut running).await?;
        }
    }
    until_asked(running, &assembly.config, signals).await
}

/// `wanlink up`: all roles, state in the data folder.
pub async fn up(args: &UpArgs) -> Result<(), Failure> {
    let loaded = args.config.load(args.listen.listen.as_deref())?;
    log(&loaded.config)?;
    let config = loaded.config;
    let _lock = lock(&config.data_dir)?;
    let assembly = Assembly::new(with_keys(config)?);
    let signals = signals()?;
    let (running, address) = start_all(&assembly, !args.without_worker).await?;
    print_address(&assembly, address)?;
    until_asked(running, &assembly.config, signals).await
}

/// Migrates and starts all roles, the api first: what most often hinders a start is its port.
pub async fn start_all(
    assembly: &Assembly,
    with_worker: bool,
) -> Result<(Running, std::net::SocketAddr), Failure> {
    assembly.check_engines()?;
    assembly.migrate().await?;
    let mut running = Running::default();
    let address = assembly.start_api(&mut running).await?;
    assembly.start_conductor(&mut running).await?;
    if with_worker {
        assembly.start_worker(&mut running).await?;
    }
    Ok((running, address))
}

/// Names the data folder's own key pair where the configuration names none; makes it at the first start.
pub fn with_keys(mut config: Config) -> Result<Config, Failure> {
    if config.api.public_key_file.is_none() && config.worker.private_key_files.is_empty() {
        let pair = keys::ensure(&config.data_dir)?;
        config.api.public_key_file = Some(pair.public);
        config.worker.private_key_files = vec![pair.private];
    }
    Ok(config)
}

/// Two processes on one data folder would each believe to be alone. The lock ends with the process, however it ends.
pub fn lock(data_dir: &Path) -> Result<File, Failure> {
    keys::private_folder(data_dir)?;
    let path = data_dir.join(LOCK);
    let file = File::create(&path)
        .map_err(|error| Failure::configuration(format!("{}: {error}", path.display())))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::configuration(format!(
            "another process works in {}: stop it, or choose another folder with --data-dir",
            data_dir.display()
        ))),
        Err(std::fs::TryLockError::Error(error)) => {
            Err(Failure::configuration(format!("{} cannot be locked: {error}", path.display())))
        }
    }
}

pub fn log(config: &Config) -> Result<(), Failure> {
    telemetry::init(&config.log).map(drop).map_err(|error| Failure::configuration(error.to_string()))
}

pub fn signals() -> Result<Shutdown, Failure> {
    Shutdown::listen().map_err(|error| Failure::failed(format!("signals cannot be listened for: {error}")))
}

/// One line for whoever started this with port 0.
fn print_address(assembly: &Assembly, address: std::net::SocketAddr) -> Result<(), Failure> {
    let scheme = if assembly.config.api.tls.certificate.is_some() { "https" } else { "http" };
    crate::client::output::line(&json!({ "listening": format!("{scheme}://{address}") }).to_string())
}

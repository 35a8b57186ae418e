//! `wanlink`: the one executable. The roles, all in one, and the commands of those who use them.

mod cli;
mod failure;
mod roles;

use clap::Parser;
use cli::{Cli, Command, ConfigCommand, KeyCommand, Layers};
use failure::Failure;
use std::process::ExitCode;
use wanlink_runtime::config::{Config, Loaded, Sources, load};
use wanlink_runtime::telemetry;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // One provider for the whole process, so that no library picks one of its own.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("error: another cryptography provider is installed already");
        return ExitCode::FAILURE;
    }
    match run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

async fn run(cli: Cli) -> Result<(), Failure> {
    let layers = cli.layers;
    match cli.command {
        Command::Api => roles::api(&process(layers, &[])?).await,
        Command::Conductor => roles::conductor(&process(layers, &[])?).await,
        Command::Worker => roles::worker(&process(layers, &[])?).await,
        Command::Up(up) => {
            let mut flags = Vec::new();
            flags.extend(up.data_dir.map(|folder| ("data_dir".to_owned(), folder.display().to_string())));
            flags.extend(up.listen.map(|listen| ("api.listen".to_owned(), listen)));
            let shape = roles::Shape { worker: !up.without_worker };
            roles::up(&process(layers, &flags)?, shape).await
        }
        Command::Migrate => roles::migrate(&process(layers, &[])?).await,
        Command::Config(ConfigCommand::Check) => {
            print!("{}", configuration(layers, &[])?.effective());
            Ok(())
        }
        Command::Engines => {
            let parts = roles::Parts::built_in();
            println!("database: {}", parts.stores.known().join(", "));
            println!("message broker: {}", parts.brokers.known().join(", "));
            println!("coordination: database");
            Ok(())
        }
        Command::Key(KeyCommand::Generate { dir }) => {
            let files = roles::KeyFiles::of(&dir);
            files.generate()?;
            println!("public: {}\nprivate: {}", files.public.display(), files.private.display());
            Ok(())
        }
        Command::Emulator(arguments) => {
            let options = arguments.into_options().map_err(Failure::configuration)?;
            let mut shutdown = wanlink_runtime::shutdown::Shutdown::listen().map_err(Failure::internal)?;
            let asked = async move {
                shutdown.asked().await;
            };
            wanlink_emulator::serve(options, asked).await.map_err(Failure::internal)
        }
    }
}

/// The configuration of a process that runs on: its log begins here.
fn process(layers: Layers, flags: &[(String, String)]) -> Result<Config, Failure> {
    let loaded = configuration(layers, flags)?;
    telemetry::init(&loaded.config.log).map_err(Failure::configuration)?;
    Ok(loaded.config)
}

/// Reads all layers; flags of the subcommand are the strongest but for `--set`.
fn configuration(layers: Layers, flags: &[(String, String)]) -> Result<Loaded, Failure> {
    let settings = flags.iter().cloned().chain(layers.settings).collect();
    load(&Sources::of_process(layers.conf_file, settings)).map_err(Failure::configuration)
}

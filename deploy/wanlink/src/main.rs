//! `wanlink`, the one executable: the roles as subcommands, all of them in one process, the demonstration, and the
//! client commands.
//!
//! | folder | what it is |
//! |---|---|
//! | `cli` | the commands |
//! | `assemble` | from a configuration to running roles |
//! | `serve`, `admin` | commands that run; commands of an operator |
//! | `client`, `nouns`, `topology` | commands that call the api |
//! | `demo`, `emulator` | the demonstration and its controller |
//! | `bench` | measurements of a running system |
//!
//! Deliberately absent: anything that a role could do itself.

mod admin;
mod assemble;
mod bench;
mod cli;
#[cfg(test)]
mod cli_tests;
mod client;
mod demo;
mod emulator;
mod exit;
mod nouns;
mod quantile;
mod serve;
mod settings;
mod topology;

use clap::Parser as _;
use exit::{Exit, Failure};
use std::process::ExitCode;

fn main() -> ExitCode {
    // One provider in the whole tree, chosen here, so that no dependency's features choose another.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return ended(Err(Failure::failed("another crypto provider was installed already")));
    }
    let cli = cli::Cli::parse();
    let mut builder = match cli.is_measuring() {
        // It shares the processors with what it measures.
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ended(Err(Failure::failed(format!("no runtime: {error}")))),
    };
    let outcome = runtime.block_on(cli.run());
    // What was to be waited for was waited for.
    runtime.shutdown_background();
    ended(outcome)
}

fn ended(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure { exit, message }) => {
            let kind = if exit == Exit::Usage { "error" } else { "wanlink" };
            // It may quote a controller, which may say anything.
            let lines: Vec<String> = message.lines().map(client::output::visible).collect();
            eprintln!("{kind}: {}", lines.join("\n"));
            exit.into()
        }
    }
}

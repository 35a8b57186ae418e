//! `wanlink-emulator`: one emulated WAN controller as a process, until it is interrupted or terminated.

use clap::Parser;
use std::io;
use std::process::ExitCode;
use wanlink_emulator::{Arguments, serve};

/// A WAN controller that speaks RFC 8466 over RESTCONF, with faults on demand and a ledger of effects
#[derive(Parser)]
#[command(name = "wanlink-emulator")]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Command::parse().arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("wanlink-emulator: {e}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let shutdown = async move {
        tokio::select! {
            biased;
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
    };
    serve(arguments.into_options()?, shutdown).await
}

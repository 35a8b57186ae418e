//! `wanlink bench`: how fast a running system is, and what that costs. Measured from outside, over the public api.
//!
//! | file | what it does |
//! |---|---|
//! | `options` | the flags |
//! | `estate` | what the links stand on: made, found again, removed |
//! | `http`, `load`, `schedule` | the calls |
//! | `settle` | until everything has settled, and the record of it |
//! | `procfs`, `probe` | processor time and memory of the processes |
//! | `result`, `run` | the figures |
//! | `table` | all runs of a series as Markdown |
//! | `pipe` | the ceiling beside them: broker and database with nothing between |
//!
//! Deliberately absent: starting what is measured (`tests/bench/run` does), and any way around the api.

mod estate;
mod http;
mod load;
mod options;
mod pipe;
mod probe;
mod procfs;
mod result;
mod run;
mod schedule;
mod settle;
mod table;

use crate::client::output;
use crate::client::session::Session;
use crate::exit::Failure;
use options::LoadArgs;
use pipe::PipeArgs;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum Verb {
    /// Create links over the api and measure until all have settled; exit code 1 if one is lost or failed
    Load(Box<LoadArgs>),
    /// What broker and database alone come to: one message and one guarded update for each action
    Pipe(Box<PipeArgs>),
    /// Remove what a run of load has left
    Clean {
        /// The run's first word of all names
        #[arg(long)]
        prefix: String,
    },
    /// The figures of many runs as Markdown
    Table {
        /// Folder of NAME.json (what a run printed with -o json) and NAME.command (the line that made it)
        folder: PathBuf,
    },
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Load(args) => run::run(session, &args).await,
        Verb::Pipe(args) => pipe::run(session.format, &args).await,
        Verb::Clean { prefix } => run::clean(session, &prefix).await,
        Verb::Table { folder } => output::text(&table::markdown(&table::read(&folder)?)),
    }
}

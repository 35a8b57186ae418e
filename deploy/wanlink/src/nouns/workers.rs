//! `wanlink workers`: who works. In the plural, for `wanlink worker` runs one.

use crate::client::http::Query;
use crate::client::session::{Noun, RowArgs, Session};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::Subcommand;

pub const NOUN: Noun = Noun {
    path: "workers",
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("ACCOUNTS", "/accounts"),
        ("CAPACITY", "/capacity"),
        ("CONNECTORS", "/connectors"),
        ("UNTIL", "/lease_until"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List the workers that the conductors know
    List(RowArgs),
    /// Show one worker
    Show {
        /// The session's id, or the worker's name
        worker: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    let none = Query::new();
    match verb {
        Verb::List(rows) => session.list(NOUN, &none, &rows).await,
        Verb::Show { worker, watch } => session.show(NOUN, &worker, &none, &watch).await,
    }
}

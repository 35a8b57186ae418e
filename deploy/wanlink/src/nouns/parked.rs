//! `wanlink parked`: messages that nobody could handle, and sending them to their queue again.

use crate::client::http::{Query, new_key};
use crate::client::session::{Noun, RowArgs, Session};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::Subcommand;
use reqwest::Method;

pub const NOUN: Noun = Noun {
    path: "parked",
    columns: &[
        ("ID", "/id"),
        ("ORIGIN", "/origin"),
        ("COUNT", "/count"),
        ("PARKED", "/parked_at"),
        ("REPLAYED", "/replayed_at"),
        ("REASON", "/reason"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List parked messages
    List(RowArgs),
    /// Show one message, decoded, with what may be secret masked
    Show {
        message: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// Send a message to its queue again
    Replay { message: String },
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    let none = Query::new();
    match verb {
        Verb::List(rows) => session.list(NOUN, &none, &rows).await,
        Verb::Show { message, watch } => session.show(NOUN, &message, &none, &watch).await,
        Verb::Replay { message } => {
            let path = [NOUN.path, &message, "replay"];
            let key = new_key();
            let answer = session.client.send(Method::POST, &path, &none, None, Some(&key)).await?;
            session.print_one(NOUN, &answer.body).await
        }
    }
}

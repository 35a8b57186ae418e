//! `wanlink request`: what was accepted, how far it is, and calling off what has not begun.

use crate::client::http::{Query, new_key};
use crate::client::names::Names;
use crate::client::output;
use crate::client::progress::Progress;
use crate::client::session::{Noun, RowArgs, Session, TenantArgs};
use crate::client::wait::{self, Deadline, LimitArgs};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use crate::nouns::action;
use clap::Subcommand;
use reqwest::Method;

pub const NOUN: Noun = Noun {
    path: "requests",
    columns: &[
        ("ID", "/id"),
        ("TOTAL", "/total"),
        ("OPEN", "/open"),
        ("DONE", "/done"),
        ("FAILED", "/failed"),
        ("SUPERSEDED", "/superseded"),
        ("CANCELLED", "/cancelled"),
        ("ACCEPTED", "/accepted_at"),
        ("REFUSED", "/refused"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List requests
    List {
        #[command(flatten)]
        tenant: TenantArgs,
        #[command(flatten)]
        rows: RowArgs,
    },
    /// Show one request with its actions
    Show {
        request: String,
        #[command(flatten)]
        watch: WatchArgs,
        /// Wait until it is finished
        #[arg(long, conflicts_with = "watch")]
        wait: bool,
        #[command(flatten)]
        limit: LimitArgs,
    },
    /// Call off what of a request has not begun
    Cancel {
        request: String,
        /// Wait until all of it has ended
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        limit: LimitArgs,
    },
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::List { tenant, rows } => session.list(NOUN, &tenant.query(), &rows).await,
        Verb::Show { request, watch, .. } if watch.watch.is_some() => {
            session.show(NOUN, &request, &Query::new(), &watch).await
        }
        Verb::Show { request, wait, limit, .. } => show(session, &request, wait.then_some(limit)).await,
        Verb::Cancel { request, wait, limit } => {
            let path = [NOUN.path, &request, "cancel"];
            let key = new_key();
            session.client.send(Method::POST, &path, &Query::new(), None, Some(&key)).await?;
            show(session, &request, wait.then_some(limit)).await
        }
    }
}

/// Shows a request. One that was waited for and in which something failed is a failure, once it is shown.
async fn show(session: &Session, id: &str, wait: Option<LimitArgs>) -> Result<(), Failure> {
    let mut found = match &wait {
        None => session.client.get(&[NOUN.path, id], &Query::new()).await?,
        Some(limit) => {
            let mut progress = Progress::new("actions");
            wait::request(&session.client, id, Deadline::within(limit.wait_timeout), &mut progress).await?
        }
    };
    let failed = found["failed"].as_u64().filter(|count| wait.is_some() && *count > 0);
    if !session.format.is_table() {
        output::object(session.format, NOUN.columns, &Names::default(), &found)?;
    } else {
        let actions = found["actions"].as_array_mut().map(std::mem::take).unwrap_or_default();
        if let Some(fields) = found.as_object_mut() {
            fields.remove("actions");
        }
        session.print_one(NOUN, &found).await?;
        session.print_rows(action::NOUN, &actions).await?;
    }
    let told = |count| Failure::failed(format!("{count} of the actions failed: their reasons are listed"));
    failed.map_or(Ok(()), |count| Err(told(count)))
}

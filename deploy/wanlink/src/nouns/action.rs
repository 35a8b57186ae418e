//! `wanlink action`: single intended changes of links, with every attempt at them.

use crate::client::http::Query;
use crate::client::session::{Noun, RowArgs, Session, TenantArgs};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::{Args, Subcommand};

pub const NOUN: Noun = Noun {
    path: "actions",
    columns: &[
        ("ID", "/id"),
        ("LINK", "/link_id"),
        ("KIND", "/kind"),
        ("STATE", "/state"),
        ("ATTEMPT", "/attempt"),
        ("REASON", "/reason"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// List actions
    List(List),
    /// Show one action with every attempt
    Show {
        action: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
}

#[derive(Clone, Debug, Args)]
pub struct List {
    #[command(flatten)]
    tenant: TenantArgs,
    /// Only of this request
    #[arg(long)]
    request: Option<String>,
    /// Only about this link
    #[arg(long)]
    link: Option<String>,
    /// Only of this account: id or name
    #[arg(long)]
    account: Option<String>,
    #[arg(long)]
    state: Option<String>,
    #[command(flatten)]
    rows: RowArgs,
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::List(it) => {
            let mut query = it.tenant.query();
            query.extend(it.request.map(|request| ("request", request)));
            query.extend(it.link.map(|link| ("link", link)));
            query.extend(it.account.map(|account| ("account", account)));
            query.extend(it.state.map(|state| ("state", state.to_ascii_uppercase())));
            session.list(NOUN, &query, &it.rows).await
        }
        Verb::Show { action, watch } => session.show(NOUN, &action, &Query::new(), &watch).await,
    }
}

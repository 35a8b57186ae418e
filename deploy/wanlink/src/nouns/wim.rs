//! `wanlink wim`: the WAN controllers that are driven.

use crate::client::body::{Body, FileArgs, KeyValue};
use crate::client::http::Query;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use crate::nouns::hold::{self, ReasonArgs};
use clap::{Args, Subcommand};

pub const NOUN: Noun = Noun {
    path: "wims",
    columns: &[("ID", "/id"), ("NAME", "/name"), ("TYPE", "/type"), ("URL", "/wim_url")],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make a WIM known
    Create(Create),
    /// List all WIMs
    List(RowArgs),
    /// Show one WIM
    Show {
        wim: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// Change a WIM; a new URL or setting renews the sessions of its accounts
    Edit(Edit),
    /// Delete a WIM that nothing refers to
    Delete { wim: String },
    /// Accept the work of all accounts at a WIM and do not run it; what runs ends
    Pause {
        wim: String,
        #[command(flatten)]
        reason: ReasonArgs,
    },
    /// Run the work of a paused WIM's accounts again
    Resume { wim: String },
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    /// The connector kind (see `wanlink engines`)
    #[arg(long = "type", value_name = "KIND", required_unless_present = "file")]
    kind: Option<String>,
    /// Where the controller is, without credentials
    #[arg(long = "wim-url", value_name = "URL", required_unless_present = "file")]
    wim_url: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// A setting of the connector for all accounts; no secret
    #[arg(long, value_name = "KEY=VALUE", value_parser = KeyValue::parse)]
    config: Vec<KeyValue>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    /// Id or name
    wim: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long = "wim-url", value_name = "URL")]
    wim_url: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// A setting of the connector for all accounts; no secret
    #[arg(long, value_name = "KEY=VALUE", value_parser = KeyValue::parse)]
    config: Vec<KeyValue>,
    /// Clear a field, or a setting as in config.probe_url
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    let none = Query::new();
    match verb {
        Verb::Create(it) => {
            let body = Body::default()
                .with("name", it.name)
                .with("type", it.kind)
                .with("wim_url", it.wim_url)
                .with("description", it.description)
                .with_keys("config", &it.config)
                .over(&it.file)?;
            session.create(NOUN, &body.into(), &it.key).await
        }
        Verb::List(rows) => session.list(NOUN, &none, &rows).await,
        Verb::Show { wim, watch } => session.show(NOUN, &wim, &none, &watch).await,
        Verb::Edit(it) => {
            let body = Body::default()
                .with("name", it.name)
                .with("wim_url", it.wim_url)
                .with("description", it.description)
                .with_keys("config", &it.config)
                .without(&it.unset);
            session.edit(NOUN, &it.wim, &none, &body.into()).await
        }
        Verb::Delete { wim } => session.delete(NOUN, &wim, &none).await,
        Verb::Pause { wim, reason } => hold::pause(session, NOUN, &wim, &none, reason).await,
        Verb::Resume { wim } => hold::resume(session, NOUN, &wim, &none).await,
    }
}

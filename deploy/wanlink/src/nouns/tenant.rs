//! `wanlink tenant`: whose links and accounts there are.

use crate::client::body::{Body, FileArgs};
use crate::client::http::Query;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::{Args, Subcommand};

pub const NOUN: Noun =
    Noun { path: "tenants", columns: &[("ID", "/id"), ("NAME", "/name"), ("DESCRIPTION", "/description")] };

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make a tenant
    Create(Create),
    /// List all tenants
    List(RowArgs),
    /// Show one tenant
    Show {
        tenant: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// Change a tenant
    Edit(Edit),
    /// Delete a tenant that nothing refers to
    Delete { tenant: String },
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    #[arg(long)]
    description: Option<String>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    /// Id or name
    tenant: String,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// Clear a field
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    let none = Query::new();
    match verb {
        Verb::Create(it) => {
            let body =
                Body::default().with("name", it.name).with("description", it.description).over(&it.file)?;
            session.create(NOUN, &body.into(), &it.key).await
        }
        Verb::List(rows) => session.list(NOUN, &none, &rows).await,
        Verb::Show { tenant, watch } => session.show(NOUN, &tenant, &none, &watch).await,
        Verb::Edit(it) => {
            let body =
                Body::default().with("name", it.name).with("description", it.description).without(&it.unset);
            session.edit(NOUN, &it.tenant, &none, &body.into()).await
        }
        Verb::Delete { tenant } => session.delete(NOUN, &tenant, &none).await,
    }
}

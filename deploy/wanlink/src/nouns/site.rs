//! `wanlink site`: datacenters and points of presence.

use crate::client::body::{Body, FileArgs, read_json};
use crate::client::http::Query;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::{Args, Subcommand};

pub const NOUN: Noun = Noun {
    path: "sites",
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("LATITUDE", "/latitude"),
        ("LONGITUDE", "/longitude"),
        ("DESCRIPTION", "/description"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make a site
    Create(Create),
    /// List all sites
    List(RowArgs),
    /// Show one site
    Show {
        site: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// Change a site
    Edit(Edit),
    /// Delete a site that nothing refers to
    Delete { site: String },
}

#[derive(Clone, Debug, Args)]
struct Fields {
    #[arg(long)]
    description: Option<String>,
    /// Degrees north
    #[arg(long, allow_negative_numbers = true)]
    latitude: Option<f64>,
    /// Degrees east
    #[arg(long, allow_negative_numbers = true)]
    longitude: Option<f64>,
    /// Rules that find the port of a network: a JSON file, or - for standard input
    #[arg(long, value_name = "FILE")]
    external_connections: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    /// Id or name
    site: String,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Clear a field
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

impl Fields {
    fn body(self, name: Option<String>) -> Result<Body, Failure> {
        let rules = self.external_connections.as_deref().map(read_json).transpose()?;
        Ok(Body::default()
            .with("name", name)
            .with("description", self.description)
            .with("latitude", self.latitude)
            .with("longitude", self.longitude)
            .with("external_connections", rules))
    }
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    let none = Query::new();
    match verb {
        Verb::Create(it) => {
            let body = it.fields.body(it.name)?.over(&it.file)?;
            session.create(NOUN, &body.into(), &it.key).await
        }
        Verb::List(rows) => session.list(NOUN, &none, &rows).await,
        Verb::Show { site, watch } => session.show(NOUN, &site, &none, &watch).await,
        Verb::Edit(it) => {
            let body = it.fields.body(it.name)?.without(&it.unset);
            session.edit(NOUN, &it.site, &none, &body.into()).await
        }
        Verb::Delete { site } => session.delete(NOUN, &site, &none).await,
    }
}

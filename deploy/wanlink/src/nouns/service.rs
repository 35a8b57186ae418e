//! `wanlink service`: network services over several sites, from files; their links can be waited for.

use crate::client::body::{Body, read_json};
use crate::client::http::Query;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session, TenantArgs};
use crate::client::wait::WaitArgs;
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use crate::nouns::link::send;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

pub const NOUN: Noun = Noun {
    path: "services",
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("STATUS", "/status"),
        ("TYPE", "/service_type"),
        ("KBIT/S", "/bandwidth_kbps"),
        ("PHASE", "/phase"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Ask for a service: its networks, and the links that they need
    Create(Create),
    /// List services
    List(List),
    /// Show one service with its networks and links
    Show {
        /// Id or name
        service: String,
        #[command(flatten)]
        watch: WatchArgs,
        #[command(flatten)]
        tenant: TenantArgs,
    },
    /// Change a service: sites join and leave, its links change with them
    Edit(Edit),
    /// Take a service down: its links first, then its record
    Delete(About),
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    /// Id or name
    #[arg(long)]
    tenant: Option<String>,
    /// A JSON file with the service; or - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: String,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct List {
    #[command(flatten)]
    tenant: TenantArgs,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    rows: RowArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    /// Id or name
    service: String,
    #[command(flatten)]
    tenant: TenantArgs,
    /// A JSON file with the service as it shall be: networks that it does not name leave; or - for standard input
    #[arg(short, long, value_name = "FILE")]
    file: Option<String>,
    /// Of each of its links, in kbit/s
    #[arg(long, value_name = "KBPS")]
    bandwidth: Option<u64>,
    /// In milliseconds
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct About {
    /// Id or name
    service: String,
    #[command(flatten)]
    tenant: TenantArgs,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    key: KeyArgs,
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create(it) => {
            let mut body = object(&it.file)?;
            if let Some(tenant) = &it.tenant {
                body["tenant"] = Value::from(tenant.as_str());
            }
            send(session, Method::POST, &[NOUN.path], &Query::new(), Some(&body), &it.key, &it.wait).await
        }
        Verb::List(it) => {
            let mut query = it.tenant.query();
            query.extend(it.name.map(|name| ("name", name)));
            session.list(NOUN, &query, &it.rows).await
        }
        Verb::Show { service, watch, tenant } => session.show(NOUN, &service, &tenant.query(), &watch).await,
        Verb::Edit(it) => {
            let (body, query) = (it.body()?, it.tenant.query());
            let path = [NOUN.path, it.service.as_str()];
            send(session, Method::PATCH, &path, &query, Some(&body), &it.key, &it.wait).await
        }
        Verb::Delete(it) => {
            let path = [NOUN.path, it.service.as_str()];
            send(session, Method::DELETE, &path, &it.tenant.query(), None, &it.key, &it.wait).await
        }
    }
}

impl Edit {
    fn body(&self) -> Result<Value, Failure> {
        let flags: Value =
            Body::default().with("bandwidth_kbps", self.bandwidth).with("latency_ms", self.latency).into();
        let mut body = match &self.file {
            Some(file) => object(file)?,
            None => Value::Object(serde_json::Map::new()),
        };
        if let (Value::Object(body), Value::Object(flags)) = (&mut body, flags) {
            // The file may be the one that made it; whose it is does not change.
            body.remove("tenant");
            body.extend(flags);
            if body.is_empty() {
                let message = "nothing to change is given: --file, --bandwidth or --latency";
                return Err(Failure::usage(message));
            }
        }
        Ok(body)
    }
}

fn object(file: &str) -> Result<Value, Failure> {
    let found = read_json(file)?;
    if found.is_object() { Ok(found) } else { Err(Failure::usage(format!("{file} holds no service"))) }
}

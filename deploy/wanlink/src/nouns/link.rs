//! `wanlink link`: WAN links, made, changed, retried and deleted by accepted requests, which can be waited for.

use crate::client::body::{Body, read_json};
use crate::client::endpoint;
use crate::client::http::{Answer, Query, new_key};
use crate::client::names::Names;
use crate::client::output;
use crate::client::progress::Progress;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session, TenantArgs};
use crate::client::wait::{self, Accepted, Deadline, WaitArgs};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

pub const NOUN: Noun = Noun {
    path: "links",
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("TENANT", "/tenant_id"),
        ("WIM", "/wim_id"),
        ("STATUS", "/status"),
        ("TYPE", "/service_type"),
        ("KBIT/S", "/bandwidth_kbps"),
        ("SINCE", "/status_since"),
        ("REASON", "/status_reason"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Ask for a link, or for all links of a file
    Create(Create),
    /// List links
    List(List),
    /// Show one link; one that was deleted is shown as DELETED
    Show {
        link: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// Change a link's bandwidth or latency
    Edit(Edit),
    /// Do again what failed of a link in ERROR
    Retry(About),
    /// Take a link down
    Delete(About),
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    /// Id or name
    #[arg(long)]
    tenant: Option<String>,
    /// One end, twice or more: network=NAME, or site=NAME,switch=DPID,port=PORT,vlan=N
    #[arg(long = "endpoint", value_name = "END", value_parser = endpoint::parse, required_unless_present = "file")]
    endpoints: Vec<Value>,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    wish: Wish,
    /// ELINE, ELAN, ETREE or L3; without it, what the number of ends asks for
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The WIM to make it on: id or name
    #[arg(long, conflicts_with = "strategy")]
    wim: Option<String>,
    /// Which WIM is taken: first, least_loaded or lowest_latency
    #[arg(long)]
    strategy: Option<String>,
    /// A JSON file with a link, a list of links, or a whole body; or - for standard input
    #[arg(
        short,
        long,
        value_name = "FILE",
        conflicts_with_all = ["endpoints", "name", "bandwidth", "latency", "kind", "wim", "strategy"]
    )]
    file: Option<String>,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
struct Wish {
    /// In kbit/s
    #[arg(long, value_name = "KBPS")]
    bandwidth: Option<u64>,
    /// In milliseconds
    #[arg(long, value_name = "MS")]
    latency: Option<u64>,
}

#[derive(Clone, Debug, Args)]
pub struct List {
    #[command(flatten)]
    tenant: TenantArgs,
    /// Only of this account: id or name
    #[arg(long)]
    account: Option<String>,
    #[arg(long)]
    name: Option<String>,
    #[arg(long)]
    status: Option<String>,
    /// Those that were deleted as well
    #[arg(long)]
    deleted: bool,
    #[command(flatten)]
    rows: RowArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    link: String,
    #[command(flatten)]
    wish: Wish,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct About {
    link: String,
    #[command(flatten)]
    wait: WaitArgs,
    #[command(flatten)]
    key: KeyArgs,
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create(it) => {
            let (body, wait, key) = (it.body()?, it.wait, it.key);
            send(session, Method::POST, &[NOUN.path], &Query::new(), Some(&body), &key, &wait).await
        }
        Verb::List(it) => session.list(NOUN, &it.query(), &it.rows).await,
        Verb::Show { link, watch } => session.show(NOUN, &link, &Query::new(), &watch).await,
        Verb::Edit(it) => {
            if it.wish.bandwidth.is_none() && it.wish.latency.is_none() {
                return Err(Failure::usage("nothing to change is given: --bandwidth, --latency or both"));
            }
            let body: Value = Body::default()
                .with("bandwidth_kbps", it.wish.bandwidth)
                .with("latency_ms", it.wish.latency)
                .into();
            send(
                session,
                Method::PATCH,
                &[NOUN.path, &it.link],
                &Query::new(),
                Some(&body),
                &it.key,
                &it.wait,
            )
            .await
        }
        Verb::Retry(it) => {
            let path = [NOUN.path, &it.link, "retry"];
            send(session, Method::POST, &path, &Query::new(), None, &it.key, &it.wait).await
        }
        Verb::Delete(it) => {
            send(session, Method::DELETE, &[NOUN.path, &it.link], &Query::new(), None, &it.key, &it.wait)
                .await
        }
    }
}

impl Create {
    fn body(&self) -> Result<Value, Failure> {
        if let Some(file) = &self.file {
            let found = read_json(file)?;
            let body = match found {
                Value::Array(links) => Body::default().with("links", Some(links)).into(),
                other => other,
            };
            let Value::Object(mut body) = body else {
                return Err(Failure::usage(format!("{file} holds neither a link nor a list of links")));
            };
            if let Some(tenant) = &self.tenant {
                body.insert("tenant".to_owned(), Value::from(tenant.as_str()));
            }
            return Ok(Value::Object(body));
        }
        let body = Body::default()
            .with("tenant", self.tenant.clone())
            .with("name", self.name.clone())
            .with("endpoints", Some(self.endpoints.clone()))
            .with("bandwidth_kbps", self.wish.bandwidth)
            .with("latency_ms", self.wish.latency)
            .with("service_type", self.kind.as_ref().map(|kind| kind.to_ascii_uppercase()))
            .with("wim", self.wim.clone())
            .with("strategy", self.strategy.clone());
        Ok(body.into())
    }
}

impl List {
    fn query(&self) -> Query {
        let mut query = self.tenant.query();
        query.extend(self.account.clone().map(|account| ("account", account)));
        query.extend(self.name.clone().map(|name| ("name", name)));
        query.extend(self.status.as_ref().map(|status| ("status", status.to_ascii_uppercase())));
        query.extend(self.deleted.then(|| ("deleted", "true".to_owned())));
        query
    }
}

/// Hands a request in and shows it, or waits and shows the links.
pub async fn send(
    session: &Session,
    method: Method,
    path: &[&str],
    query: &Query,
    body: Option<&Value>,
    key: &KeyArgs,
    wait: &WaitArgs,
) -> Result<(), Failure> {
    let own = new_key();
    let key = key.key().unwrap_or(&own);
    let answer = session.client.send(method, path, query, body, Some(key)).await?;
    let Some(status) = &wait.wait else { return show_accepted(session, &answer) };
    let accepted = Accepted::of(&answer.body)?;
    eprintln!("request {} is accepted", accepted.request);
    let mut progress = Progress::new("links");
    let deadline = Deadline::within(wait.limit.wait_timeout);
    let status = status.as_ref().map(|status| status.to_ascii_uppercase());
    let links = wait::links(&session.client, &accepted, status.as_deref(), deadline, &mut progress).await?;
    drop(progress);
    session.print_rows(NOUN, &links).await
}

fn show_accepted(session: &Session, answer: &Answer) -> Result<(), Failure> {
    if !session.format.is_table() {
        return output::value(session.format, &answer.body);
    }
    let accepted = Accepted::of(&answer.body)?;
    eprintln!("request {} is accepted; `wanlink request show` tells how far it is", accepted.request);
    let actions = answer.body["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    output::rows(
        session.format,
        &[("LINK", "/link"), ("KIND", "/kind"), ("ACTION", "/id"), ("STATE", "/state")],
        &Names::default(),
        actions,
    )
}

//! One command's view of the api: its client, the wanted output, and the verbs that all nouns share.

use super::http::{Client, Query};
use super::names::Names;
use super::output::{self, Column, Format};
use super::watch::{self, WatchArgs};
use crate::exit::Failure;
use reqwest::Method;
use serde_json::Value;
use std::path::PathBuf;
use wanlink_runtime::tls;

/// Flags that say which api and how to print.
#[derive(Clone, Debug, clap::Args)]
pub struct ClientArgs {
    /// Address of the api
    #[arg(
        long,
        global = true,
        env = "WANLINK_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8080",
        help_heading = "Client options"
    )]
    pub url: String,
    #[command(flatten)]
    pub tls: TlsArgs,
    /// How to print answers
    #[arg(short, long, global = true, value_enum, default_value_t, help_heading = "Client options")]
    pub output: Format,
}

/// Flags of an api that is reached by https, each a PEM file.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TlsArgs {
    /// Whose certificates the api may show; without it, whom the system trusts
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "WANLINK_CA_FILE",
        help_heading = "Client options"
    )]
    pub ca_file: Option<PathBuf>,
    /// The certificate to show to an api that asks for one; needs --key
    #[arg(long, global = true, value_name = "FILE", env = "WANLINK_CERT", help_heading = "Client options")]
    pub cert: Option<PathBuf>,
    /// The private key of --cert
    #[arg(long, global = true, value_name = "FILE", env = "WANLINK_KEY", help_heading = "Client options")]
    pub key: Option<PathBuf>,
}

/// For errors: the flags that a person would change.
pub const TLS_FLAGS: tls::Keys = tls::Keys { ca: "--ca-file", certificate: "--cert", key: "--key" };

impl TlsArgs {
    /// `None`: nothing is said, and the system's list is trusted.
    fn client(&self) -> Result<Option<tls::Client>, Failure> {
        let named = |name, path: &Option<PathBuf>| path.as_ref().map(|path| tls::Named::new(name, path));
        let identity = match (named("--cert", &self.cert), named("--key", &self.key)) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some(tls::Identity { certificate, key }),
            (Some(_), None) => return Err(Failure::usage("--cert needs --key beside it")),
            (None, Some(_)) => return Err(Failure::usage("--key needs --cert beside it")),
        };
        let client = tls::Client { ca: named("--ca-file", &self.ca_file), identity };
        Ok(client.is_given().then_some(client))
    }
}

/// A kind of resource: its collection's path and what a list shows of it.
#[derive(Clone, Copy, Debug)]
pub struct Noun {
    pub path: &'static str,
    pub columns: &'static [Column],
}

/// What a call is about: one tenant's objects alone, where names are not unique.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TenantArgs {
    /// Only what is this tenant's: id or name
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<String>,
}

impl TenantArgs {
    pub fn query(&self) -> Query {
        self.tenant.iter().map(|tenant| ("tenant", tenant.clone())).collect()
    }
}

/// How much of a list.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RowArgs {
    /// At most so many rows; without it, all of them
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub watch: WatchArgs,
}

/// The key under which a call may be repeated.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct KeyArgs {
    /// The same call under the same key is done once, whoever repeats it
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

impl KeyArgs {
    pub fn key(&self) -> Option<&str> {
        self.idempotency_key.as_deref()
    }
}

/// A client that prints.
#[derive(Clone, Debug)]
pub struct Session {
    pub client: Client,
    pub format: Format,
}

impl Session {
    pub fn new(args: &ClientArgs) -> Result<Self, Failure> {
        Ok(Self { client: Client::new(&args.url, args.tls.client()?.as_ref())?, format: args.output })
    }

    /// One of a noun: what a list shows of it comes first.
    pub async fn print_one(&self, noun: Noun, object: &Value) -> Result<(), Failure> {
        let fields: Vec<String> =
            object.as_object().into_iter().flatten().map(|(key, _)| format!("/{key}")).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let names = self.names(&fields, std::slice::from_ref(object)).await;
        output::object(self.format, noun.columns, &names, object)
    }

    pub async fn print_rows(&self, noun: Noun, rows: &[Value]) -> Result<(), Failure> {
        let names = self.names_of(noun, rows).await;
        output::rows(self.format, noun.columns, &names, rows)
    }

    /// Rows as a table for a terminal.
    pub async fn drawn(&self, noun: Noun, rows: &[Value]) -> String {
        let names = self.names_of(noun, rows).await;
        output::coloured(&output::table(self.format, noun.columns, &names, rows))
    }

    async fn names_of(&self, noun: Noun, rows: &[Value]) -> Names {
        let wide = ["/tenant_id", "/site_id", "/wim_id", "/account_id"];
        let columns = noun.columns.iter().map(|(_, pointer)| *pointer);
        let shown: Vec<&str> = if self.format == Format::Wide { wide.to_vec() } else { columns.collect() };
        self.names(&shown, rows).await
    }

    async fn names(&self, pointers: &[&str], rows: &[Value]) -> Names {
        if !self.format.is_table() {
            return Names::default();
        }
        Names::of(&self.client, pointers, rows).await
    }

    /// Prints a list: JSON as its pages come, a table when its widest cells are known.
    pub async fn list(&self, noun: Noun, query: &Query, rows: &RowArgs) -> Result<(), Failure> {
        if let Some(every) = rows.watch.watch {
            let read = async || {
                let (mut all, mut pages) = (Vec::new(), self.client.pages(&[noun.path], query, rows.limit));
                while let Some(page) = pages.next().await? {
                    all.extend(page);
                }
                Ok(all)
            };
            return watch::run(self, noun, every, read).await;
        }
        let mut pages = self.client.pages(&[noun.path], query, rows.limit);
        let mut printed = output::Rows::new(self.format);
        while let Some(page) = pages.next().await? {
            if printed.add(page)?.is_break() {
                return Ok(());
            }
        }
        let names = self.names_of(noun, printed.kept()).await;
        printed.end(noun.columns, &names)
    }

    pub async fn show(
        &self,
        noun: Noun,
        id: &str,
        query: &Query,
        watched: &WatchArgs,
    ) -> Result<(), Failure> {
        let read = async || self.client.get(&[noun.path, id], query).await;
        match watched.watch {
            Some(every) => watch::run(self, noun, every, async || Ok(vec![read().await?])).await,
            None => self.print_one(noun, &read().await?).await,
        }
    }

    pub async fn create(&self, noun: Noun, body: &Value, key: &KeyArgs) -> Result<(), Failure> {
        let answer = self.client.create(&[noun.path], &Query::new(), body, key.key()).await?;
        self.print_one(noun, &answer.body).await
    }

    pub async fn edit(&self, noun: Noun, id: &str, query: &Query, body: &Value) -> Result<(), Failure> {
        if body.as_object().is_none_or(serde_json::Map::is_empty) {
            return Err(Failure::usage("nothing to change is given: see --help for the fields"));
        }
        let answer = self.client.send(Method::PATCH, &[noun.path, id], query, Some(body), None).await?;
        self.print_one(noun, &answer.body).await
    }

    pub async fn delete(&self, noun: Noun, id: &str, query: &Query) -> Result<(), Failure> {
        let answer = self.client.send(Method::DELETE, &[noun.path, id], query, None, None).await?;
        match answer.body {
            Value::Null => {
                eprintln!("{id} is deleted");
                Ok(())
            }
            // Its end takes longer than the call.
            body => self.print_one(noun, &body).await,
        }
    }
}

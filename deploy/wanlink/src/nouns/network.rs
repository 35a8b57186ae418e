//! `wanlink network`: one site's local networks, whose status gates the links that join them.

use crate::client::body::{Body, FileArgs, KeyValue};
use crate::client::endpoint;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session, TenantArgs};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::{Args, Subcommand};
use serde_json::Value;

pub const NOUN: Noun = Noun {
    path: "networks",
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("TENANT", "/tenant_id"),
        ("SITE", "/site_id"),
        ("STATUS", "/status"),
        ("SERVICE", "/service"),
        ("VIRTUAL LINK", "/virtual_link"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make a network known
    Create(Create),
    /// List networks
    List(List),
    /// Show one network
    Show {
        network: String,
        #[command(flatten)]
        watch: WatchArgs,
        #[command(flatten)]
        tenant: TenantArgs,
    },
    /// Change a network; a new status lets waiting links go on, or ends them
    Edit(Edit),
    /// Tell a network's status: links that wait for it go on, or end
    Status {
        /// Id or name
        network: String,
        /// Such as BUILD, ACTIVE or ERROR
        status: String,
        /// What is to be said about it
        #[arg(long, value_name = "TEXT")]
        detail: Option<String>,
        #[command(flatten)]
        tenant: TenantArgs,
    },
    /// Delete a network that no link refers to
    Delete {
        network: String,
        #[command(flatten)]
        tenant: TenantArgs,
    },
}

#[derive(Clone, Debug, Args)]
struct Fields {
    /// The network service that it belongs to
    #[arg(long)]
    service: Option<String>,
    /// Networks of one virtual link are to be joined
    #[arg(long)]
    virtual_link: Option<String>,
    /// ACTIVE where none is given
    #[arg(long)]
    status: Option<String>,
    #[arg(long)]
    status_detail: Option<String>,
    /// What the site's controller says of it
    #[arg(long, value_name = "KEY=VALUE", value_parser = KeyValue::parse)]
    vim_info: Vec<KeyValue>,
    /// Where it leaves its site and how: switch=DPID,port=PORT and vlan=N, vni=N or untagged, as far as known
    #[arg(long, value_name = "WHERE", value_parser = attachment)]
    attachment: Option<Value>,
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    #[arg(required_unless_present = "file")]
    name: Option<String>,
    /// Id or name
    #[arg(long, required_unless_present = "file")]
    tenant: Option<String>,
    /// Id or name
    #[arg(long, required_unless_present = "file")]
    site: Option<String>,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct List {
    #[command(flatten)]
    tenant: TenantArgs,
    /// Only at this site: id or name
    #[arg(long)]
    site: Option<String>,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    rows: RowArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    /// Id or name
    network: String,
    #[command(flatten)]
    tenant: TenantArgs,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Clear a field
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

/// The same words as for an end of a link, without the end's network and site.
fn attachment(text: &str) -> Result<Value, String> {
    match endpoint::parse(text) {
        Ok(end) if end.get("site").is_none() && end.get("network").is_none() => Ok(end),
        Ok(_) => Err("names no network or site: it is this network's".to_owned()),
        Err(message) => Err(message),
    }
}

impl Fields {
    fn body(self) -> Body {
        let attached = |field: &str| self.attachment.as_ref().and_then(|it| it.get(field).cloned());
        Body::default()
            .with("external_port", attached("port"))
            .with("encapsulation", attached("encapsulation"))
            .with("service", self.service)
            .with("virtual_link", self.virtual_link)
            .with("status", self.status.map(|status| status.to_ascii_uppercase()))
            .with("status_detail", self.status_detail)
            .with_keys("vim_info", &self.vim_info)
    }
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create(it) => {
            let body = it.fields.body();
            let body = body.with("name", it.name).with("tenant", it.tenant).with("site", it.site);
            let body = body.over(&it.file)?;
            session.create(NOUN, &body.into(), &it.key).await
        }
        Verb::List(it) => {
            let mut query = it.tenant.query();
            query.extend(it.site.map(|site| ("site", site)));
            query.extend(it.name.map(|name| ("name", name)));
            session.list(NOUN, &query, &it.rows).await
        }
        Verb::Show { network, watch, tenant } => session.show(NOUN, &network, &tenant.query(), &watch).await,
        Verb::Edit(it) => {
            let body = it.fields.body().with("name", it.name).without(&it.unset);
            session.edit(NOUN, &it.network, &it.tenant.query(), &body.into()).await
        }
        Verb::Status { network, status, detail, tenant } => {
            // What was said about the former status does not hold for the new one.
            let body = Body::default()
                .with("status_detail", Some(detail.map_or(Value::Null, Value::from)))
                .with("status", Some(status.to_ascii_uppercase()));
            session.edit(NOUN, &network, &tenant.query(), &body.into()).await
        }
        Verb::Delete { network, tenant } => session.delete(NOUN, &network, &tenant.query()).await,
    }
}

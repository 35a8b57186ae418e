//! `wanlink account`: one tenant's credentials at one WIM. Secrets come from files, pipes or prompts and are sealed
//! by the api; they are never shown again.

use crate::client::body::{Body, FileArgs, KeyValue};
use crate::client::http::Query;
use crate::client::secret;
use crate::client::session::{KeyArgs, Noun, RowArgs, Session, TenantArgs};
use crate::client::wait::{self, Deadline, LimitArgs};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use crate::nouns::hold::{self, ReasonArgs};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

pub const NOUN: Noun = Noun {
    path: "accounts",
    columns: &[
        ("ID", "/id"),
        ("NAME", "/name"),
        ("TENANT", "/tenant_id"),
        ("WIM", "/wim_id"),
        ("PHASE", "/phase"),
        ("STATUS", "/status"),
        ("USER", "/user"),
        ("REASON", "/status_reason"),
    ],
};

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Make an account
    Create(Create),
    /// List accounts
    List(List),
    /// Show one account, with its phase and status
    Show {
        account: String,
        #[command(flatten)]
        watch: WatchArgs,
        #[command(flatten)]
        tenant: TenantArgs,
    },
    /// Change an account; this renews its session
    Edit(Edit),
    /// Delete an account without links
    Delete(Delete),
    /// Accept an account's work and do not run it; what runs ends
    Pause {
        account: String,
        #[command(flatten)]
        tenant: TenantArgs,
        #[command(flatten)]
        reason: ReasonArgs,
    },
    /// Run a paused account's work again
    Resume {
        account: String,
        #[command(flatten)]
        tenant: TenantArgs,
    },
}

#[derive(Clone, Debug, Args)]
struct Fields {
    /// Name of the account; without one, the tenant's
    #[arg(long)]
    name: Option<String>,
    /// User at the controller
    #[arg(long)]
    user: Option<String>,
    /// File with the password, or - for standard input; without it, it is asked for where a user is given
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
    /// A setting of the connector
    #[arg(long, value_name = "KEY=VALUE", value_parser = KeyValue::parse)]
    config: Vec<KeyValue>,
    /// A secret setting of the connector, from a file
    #[arg(long, value_name = "KEY=FILE", value_parser = KeyValue::parse)]
    secret_file: Vec<KeyValue>,
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    /// Id or name
    #[arg(long, required_unless_present = "file")]
    tenant: Option<String>,
    /// Id or name
    #[arg(long, required_unless_present = "file")]
    wim: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Wait until the account is ready, or has this phase or status
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "READY", value_name = "STATUS")]
    wait: Option<String>,
    #[command(flatten)]
    limit: LimitArgs,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Clone, Debug, Args)]
pub struct List {
    #[command(flatten)]
    tenant: TenantArgs,
    /// Only at this WIM: id or name
    #[arg(long)]
    wim: Option<String>,
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    rows: RowArgs,
}

#[derive(Clone, Debug, Args)]
pub struct Edit {
    /// Id or name
    account: String,
    #[command(flatten)]
    tenant: TenantArgs,
    #[command(flatten)]
    fields: Fields,
    /// Clear a field, or a setting as in config.probe_url
    #[arg(long, value_name = "FIELD")]
    unset: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub struct Delete {
    /// Id or name
    account: String,
    #[command(flatten)]
    tenant: TenantArgs,
    /// Wait until it is gone
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    limit: LimitArgs,
}

impl Fields {
    fn body(self) -> Result<Body, Failure> {
        let password = match (&self.password_file, &self.user) {
            (None, None) => None,
            (file, user) => {
                let prompt = format!("Password of {}", user.as_deref().unwrap_or("the account"));
                Some(secret::from_file_or_prompt(file.as_deref(), &prompt)?)
            }
        };
        let mut secrets = Vec::new();
        for KeyValue { key, value } in &self.secret_file {
            let file = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            secrets
                .push(KeyValue { key: key.clone(), value: Value::from(secret::from_file(&file)?.as_str()) });
        }
        Ok(Body::default()
            .with("name", self.name)
            .with("user", self.user)
            .with("password", password.as_ref().map(|it| it.as_str()))
            .with_keys("config", &self.config)
            .with_keys("config", &secrets))
    }
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create(it) => create(session, it).await,
        Verb::List(it) => {
            let mut query = it.tenant.query();
            query.extend(it.wim.map(|wim| ("wim", wim)));
            query.extend(it.name.map(|name| ("name", name)));
            session.list(NOUN, &query, &it.rows).await
        }
        Verb::Show { account, watch, tenant } => session.show(NOUN, &account, &tenant.query(), &watch).await,
        Verb::Edit(it) => {
            let body = it.fields.body()?.without(&it.unset);
            session.edit(NOUN, &it.account, &it.tenant.query(), &body.into()).await
        }
        Verb::Delete(it) => delete(session, it).await,
        Verb::Pause { account, tenant, reason } => {
            hold::pause(session, NOUN, &account, &tenant.query(), reason).await
        }
        Verb::Resume { account, tenant } => hold::resume(session, NOUN, &account, &tenant.query()).await,
    }
}

async fn create(session: &Session, it: Create) -> Result<(), Failure> {
    let body = it.fields.body()?.with("tenant", it.tenant).with("wim", it.wim).over(&it.file)?;
    let answer = session.client.create(&[NOUN.path], &Query::new(), &body.into(), it.key.key()).await?;
    let made = match (it.wait, answer.body["id"].as_str()) {
        (Some(wanted), Some(id)) => {
            let deadline = Deadline::within(it.limit.wait_timeout);
            wait::account(&session.client, id, &wanted.to_ascii_uppercase(), deadline).await?
        }
        _ => answer.body,
    };
    session.print_one(NOUN, &made).await
}

async fn delete(session: &Session, it: Delete) -> Result<(), Failure> {
    if !it.wait {
        return session.delete(NOUN, &it.account, &it.tenant.query()).await;
    }
    let path = [NOUN.path, &it.account];
    let answer = session.client.send(Method::DELETE, &path, &it.tenant.query(), None, None).await?;
    if let Some(id) = answer.body["id"].as_str() {
        wait::account_gone(&session.client, id, Deadline::within(it.limit.wait_timeout)).await?;
    }
    eprintln!("{} is deleted", it.account);
    Ok(())
}

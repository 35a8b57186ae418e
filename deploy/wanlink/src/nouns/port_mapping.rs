//! `wanlink port-mapping`: which WIM endpoint a site's switch port leads to.
//!
//! The api sets all mappings of a WIM at once. `create` and `delete` read them, change one and set them again: of two
//! that do so at the same moment the later one wins. `set` has no such gap.

use crate::client::body::{Body, KeyValue, read_json};
use crate::client::http::Query;
use crate::client::session::{Noun, RowArgs, Session};
use crate::client::watch::WatchArgs;
use crate::exit::Failure;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

pub const NOUN: Noun = Noun {
    path: "port-mappings",
    columns: &[
        ("ID", "/id"),
        ("WIM", "/wim_id"),
        ("SITE", "/site_id"),
        ("SWITCH", "/pop_switch_dpid"),
        ("PORT", "/pop_switch_port"),
        ("ENDPOINT", "/wan_service_endpoint_id"),
    ],
};

/// What a mapping is made of; the rest of what the api shows is its own.
const FIELDS: [&str; 4] =
    ["pop_switch_dpid", "pop_switch_port", "wan_service_endpoint_id", "wan_service_mapping_info"];

#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Add a mapping to a WIM, or change the one of the same port
    Create(Create),
    /// Set all mappings of a WIM: what the file does not name is gone
    Set {
        /// Id or name
        #[arg(long)]
        wim: String,
        /// A JSON list of mappings, or - for standard input
        #[arg(short, long, value_name = "FILE")]
        file: String,
    },
    /// List mappings
    List(List),
    /// Show one mapping
    Show {
        id: String,
        #[command(flatten)]
        watch: WatchArgs,
    },
    /// Remove one mapping
    Delete { id: String },
    /// Remove all mappings of a WIM
    Clear {
        /// Id or name
        #[arg(long)]
        wim: String,
    },
}

#[derive(Clone, Debug, Args)]
pub struct Create {
    /// Id or name
    #[arg(long)]
    wim: String,
    /// Id or name
    #[arg(long)]
    site: String,
    /// Datapath id of the site's switch
    #[arg(long, value_name = "DPID")]
    switch: String,
    /// The switch's port
    #[arg(long)]
    port: String,
    /// The WIM's endpoint; without it, derived from the info
    #[arg(long)]
    endpoint: Option<String>,
    /// What the connector needs to know of it
    #[arg(long, value_name = "KEY=VALUE", value_parser = KeyValue::parse)]
    info: Vec<KeyValue>,
}

#[derive(Clone, Debug, Args)]
pub struct List {
    /// Only of this WIM: id or name
    #[arg(long)]
    wim: Option<String>,
    /// Only of this site: id or name
    #[arg(long)]
    site: Option<String>,
    #[command(flatten)]
    rows: RowArgs,
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Create(it) => create(session, it).await,
        Verb::Set { wim, file } => {
            let stored = replace(session, &wim, &read_json(&file)?).await?;
            session.print_rows(NOUN, &stored).await
        }
        Verb::List(it) => {
            let mut query = Query::new();
            query.extend(it.wim.map(|wim| ("wim", wim)));
            query.extend(it.site.map(|site| ("site", site)));
            session.list(NOUN, &query, &it.rows).await
        }
        Verb::Show { id, watch } => session.show(NOUN, &id, &Query::new(), &watch).await,
        Verb::Delete { id } => {
            let found = session.client.get(&[NOUN.path, &id], &Query::new()).await?;
            let wim = found["wim_id"].as_str().unwrap_or_default().to_owned();
            let mut kept = of_wim(session, &wim).await?;
            kept.retain(|it| it["id"] != found["id"]);
            replace(session, &wim, &kept.iter().map(draft).collect()).await?;
            eprintln!("{id} is deleted");
            Ok(())
        }
        Verb::Clear { wim } => {
            session
                .client
                .send(Method::DELETE, &["wims", &wim, NOUN.path], &Query::new(), None, None)
                .await?;
            eprintln!("{wim} has no port mappings any more");
            Ok(())
        }
    }
}

async fn create(session: &Session, it: Create) -> Result<(), Failure> {
    let site = session.client.get(&["sites", &it.site], &Query::new()).await?["id"].take();
    let body = Body::default()
        .with("site", Some(site.clone()))
        .with("pop_switch_dpid", Some(it.switch.clone()))
        .with("pop_switch_port", Some(it.port.clone()))
        .with("wan_service_endpoint_id", it.endpoint)
        .with_keys("wan_service_mapping_info", &it.info);
    let same_port = |found: &Value| {
        found["site_id"] == site
            && found["pop_switch_dpid"] == it.switch.as_str()
            && found["pop_switch_port"] == it.port.as_str()
    };
    let others = of_wim(session, &it.wim).await?;
    let mut mappings: Vec<Value> = others.iter().filter(|found| !same_port(found)).map(draft).collect();
    mappings.push(body.into());
    let stored = replace(session, &it.wim, &Value::from(mappings)).await?;
    // The api may write switch and port in its own way; the newest is the one that none of the others is.
    let made = stored
        .iter()
        .find(|found| same_port(found))
        .or_else(|| stored.iter().find(|found| others.iter().all(|other| other["id"] != found["id"])));
    match made {
        Some(made) => session.print_one(NOUN, made).await,
        None => Ok(()),
    }
}

async fn of_wim(session: &Session, wim: &str) -> Result<Vec<Value>, Failure> {
    session.client.list(&["wims", wim, NOUN.path], &Query::new()).await
}

/// A stored mapping as it would be given.
pub fn draft(stored: &Value) -> Value {
    let given = FIELDS.iter().filter(|field| !stored[**field].is_null());
    let mut draft: Value = given.map(|field| ((*field).to_owned(), stored[*field].clone())).collect();
    draft["site"] = stored["site_id"].clone();
    draft
}

/// Sets all mappings of a WIM and answers what is stored.
async fn replace(session: &Session, wim: &str, mappings: &Value) -> Result<Vec<Value>, Failure> {
    // A file may hold what `list -o json` printed.
    let given = match mappings {
        Value::Array(items) => {
            items.iter().map(|it| if it["site_id"].is_null() { it.clone() } else { draft(it) }).collect()
        }
        other => other["port_mappings"].clone(),
    };
    let body = json!({ "port_mappings": given });
    let path = ["wims", wim, NOUN.path];
    let mut answer = session.client.send(Method::PUT, &path, &Query::new(), Some(&body), None).await?;
    Ok(answer.body["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_mapping_can_be_given_again() {
        let stored = json!({"id": "i", "wim_id": "w", "site_id": "s", "pop_switch_dpid": "00:1b",
            "pop_switch_port": "7", "wan_service_endpoint_id": "e", "wan_service_mapping_info": null, "version": 3});
        let given = json!({"site": "s", "pop_switch_dpid": "00:1b", "pop_switch_port": "7",
            "wan_service_endpoint_id": "e"});
        assert_eq!(draft(&stored), given);
    }
}

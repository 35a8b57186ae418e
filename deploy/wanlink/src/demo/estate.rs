//! What the links stand on: a tenant, the WIM and the account there, found by name or made.
//!
//! The emulator takes another port at each start; the WIM's address and probe follow it. That renews the account's
//! session, as it must: a session knows one controller.

use super::controller::{Controller, USER, password};
use crate::client::http::{Client, Query};
use crate::exit::{Exit, Failure};
use crate::topology::import::Target;
use crate::topology::plan::{BATCH_MAX, key};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;

const TENANT: &str = "demo";
const WIM: &str = "emulated";
const ACCOUNT: &str = "demo";
/// Links worked on at once.
const IN_FLIGHT: u32 = 32;

/// The objects by their ids.
#[derive(Debug)]
pub struct Estate {
    tenant: String,
    wim: String,
    pub account: String,
}

impl Estate {
    pub async fn find_or_make(
        client: &Client,
        controller: &Controller,
        folder: &Path,
    ) -> Result<Self, Failure> {
        let tenant = id(&find_or_make(client, "tenants", TENANT, json!({ "name": TENANT })).await?)?;
        let wanted = json!({
            "name": WIM,
            "type": "ietf_l2sm",
            "wim_url": controller.url,
            "config": {"status_source": "probe", "probe_url": controller.probe_url()},
        });
        let wim = find_or_make(client, "wims", WIM, wanted.clone()).await?;
        let wim_id = id(&wim)?;
        let moved = ["wim_url", "config"].into_iter().any(|field| wim[field] != wanted[field]);
        if moved {
            let change = json!({ "wim_url": wanted["wim_url"], "config": wanted["config"] });
            client.send(Method::PATCH, &["wims", &wim_id], &Query::new(), Some(&change), None).await?;
        }
        let account = json!({
            "tenant": tenant,
            "wim": wim_id,
            "name": ACCOUNT,
            "user": USER,
            "password": password(folder)?,
            "config": {"max_in_flight": IN_FLIGHT},
        });
        let account = id(&find_or_make(client, "accounts", ACCOUNT, account).await?)?;
        Ok(Self { tenant, wim: wim_id, account })
    }

    /// What a topology is imported for.
    pub fn target(&self) -> Target {
        let (tenant, wim) = (self.tenant.clone(), self.wim.clone());
        Target { tenant, wim, create_tenant: false, batch_max: BATCH_MAX }
    }
}

async fn find_or_make(client: &Client, path: &str, name: &str, body: Value) -> Result<Value, Failure> {
    match client.get(&[path, name], &Query::new()).await {
        Err(failure) if failure.exit == Exit::NotFound => {
            // The WIM's address differs from run to run; a key that stands for another body would be refused.
            let key = key(path, &body);
            Ok(client.create(&[path], &Query::new(), &body, Some(&key)).await?.body)
        }
        other => other,
    }
}

fn id(object: &Value) -> Result<String, Failure> {
    let id = object["id"].as_str().map(str::to_owned);
    id.ok_or_else(|| Failure::failed("the api's answer has no id"))
}

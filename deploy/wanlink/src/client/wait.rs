//! Waiting until what was accepted has come to be: requests, their links, accounts.
//!
//! The api is asked again and again; that it is away for a while is no reason to give up. Deliberately absent:
//! events. They come with a connection of their own.

use super::http::{Client, Query};
use super::progress::Progress;
use crate::exit::{Exit, Failure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wanlink_runtime::clock::{Clock as _, SystemClock};
use wanlink_runtime::config::span;

/// Between two questions.
const ASK_EVERY: Duration = Duration::from_millis(300);
/// Links that are asked for one by one; more are found in a list.
const ONE_BY_ONE: usize = 20;
/// Links that a failure names.
const TOLD_MAX: usize = 5;

/// Flags of commands that can wait for links.
#[derive(Clone, Debug, clap::Args)]
pub struct WaitArgs {
    /// Wait until the links are done, or have this status; shows the progress
    #[arg(long, num_args = 0..=1, require_equals = true, value_name = "STATUS")]
    pub wait: Option<Option<String>>,
    #[command(flatten)]
    pub limit: LimitArgs,
}

/// How long to wait.
#[derive(Clone, Debug, clap::Args)]
pub struct LimitArgs {
    /// How long --wait waits
    #[arg(long, visible_alias = "timeout", value_name = "TIME", default_value = "10m", value_parser = span::parse)]
    pub wait_timeout: Duration,
}

/// Until when.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    end: Duration,
    limit: Duration,
}

impl Deadline {
    pub fn within(limit: Duration) -> Self {
        Self { end: SystemClock.mono() + limit, limit }
    }

    /// Sleeps until the next question; fails where there is no time for one.
    pub async fn pause(&self, what: &str) -> Result<(), Failure> {
        if SystemClock.mono() >= self.end {
            let limit = span::print(self.limit);
            let message = format!("{what} after {limit}; the work goes on (--wait-timeout waits longer)");
            return Err(Failure::new(Exit::TimedOut, message));
        }
        tokio::time::sleep(ASK_EVERY).await;
        Ok(())
    }
}

/// An accepted request, as its 202 says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    pub request: String,
    pub tenant: String,
    /// Link and kind of each action.
    pub links: Vec<(String, String)>,
}

impl Accepted {
    pub fn of(answer: &Value) -> Result<Self, Failure> {
        let text = |pointer: &str| answer.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let (Some(request), Some(tenant)) = (text("/request/id"), text("/request/tenant_id")) else {
            return Err(Failure::failed("the api's answer names no request"));
        };
        let actions = answer["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let links = actions
            .iter()
            .filter_map(|it| Some((it["link"].as_str()?.to_owned(), it["kind"].as_str()?.to_owned())))
            .collect();
        Ok(Self { request, tenant, links })
    }

    /// The status that a link has when its action is done.
    fn wanted(kind: &str) -> &'static str {
        if kind == "DELETE" { "DELETED" } else { "ACTIVE" }
    }
}

/// Waits until all actions of a request have ended, and answers the request.
pub async fn request(
    client: &Client,
    id: &str,
    deadline: Deadline,
    progress: &mut Progress,
) -> Result<Value, Failure> {
    loop {
        let found = ask_request(client, id, progress).await?;
        if let Some(found) = found.filter(|it| it["open"] == 0) {
            return Ok(found);
        }
        deadline.pause(&format!("request {id} is unfinished")).await?;
    }
}

/// `None`: not on record yet, or the api is away.
async fn ask_request(client: &Client, id: &str, progress: &mut Progress) -> Result<Option<Value>, Failure> {
    let Some(found) = present(client.get(&["requests", id], &Query::new()).await)? else { return Ok(None) };
    if let Some(reason) = found["refused"].as_object() {
        let word = |key: &str| reason.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = format!("request {id} was refused: {} ({})", word("detail"), word("code"));
        return Err(Failure::new(Exit::Refused, message));
    }
    let number = |key: &str| found[key].as_u64().unwrap_or_default();
    progress.set(number("total").saturating_sub(number("open")), number("total"));
    Ok(Some(found))
}

/// Waits until the links of an accepted request have the status, or that which their actions lead to. Answers them.
pub async fn links(
    client: &Client,
    accepted: &Accepted,
    status: Option<&str>,
    deadline: Deadline,
    progress: &mut Progress,
) -> Result<Vec<Value>, Failure> {
    let wanted: BTreeMap<&str, &str> = accepted
        .links
        .iter()
        .map(|(link, kind)| (link.as_str(), status.unwrap_or_else(|| Accepted::wanted(kind))))
        .collect();
    loop {
        let request = ask_request(client, &accepted.request, progress).await?;
        let ended = request.filter(|it| it["open"] == 0);
        if ended.is_some() || status.is_some() {
            let found = read_links(client, &accepted.tenant, &wanted).await?;
            let all = found.len() == wanted.len();
            let others: Vec<&Value> = found
                .iter()
                .filter(|link| {
                    let id = link["id"].as_str().unwrap_or_default();
                    wanted.get(id).is_none_or(|wanted| link["status"] != *wanted)
                })
                .collect();
            match ended {
                // The api gave way while they were read: ask again.
                _ if !all => {}
                Some(_) if !others.is_empty() => return Err(otherwise(&others)),
                // A link can be as it should be although what was asked of it was not done.
                Some(request) if status.is_none() => return not_done(&request).map_or(Ok(found), Err),
                _ if others.is_empty() => return Ok(found),
                _ => {}
            }
        }
        deadline.pause(&format!("request {} is unfinished", accepted.request)).await?;
    }
}

async fn read_links(
    client: &Client,
    tenant: &str,
    wanted: &BTreeMap<&str, &str>,
) -> Result<Vec<Value>, Failure> {
    if wanted.len() <= ONE_BY_ONE {
        let mut found = Vec::new();
        for id in wanted.keys() {
            found.extend(present(client.get(&["links", id], &Query::new()).await)?);
        }
        return Ok(found);
    }
    let query = vec![("tenant", tenant.to_owned()), ("deleted", "true".to_owned())];
    let ids: BTreeSet<&str> = wanted.keys().copied().collect();
    let mut found = present(client.list(&["links"], &query).await)?.unwrap_or_default();
    found.retain(|link| link["id"].as_str().is_some_and(|id| ids.contains(id)));
    Ok(found)
}

fn otherwise(links: &[&Value]) -> Failure {
    let told: Vec<String> = links
        .iter()
        .take(TOLD_MAX)
        .map(|link| {
            let word =
                |pointer: &str| link.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
            let (code, detail) = (word("/status_reason/code"), word("/status_reason/detail"));
            format!("\n  link {} is {}: {code}: {detail}", word("/id"), word("/status"))
        })
        .collect();
    Failure::failed(format!("{} of the links ended otherwise:{}", links.len(), told.concat()))
}

/// The failure that the actions of a finished request are, where any of them failed or was called off.
pub fn not_done(request: &Value) -> Option<Failure> {
    let actions = request["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lost: Vec<&Value> =
        actions.iter().filter(|it| it["state"] == "FAILED" || it["state"] == "CANCELLED").collect();
    if lost.is_empty() {
        return None;
    }
    let told: Vec<String> = lost
        .iter()
        .take(TOLD_MAX)
        .map(|it| {
            let word = |pointer: &str| it.pointer(pointer).and_then(Value::as_str).unwrap_or("-");
            let why = format!("{}: {}", word("/reason/code"), word("/reason/detail"));
            format!("\n  {} of link {} is {}: {why}", word("/kind"), word("/link_id"), word("/state"))
        })
        .collect();
    Some(Failure::failed(format!("{} of the actions were not done:{}", lost.len(), told.concat())))
}

/// Waits until an account's phase or status is `wanted`, and answers it.
pub async fn account(client: &Client, id: &str, wanted: &str, deadline: Deadline) -> Result<Value, Failure> {
    let mut progress = Progress::new("accounts");
    progress.set(0, 1);
    let mut state = "not known".to_owned();
    loop {
        if let Some(found) = present(client.get(&["accounts", id], &Query::new()).await)? {
            if found["phase"] == wanted || found["status"] == wanted {
                progress.set(1, 1);
                return Ok(found);
            }
            let word =
                |pointer: &str| found.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
            let why = format!("{}: {}", word("/status_reason/code"), word("/status_reason/detail"));
            state = format!("{}, {} ({why})", word("/phase"), word("/status"));
            if wanted == "REACHABLE" && found["status"] == "ERROR" {
                // Such as refused credentials: time alone mends nothing.
                return Err(Failure::failed(format!("account {id} is {state}")));
            }
        }
        deadline.pause(&format!("account {id} is {state}, not {wanted},")).await?;
    }
}

/// Waits until an account's deletion has come to its end.
pub async fn account_gone(client: &Client, id: &str, deadline: Deadline) -> Result<(), Failure> {
    let mut progress = Progress::new("accounts");
    progress.set(0, 1);
    loop {
        match client.get(&["accounts", id], &Query::new()).await {
            Err(failure) if failure.exit == Exit::NotFound => {
                progress.set(1, 1);
                return Ok(());
            }
            other => drop(present(other)?),
        }
        deadline.pause(&format!("account {id} is still there")).await?;
    }
}

/// While one waits, what is not there yet and what is away for a while are both reasons to ask again.
fn present<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(failure) if matches!(failure.exit, Exit::NotFound | Exit::Unavailable) => Ok(None),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_names_its_request_and_links() {
        let answer = json!({"request": {"id": "r", "tenant_id": "t", "total": 2},
            "actions": [{"link": "a", "kind": "CREATE"}, {"link": "b", "kind": "DELETE"}]});
        let accepted = Accepted::of(&answer).expect("a request");
        assert_eq!((accepted.request.as_str(), accepted.links.len()), ("r", 2));
        assert_eq!((Accepted::wanted("EDIT"), Accepted::wanted("DELETE")), ("ACTIVE", "DELETED"));
        assert!(Accepted::of(&json!({})).is_err());
    }

    #[test]
    fn links_that_ended_otherwise_are_told_with_their_reasons() {
        let link = json!({"id": "a", "status": "ERROR",
            "status_reason": {"code": "controller-rejected", "detail": "no such bearer"}});
        let failure = otherwise(&[&link]);
        assert!(
            failure.message.contains("link a is ERROR: controller-rejected: no such bearer"),
            "{failure}"
        );
    }

    #[test]
    fn actions_that_were_not_done_are_told_although_their_links_stand() {
        let action = |state: &str| {
            json!({"kind": "EDIT", "link_id": "a", "state": state,
            "reason": {"code": "controller-rejected", "detail": "too much"}})
        };
        for (states, told) in [
            (vec!["DONE", "SUPERSEDED"], None),
            (vec!["DONE", "FAILED"], Some("EDIT of link a is FAILED: controller-rejected: too much")),
            (vec!["CANCELLED"], Some("EDIT of link a is CANCELLED")),
        ] {
            let actions: Vec<Value> = states.iter().map(|state| action(state)).collect();
            let failure = not_done(&json!({ "actions": actions }));
            assert_eq!(failure.is_some(), told.is_some(), "{states:?}");
            assert!(failure.is_none_or(|it| it.message.contains(told.unwrap_or_default())), "{states:?}");
        }
    }
}

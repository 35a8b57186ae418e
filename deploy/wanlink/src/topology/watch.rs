//! Waiting until links are ACTIVE, whichever request asked for them.
//!
//! One list per question, not one call per link. A link that ended ERROR is not waited for: the rest is, and then it
//! is told.

use crate::client::http::{Client, Query};
use crate::client::progress::Progress;
use crate::client::wait::Deadline;
use crate::exit::{Exit, Failure};
use serde_json::Value;
use std::collections::BTreeSet;

/// Links that a failure names.
const TOLD_MAX: usize = 5;

/// What a list of links says about those that are waited for.
#[derive(Debug, Default)]
struct Seen {
    active: Vec<Value>,
    /// In ERROR or DELETED: waiting longer makes nothing of them.
    ended: Vec<Value>,
}

impl Seen {
    fn of(links: Vec<Value>, wanted: &BTreeSet<String>) -> Self {
        let mut seen = Self::default();
        for link in links {
            if link["id"].as_str().is_none_or(|id| !wanted.contains(id)) {
                continue;
            }
            match link["status"].as_str() {
                Some("ACTIVE") => seen.active.push(link),
                Some("ERROR" | "DELETED") => seen.ended.push(link),
                _ => {}
            }
        }
        seen
    }
}

/// Waits until all links of these ids are ACTIVE, and answers them. Fails where one ended otherwise, once all others
/// are done, and at the deadline. That the api is away for a while is no reason to give up.
pub async fn all_active(
    client: &Client,
    wanted: &BTreeSet<String>,
    deadline: Deadline,
    progress: &mut Progress,
) -> Result<Vec<Value>, Failure> {
    let query: Query = vec![("deleted", "true".to_owned())];
    let total = wanted.len();
    let mut active = 0;
    loop {
        match client.list(&["links"], &query).await {
            Ok(links) => {
                let seen = Seen::of(links, wanted);
                active = seen.active.len();
                progress.set(active as u64, total as u64);
                if active == total {
                    return Ok(seen.active);
                }
                if active + seen.ended.len() == total {
                    return Err(otherwise(&seen.ended));
                }
            }
            Err(failure) if failure.exit == Exit::Unavailable => {}
            Err(failure) => return Err(failure),
        }
        deadline.pause(&format!("{active} of {total} links are ACTIVE")).await?;
    }
}

fn otherwise(ended: &[Value]) -> Failure {
    let told: Vec<String> = ended
        .iter()
        .take(TOLD_MAX)
        .map(|link| {
            let word =
                |pointer: &str| link.pointer(pointer).and_then(Value::as_str).unwrap_or("-").to_owned();
            let why = format!("{}: {}", word("/status_reason/code"), word("/status_reason/detail"));
            format!("\n  {} ({}) is {}: {why}", word("/name"), word("/id"), word("/status"))
        })
        .collect();
    Failure::failed(format!("{} links ended otherwise:{}", ended.len(), told.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn links_are_counted_by_what_can_still_become_of_them() {
        let wanted = ["a", "b", "c", "d"].map(str::to_owned).into();
        let seen = Seen::of(
            vec![
                json!({"id": "a", "status": "ACTIVE"}),
                json!({"id": "b", "status": "BUILD"}),
                json!({"id": "c", "status": "ERROR"}),
                json!({"id": "d", "status": "DOWN"}),
                json!({"id": "somebody-else-s", "status": "ACTIVE"}),
            ],
            &wanted,
        );
        assert_eq!((seen.active.len(), seen.ended.len()), (1, 1));
    }

    #[test]
    fn what_ended_otherwise_is_told_with_its_reason() {
        let link = json!({"id": "i", "name": "n", "status": "ERROR",
            "status_reason": {"code": "controller-rejected", "detail": "no such bearer"}});
        let failure = otherwise(&[link]);
        assert!(failure.message.contains("n (i) is ERROR: controller-rejected: no such bearer"), "{failure}");
    }
}

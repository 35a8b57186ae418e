//! Pausing an account or a WIM, and `wanlink freeze`: work is accepted, or refused, and not run.

use crate::client::http::Query;
use crate::client::session::{Noun, Session};
use crate::exit::Failure;
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

/// Whether everything is frozen.
const FREEZE: Noun =
    Noun { path: "freeze", columns: &[("FROZEN", "/frozen"), ("SINCE", "/since"), ("REASON", "/reason")] };

/// Why, for whoever waits.
#[derive(Clone, Debug, Default, Args)]
pub struct ReasonArgs {
    /// Shown to whoever waits
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

impl ReasonArgs {
    fn body(self) -> Value {
        json!({ "reason": self.reason })
    }
}

/// `pause` of a noun.
pub async fn pause(
    session: &Session,
    noun: Noun,
    id: &str,
    query: &Query,
    reason: ReasonArgs,
) -> Result<(), Failure> {
    let path = [noun.path, id, "pause"];
    let answer = session.client.send(Method::POST, &path, query, Some(&reason.body()), None).await?;
    session.print_one(noun, &answer.body).await
}

/// `resume` of a noun.
pub async fn resume(session: &Session, noun: Noun, id: &str, query: &Query) -> Result<(), Failure> {
    let answer = session.client.send(Method::POST, &[noun.path, id, "resume"], query, None, None).await?;
    session.print_one(noun, &answer.body).await
}

pub async fn freeze(session: &Session, reason: ReasonArgs) -> Result<(), Failure> {
    let body = reason.body();
    let answer = session.client.send(Method::POST, &[FREEZE.path], &Query::new(), Some(&body), None).await?;
    session.print_one(FREEZE, &answer.body).await
}

pub async fn unfreeze(session: &Session) -> Result<(), Failure> {
    let answer = session.client.send(Method::DELETE, &[FREEZE.path], &Query::new(), None, None).await?;
    session.print_one(FREEZE, &answer.body).await
}

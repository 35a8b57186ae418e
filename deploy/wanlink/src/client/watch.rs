//! `--watch`: what is listed or shown, again whenever it changes, until somebody has seen enough.
//!
//! On a terminal the table is drawn anew; for a program each change is one line of JSON. The api is asked again and
//! again. Deliberately absent: events, which come with a connection of their own.

use super::output::{self, Format};
use super::session::{Noun, Session};
use crate::exit::{Exit, Failure};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::ops::ControlFlow;
use std::pin::pin;
use std::time::Duration;
use wanlink_runtime::config::span;

/// The flag of commands that can be watched.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct WatchArgs {
    /// Show it again whenever it changes, looking this often (2s); JSON lines where nobody watches. Ends at ctrl-c
    #[arg(
        long,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2s",
        value_name = "TIME",
        value_parser = span::parse
    )]
    pub watch: Option<Duration>,
}

/// Reads and shows until ctrl-c, or until nobody reads any more. `read` answers all rows, or the one.
pub async fn run(
    session: &Session,
    noun: Noun,
    every: Duration,
    read: impl AsyncFn() -> Result<Vec<Value>, Failure>,
) -> Result<(), Failure> {
    let mut stop = pin!(tokio::signal::ctrl_c());
    let mut seen: Option<BTreeMap<String, Value>> = None;
    let mut away = false;
    loop {
        let answer = tokio::select! {
            biased;
            _ = &mut stop => return Ok(()),
            answer = read() => answer,
        };
        match answer {
            Ok(rows) => {
                away = false;
                let now = by_id(&rows);
                if seen.as_ref() != Some(&now) {
                    if show(session, noun, seen.as_ref(), &rows, &now).await?.is_break() {
                        return Ok(());
                    }
                    seen = Some(now);
                }
            }
            // What was there and is gone is a change; what never was there, or was refused, is a failure.
            Err(failure) if failure.exit == Exit::NotFound && seen.is_some() => {
                return show(session, noun, seen.as_ref(), &[], &BTreeMap::new()).await.map(drop);
            }
            Err(failure) if failure.exit == Exit::Unavailable && seen.is_some() => {
                if !std::mem::replace(&mut away, true) {
                    eprintln!("{failure}; asking again");
                }
            }
            Err(failure) => return Err(failure),
        }
        tokio::select! {
            biased;
            _ = &mut stop => return Ok(()),
            () = tokio::time::sleep(every) => {}
        }
    }
}

fn by_id(rows: &[Value]) -> BTreeMap<String, Value> {
    let id =
        |row: &Value| ["id", "account_id"].iter().find_map(|key| row[*key].as_str()).unwrap_or("").to_owned();
    rows.iter().map(|row| (id(row), row.clone())).collect()
}

async fn show(
    session: &Session,
    noun: Noun,
    before: Option<&BTreeMap<String, Value>>,
    rows: &[Value],
    now: &BTreeMap<String, Value>,
) -> Result<ControlFlow<()>, Failure> {
    let table = matches!(session.format, Format::Table | Format::Wide);
    if table && std::io::stdout().is_terminal() {
        // Home, then everything below: what is drawn stands where the last one stood.
        let drawn = session.drawn(noun, rows).await;
        return output::write(&format!("\u{1b}[H\u{1b}[2J{drawn}"));
    }
    output::write(&changes(before.unwrap_or(&BTreeMap::new()), now))
}

/// A line for each object that was added, changed or removed.
fn changes(before: &BTreeMap<String, Value>, now: &BTreeMap<String, Value>) -> String {
    let line = |event: &str, object: &Value| format!("{}\n", json!({"event": event, "object": object}));
    let there = now.iter().filter_map(|(id, object)| match before.get(id) {
        None => Some(line("added", object)),
        Some(known) if known != object => Some(line("changed", object)),
        Some(_) => None,
    });
    let gone =
        before.iter().filter(|(id, _)| !now.contains_key(*id)).map(|(_, object)| line("removed", object));
    there.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_line_and_what_stays_is_none() {
        let of = |rows: &[Value]| by_id(rows);
        let before =
            of(&[json!({"id": "a", "n": 1}), json!({"id": "b", "n": 1}), json!({"id": "c", "n": 1})]);
        let now = of(&[json!({"id": "a", "n": 1}), json!({"id": "b", "n": 2}), json!({"id": "d", "n": 1})]);
        let told = changes(&before, &now);
        let events: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let told: Vec<(&str, &str)> = events
            .iter()
            .map(|it| (it["event"].as_str().expect("an event"), it["object"]["id"].as_str().expect("an id")))
            .collect();
        assert_eq!(told, [("changed", "b"), ("added", "d"), ("removed", "c")]);
        assert_eq!(changes(&now, &now), "");
    }
}

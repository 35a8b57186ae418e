//! How long each link took from its acceptance to ACTIVE, by the times that the database keeps and the api shows.

use crate::client::http::{Client, Query};
use crate::exit::Failure;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use wanlink_domain::time::Timestamp;

/// Durations of links, and of all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// In ascending order.
    links: Vec<Duration>,
    /// From the first acceptance to the last end.
    pub whole: Duration,
}

impl Times {
    /// Of (accepted, ended).
    fn new(spans: &[(Timestamp, Timestamp)]) -> Self {
        let mut links: Vec<Duration> = spans.iter().map(|(accepted, ended)| ended.since(*accepted)).collect();
        links.sort_unstable();
        let first = spans.iter().map(|(accepted, _)| *accepted).min();
        let last = spans.iter().map(|(_, ended)| *ended).max();
        let whole = first.zip(last).map_or(Duration::ZERO, |(first, last)| last.since(first));
        Self { links, whole }
    }

    /// The smallest duration that at least `percent` of the links do not exceed; `None` where there is no link.
    pub fn percentile(&self, percent: usize) -> Option<Duration> {
        let rank = (self.links.len() * percent.min(100)).div_ceil(100).max(1);
        self.links.get(rank - 1).copied()
    }
}

/// The times of these links' creation: those that are done.
pub async fn of(client: &Client, links: &BTreeSet<String>) -> Result<Times, Failure> {
    let accepted: BTreeMap<String, Timestamp> = client
        .list(&["requests"], &Query::new())
        .await?
        .iter()
        .filter_map(|request| Some((request["id"].as_str()?.to_owned(), time(request, "accepted_at")?)))
        .collect();
    let actions = client.list(&["actions"], &vec![("state", "DONE".to_owned())]).await?;
    let spans: Vec<(Timestamp, Timestamp)> = actions
        .iter()
        .filter(|action| action["kind"] == "CREATE")
        .filter(|action| action["link_id"].as_str().is_some_and(|link| links.contains(link)))
        .filter_map(|action| {
            Some((*accepted.get(action["request_id"].as_str()?)?, time(action, "finished_at")?))
        })
        .collect();
    Ok(Times::new(&spans))
}

fn time(object: &Value, field: &str) -> Option<Timestamp> {
    object[field].as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(millis: &[i64]) -> Times {
        let spans: Vec<_> = millis.iter().map(|ms| (Timestamp(0), Timestamp(ms * 1_000))).collect();
        Times::new(&spans)
    }

    #[test]
    fn percentiles_are_durations_that_a_link_really_took() {
        let hundred: Vec<i64> = (1..=100).rev().collect();
        for (millis, percent, expect) in [
            (hundred.as_slice(), 50, Some(50)),
            (&hundred, 99, Some(99)),
            (&hundred, 100, Some(100)),
            (&hundred, 0, Some(1)),
            (&[7], 50, Some(7)),
            (&[7], 99, Some(7)),
            (&[1, 2, 3], 50, Some(2)),
            (&[1, 2, 3, 4], 50, Some(2)),
            (&[1, 2, 3, 4], 99, Some(4)),
            (&[], 50, None),
        ] {
            let found = times(millis).percentile(percent);
            assert_eq!(found, expect.map(Duration::from_millis), "{} at {percent}", millis.len());
        }
    }

    #[test]
    fn the_whole_is_from_the_first_acceptance_to_the_last_end() {
        let spans =
            [(Timestamp(10), Timestamp(30)), (Timestamp(20), Timestamp(70)), (Timestamp(5), Timestamp(6))];
        let times = Times::new(&spans);
        assert_eq!((times.whole, times.links.len()), (Duration::from_micros(65), 3));
        assert_eq!(Times::new(&[]), Times::default());
    }
}

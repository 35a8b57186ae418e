//! How long each link took from its acceptance to ACTIVE, by the times that the database keeps and the api shows.

use crate::client::http::{Client, Query};
use crate::exit::Failure;
use crate::quantile;
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
        quantile::of(&self.links, percent * 10)
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

    #[test]
    fn the_whole_is_from_the_first_acceptance_to_the_last_end() {
        let spans =
            [(Timestamp(10), Timestamp(30)), (Timestamp(20), Timestamp(70)), (Timestamp(5), Timestamp(6))];
        let times = Times::new(&spans);
        assert_eq!((times.whole, times.links.len()), (Duration::from_micros(65), 3));
        assert_eq!(times.percentile(50), Some(Duration::from_micros(20)));
        assert_eq!(Times::new(&[]), Times::default());
    }
}

//! Figures about a process, in the text format that Prometheus reads (OpenMetrics 1.0).
//!
//! A registry belongs to whoever made it and is handed to the roles: several instances in one process do not see
//! each other's figures. Setting one costs a lookup under a read lock and an atomic. Deliberately absent: a global
//! registry, and HTTP (`deploy/wanlink/src/assemble/monitor.rs`, and the api's own routes).

mod instruments;
mod process;
mod table;

pub use instruments::{Copied, Counts, Levels, Sizes, Times};
pub use table::{Figures, TABLE};

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::ops::Deref;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Api,
    Conductor,
    Worker,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Api, Self::Conductor, Self::Worker];

    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Conductor => "conductor",
            Self::Worker => "worker",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    /// As the text format says it.
    pub kind: &'static str,
    pub labels: &'static [&'static str],
    pub roles: &'static [Role],
    pub help: &'static str,
}

/// The media type of [`Metrics::render`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All figures of one process, and the registry that shows them.
pub struct Metrics {
    registry: Registry,
    figures: Figures,
}

impl Metrics {
    /// Shows what these roles have.
    pub fn new(roles: &[Role]) -> Self {
        let mut registry = Registry::default();
        let figures = Figures::new(roles, &mut registry);
        figures.build.set([env!("CARGO_PKG_VERSION")], 1.0);
        Self { registry, figures }
    }

    /// Everything as it is now.
    pub fn render(&self) -> String {
        process::measure(&self.figures);
        let mut text = String::new();
        // Writing to a text cannot fail, and half an answer says so by its missing end.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(&Role::ALL)
    }
}

impl Deref for Metrics {
    type Target = Figures;

    fn deref(&self) -> &Figures {
        &self.figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    #[test]
    fn names_are_unique_and_say_their_kind_and_unit() {
        let names: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for row in TABLE {
            assert!(row.name.starts_with("wanlink_") || row.name.starts_with("process_"), "{row:?}");
            assert_eq!(row.name.ends_with("_total"), row.kind == "counter", "{row:?}");
            assert!(row.help.trim().ends_with('.') && !row.roles.is_empty(), "{row:?}");
            let times = row.help.starts_with(" Time ") || row.help.starts_with(" How long ");
            assert_eq!(times, row.name.ends_with("_seconds"), "{row:?}");
        }
    }

    /// The handbook's page has a row for each figure, with its labels, and no others.
    #[test]
    fn the_page_says_what_each_figure_means() {
        const PAGE: &str = include_str!("../../../../deploy/docs/metrics.md");
        let rows: BTreeSet<&str> = PAGE.lines().filter(|line| line.starts_with("| `")).collect();
        for row in TABLE {
            let labels: Vec<String> = row.labels.iter().map(|label| format!("`{label}`")).collect();
            let labels = if labels.is_empty() { "-".to_owned() } else { labels.join(", ") };
            let start = format!("| `{}` | {} | {labels} | ", row.name, row.kind);
            assert!(rows.iter().any(|line| line.starts_with(&start)), "no row begins with {start}");
        }
        assert_eq!(rows.len(), TABLE.len(), "the page has rows that the table has not");
    }

    #[test]
    fn a_role_shows_what_it_has_and_nothing_else() {
        let metrics = Metrics::new(&[Role::Worker]);
        metrics.attempts.one(["simulator", "CREATE", "done"]);
        metrics.verdicts.one(["run"]);
        metrics.calls.observe(["simulator", "ensure", "ok"], Duration::from_millis(3));
        let text = metrics.render();
        for line in [
            "wanlink_attempts_total{connector=\"simulator\",kind=\"CREATE\",outcome=\"done\"} 1",
            "wanlink_controller_call_duration_seconds_bucket{le=\"0.005\",connector=\"simulator\",operation=\"ensure\",class=\"ok\"} 1",
            "# TYPE wanlink_attempts counter",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
        assert!(!text.contains("wanlink_verdicts") && !text.contains("wanlink_http"), "{text}");
    }

    #[test]
    fn the_process_is_measured() {
        let metrics = Metrics::default();
        metrics.render();
        assert!(metrics.resident.get([]) > 100_000.0 && metrics.open_fds.get([]) >= 3.0);
        assert!(metrics.resident_peak.get([]) >= metrics.resident.get([]) / 2.0);
        assert!(metrics.render().lines().any(|line| line.starts_with("process_cpu_seconds_total ")));
    }

    #[test]
    fn two_registries_are_two() {
        let (one, other) = (Metrics::default(), Metrics::default());
        one.parked.one(["journal"]);
        assert_eq!((one.parked.get(["journal"]), other.parked.get(["journal"])), (1, 0));
    }
}

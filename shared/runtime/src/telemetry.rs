//! What a process tells of itself: what its roles are handed for it, and log output.
//!
//! Logs have one subscriber per process, as text for people or as JSON lines for collectors, on stderr: standard output
//! belongs to the commands' answers. Deliberately absent: files and rotation (the supervisor's work), and what
//! figures are kept (`metrics`).

use crate::config::{Log, LogFormat};
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::trace::Tracer;
use std::io::IsTerminal as _;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What a role is handed to tell of itself. The default is seen by nobody.
#[derive(Clone, Default)]
pub struct Telemetry {
    /// One set for all roles of a process.
    pub metrics: Arc<Metrics>,
    /// One for each role, as the next.
    pub pulse: Pulse,
    pub tracer: Tracer,
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("log.filter {filter:?} is not a filter: {message}")]
pub struct FilterError {
    filter: String,
    message: String,
}

/// Installs the subscriber. `Ok(false)`: there was one already, which stays (tests, an embedding program).
pub fn init(log: &Log) -> Result<bool, FilterError> {
    let filter = EnvFilter::builder()
        .parse(directives(&log.filter))
        .map_err(|error| FilterError { filter: log.filter.clone(), message: error.to_string() })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter);
    let installed = match log.format {
        LogFormat::Text => registry.with(lines.with_ansi(std::io::stderr().is_terminal())).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    Ok(installed.is_ok())
}

/// The AMQP library logs whole messages that were returned, as numbers, and every closed channel as an error. Our
/// engine tells all of it in its own words, so the library is silent unless the filter names it.
fn directives(filter: &str) -> String {
    const LIBRARY: &str = "lapin";
    if filter.contains(LIBRARY) { filter.to_owned() } else { format!("{filter},{LIBRARY}=off") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amqp_library_is_silent_unless_it_is_asked_for() {
        assert_eq!(directives("info"), "info,lapin=off");
        assert_eq!(directives("info,lapin=warn"), "info,lapin=warn");
    }

    #[test]
    fn the_second_subscriber_is_not_installed_and_a_wrong_filter_is_told() {
        let log = Log { format: LogFormat::Json, ..Log::default() };
        let wrong = Log { filter: "wanlink=loud".to_owned(), ..Log::default() };
        assert!(init(&wrong).is_err());
        init(&log).expect("a right filter");
        assert!(!init(&Log::default()).expect("a right filter"));
    }
}

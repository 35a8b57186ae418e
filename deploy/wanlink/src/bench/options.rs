//! The flags of `wanlink bench load`.

use super::probe::{Counter, Group};
use super::schedule::Arrivals;
use clap::builder::RangedU64ValueParser;
use std::time::Duration;
use wanlink_runtime::config::span;

fn count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..)
}

#[derive(Clone, Debug, clap::Args)]
pub struct LoadArgs {
    /// Links to create
    #[arg(long, default_value = "20000", value_parser = count())]
    pub links: usize,
    /// WIM accounts to spread them over, each of a tenant of its own
    #[arg(long, default_value = "200", value_parser = count())]
    pub accounts: usize,
    /// Keep-alive connections, one call at a time on each
    #[arg(long, default_value = "64", value_parser = count())]
    pub clients: usize,
    /// Links in one call
    #[arg(long, default_value = "1", value_parser = count())]
    pub links_per_request: usize,
    /// Open loop: calls a second, due at times fixed beforehand; without it each client calls as soon as it is answered
    #[arg(long, value_name = "CALLS", value_parser = rate)]
    pub rate: Option<f64>,
    /// How the calls of the open loop are spaced
    #[arg(long, value_enum, default_value_t, requires = "rate")]
    pub arrivals: Arrivals,
    /// Where the randomness of arrivals begins
    #[arg(long, default_value = "1", requires = "rate")]
    pub seed: u64,
    /// How long every call of the simulated controller takes
    #[arg(long, value_name = "TIME", default_value = "0", value_parser = span::parse)]
    pub controller_latency: Duration,
    /// Faults of the simulated controller, in its own notation
    #[arg(long, value_name = "RULES")]
    pub controller_script: Option<String>,
    /// Links of one account that are worked on at once
    #[arg(long, value_parser = count())]
    pub max_in_flight: Option<usize>,
    /// First word of the names of everything that is made; without it, one that nobody used
    #[arg(long)]
    pub prefix: Option<String>,
    /// Leave what was made
    #[arg(long)]
    pub keep: bool,
    /// How long nothing may settle before what is open counts as lost
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse)]
    pub patience: Duration,
    /// A process to account for, its children included: by number, or @FILE that holds it; may be given several times
    #[arg(long = "pid", value_name = "NAME=PID", value_parser = Group::parse)]
    pub groups: Vec<Group>,
    /// A command that prints a number; what it grows by during the run is told per 1,000 actions
    #[arg(long = "counter", value_name = "NAME=COMMAND", value_parser = Counter::parse)]
    pub counters: Vec<Counter>,
    /// Run this when everything is accepted, and measure memory before and after: for a system without workers, to
    /// which the command adds them
    #[arg(long, value_name = "COMMAND")]
    pub when_queued: Option<String>,
    /// Measure for so long what the settled system does by itself
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    pub watch: Option<Duration>,
    /// How long after the last link has settled --watch begins
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span::parse, requires = "watch")]
    pub watch_after: Duration,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "expected a number above 0".to_owned())
}

impl LoadArgs {
    /// Calls that are made for all links.
    pub fn calls(&self) -> usize {
        self.links.div_ceil(self.links_per_request)
    }
}

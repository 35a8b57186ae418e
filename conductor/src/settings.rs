//! What a conductor is configured with.

use crate::retention::Retention;
use std::time::Duration;
use wanlink_domain::budget::Budgets;
use wanlink_domain::retry::Schedule;
use wanlink_runtime::config::Config;

/// Limits and periods of one conductor.
#[derive(Clone, Debug)]
pub struct ConductorSettings {
    pub budgets: Budgets,
    /// Most messages in one transaction.
    pub batch_max: usize,
    /// A lease's length by the database's clock.
    pub lease_ttl: Duration,
    /// Most grants in one renewal's answer; the worker renews again at once for the rest.
    pub grants_max: usize,
    /// The longest sleep of the loops that look for due work of other conductors' making.
    pub tick: Duration,
    /// How much more loaded, in percent, a session must be before an account is moved away from it.
    pub hysteresis_percent: u32,
    /// How often the planner looks for accounts without a holder.
    pub planner_interval: Duration,
    /// How often what waits is counted.
    pub census_interval: Duration,
    /// How long what has ended is kept.
    pub retention: Retention,
}

impl Default for ConductorSettings {
    fn default() -> Self {
        Self {
            budgets: Budgets::default(),
            batch_max: 256,
            lease_ttl: Duration::from_secs(20),
            grants_max: 64,
            tick: Duration::from_secs(1),
            hysteresis_percent: 20,
            planner_interval: Duration::from_secs(1),
            census_interval: Duration::from_secs(15),
            retention: Retention::default(),
        }
    }
}

impl ConductorSettings {
    /// Takes the configuration's sections over.
    pub fn from_config(config: &Config) -> Self {
        let built_in = Budgets::default();
        Self {
            budgets: Budgets {
                dispatch_after: config.dispatch.after,
                dispatch_max: config.dispatch.max,
                attempt: config.attempt.timeout,
                // Its other limits have no keys of their own.
                attempts_max: i32::try_from(config.attempt.max).unwrap_or(i32::MAX),
                retry: config.retry.budget,
                schedule: Schedule {
                    initial: config.retry.initial,
                    max: config.retry.max,
                    multiplier: config.retry.multiplier,
                    jitter: config.retry.jitter,
                },
                build_poll: config.build.poll,
                build: config.build.budget,
                networks: config.networks.budget,
                refresh: config.refresh.interval,
                ..built_in
            },
            batch_max: config.conductor.batch_max,
            lease_ttl: config.lease.ttl,
            grants_max: config.conductor.grants_max,
            tick: config.conductor.tick,
            hysteresis_percent: config.conductor.hysteresis_percent,
            planner_interval: config.conductor.tick,
            census_interval: config.conductor.census_interval,
            retention: Retention {
                history: config.history.keep,
                events: config.events.keep,
                tombstones: config.tombstones.keep,
                answers: config.answers.keep,
                parked: config.parked.keep,
                every: config.retention.every,
                batch_max: config.retention.batch_max,
                pause: config.retention.pause,
            },
        }
    }
}

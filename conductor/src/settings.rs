//! What a conductor is configured with.

use std::time::Duration;
use wanlink_domain::budget::Budgets;

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
    /// How often the planner looks for accounts without a holder.
    pub planner_interval: Duration,
}

impl Default for ConductorSettings {
    fn default() -> Self {
        Self {
            budgets: Budgets::default(),
            batch_max: 256,
            lease_ttl: Duration::from_secs(20),
            grants_max: 64,
            tick: Duration::from_secs(1),
            planner_interval: Duration::from_secs(1),
        }
    }
}

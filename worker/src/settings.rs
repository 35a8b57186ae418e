//! How a worker behaves: its limits and its times.
//!
//! Deliberately absent: where they come from (`wanlink-runtime`'s configuration) and any default for a lease that
//! would not fit the conductors' (all roles read the same section).

use std::time::Duration;
use wanlink_domain::retry::Schedule;
use wanlink_runtime::config::Config;

/// The times of a lease (design 5), the same for workers and conductors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Between two renewals.
    pub renew: Duration,
    /// How long the conductors honour a renewal.
    pub ttl: Duration,
    /// How much earlier this side considers it over.
    pub margin: Duration,
}

impl Lease {
    /// How long after the sending of an answered renewal this worker trusts its lease.
    pub fn term(&self) -> Duration {
        self.ttl.saturating_sub(self.margin)
    }
}

/// A worker's settings.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerSettings {
    /// For people; not unique.
    pub name: String,
    /// Accounts that it is willing to hold.
    pub capacity: u32,
    pub lease: Lease,
    /// One execution by a connector, all its calls. Below the conductors' deadline for an attempt.
    pub attempt_timeout: Duration,
    /// Between two checks of an account's WIM, before jitter.
    pub monitor_interval: Duration,
    /// One check of a WIM.
    pub check_timeout: Duration,
    /// Deliveries held per account, as a multiple of what it may run at once.
    pub prefetch_factor: u16,
    /// Items in one claim or report.
    pub batch_max: usize,
    /// How long a question to the conductors waits for its answer before it is asked again.
    pub repeat: Duration,
    /// How long a prompt is kept that the conductors cannot decide yet; after that the record brings it back.
    pub again_patience: Duration,
    /// How long a finished report is still offered to the broker once the lease is no longer trusted.
    pub report_patience: Duration,
    /// An account whose queue is consumed without a prompt for this long, and with none in hand, counts as having no
    /// prompt in it.
    pub idle_after: Duration,
    /// How long stopping waits for attempts in flight before it drops them.
    pub drain: Duration,
    /// Pauses after a connector that cannot be built and after a message of an unknown version.
    pub mend: Schedule,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            name: "worker".to_owned(),
            capacity: 256,
            lease: Lease {
                renew: Duration::from_secs(5),
                ttl: Duration::from_secs(20),
                margin: Duration::from_secs(2),
            },
            attempt_timeout: Duration::from_secs(60),
            monitor_interval: Duration::from_secs(60),
            check_timeout: Duration::from_secs(30),
            prefetch_factor: 2,
            batch_max: 256,
            repeat: Duration::from_secs(2),
            again_patience: Duration::from_secs(30),
            report_patience: Duration::from_secs(20),
            idle_after: Duration::from_secs(2),
            drain: Duration::from_secs(30),
            mend: Schedule {
                initial: Duration::from_secs(1),
                max: Duration::from_secs(60),
                multiplier: 2.0,
                jitter: 0.2,
            },
        }
    }
}

impl WorkerSettings {
    /// What the process configuration says; `host` names a worker that has no name of its own.
    pub fn from_config(config: &Config, host: &str) -> Self {
        let (worker, lease) = (&config.worker, &config.lease);
        let name = if worker.name.is_empty() { host } else { &worker.name };
        Self {
            name: name.to_owned(),
            capacity: worker.capacity,
            lease: Lease { renew: lease.renew, ttl: lease.ttl, margin: lease.margin },
            attempt_timeout: config.attempt.timeout,
            monitor_interval: config.monitor.interval,
            check_timeout: config.egress.request_timeout,
            batch_max: worker.claim_batch_max.max(1),
            repeat: worker.claim_repeat,
            report_patience: lease.ttl,
            drain: worker.drain,
            ..Self::default()
        }
    }
}

//! How long everything may take to settle once faults have stopped (promise P4), from the configuration alone.

use super::Config;
use std::time::Duration;

/// The bound for an action without unfinished predecessors on its link and without a backlog before it in its
/// account; `n` such actions in a row on one link take at most `n` times as long.
///
/// The sum of every wait an action can still have before it, each at its longest:
///
/// - `2 * lease.ttl + 2 * lease.renew`: conductors wait one ttl after the database was away, the old lease runs
///   out, and a renewal each ends the old epoch and brings the new grant;
/// - `2 * dispatch.max`: a prompt was moved on at its longest just before the faults stopped, and the action waits
///   for its first dispatch and again after its networks;
/// - `networks.budget`, `build.budget + build.poll`: the waits for somebody else;
/// - `retry.budget + retry.max * (1 + retry.jitter)`: the last try may be scheduled just inside the budget;
/// - `4 * attempt.timeout`: the attempt that was lost, the last try, the poll of the built link, and the second
///   look that a DELETE takes after a lost attempt;
/// - `refresh.interval + attempt.timeout`: what a fenced worker had begun at a controller is found.
pub fn settle_bound(config: &Config) -> Duration {
    let c = config;
    let takeover = c.lease.ttl * 2 + c.lease.renew * 2;
    let dispatch = c.dispatch.max * 2;
    let others = c.networks.budget + c.build.budget + c.build.poll;
    let retries = c.retry.budget + c.retry.max.mul_f64(1.0 + c.retry.jitter);
    takeover + dispatch + others + retries + c.attempt.timeout * 5 + c.refresh.interval
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wait_moves_the_bound() {
        let before = settle_bound(&Config::default());
        let more: [fn(&mut Config); 8] = [
            |c| c.lease.ttl *= 2,
            |c| c.lease.renew *= 2,
            |c| c.dispatch.max *= 2,
            |c| c.networks.budget *= 2,
            |c| c.build.budget *= 2,
            |c| c.retry.budget *= 2,
            |c| c.attempt.timeout *= 2,
            |c| c.refresh.interval *= 2,
        ];
        for change in more {
            let mut config = Config::default();
            change(&mut config);
            assert!(settle_bound(&config) > before);
        }
    }
}

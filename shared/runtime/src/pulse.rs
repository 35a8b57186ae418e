//! Signs of life of a role's loops: a process whose loops stand still answers its health check and does nothing.
//!
//! Deliberately absent: readiness. A loop that turns in vain, for want of a broker, is alive.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a loop may take for one turn: longer than every time limit within one.
pub const STILL: Duration = Duration::from_secs(90);

/// When each loop has turned last, by the monotonic clock. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<Mutex<BTreeMap<&'static str, Duration>>>);

impl Pulse {
    /// Said by a loop each time it turns, which must be often, whether there is work or not.
    pub fn beat(&self, name: &'static str, now: Duration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, now);
    }

    /// The loops that stand still.
    pub fn still(&self, now: Duration) -> Vec<&'static str> {
        let turned = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let silent = turned.iter().filter(|(_, at)| now.saturating_sub(**at) > STILL);
        silent.map(|(name, _)| *name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_does_not_turn_is_named() {
        let (pulse, start) = (Pulse::default(), Duration::from_secs(1_000));
        pulse.beat("dispatch", start);
        pulse.beat("outbox", start + Duration::from_secs(1));
        assert!(pulse.still(start + STILL).is_empty());
        assert_eq!(pulse.still(start + STILL + Duration::from_secs(1)), ["dispatch"]);
    }
}

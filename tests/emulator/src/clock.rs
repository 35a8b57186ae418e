//! The emulator's clock: wall time in milliseconds since the Unix epoch.
//!
//! The one file of this crate that reads time. Wall time, not monotonic time, because a link's building time has to
//! go on across a restart of the emulator, and the ledger's stamps are compared by people. Nothing here is ordered
//! by it: the order of the ledger is its sequence.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch; 0 on a machine whose clock stands before it.
#[expect(
    clippy::disallowed_methods,
    reason = "the emulator stands in for a foreign controller, which has a clock of its own"
)]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

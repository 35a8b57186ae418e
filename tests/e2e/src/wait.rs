//! Waiting for conditions: the only place of these tests where time passes on purpose.

use std::time::Duration;
use wanlink_runtime::clock::{Clock, SystemClock};

/// How long anything may take that nothing hinders.
pub const SOON: Duration = Duration::from_secs(30);
/// How long anything may take that faults hinder: takeovers, reconnections, restarted servers.
pub const PATIENCE: Duration = Duration::from_secs(120);

const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Looks again and again until there is what is waited for. `look` says what there is instead; the last of these
/// stands in the failure.
pub async fn wait_until<T>(
    what: &str,
    within: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let start = SystemClock.mono();
    loop {
        match look().await {
            Ok(found) => return found,
            Err(instead) if SystemClock.mono().saturating_sub(start) > within => {
                panic!("waited {within:?} for {what}; instead: {instead}")
            }
            Err(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
        }
    }
}

/// For conditions that are only true or false.
pub fn holds(condition: bool, instead: impl FnOnce() -> String) -> Result<(), String> {
    if condition { Ok(()) } else { Err(instead()) }
}

/// Waits where the passing of time is itself the condition: until a lease of a frozen process has run out.
pub async fn until_passed(span: Duration) {
    let start = SystemClock.mono();
    wait_until("time to pass", span * 2, async || {
        let passed = SystemClock.mono().saturating_sub(start);
        holds(passed >= span, || format!("{passed:?} have passed"))
    })
    .await;
}

//! One prompt: claim -> execute -> report -> acknowledge.
//!
//! The place among those in flight is taken before the claim, so that an attempt that the conductors count as
//! running does run. While a prompt waits for anything, its place is free.

use crate::account::Account;
use crate::execute::{self, Attempt};
use crate::figures;
use crate::settle::Ending;
use crate::spans::{self, Sent};
use tokio::time::Duration;
use wanlink_domain::retry::Schedule;
use wanlink_runtime::trace::Kind;
use wanlink_wire::account::Prompt;
use wanlink_wire::conductor::{ClaimItem, Verdict};
use wanlink_wire::report::ReportItem;

/// A pause that is not there does not grow.
const AGAIN_MIN: Duration = Duration::from_millis(10);
/// The longest pause before the conductors are asked again about the same prompt, unless they ask for a longer one.
const AGAIN_MAX: Duration = Duration::from_secs(2);

/// Follows a prompt to its end.
pub(crate) async fn handle(account: &Account, prompt: Prompt, sent: Sent) -> Ending {
    let cx = &account.cx;
    let mut waited = spans::waiting(cx, &sent, &prompt);
    let asked_since = cx.clock.mono();
    let mut asked = 0;
    loop {
        let permit = tokio::select! {
            biased;
            () = cx.draining.cancelled() => return Ending::Left,
            permit = account.place() => permit,
        };
        drop(waited.take());
        let claim = cx.telemetry.tracer.child(sent.trace, Kind::Client, || "claim".to_owned());
        // From the claim on this attempt may be on record, so a drain lets it go on.
        let item = ClaimItem {
            account: account.holding.account,
            epoch: account.holding.epoch,
            request: prompt.request,
            action: prompt.action,
            link: prompt.link,
            trace: claim.context(),
        };
        let asked_at = cx.clock.mono();
        let verdict = cx.claims.ask(item, account.activity.reported(prompt.action)).await;
        figures::claimed(cx, asked_at, &verdict);
        spans::claimed(claim, &verdict);
        match verdict {
            Verdict::Run { attempt, kind, observe_first, task } => {
                let mut span = spans::attempt(account, sent.trace, &prompt, kind, attempt);
                let run = span.around(execute::run(account, Attempt { kind, observe_first, task }));
                let outcome = figures::attempt(account, kind, run).await;
                drop(permit);
                spans::ended(&mut span, &outcome);
                spans::log(account, &prompt, attempt, sent.trace, &outcome);
                let item = ReportItem {
                    account: item.account,
                    epoch: item.epoch,
                    action: prompt.action,
                    link: prompt.link,
                    attempt,
                    outcome,
                    trace: span.context(),
                };
                if !account.report(item).await {
                    return Ending::EpochOver;
                }
                account.activity.note_reported(prompt.action, attempt);
                return Ending::Settled;
            }
            Verdict::Wait { reason } | Verdict::Skip { reason } => {
                tracing::debug!(action = %prompt.action, %reason, "not run");
                return Ending::Settled;
            }
            Verdict::Again { after_ms, reason } => {
                drop(permit);
                let pause = again_after(Duration::from_millis(after_ms), asked, cx.entropy.bits());
                let kept = cx.clock.mono().saturating_sub(asked_since);
                if kept + pause > cx.settings.again_patience {
                    tracing::debug!(action = %prompt.action, %reason, "kept long enough: the record brings it back");
                    return Ending::Settled;
                }
                tokio::select! {
                    biased;
                    () = cx.draining.cancelled() => return Ending::Left,
                    () = tokio::time::sleep(pause) => {}
                }
                asked += 1;
            }
            Verdict::Stale => return Ending::EpochOver,
        }
    }
}

/// What the conductors asked for, and longer with every answer that did not help: a request that is not on record
/// after the first moments may not be for a while, and a thousand prompts of it are a thousand claims each time.
fn again_after(wished: Duration, asked: u32, random: u64) -> Duration {
    let initial = wished.max(AGAIN_MIN);
    let growing = Schedule { initial, max: AGAIN_MAX, multiplier: 2.0, jitter: 0.2 };
    growing.interval(asked, random).max(wished)
}

//! Looks: polls of what the controller builds, and observations of what is settled. Neither is claimed, for they
//! carry the epoch and change nothing at the controller.

use crate::account::Account;
use crate::reports::Filing;
use crate::settle::Ending;
use crate::spans::{self, Sent};
use crate::{execute, listing};
use wanlink_runtime::trace::Kind;
use wanlink_wire::account::{Observe, Poll};
use wanlink_wire::report::{ObservedItem, ReportItem};

/// Looks how an action's building goes and reports under its attempt.
pub(crate) async fn poll(account: &Account, poll: Poll, sent: Sent) -> Ending {
    let mut span = account.cx.telemetry.tracer.child(sent.trace, Kind::Consumer, || "poll".to_owned());
    span.set("wanlink.action", || poll.action.to_string());
    let outcome = {
        let _place = account.place().await;
        span.around(execute::poll(account, poll.kind, &poll.task)).await
    };
    spans::ended(&mut span, &outcome);
    let item = ReportItem {
        account: poll.account,
        epoch: poll.epoch,
        action: poll.action,
        link: poll.task.link,
        attempt: poll.attempt,
        outcome,
        trace: span.context(),
    };
    if account.report(item).await { Ending::Settled } else { Ending::EpochOver }
}

/// Looks at links one after the other, each as one among those in flight, so that a long list of them lets the
/// account's actions through. What a drain leaves is observed later.
pub(crate) async fn observe(account: &Account, asked: Observe) -> Ending {
    if let Some(asked_at) = asked.list {
        return listing::observe(account, asked_at).await;
    }
    for link in asked.links {
        if account.cx.draining.is_cancelled() {
            break;
        }
        let sight = {
            let _place = account.place().await;
            execute::sight(account, &link.task).await
        };
        // A later round looks at what this one could not.
        let Some(sight) = sight else { continue };
        let item = ObservedItem {
            account: asked.account,
            epoch: asked.epoch,
            link: link.task.link,
            version: link.version,
            sight,
        };
        if !account.cx.reports.file(Filing::Observed(item), &account.trust).await {
            return Ending::EpochOver;
        }
    }
    Ending::Settled
}

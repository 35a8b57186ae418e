//! The WIM monitor of one account: a check at once and then again and again, told to the conductors even when
//! nothing changed, for its silence is news too.

use crate::account::Account;
use crate::calls::{Calls, Cut};
use std::sync::Arc;
use wanlink_broker::port::Queue;
use wanlink_connectors::policy;
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::reason::Reason;
use wanlink_domain::retry::Schedule;
use wanlink_wire::lease::UpdateWim;

/// Checks until the conductors say that the epoch is over.
pub(crate) async fn watch(account: Arc<Account>) {
    let cx = &account.cx;
    let interval = cx.settings.monitor_interval;
    let spread = Schedule { initial: interval, max: interval, multiplier: 1.0, jitter: 0.2 };
    let mut connector = account.driver.follow();
    loop {
        connector.mark_unchanged();
        account.trust.live().await;
        if let Some((status, reason)) = check(&account).await
            && tell(&account, status, reason).await.is_none()
        {
            return cx.line.end(account.holding);
        }
        tokio::select! {
            biased;
            // Built at last: the account's state has certainly changed.
            Ok(()) = connector.changed() => {}
            () = tokio::time::sleep(spread.interval(0, cx.entropy.bits())) => {}
        }
    }
}

/// `None`: the lease ran out meanwhile, so what was seen is nobody's to tell.
async fn check(account: &Account) -> Option<(AccountStatus, Option<Reason>)> {
    let connector = match account.driver.current() {
        Ok(connector) => connector,
        Err(reason) => return Some((AccountStatus::Error, Some(reason))),
    };
    let calls = Calls::new(account, connector, account.cx.settings.check_timeout);
    match calls.check().await {
        Ok(answer) => Some(policy::account_status(&answer)),
        Err(Cut::NotBegun | Cut::Untrusted) => None,
        Err(cut @ Cut::TimedOut) => Some((AccountStatus::Unreachable, Some(cut.reason()))),
        Err(cut @ Cut::Panicked) => Some((AccountStatus::Error, Some(cut.reason()))),
    }
}

/// The status that is recorded now; `None`: the epoch is over.
async fn tell(account: &Account, status: AccountStatus, reason: Option<Reason>) -> Option<AccountStatus> {
    let (cx, holding) = (&account.cx, account.holding);
    let (session, account, epoch) = (cx.session, holding.account, holding.epoch);
    let update = UpdateWim { session, account, epoch, status, reason };
    cx.wim_desk
        .ask(holding, cx.settings.repeat, &*cx.entropy, || async {
            drop(cx.post.ask(Queue::Leases, update.clone()).await);
        })
        .await
}

//! A whole account observed by one list: what it shows is compared, page by page, with what the links are known to be.
//!
//! A list is no judge: it may be older than a link, or the controller slow to show what it took. What differs from
//! what is known is looked at by itself, after its version was told, and only that look is reported. So the memory
//! for an account is its list and one page, and an unchanged link costs no message.

use crate::account::Account;
use crate::execute::{self, Shown};
use crate::reports::Filing;
use crate::settle::Ending;
use std::collections::BTreeSet;
use std::sync::Arc;
use wanlink_broker::port::Queue;
use wanlink_connectors::port::Listing;
use wanlink_domain::ids::LinkId;
use wanlink_domain::time::Timestamp;
use wanlink_wire::conductor::{Links, LinksPage, SettledLink};
use wanlink_wire::report::{Listed, ObservedItem, Sight};

/// Most links that are told of as shown and not among those that were asked for.
const UNMATCHED_MAX: usize = 4_096;

/// Lists once and compares all. What a drain, or the end of the lease, leaves is observed later.
pub(crate) async fn observe(account: &Account, asked_at: Timestamp) -> Ending {
    // The next list is due while this one is still compared: it waits for its own next time.
    let Ok(_only) = account.lists.try_acquire() else { return Ending::Settled };
    let shown = {
        let _place = account.place().await;
        execute::list(account).await
    };
    let Some(shown) = shown else { return Ending::Settled };
    let mut unmatched: BTreeSet<LinkId> = match &shown {
        Shown::List(list) => list.links().iter().copied().collect(),
        Shown::OneByOne | Shown::Failed(_) => BTreeSet::new(),
    };
    let mut after = None;
    loop {
        let Some(page) = page(account, after).await else { return Ending::EpochOver };
        after = page.links.last().map(|link| link.task.link);
        for link in page.links {
            unmatched.remove(&link.task.link);
            match judge(account, &shown, link).await {
                Judged::Done => {}
                Judged::NotNow => return Ending::Settled,
                Judged::EpochOver => return Ending::EpochOver,
            }
        }
        if !page.more || after.is_none() {
            break;
        }
    }
    if !matches!(shown, Shown::List(_)) {
        return Ending::Settled;
    }
    let (cx, holding) = (&account.cx, account.holding);
    let listed = Listed {
        session: cx.session,
        account: holding.account,
        epoch: holding.epoch,
        asked_at,
        unmatched: unmatched.into_iter().take(UNMATCHED_MAX).collect(),
    };
    if cx.reports.file(Filing::Listed(listed), &account.trust).await {
        Ending::Settled
    } else {
        Ending::EpochOver
    }
}

/// `None`: the epoch is over.
async fn page(account: &Account, after: Option<LinkId>) -> Option<LinksPage> {
    let (cx, holding) = (&account.cx, account.holding);
    let question = Links { session: cx.session, account: holding.account, epoch: holding.epoch, after };
    cx.links_desk
        .ask((holding, after), cx.settings.repeat, &*cx.entropy, || async {
            drop(cx.post.ask(Queue::Conductor, question).await);
        })
        .await
}

/// What became of one link.
enum Judged {
    /// It is as it is known to be, or what it is instead was reported.
    Done,
    /// The worker drains, or the lease ran out: nothing that is seen now is ours to tell.
    NotNow,
    EpochOver,
}

async fn judge(account: &Account, shown: &Shown, link: SettledLink) -> Judged {
    if account.cx.draining.is_cancelled() {
        return Judged::NotNow;
    }
    let sight = match shown {
        Shown::Failed(_) if link.known.is_unreachable() => return Judged::Done,
        Shown::Failed(reason) => Sight::Failed { reason: reason.clone() },
        Shown::List(list) => match compare(account, list, &link).await {
            Compared::AsKnown => return Judged::Done,
            Compared::NotNow => return Judged::NotNow,
            Compared::Differs(sight) => sight,
        },
        Shown::OneByOne => match look(account, &link).await {
            Some(sight) => sight,
            None => return Judged::NotNow,
        },
    };
    let item = ObservedItem {
        account: account.holding.account,
        epoch: account.holding.epoch,
        link: link.task.link,
        version: link.version,
        sight,
    };
    match account.cx.reports.file(Filing::Observed(item), &account.trust).await {
        true => Judged::Done,
        false => Judged::EpochOver,
    }
}

enum Compared {
    AsKnown,
    Differs(Sight),
    NotNow,
}

/// What a look at the link itself says where the list does not confirm what is known.
async fn compare(account: &Account, list: &Arc<dyn Listing>, link: &SettledLink) -> Compared {
    let task = &link.task;
    let (service_id, conn_info) = (task.service_id.as_ref(), task.conn_info.as_ref());
    let confirms = |found: &_| link.known.confirmed_by(task.link, found, service_id, conn_info);
    if execute::listed(account, list, task).await.is_some_and(|found| confirms(&found)) {
        return Compared::AsKnown;
    }
    match look(account, link).await {
        None => Compared::NotNow,
        Some(Sight::Seen { found }) if confirms(&found) => Compared::AsKnown,
        Some(Sight::Failed { .. }) if link.known.is_unreachable() => Compared::AsKnown,
        Some(sight) => Compared::Differs(sight),
    }
}

async fn look(account: &Account, link: &SettledLink) -> Option<Sight> {
    let _place = account.place().await;
    execute::sight(account, &link.task).await
}

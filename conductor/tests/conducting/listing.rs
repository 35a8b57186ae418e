//! Accounts that are observed as a whole, and what lists may and may not change [25].

use crate::outcomes::{done, found, link};
use crate::rows::{ACCOUNT, OTHER_SESSION, SESSION, creation, deletion, fresh, renewal, sealed, wish};
use crate::stage::{Stage, settings};
use wanlink_broker::port::Queue;
use wanlink_domain::ids::{LinkId, SessionId};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::time::Timestamp;
use wanlink_wire::Message;
use wanlink_wire::journal::Request;
use wanlink_wire::report::{Listed, Observed, ObservedItem, Sight};

/// A link that was made.
async fn made(stage: &Stage, epoch: i64) -> LinkId {
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    create.actions[0].link_id
}

async fn deleted(stage: &Stage, epoch: i64, link: LinkId) -> Request {
    let delete = stage.record(deletion(link)).await;
    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    stage.report(SESSION, epoch, &delete, attempt, done()).await;
    delete
}

/// When the next list is asked for.
async fn asked(stage: &Stage, epoch: i64) -> Timestamp {
    stage.renew(renewal(SESSION, &[epoch])).await;
    stage
        .in_account_queue(|message| match message {
            Message::Observe(observe) => {
                assert_eq!((observe.epoch, observe.links.len()), (epoch, 0));
                observe.list
            }
            _ => None,
        })
        .await
}

async fn tell(stage: &Stage, session: SessionId, epoch: i64, asked_at: Timestamp, unmatched: &[LinkId]) {
    let listed = Listed { session, account: ACCOUNT, epoch, asked_at, unmatched: unmatched.to_vec() };
    stage.send(Queue::Reports, sealed(listed.into())).await;
}

async fn observed(stage: &Stage, epoch: i64, link: LinkId, version: i64, status: Option<LinkStatus>) {
    let mut found = found(LinkStatus::Active);
    found.status = status;
    let item = ObservedItem { account: ACCOUNT, epoch, link, version, sight: Sight::Seen { found } };
    stage.send(Queue::Reports, sealed(Observed { session: SESSION, items: vec![item] }.into())).await;
}

#[tokio::test]
async fn an_account_that_lists_is_due_as_a_whole_and_its_links_are_not() {
    let (stage, epoch) = Stage::listed(settings()).await;
    let (one, two) = (made(&stage, epoch).await, made(&stage, epoch).await);
    let asked_at = asked(&stage, epoch).await;
    let page = stage.links(SESSION, epoch, None).await.expect("the epoch is current");
    let told: Vec<_> = page.links.iter().map(|link| (link.task.link, link.known.status)).collect();
    assert_eq!(told, [(one, LinkStatus::Active), (two, LinkStatus::Active)]);
    assert!(!page.more && page.links.iter().all(|link| link.task.wish.is_some()));
    assert_eq!(stage.links(SESSION, epoch, Some(one)).await.map(|page| page.links.len()), Some(1));
    assert_eq!(stage.link(one).await.refresh_due_at, None, "it has no due time of its own");

    let before = stage.link(one).await;
    tell(&stage, SESSION, epoch, asked_at, &[]).await;
    stage
        .eventually("it is on record", async || {
            (stage.account().await.listed_at == Some(asked_at)).then_some(())
        })
        .await;
    assert_eq!(stage.link(one).await, before, "what is unchanged is not written");
    assert!(asked(&stage, epoch).await > asked_at, "it is asked for again and again");
    stage.stop().await;
}

#[tokio::test]
async fn links_are_told_to_the_current_holder_alone() {
    let (stage, epoch) = Stage::listed(settings()).await;
    made(&stage, epoch).await;
    assert_eq!(stage.links(OTHER_SESSION, epoch, None).await, None);
    assert_eq!(stage.links(SESSION, epoch - 1, None).await, None);
    let asked_at = asked(&stage, epoch).await;
    // Neither is a list taken under another epoch, nor one that is older than the last.
    tell(&stage, SESSION, epoch - 1, asked_at, &[link()]).await;
    tell(&stage, OTHER_SESSION, epoch, asked_at, &[link()]).await;
    tell(&stage, SESSION, epoch, asked_at, &[]).await;
    tell(&stage, SESSION, epoch, Timestamp(asked_at.0 - 1), &[link()]).await;
    observed(&stage, epoch, link(), 1, None).await;
    let account = stage
        .eventually("the list", async || {
            Some(stage.account().await).filter(|account| account.listed_at.is_some())
        })
        .await;
    stage.renew(renewal(SESSION, &[epoch])).await;
    assert_eq!((account.listed_at, account.unknown_services), (Some(asked_at), 0));
    stage.stop().await;
}

/// [25] A list taken before a CREATE, an EDIT or a settle, and reported after it, judges nothing.
#[tokio::test]
async fn what_a_list_shows_applies_to_the_version_that_was_told_alone() {
    let (stage, epoch) = Stage::listed(settings()).await;
    let edited = made(&stage, epoch).await;
    let told = stage.links(SESSION, epoch, None).await.expect("current").links[0].version;
    let create = stage.record(creation(link(), wish())).await;
    let created = create.actions[0].link_id;
    // At work, whatever its version, a link is neither told nor judged.
    let page = stage.links(SESSION, epoch, None).await.expect("current");
    assert_eq!(page.links.iter().map(|link| link.task.link).collect::<Vec<_>>(), [edited]);
    observed(&stage, epoch, created, stage.link(created).await.version, None).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    observed(&stage, epoch, created, stage.link(created).await.version, None).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    observed(&stage, epoch, created, stage.link(created).await.version - 1, None).await;

    let retried = deleted(&stage, epoch, edited).await;
    assert_eq!(retried.actions.len(), 1);
    observed(&stage, epoch, edited, told, None).await;
    // The queue is in order, so what comes last tells that all before it were heard.
    observed(&stage, epoch, created, stage.link(created).await.version, Some(LinkStatus::Down)).await;
    stage
        .eventually("the current version is judged", async || {
            let link = stage.link(created).await;
            assert_ne!(link.status, LinkStatus::Error, "it was judged by an older list");
            (link.status == LinkStatus::Down).then_some(())
        })
        .await;
    assert_eq!(stage.link(edited).await.status, LinkStatus::Deleted);
    stage.stop().await;
}

#[tokio::test]
async fn services_that_no_link_explains_are_counted_and_nothing_more() {
    let (stage, epoch) = Stage::listed(settings()).await;
    let (kept, gone, going) =
        (made(&stage, epoch).await, made(&stage, epoch).await, made(&stage, epoch).await);
    deleted(&stage, epoch, gone).await;
    let at_work = stage.record(creation(link(), wish())).await.actions[0].link_id;
    let mut asked_at = asked(&stage, epoch).await;
    while asked_at <= stage.link(gone).await.deleted_at.expect("a tombstone") {
        asked_at = asked(&stage, epoch).await;
    }
    // Its service may have been there when the list was taken.
    deleted(&stage, epoch, going).await;
    let stranger = LinkId(fresh());
    tell(&stage, SESSION, epoch, asked_at, &[kept, gone, going, at_work, stranger]).await;
    let account = stage
        .eventually("they are counted", async || {
            Some(stage.account().await).filter(|account| account.listed_at == Some(asked_at))
        })
        .await;
    assert_eq!(account.unknown_services, 2, "the one of the tombstone and the stranger's");
    assert_eq!(stage.link(gone).await.status, LinkStatus::Deleted);

    let again = asked(&stage, epoch).await;
    tell(&stage, SESSION, epoch, again, &[]).await;
    let account = stage
        .eventually("they are gone", async || {
            Some(stage.account().await).filter(|account| account.listed_at == Some(again))
        })
        .await;
    assert_eq!(account.unknown_services, 0);
    stage.stop().await;
}

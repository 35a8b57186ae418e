//! A record that was set back behind what it had granted, as by the restoring of a backup under running workers.

use crate::outcomes::{done, link};
use crate::rows::{ACCOUNT, OTHER_SESSION, SESSION, creation, fresh, renewal, wish};
use crate::stage::{Stage, settings};
use wanlink_domain::action::ActionState;
use wanlink_domain::ids::SessionId;
use wanlink_wire::conductor::Verdict;
use wanlink_wire::lease::{Holding, Lease};
use wanlink_wire::report::Fate;

/// How far the record was set back.
const BACK: i64 = 50;

#[tokio::test]
async fn a_session_that_holds_a_later_epoch_is_ended_and_no_epoch_of_its_is_granted_again() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let later = epoch + BACK;
    let create = stage.record(creation(link(), wish())).await;
    let answers = stage.renew(renewal(SESSION, &[later])).await.answers;
    assert!(answers.iter().any(|a| a.epoch == later && a.answer == Lease::BadAction), "{answers:?}");
    assert!(stage.account().await.epoch > later);
    // What it says of its later epoch, now or after the next grant, changes nothing.
    assert_eq!(stage.report(SESSION, later, &create, 1, done()).await, Fate::Stale);
    assert!(matches!(stage.claim(SESSION, later, &create).await, Verdict::Stale));
    let mut word = renewal(SESSION, &[]);
    word.released = vec![Holding { account: ACCOUNT, epoch: later }];
    stage.renew(word).await;
    let next = stage.granted(SESSION).await;
    assert!(next > later, "{next} after {later}");
    assert_eq!(stage.report(SESSION, later, &create, 1, done()).await, Fate::Stale);
    assert_eq!(stage.action(create.actions[0].id).await.state, ActionState::Scheduled);
    assert_eq!(stage.run(SESSION, next, &create).await, (1, false));
    stage.stop().await;
}

#[tokio::test]
async fn nobody_runs_anything_until_the_session_of_the_later_epoch_is_out() {
    let mut long = settings();
    long.lease_ttl = std::time::Duration::from_secs(3600);
    let (stage, epoch) = Stage::leased(long).await;
    let create = stage.record(creation(link(), wish())).await;
    stage.register(OTHER_SESSION).await;
    stage.renew(renewal(OTHER_SESSION, &[epoch + BACK])).await;
    let holder = async || {
        stage.renew(renewal(SESSION, &[])).await;
        stage.renew(renewal(OTHER_SESSION, &[])).await;
        let account = stage.account().await;
        account.session_id.map(|holder| (holder, account.epoch))
    };
    let (holder, next) = stage.eventually("the account is granted anew", holder).await;
    assert!(next > epoch + BACK);
    let gated = stage.claim(holder, next, &create).await;
    assert!(matches!(gated, Verdict::Again { .. }), "{gated:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_session_that_is_not_on_record_raises_the_epochs_that_it_held() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let unknown = SessionId(fresh());
    let later = epoch + BACK;
    assert!(stage.renew(renewal(unknown, &[later])).await.unknown);
    assert!(stage.account().await.epoch > later);
    let mut word = renewal(unknown, &[]);
    word.released = vec![Holding { account: ACCOUNT, epoch: later + BACK }];
    assert!(stage.renew(word).await.unknown);
    let account = stage.account().await;
    assert!(account.epoch > later + BACK, "{account:?}");
    assert_eq!(account.former_session_id.filter(|former| *former == unknown), None);
    stage.stop().await;
}

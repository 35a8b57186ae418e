//! What comes due: waits with their budgets, lost prompts, polls, observations.

use crate::outcomes::{done, found, link};
use crate::rows::{
    ACCOUNT, OTHER_SESSION, SESSION, creation, fresh, network, renewal, sealed, wish, wish_over,
};
use crate::stage::{Stage, settings};
use std::time::Duration;
use wanlink_broker::port::Queue;
use wanlink_domain::action::Outcome;
use wanlink_domain::catalogue::NetworkStatus;
use wanlink_domain::ids::NetworkId;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::Code;
use wanlink_wire::Message;
use wanlink_wire::conductor::{CommandResult, Operation, Verdict};
use wanlink_wire::report::Fate;

#[tokio::test]
async fn a_link_waits_for_its_networks_and_fails_with_them() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let id = NetworkId(fresh());
    let building = network(id, NetworkStatus::Build);
    stage.command(Operation::Create { object: building }).await;
    let create = stage.record(creation(link(), wish_over(Some(id)))).await;
    let waits = stage.claim(SESSION, epoch, &create).await;
    assert!(matches!(&waits, Verdict::Wait { reason } if reason.code == Code::NetworksBuilding), "{waits:?}");
    let up = Operation::Update { object: network(id, NetworkStatus::Active), expected: 1 };
    assert!(matches!(stage.command(up).await, CommandResult::Applied { .. }));
    stage.prompted(create.actions[0].id).await;
    stage.run(SESSION, epoch, &create).await;

    let down = Operation::Update { object: network(id, NetworkStatus::Error), expected: 2 };
    stage.command(down).await;
    let doomed = stage.record(creation(link(), wish_over(Some(id)))).await;
    assert!(matches!(stage.claim(SESSION, epoch, &doomed).await, Verdict::Skip { .. }));
    let failed = stage.action(doomed.actions[0].id).await;
    assert_eq!(failed.reason.map(|reason| reason.code), Some(Code::NetworkFailed));
    assert_eq!(stage.link(doomed.actions[0].link_id).await.status, LinkStatus::Error);
    stage.stop().await;
}

#[tokio::test]
async fn waiting_for_networks_has_a_budget() {
    let mut short = settings();
    short.budgets.networks = Duration::from_millis(1);
    let (stage, epoch) = Stage::leased(short).await;
    let id = NetworkId(fresh());
    stage.command(Operation::Create { object: network(id, NetworkStatus::Build) }).await;
    let create = stage.record(creation(link(), wish_over(Some(id)))).await;
    stage.claim(SESSION, epoch, &create).await;
    stage
        .eventually("the budget is spent", async || {
            let action = stage.action(create.actions[0].id).await;
            (action.reason?.code == Code::BudgetSpent).then_some(())
        })
        .await;
    stage.stop().await;
}

#[tokio::test]
async fn a_lost_prompt_is_sent_again_while_the_queue_is_empty() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let mut renew = renewal(SESSION, &[epoch]);
    renew.idle = vec![ACCOUNT];
    stage.renew(renew).await;
    stage.prompted(create.actions[0].id).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_lost_prompt_is_sent_again_even_on_an_account_that_is_never_idle() {
    let mut quick = settings();
    quick.budgets.dispatch_max = Duration::from_millis(500);
    let (stage, _) = Stage::leased(quick).await;
    let create = stage.record(creation(link(), wish())).await;
    stage.prompted(create.actions[0].id).await;
    stage.stop().await;
}

#[tokio::test]
async fn a_building_link_is_polled_and_settled_by_the_poll() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let building = Outcome::Building { found: found(LinkStatus::Build) };
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, building).await, Fate::Applied);
    assert_eq!(stage.link(create.actions[0].link_id).await.status, LinkStatus::Build);
    let poll = stage
        .in_account_queue(|message| match message {
            Message::Poll(poll) => Some(poll),
            _ => None,
        })
        .await;
    assert_eq!((poll.epoch, poll.attempt, poll.action), (epoch, attempt, create.actions[0].id));
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, done()).await, Fate::Applied);
    assert_eq!(stage.link(create.actions[0].link_id).await.status, LinkStatus::Active);
    stage.stop().await;
}

/// After a handover a building link is polled under the next epoch, and more than once if its holder takes its time.
#[tokio::test]
async fn a_poll_that_finds_its_link_settled_ends_no_epoch() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    let building = Outcome::Building { found: found(LinkStatus::Build) };
    stage.report(SESSION, epoch, &create, attempt, building).await;
    stage.register(OTHER_SESSION).await;
    let next = stage.granted(OTHER_SESSION).await;
    assert_eq!(stage.report(OTHER_SESSION, next, &create, attempt, done()).await, Fate::Applied);
    assert_eq!(stage.report(OTHER_SESSION, next, &create, attempt, done()).await, Fate::Duplicate);
    assert_eq!(stage.report(SESSION, epoch, &create, attempt, done()).await, Fate::Duplicate);
    stage.stop().await;
}

#[tokio::test]
async fn a_settled_link_is_observed_and_what_is_found_applies_to_its_version_alone() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let create = stage.record(creation(link(), wish())).await;
    let (attempt, _) = stage.run(SESSION, epoch, &create).await;
    stage.report(SESSION, epoch, &create, attempt, done()).await;
    let observe = stage
        .in_account_queue(|message| match message {
            Message::Observe(observe) => Some(observe),
            _ => None,
        })
        .await;
    let asked = &observe.links[0];
    let item = |version, status| wanlink_wire::report::ObservedItem {
        account: ACCOUNT,
        epoch,
        link: asked.task.link,
        version,
        sight: wanlink_wire::report::Sight::Seen { found: found(status) },
    };
    let old = item(asked.version - 1, LinkStatus::Error);
    let current = item(asked.version, LinkStatus::Down);
    let observed = wanlink_wire::report::Observed { session: SESSION, items: vec![old, current] };
    stage.send(Queue::Reports, sealed(observed.into())).await;
    stage
        .eventually("the link is seen down", async || {
            let link = stage.link(asked.task.link).await;
            assert_ne!(link.status, LinkStatus::Error, "an observation of an older version was applied");
            (link.status == LinkStatus::Down).then_some(())
        })
        .await;
    stage.stop().await;
}

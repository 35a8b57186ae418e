//! Whole accounts observed by one list: only what differs is looked at, and only what that look says is told [25].

use crate::conductor::seal;
use crate::world::{World, account, eventually, link, run, task};
use serde_json::json;
use wanlink_connectors::port::Class;
use wanlink_connectors::simulator::{Fault, Rule, Verb};
use wanlink_domain::action::ActionKind;
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::observation::Known;
use wanlink_domain::reason::Code;
use wanlink_domain::time::Timestamp;
use wanlink_wire::Message;
use wanlink_wire::account::Observe;
use wanlink_wire::conductor::SettledLink;
use wanlink_wire::report::{Listed, ObservedItem, Sight};

const ASKED: Timestamp = Timestamp(77);

/// Link `n` as it is known when it was made.
fn active(n: u128) -> SettledLink {
    let known = Known {
        status: LinkStatus::Active,
        reason: None,
        observed_status: Some(LinkStatus::Active),
        status_source: Some(StatusSource::Probe),
        deleting: false,
    };
    let mut task = task(n);
    task.service_id = Some(link(n).to_string());
    task.conn_info = Some(json!({ "v": 1 }));
    SettledLink { version: 40 + i64::try_from(n).expect("small"), known, task }
}

fn unreachable(n: u128) -> SettledLink {
    let mut link = active(n);
    link.known.status = LinkStatus::WimError;
    link
}

/// A world in which the links 1 to 5 of account 1 are made.
async fn made() -> World {
    let world = World::new().await;
    world.grant(1, 1, json!({})).await;
    for n in 1..=5 {
        world.prompt(1, n, &[run(n, ActionKind::Create, 1, false)]).await;
        world.reported(n).await;
    }
    world
}

async fn ask(world: &World, links: impl IntoIterator<Item = SettledLink>) {
    world.conductor.script().links.insert(account(1), links.into_iter().collect());
    let observe = Observe { account: account(1), epoch: 1, links: Vec::new(), list: Some(ASKED) };
    world.send(1, seal(Message::Observe(observe))).await;
}

fn observed(world: &World) -> Vec<ObservedItem> {
    let script = world.conductor.script();
    let items = script.heard.iter().filter_map(|heard| match heard {
        Message::Observed(observed) => Some(observed.items.clone()),
        _ => None,
    });
    items.flatten().collect()
}

fn listed(world: &World) -> Vec<Listed> {
    let script = world.conductor.script();
    let all = script.heard.iter().filter_map(|heard| match heard {
        Message::Listed(listed) => Some(listed.clone()),
        _ => None,
    });
    all.collect()
}

fn lists(world: &World) -> usize {
    world.controller.calls().iter().filter(|call| call.verb == Verb::List).count()
}

fn looks(world: &World) -> usize {
    world.controller.calls().iter().filter(|call| call.verb == Verb::Observe).count()
}

#[tokio::test(start_paused = true)]
async fn links_that_are_as_they_are_known_cost_one_list_and_one_word() {
    let world = made().await;
    ask(&world, (1..=5).map(active)).await;
    eventually("the account is compared", || !listed(&world).is_empty()).await;
    let told = &listed(&world)[0];
    assert_eq!((told.account, told.epoch, told.asked_at), (account(1), 1, ASKED));
    assert_eq!(told.unmatched, []);
    assert_eq!((lists(&world), looks(&world), observed(&world).len()), (1, 0, 0));
    assert_eq!(
        world.conductor.count(|heard| matches!(heard, Message::Links(_))),
        3,
        "five links, two a page"
    );
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_looked_at_and_told_link_by_link() {
    let world = made().await;
    world.controller.vanish(&link(2).to_string());
    world.controller.force(link(4), Some(LinkStatus::Down));
    // Somebody else's service under a link's id is not the link's [25].
    world.controller.vanish(&link(5).to_string());
    world.controller.plant(&link(5).to_string(), "somebody else");
    ask(&world, (1..=5).map(active)).await;
    eventually("the account is compared", || !listed(&world).is_empty()).await;
    let told: Vec<(LinkId, i64, Option<LinkStatus>)> = observed(&world)
        .into_iter()
        .map(|item| match item.sight {
            Sight::Seen { found } => (item.link, item.version, found.status),
            other => panic!("{other:?}"),
        })
        .collect();
    let expected = [(link(2), 42, None), (link(4), 44, Some(LinkStatus::Down)), (link(5), 45, None)];
    assert_eq!(told, expected);
    assert_eq!((lists(&world), looks(&world)), (1, 3));
    world.end().await;
}

/// [25] A link that was made after the list, or that lists do not show yet, is no vanished one.
#[tokio::test(start_paused = true)]
async fn a_link_that_an_old_list_lacks_is_looked_at_and_found() {
    let world = made().await;
    world.conductor.script().mute.insert("links");
    ask(&world, (1..=6).map(active)).await;
    eventually("the list is taken", || lists(&world) == 1).await;
    world.prompt(1, 6, &[run(6, ActionKind::Create, 1, false)]).await;
    world.reported(6).await;
    world.conductor.script().mute.clear();
    eventually("the account is compared", || !listed(&world).is_empty()).await;
    assert_eq!((looks(&world), observed(&world).len()), (1, 0));
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn services_that_belong_to_none_of_the_links_are_told_of_and_stay() {
    let world = made().await;
    ask(&world, [active(1), active(3)]).await;
    eventually("the account is compared", || !listed(&world).is_empty()).await;
    assert_eq!(listed(&world)[0].unmatched, [link(2), link(4), link(5)]);
    assert_eq!(world.controller.present().len(), 5);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn where_the_controller_cannot_be_asked_its_links_are_told_so_once() {
    let world = made().await;
    world.controller.script(Rule::on(Verb::List, Fault::Fail(Class::Unreachable)));
    ask(&world, [active(1), unreachable(2), active(3)]).await;
    eventually("both are told", || observed(&world).len() == 2).await;
    let told: Vec<_> = observed(&world).into_iter().map(|item| (item.link, item.sight)).collect();
    for (n, (id, sight)) in [1, 3].into_iter().zip(told) {
        let code = match sight {
            Sight::Failed { reason } => reason.code,
            other => panic!("{other:?}"),
        };
        assert_eq!((id, code), (link(n), Code::Unreachable));
    }
    // It recovers by the next list.
    world.controller.heal();
    ask(&world, [unreachable(1)]).await;
    eventually("it is seen again", || observed(&world).len() == 3).await;
    assert!(
        matches!(&observed(&world)[2].sight, Sight::Seen { found } if found.status == Some(LinkStatus::Active))
    );
    eventually("the account is compared", || listed(&world).len() == 1).await;
    assert_eq!(looks(&world), 1);
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_answers_without_a_list_has_its_links_looked_at_one_by_one() {
    let world = made().await;
    world.controller.script(Rule::on(Verb::List, Fault::Fail(Class::Internal)));
    ask(&world, [active(1), active(2)]).await;
    eventually("both are told", || observed(&world).len() == 2).await;
    assert_eq!((looks(&world), listed(&world).len()), (2, 0));
    world.end().await;
}

/// [22] What a drain cuts off is not told as compared.
#[tokio::test(start_paused = true)]
async fn a_list_that_is_cut_off_by_a_drain_tells_nothing() {
    let world = made().await;
    world.controller.script(Rule::on(Verb::Observe, Fault::Hang));
    world.controller.vanish(&link(1).to_string());
    ask(&world, (1..=3).map(active)).await;
    eventually("the look at the first", || looks(&world) == 1).await;
    world.worker.drain().await;
    assert_eq!((observed(&world).len(), listed(&world).len()), (0, 0));
    assert_eq!(world.left_over(1).await, 1, "another worker takes it");
    world.end().await;
}

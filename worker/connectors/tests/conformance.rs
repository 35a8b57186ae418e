//! The conformance suite of the connector port: every case runs unchanged against every connector that has a
//! controller to run against, each in a world of its own.

mod support;

use std::time::Duration;
use support::emulated::Emulated;
use support::simulated::Simulated;
use support::*;
use wanlink_connectors::policy::{account_status, outcome_of_failure, outcome_of_found};
use wanlink_connectors::port::{Class, Remote, Removal};
use wanlink_domain::action::Outcome;
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::reason::Code;

macro_rules! suite {
    ($($case:ident: $build_ms:literal),+ $(,)?) => {
        mod simulator {
            $(#[tokio::test] async fn $case() { super::run::<super::Simulated, _>($build_ms, super::$case).await; })+
        }
        mod ietf_l2sm {
            $(#[tokio::test] async fn $case() { super::run::<super::Emulated, _>($build_ms, super::$case).await; })+
        }
    };
}

// Each case with how long its links build, in milliseconds.
suite! {
    a_check_that_finds_everything_in_order: 0,
    a_check_with_wrong_credentials: 0,
    a_check_of_what_is_not_there: 0,
    what_is_made_is_found: 0,
    making_twice_is_making_once: 0,
    making_twice_by_another_worker_is_making_once: 0,
    a_link_is_building_before_it_is_active: 150,
    an_edit_of_the_bandwidth: 0,
    an_edit_that_takes_the_bandwidth_away: 0,
    an_edit_of_what_vanished_makes_it_anew: 0,
    an_endpoint_can_be_exchanged: 0,
    an_endpoint_can_be_exchanged_without_notes: 0,
    a_third_endpoint_can_join_and_leave: 0,
    an_eline_becomes_an_elan_and_an_eline_again: 0,
    sites_join_and_leave_although_answers_are_lost: 0,
    removing_removes_everything: 0,
    removing_twice_is_removing_once: 0,
    removing_without_notes: 0,
    removing_without_notes_and_wish: 0,
    removing_what_was_never_made: 0,
    observing_what_is_absent: 0,
    observing_what_vanished: 0,
    a_link_that_is_down_says_so: 0,
    a_lost_answer_is_unknown_and_made_good: 0,
    a_lost_request_is_unknown_and_made_good: 0,
    a_lost_answer_of_a_removal: 0,
    a_lost_look_changes_nothing: 0,
    busy_is_retried_after_the_controller_s_pause: 0,
    somebody_else_s_service_is_a_conflict: 0,
    somebody_else_s_service_is_not_removed: 0,
    somebody_else_s_service_is_not_found: 0,
    a_missing_dependency_is_final: 0,
    listing_shows_our_account_alone: 0,
    listing_nothing: 0,
    a_list_shows_what_looks_show: 0,
    wrong_credentials_change_nothing: 0,
    many_links_at_once: 0,
}

async fn run<W: World, F>(build_ms: u64, case: F)
where
    F: AsyncFnOnce(W),
{
    let world = W::start(Duration::from_millis(build_ms)).await;
    tokio::time::timeout(PATIENCE * 2, case(world)).await.expect("the case ends");
}

async fn a_check_that_finds_everything_in_order(world: impl World) {
    let checked = world.connector().check().await;
    assert_eq!(checked, Ok(()));
    assert_eq!(account_status(&checked).0, AccountStatus::Reachable);
}

async fn a_check_with_wrong_credentials(world: impl World) {
    let checked = world.locked_out().check().await;
    let (status, reason) = account_status(&checked);
    assert_eq!((status, reason.map(|reason| reason.code)), (AccountStatus::Error, Some(Code::Auth)));
    let told = format!("{checked:?}");
    assert!(!told.contains(PASSWORD) && !told.contains("wrong"), "{told}");
}

async fn a_check_of_what_is_not_there(world: impl World) {
    let checked = world.nowhere().check().await;
    assert_eq!(account_status(&checked).0, AccountStatus::Unreachable);
    let failure = world.nowhere().ensure(&eline(1), &unknown(link(1))).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable);
}

async fn what_is_made_is_found(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    assert_eq!((made.status, made.status_source), (Some(LinkStatus::Active), StatusSource::Probe));
    assert_eq!(made.service_id, Some(desired.link.to_string()));
    let found = connector.observe(&known(&made, &desired)).await.unwrap();
    assert_eq!(found, made);
    assert!(matches!(outcome_of_found(Ok(found)), Outcome::Done { found: Some(_) }));
    assert_eq!(world.effects(desired.link).await, Effects { created: 1, ..Effects::default() });
}

async fn making_twice_is_making_once(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    for remote in [unknown(desired.link), known(&made, &desired)] {
        assert_eq!(connector.ensure(&desired, &remote).await.as_ref(), Ok(&made));
    }
    assert_eq!(world.effects(desired.link).await, Effects { created: 1, ..Effects::default() });
}

async fn making_twice_by_another_worker_is_making_once(world: impl World) {
    let desired = eline(1);
    let (one, other) = (world.connector(), world.connector());
    let nothing = unknown(desired.link);
    let (first, second) = tokio::join!(one.ensure(&desired, &nothing), other.ensure(&desired, &nothing));
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    assert_eq!(world.effects(desired.link).await.created, 1);
}

async fn a_link_is_building_before_it_is_active(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    assert_eq!(made.status, Some(LinkStatus::Build));
    let remote = known(&made, &desired);
    assert!(matches!(outcome_of_found(Ok(made)), Outcome::Building { .. }));
    until(&*connector, &remote, LinkStatus::Active).await;
}

async fn an_edit_of_the_bandwidth(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    let wider = with_bandwidth(&desired, Some(250_000));
    let edited = connector.ensure(&wider, &known(&made, &desired)).await.unwrap();
    assert_eq!(edited.status, Some(LinkStatus::Active));
    assert_eq!(world.effects(desired.link).await, Effects { created: 1, changed: 1, removed: 0 });
    let seen = connector.observe(&known(&edited, &wider)).await.unwrap();
    assert_eq!(seen.status, Some(LinkStatus::Active));
}

async fn an_edit_that_takes_the_bandwidth_away(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    let free = with_bandwidth(&desired, None);
    let edited = connector.ensure(&free, &known(&made, &desired)).await.unwrap();
    assert_eq!(edited.status, Some(LinkStatus::Active));
    assert_eq!(world.effects(desired.link).await.changed, 1);
}

async fn an_edit_of_what_vanished_makes_it_anew(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    world.vanish(desired.link).await;
    let wider = with_bandwidth(&desired, Some(250_000));
    let edited = connector.ensure(&wider, &known(&made, &desired)).await.unwrap();
    assert_eq!(edited.status, Some(LinkStatus::Active));
    assert_eq!(world.effects(desired.link).await.created, 2);
}

async fn an_endpoint_can_be_exchanged(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    let moved = with_points(&desired, vec![point("DC1", 300), point("DC3", 400)]);
    let edited = connector.ensure(&moved, &known(&made, &desired)).await.unwrap();
    assert_eq!(edited.status, Some(LinkStatus::Active));
    assert_eq!(connector.remove(&known(&edited, &moved)).await, Ok(Removal::Gone));
    assert!(!world.exists(desired.link).await);
}

async fn an_endpoint_can_be_exchanged_without_notes(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    make(&*connector, &desired).await;
    let moved = with_points(&desired, vec![point("DC3", 300), point("DC2", 301)]);
    let edited = connector.ensure(&moved, &unknown(desired.link)).await.unwrap();
    assert_eq!(edited.status, Some(LinkStatus::Active));
    // Nothing of the former endpoint is left that would hold the service.
    assert_eq!(connector.remove(&known(&edited, &moved)).await, Ok(Removal::Gone));
    assert!(!world.exists(desired.link).await);
}

async fn a_third_endpoint_can_join_and_leave(world: impl World) {
    let connector = world.connector();
    let two = vec![point("DC1", 300), point("DC2", 301)];
    let mut desired = with_points(&eline(1), two);
    desired.wish.service_type = wanlink_domain::link::ServiceType::Elan;
    let made = make(&*connector, &desired).await;
    let three = with_points(&desired, vec![point("DC3", 302), point("DC1", 300), point("DC2", 301)]);
    let joined = connector.ensure(&three, &known(&made, &desired)).await.unwrap();
    assert_eq!(joined.status, Some(LinkStatus::Active));
    let left = connector.ensure(&desired, &known(&joined, &three)).await.unwrap();
    assert_eq!(left.conn_info, made.conn_info);
    assert_eq!(world.effects(desired.link).await.created, 1);
}

async fn an_eline_becomes_an_elan_and_an_eline_again(world: impl World) {
    let (connector, two) = (world.connector(), eline(1));
    let made = make(&*connector, &two).await;
    let three = with_points(&two, vec![point("DC1", 300), point("DC2", 301), point("DC3", 302)]);
    let joined = connector.ensure(&three, &known(&made, &two)).await.unwrap();
    assert_eq!((joined.status, &joined.service_id), (Some(LinkStatus::Active), &made.service_id));
    // Another one leaves than came: what is left is a point-to-point service between the other two.
    let other = with_points(&two, vec![point("DC1", 300), point("DC3", 302)]);
    let left = connector.ensure(&other, &known(&joined, &three)).await.unwrap();
    assert_eq!((left.status, &left.service_id), (Some(LinkStatus::Active), &made.service_id));
    let seen = connector.observe(&known(&left, &other)).await.unwrap();
    assert_eq!(seen.status, Some(LinkStatus::Active));
    let effects = world.effects(two.link).await;
    assert_eq!((effects.created, effects.removed), (1, 0), "the same service all along");
    assert_eq!(connector.remove(&known(&left, &other)).await, Ok(Removal::Gone));
    assert!(!world.exists(two.link).await);
}

async fn sites_join_and_leave_although_answers_are_lost(world: impl World) {
    let connector = world.connector();
    let [one, two, three] = [("DC1", 300), ("DC2", 301), ("DC3", 302)].map(|(site, vlan)| point(site, vlan));
    let with = |points| with_points(&eline(1), points);
    let first = with(vec![one.clone(), two.clone()]);
    let all = with(vec![one, two.clone(), three.clone()]);
    let wishes = [all.clone(), with(vec![two, three]), all, first.clone()];
    let mut found = make(&*connector, &first).await;
    let mut before = first;
    for desired in wishes {
        // The answer to the first write is lost: whoever tries again knows only what was before.
        world.trouble(Step::Ensure, Trouble::LostAnswer).await;
        let remote = known(&found, &before);
        assert!(connector.ensure(&desired, &remote).await.is_err());
        found = connector.ensure(&desired, &remote).await.unwrap();
        assert_eq!(found.status, Some(LinkStatus::Active));
        assert_eq!(connector.observe(&known(&found, &desired)).await.unwrap(), found);
        before = desired;
    }
    let effects = world.effects(before.link).await;
    assert_eq!((effects.created, effects.removed), (1, 0));
    assert_eq!(connector.remove(&known(&found, &before)).await, Ok(Removal::Gone));
    assert!(!world.exists(before.link).await);
}

async fn removing_removes_everything(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    assert_eq!(connector.remove(&known(&made, &desired)).await, Ok(Removal::Gone));
    assert!(!world.exists(desired.link).await);
    assert_eq!(connector.observe(&known(&made, &desired)).await.unwrap().status, None);
    assert_eq!(world.effects(desired.link).await, Effects { created: 1, changed: 0, removed: 1 });
}

async fn removing_twice_is_removing_once(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    for _ in 0..2 {
        assert_eq!(connector.remove(&known(&made, &desired)).await, Ok(Removal::Gone));
    }
    assert_eq!(world.effects(desired.link).await.removed, 1);
}

async fn removing_without_notes(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    make(&*connector, &desired).await;
    let remote =
        wanlink_connectors::port::Remote { wish: Some(desired.wish.clone()), ..unknown(desired.link) };
    assert_eq!(connector.remove(&remote).await, Ok(Removal::Gone));
    assert!(!world.exists(desired.link).await);
}

async fn removing_without_notes_and_wish(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    make(&*connector, &desired).await;
    make(&*connector, &eline(2)).await;
    assert_eq!(connector.remove(&unknown(desired.link)).await, Ok(Removal::Gone));
    assert!(!world.exists(desired.link).await && world.exists(link(2)).await);
}

async fn removing_what_was_never_made(world: impl World) {
    assert_eq!(world.connector().remove(&unknown(link(1))).await, Ok(Removal::Gone));
    assert_eq!(world.effects(link(1)).await, Effects::default());
}

async fn observing_what_is_absent(world: impl World) {
    let found = world.connector().observe(&unknown(link(1))).await.unwrap();
    assert_eq!((found.status, found.service_id), (None, None));
}

async fn observing_what_vanished(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    world.vanish(desired.link).await;
    let found = connector.observe(&known(&made, &desired)).await.unwrap();
    assert_eq!(found.status, None);
    match outcome_of_found(Ok(found)) {
        Outcome::Retry { reason, .. } => assert_eq!(reason.code, Code::Vanished),
        other => panic!("{other:?}"),
    }
}

async fn a_link_that_is_down_says_so(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    world.force(desired.link, LinkStatus::Down).await;
    let found = connector.observe(&known(&made, &desired)).await.unwrap();
    assert_eq!(found.status, Some(LinkStatus::Down));
    assert_eq!(found.reason.map(|reason| reason.code), Some(Code::LinkDown));
}

async fn a_lost_answer_is_unknown_and_made_good(world: impl World) {
    lost(&world, Trouble::LostAnswer).await;
}

async fn a_lost_request_is_unknown_and_made_good(world: impl World) {
    lost(&world, Trouble::LostRequest).await;
}

async fn lost(world: &impl World, trouble: Trouble) {
    let (connector, desired) = (world.connector(), eline(1));
    world.trouble(Step::Ensure, trouble).await;
    let failure = connector.ensure(&desired, &unknown(desired.link)).await.unwrap_err();
    assert!(matches!(outcome_of_failure(&failure), Outcome::Unknown { .. }), "{failure:?}");
    let made = make(&*connector, &desired).await;
    assert_eq!(made.status, Some(LinkStatus::Active));
    assert_eq!(world.effects(desired.link).await, Effects { created: 1, ..Effects::default() });
}

async fn a_lost_answer_of_a_removal(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    world.trouble(Step::Remove, Trouble::LostAnswer).await;
    let failure = connector.remove(&known(&made, &desired)).await.unwrap_err();
    assert_eq!(failure.class, Class::OutcomeUnknown);
    assert_eq!(connector.remove(&known(&made, &desired)).await, Ok(Removal::Gone));
    assert_eq!(world.effects(desired.link).await.removed, 1);
}

async fn a_lost_look_changes_nothing(world: impl World) {
    let (connector, desired) = (world.connector(), eline(1));
    let made = make(&*connector, &desired).await;
    world.trouble(Step::Observe, Trouble::LostRequest).await;
    let failure = connector.observe(&known(&made, &desired)).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable);
    assert_eq!(connector.observe(&known(&made, &desired)).await.unwrap().status, Some(LinkStatus::Active));
}

async fn busy_is_retried_after_the_controller_s_pause(world: impl World) {
    world.trouble(Step::Ensure, Trouble::Busy).await;
    let desired = eline(1);
    let failure = world.connector().ensure(&desired, &unknown(desired.link)).await.unwrap_err();
    match outcome_of_failure(&failure) {
        Outcome::Retry { reason, after_ms } => assert_eq!((reason.code, after_ms), (Code::Busy, Some(2_000))),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.effects(desired.link).await, Effects::default());
}

async fn somebody_else_s_service_is_a_conflict(world: impl World) {
    let desired = eline(1);
    world.plant(desired.link).await;
    let failure = world.connector().ensure(&desired, &unknown(desired.link)).await.unwrap_err();
    assert_eq!(failure.class, Class::Conflict);
    assert!(failure.detail.contains("somebody-else"), "{failure:?}");
    assert_eq!(world.effects(desired.link).await, Effects::default());
}

async fn somebody_else_s_service_is_not_removed(world: impl World) {
    let desired = eline(1);
    world.plant(desired.link).await;
    assert_eq!(world.connector().remove(&unknown(desired.link)).await, Ok(Removal::Gone));
    assert!(world.exists(desired.link).await);
}

async fn somebody_else_s_service_is_not_found(world: impl World) {
    let desired = eline(1);
    world.plant(desired.link).await;
    assert_eq!(world.connector().observe(&unknown(desired.link)).await.unwrap().status, None);
}

async fn a_missing_dependency_is_final(world: impl World) {
    world.trouble(Step::Ensure, Trouble::DependencyMissing).await;
    let desired = eline(1);
    let failure = world.connector().ensure(&desired, &unknown(desired.link)).await.unwrap_err();
    match outcome_of_failure(&failure) {
        Outcome::Refused { reason } => assert_eq!(reason.code, Code::DependencyMissing),
        other => panic!("{other:?}"),
    }
}

async fn listing_shows_our_account_alone(world: impl World) {
    let connector = world.connector();
    for number in [1, 2, 3] {
        make(&*connector, &eline(number)).await;
    }
    make(&*world.other_account(), &eline(4)).await;
    world.plant(link(5)).await;
    world.force(link(2), LinkStatus::Down).await;
    let listed = listed(&*connector).await;
    let states: Vec<_> = listed.iter().map(|(link, found)| (*link, found.status)).collect();
    let (active, down) = (Some(LinkStatus::Active), Some(LinkStatus::Down));
    assert_eq!(states, [(link(1), active), (link(2), down), (link(3), active)]);
    // What listing tells is enough to remove by.
    let remote = wanlink_connectors::port::Remote {
        service_id: listed[0].1.service_id.clone(),
        conn_info: listed[0].1.conn_info.clone(),
        ..unknown(link(1))
    };
    assert_eq!(connector.remove(&remote).await, Ok(Removal::Gone));
    assert_eq!(world.other_account().list().await.unwrap().links(), [link(4)]);
}

async fn listing_nothing(world: impl World) {
    assert_eq!(world.connector().list().await.unwrap().links(), []);
}

/// What a list shows of a link is what a look at it would have shown.
async fn a_list_shows_what_looks_show(world: impl World) {
    let connector = world.connector();
    let mut remotes = Vec::new();
    for number in 1..=4 {
        let desired = eline(number);
        let made = make(&*connector, &desired).await;
        remotes.push(known(&made, &desired));
    }
    world.force(link(2), LinkStatus::Down).await;
    assert_eq!(connector.remove(&remotes[2]).await, Ok(Removal::Gone));
    remotes[3].wish = None;
    remotes.push(Remote { wish: Some(eline(5).wish), ..unknown(link(5)) });
    let list = connector.list().await.unwrap();
    assert_eq!(list.links(), [link(1), link(2), link(4)]);
    for remote in &remotes {
        let looked = connector.observe(remote).await.unwrap();
        assert_eq!(list.found(remote).await.unwrap(), looked, "{}", remote.link);
    }
    // It stays what it was, however the controller goes on.
    assert_eq!(connector.remove(&remotes[0]).await, Ok(Removal::Gone));
    assert!(list.found(&remotes[0]).await.unwrap().service_id.is_some());
}

async fn wrong_credentials_change_nothing(world: impl World) {
    let (desired, locked_out) = (eline(1), world.locked_out());
    let nothing = unknown(desired.link);
    assert_eq!(locked_out.ensure(&desired, &nothing).await.unwrap_err().class, Class::Auth);
    assert_eq!(locked_out.observe(&nothing).await.unwrap_err().class, Class::Auth);
    assert_eq!(locked_out.remove(&nothing).await.unwrap_err().class, Class::Auth);
    assert_eq!(locked_out.list().await.err().unwrap().class, Class::Auth);
    assert_eq!(world.effects(desired.link).await, Effects::default());
}

async fn many_links_at_once(world: impl World) {
    let connector = world.connector();
    let wishes: Vec<_> = (1..=40).map(eline).collect();
    let made = futures::future::join_all(wishes.iter().map(|desired| make(&*connector, desired))).await;
    assert!(made.iter().all(|found| found.status == Some(LinkStatus::Active)));
    assert_eq!(connector.list().await.unwrap().links().len(), 40);
    for desired in &wishes {
        assert_eq!(world.effects(desired.link).await.created, 1);
    }
}

//! What a link shows after a step of an action, for every kind and state.

use crate::samples::{action, found, link, reason};
use wanlink_domain::action::{ActionKind, ActionState, link_after};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::reason::{Code, Reason};

/// What is expected of the status and of the reason.
#[derive(Debug)]
enum Expect {
    /// Both stay.
    Kept,
    /// This status, and the step's reason.
    Why(LinkStatus),
    /// This status, and no reason.
    Plain(LinkStatus),
}

/// Each kind in each state, for a link that was seen ACTIVE before, shows DOWN with a reason now, and of which an
/// attempt was begun. Exhaustive on purpose: a new kind or state must say what it means for a link.
fn expected(kind: ActionKind, to: ActionState) -> Expect {
    use ActionState::{Build, Cancelled, Done, Failed, Retry, Running, Scheduled, Superseded};
    use Expect::{Kept, Plain, Why};
    match (kind, to) {
        (ActionKind::Create | ActionKind::Find, state) => match state {
            Scheduled | Running | Superseded => Kept,
            Build => Why(LinkStatus::Build),
            Retry => Why(LinkStatus::Down),
            Done => Plain(LinkStatus::Active),
            Failed => Why(LinkStatus::Error),
            Cancelled => Why(LinkStatus::Active),
        },
        (ActionKind::Edit, state) => match state {
            Scheduled | Running | Superseded => Kept,
            Build => Why(LinkStatus::Build),
            Retry => Why(LinkStatus::Down),
            Done => Plain(LinkStatus::Active),
            Failed => Why(LinkStatus::Error),
            Cancelled => Plain(LinkStatus::Active),
        },
        (ActionKind::Delete, state) => match state {
            Scheduled | Running | Superseded => Kept,
            Build | Retry => Why(LinkStatus::ScheduledDeletion),
            Done => Plain(LinkStatus::Deleted),
            Failed => Why(LinkStatus::Error),
            Cancelled => Why(LinkStatus::Active),
        },
        (ActionKind::Execute, state) => match state {
            Scheduled | Running | Build | Retry | Done | Failed | Superseded | Cancelled => Kept,
        },
    }
}

fn seen_before() -> Link {
    Link {
        status: LinkStatus::Down,
        status_reason: Some(reason(Code::LinkDown)),
        observed_status: Some(LinkStatus::Active),
        touched: true,
        ..link()
    }
}

#[test]
fn every_kind_in_every_state() {
    let before = seen_before();
    let why = reason(Code::Busy);
    for kind in ActionKind::ALL {
        for to in ActionState::ALL {
            let change = link_after(&before, kind, to, None, Some(&why));
            let (status, shown) = match expected(kind, to) {
                Expect::Kept => (before.status, before.status_reason.clone()),
                Expect::Why(status) => (status, Some(why.clone())),
                Expect::Plain(status) => (status, None),
            };
            assert_eq!((change.status, change.reason), (status, shown), "{kind:?} {to:?}");
        }
    }
}

#[test]
fn a_link_that_is_wanted_gone_shows_nothing_of_its_other_actions() {
    let deletion = Some(action(9, ActionKind::Delete, 9).order());
    let before =
        Link { deletion, status: LinkStatus::ScheduledDeletion, status_reason: None, ..seen_before() };
    for kind in ActionKind::ALL.into_iter().filter(|kind| *kind != ActionKind::Delete) {
        for to in ActionState::ALL {
            let change = link_after(&before, kind, to, None, Some(&reason(Code::Busy)));
            assert_eq!(
                (change.status, change.reason),
                (LinkStatus::ScheduledDeletion, None),
                "{kind:?} {to:?}"
            );
        }
    }
}

#[test]
fn a_tombstone_stays_one() {
    let before = Link { status: LinkStatus::Deleted, status_reason: None, ..link() };
    for kind in ActionKind::ALL {
        for to in ActionState::ALL {
            let change = link_after(&before, kind, to, None, Some(&reason(Code::LinkDeleted)));
            assert_eq!((change.status, change.reason), (LinkStatus::Deleted, None), "{kind:?} {to:?}");
        }
    }
}

#[test]
fn done_shows_what_was_found() {
    let down = Reason::new(Code::LinkDown, "port is dark");
    for (status, shown) in [
        (Some(LinkStatus::Active), LinkStatus::Active),
        (Some(LinkStatus::Down), LinkStatus::Down),
        (Some(LinkStatus::Inactive), LinkStatus::Inactive),
        (None, LinkStatus::Error),
    ] {
        let mut seen = found(status);
        seen.reason = Some(down.clone());
        for kind in [ActionKind::Create, ActionKind::Edit, ActionKind::Find] {
            let change = link_after(&link(), kind, ActionState::Done, Some(&seen), None);
            assert_eq!(
                (change.status, change.reason),
                (shown, Some(down.clone())),
                "{kind:?} found {status:?}"
            );
        }
        let change = link_after(&link(), ActionKind::Delete, ActionState::Done, Some(&seen), None);
        assert_eq!((change.status, change.reason), (LinkStatus::Deleted, None));
    }
}

#[test]
fn a_recovered_link_keeps_no_old_reason() {
    let change = link_after(
        &seen_before(),
        ActionKind::Create,
        ActionState::Done,
        Some(&found(Some(LinkStatus::Active))),
        None,
    );
    assert_eq!((change.status, change.reason), (LinkStatus::Active, None));
}

#[test]
fn calling_off_what_never_began_leaves_no_trace_of_an_error() {
    let why = reason(Code::Cancelled);
    let new = link();
    let create = link_after(&new, ActionKind::Create, ActionState::Cancelled, None, Some(&why));
    assert_eq!(create.status, LinkStatus::Deleted, "nothing of it was ever begun");
    let edit = link_after(&new, ActionKind::Edit, ActionState::Cancelled, None, Some(&why));
    assert_eq!((edit.status, edit.reason), (LinkStatus::ScheduledCreation, None), "its CREATE still comes");
    let begun = Link { touched: true, ..link() };
    let create = link_after(&begun, ActionKind::Create, ActionState::Cancelled, None, Some(&why));
    assert_eq!((create.status, create.reason), (LinkStatus::Error, Some(why)), "something may be there");
}

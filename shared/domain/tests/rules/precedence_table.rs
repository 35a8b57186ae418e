//! What becomes of an action that is recorded out of turn, and what waits for what (design 4, "Accepted order").

use crate::samples::{action, id, link};
use wanlink_domain::accepted::Order;
use wanlink_domain::action::{
    Action, ActionKind, ActionState, Admission, Event, admit, blocked_by, deletion_needs_no_call, overtaken,
};
use wanlink_domain::ids::ActionId;
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::reason::Code;

fn at(time: i64) -> Order {
    action(time as u128, ActionKind::Edit, time).order()
}

fn name(admission: &Admission) -> String {
    match admission {
        Admission::Scheduled => "scheduled".to_owned(),
        Admission::Superseded(reason) => format!("superseded {}", reason.code.as_str()),
        Admission::Failed(reason) => format!("failed {}", reason.code.as_str()),
    }
}

#[test]
fn admission_of_what_was_accepted_at_five() {
    let gone = LinkStatus::Deleted;
    let there = LinkStatus::Active;
    for (begun, deletion, status, edit, execute) in [
        (None, None, there, "scheduled", "scheduled"),
        (Some(4), None, there, "scheduled", "scheduled"),
        (Some(6), None, there, "superseded superseded", "failed out-of-order"),
        (None, Some(4), there, "failed link-deleted", "failed link-deleted"),
        (Some(4), Some(4), gone, "failed link-deleted", "failed link-deleted"),
        (Some(6), Some(4), there, "failed link-deleted", "failed link-deleted"),
        // The DELETE is recorded but has not begun: it would have superseded what is recorded now.
        (None, Some(6), there, "superseded superseded", "superseded superseded"),
        (Some(6), Some(6), gone, "superseded superseded", "failed out-of-order"),
        // A CREATE that was called off before it began.
        (None, None, gone, "failed link-deleted", "failed link-deleted"),
    ] {
        let link = Link { begun: begun.map(at), deletion: deletion.map(at), status, ..link() };
        let told = format!("begun {begun:?}, deletion {deletion:?}, {status:?}");
        for kind in [ActionKind::Create, ActionKind::Edit, ActionKind::Find] {
            assert_eq!(name(&admit(&link, kind, at(5))), edit, "{kind:?}: {told}");
        }
        assert_eq!(name(&admit(&link, ActionKind::Execute, at(5))), execute, "EXECUTE: {told}");
        assert_eq!(admit(&link, ActionKind::Delete, at(5)), Admission::Scheduled, "DELETE: {told}");
    }
}

fn other(number: u128, time: i64, state: ActionState) -> Action {
    Action { state, ..action(number, ActionKind::Edit, time) }
}

#[test]
fn what_waits_for_what() {
    use ActionState::{Build, Done, Retry, Running, Scheduled};
    for (others, blocker) in [
        (vec![], None),
        (vec![other(5, 5, Scheduled)], None),
        (vec![other(4, 4, Scheduled)], Some(4)),
        (vec![other(3, 3, Retry), other(4, 4, Build)], Some(4)),
        (vec![other(4, 4, Done)], None),
        (vec![other(6, 6, Scheduled), other(7, 7, Build), other(8, 8, Retry)], None),
        // A DELETE that is recorded late waits for the call that is in the middle of things.
        (vec![other(6, 6, Running)], Some(6)),
        // The same time: the smaller id is earlier.
        (vec![other(4, 5, Scheduled), other(6, 5, Scheduled)], Some(4)),
    ] {
        let delete = action(5, ActionKind::Delete, 5);
        let found = blocked_by(&delete, &others).map(|blocker| blocker.order.action);
        assert_eq!(found, blocker.map(id::<ActionId>), "{others:?}");
    }
}

#[test]
fn what_a_standing_delete_overtakes() {
    use ActionState::{Build, Cancelled, Done, Failed, Retry, Running, Scheduled, Superseded};
    let deleting = Link { deletion: Some(at(5)), ..link() };
    for state in ActionState::ALL {
        let open = match state {
            Scheduled | Build | Retry => true,
            Running | Done | Failed | Superseded | Cancelled => false,
        };
        let (early, late) = (other(4, 4, state), other(6, 6, state));
        assert_eq!(overtaken(&deleting, &early), open.then_some(Event::Supersede), "{state:?}");
        let failed =
            matches!(overtaken(&deleting, &late), Some(Event::Fail(why)) if why.code == Code::LinkDeleted);
        assert_eq!(failed, open, "{state:?}");
        assert_eq!(overtaken(&link(), &early), None, "no DELETE stands");
        let delete = Action { kind: ActionKind::Delete, ..late };
        assert_eq!(overtaken(&deleting, &delete), None, "a DELETE is never superseded");
    }
}

#[test]
fn a_delete_needs_no_call_only_where_nothing_was_ever_begun() {
    assert!(deletion_needs_no_call(&link()));
    assert!(!deletion_needs_no_call(&Link { touched: true, ..link() }));
    assert!(!deletion_needs_no_call(&Link { service_id: Some("s".to_owned()), ..link() }));
}

//! Which action of a link may run, and what a newly recorded one does to the others (design 4, "Accepted order").

use super::{Action, ActionKind, ActionState, Event};
use crate::accepted::Order;
use crate::link::{Link, LinkStatus};
use crate::reason::{Code, Reason};

/// What becomes of an action at the moment it is recorded.
#[derive(Clone, Debug, PartialEq)]
pub enum Admission {
    /// It waits for its turn.
    Scheduled,
    /// It ends at once without touching anything: a later one of its link has begun.
    Superseded(Reason),
    /// It ends at once as failed.
    Failed(Reason),
}

/// Decides what an action that is recorded now becomes, given its link as it stands.
pub fn admit(link: &Link, kind: ActionKind, order: Order) -> Admission {
    if kind == ActionKind::Delete {
        return Admission::Scheduled;
    }
    let deleted = || {
        let detail = format!("link {} is deleted", link.id);
        Admission::Failed(Reason::new(Code::LinkDeleted, detail))
    };
    let superseded = |later: Order, how: &str| {
        let detail = format!("the later action {} of its link {how}", later.action);
        Admission::Superseded(Reason::new(Code::Superseded, detail))
    };
    match (link.begun.filter(|begun| *begun > order), link.deletion) {
        (_, Some(deletion)) if order > deletion => deleted(),
        (Some(begun), _) if kind == ActionKind::Execute => {
            let detail = format!("recorded after the later action {} of its link had begun", begun.action);
            Admission::Failed(Reason::new(Code::OutOfOrder, detail))
        }
        (Some(begun), _) => superseded(begun, "had begun first"),
        // Before a DELETE that was recorded first: as if it had been there when the DELETE came.
        (None, Some(deletion)) => superseded(deletion, "deletes it"),
        (None, None) if link.status == LinkStatus::Deleted => deleted(),
        (None, None) => Admission::Scheduled,
    }
}

/// What a DELETE that stands on a link does to another action of it that is not running any more (or not yet):
/// an earlier one is unnecessary, a later one too late. To be asked whenever a DELETE is recorded and whenever an
/// attempt ends without ending its action, for a DELETE that is recorded meanwhile cannot touch what runs.
pub fn overtaken(link: &Link, action: &Action) -> Option<Event> {
    let deletion = link.deletion?;
    let open = matches!(action.state, ActionState::Scheduled | ActionState::Build | ActionState::Retry);
    if action.kind == ActionKind::Delete || !open {
        return None;
    }
    if action.order() < deletion {
        return Some(Event::Supersede);
    }
    Some(Event::Fail(Reason::new(Code::LinkDeleted, format!("link {} is deleted", link.id))))
}

/// What an action waits for on its own link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocker {
    pub order: Order,
}

/// The latest unfinished action of the link that `action` must wait for: any earlier one, and any that is RUNNING,
/// for a DELETE that is recorded late may find a later one in the middle of its call. `others` are the link's
/// unfinished actions, in any order.
pub fn blocked_by(action: &Action, others: &[Action]) -> Option<Blocker> {
    others
        .iter()
        .filter(|other| other.id != action.id && !other.state.is_finished())
        .filter(|other| other.state == ActionState::Running || other.order() < action.order())
        .map(Action::order)
        .max()
        .map(|order| Blocker { order })
}

/// Whether a DELETE of this link may end without any controller being called: nothing of it was ever begun, so
/// nothing of it can be there.
pub fn deletion_needs_no_call(link: &Link) -> bool {
    !link.touched && link.service_id.is_none()
}

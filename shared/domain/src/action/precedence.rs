//! Which action of a link may run, and what a newly recorded one does to the others (design 4, "Accepted order").

use super::{Action, ActionKind};
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
    let after_deletion = link.deletion.is_some_and(|deletion| order > deletion);
    if after_deletion || link.status == LinkStatus::Deleted {
        let detail = format!("link {} is deleted", link.id);
        return Admission::Failed(Reason::new(Code::LinkDeleted, detail));
    }
    // Before a DELETE that was recorded first: as if it had been there when the DELETE came.
    let begun_later = link.begun.or(None).max(link.deletion).filter(|begun| *begun > order);
    match begun_later {
        None => Admission::Scheduled,
        Some(later) if kind == ActionKind::Execute => {
            let detail = format!("recorded after the later action {} of its link had begun", later.action);
            Admission::Failed(Reason::new(Code::OutOfOrder, detail))
        }
        Some(later) => {
            let detail = format!("the later action {} of its link had begun first", later.action);
            Admission::Superseded(Reason::new(Code::Superseded, detail))
        }
    }
}

/// What an action waits for on its own link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocker {
    pub order: Order,
}

/// The latest earlier unfinished action of the link that `action` must wait for. `others` are the link's
/// unfinished actions, in any order. A DELETE waits only for what is RUNNING, for it supersedes the rest.
pub fn blocked_by(action: &Action, others: &[Action]) -> Option<Blocker> {
    others
        .iter()
        .filter(|other| other.id != action.id && !other.state.is_finished() && other.order() < action.order())
        .map(Action::order)
        .max()
        .map(|order| Blocker { order })
}

/// Whether a DELETE of this link may end without any controller being called: nothing of it was ever begun, so
/// nothing of it can be there.
pub fn deletion_needs_no_call(link: &Link) -> bool {
    !link.touched && link.service_id.is_none()
}

//! What an action's step means for the link that everybody looks at.

use super::{ActionKind, ActionState, Found};
use crate::link::{Link, LinkStatus};
use crate::reason::Reason;

/// The link's new state, as far as an action's step says anything about it.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkChange {
    pub status: LinkStatus,
    pub reason: Option<Reason>,
}

/// The link's state after an action of `kind` has moved to `to`. `found` is what the connector saw, `reason` why
/// the action moved. Total over kinds and states.
pub fn link_after(
    link: &Link,
    kind: ActionKind,
    to: ActionState,
    found: Option<&Found>,
    reason: Option<&Reason>,
) -> LinkChange {
    use ActionState::{Build, Cancelled, Done, Failed, Retry, Running, Scheduled, Superseded};
    let keep = LinkChange { status: link.status, reason: link.status_reason.clone() };
    let with = |status, reason: Option<&Reason>| LinkChange { status, reason: reason.cloned() };
    // A link that is wanted gone shows only that, whatever its other actions come to; and a tombstone stays one,
    // even where a second DELETE of it was under way.
    let deleting = link.deletion.is_some() && kind != ActionKind::Delete;
    if deleting || link.status == LinkStatus::Deleted {
        return keep;
    }
    match (kind, to) {
        (ActionKind::Create | ActionKind::Find, Scheduled | Running) => keep,
        (ActionKind::Edit | ActionKind::Execute | ActionKind::Delete, Scheduled | Running) => keep,
        (ActionKind::Delete, Done) => with(LinkStatus::Deleted, None),
        (ActionKind::Delete, Failed) => with(LinkStatus::Error, reason),
        (ActionKind::Delete, Cancelled) => with(link.observed_status.unwrap_or(LinkStatus::Error), reason),
        (ActionKind::Delete, Build | Retry) => with(LinkStatus::ScheduledDeletion, reason),
        (ActionKind::Delete, Superseded) => keep,
        (ActionKind::Execute, _) => keep,
        // "As wished" without a look counts as there; a look that found nothing does not.
        (_, Done) => match found {
            None => with(LinkStatus::Active, None),
            Some(found) => with(found.status.unwrap_or(LinkStatus::Error), found.reason.as_ref()),
        },
        (_, Build) => with(LinkStatus::Build, reason),
        (_, Retry) => with(link.status, reason),
        (_, Failed) => with(LinkStatus::Error, reason),
        (ActionKind::Create | ActionKind::Find, Cancelled) if !link.touched => {
            with(LinkStatus::Deleted, reason)
        }
        // The link is what it was before the edit, which may never have been seen: it may not even be made yet.
        (ActionKind::Edit, Cancelled) => match link.observed_status.unwrap_or(link.status) {
            LinkStatus::Active => with(LinkStatus::Active, None),
            status => LinkChange { status, ..keep },
        },
        (_, Cancelled) => with(link.observed_status.unwrap_or(LinkStatus::Error), reason),
        (_, Superseded) => keep,
    }
}

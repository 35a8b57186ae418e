//! The wish of a link and of each of its waiting actions, laid out anew whenever one of them comes or ends.
//!
//! An edit is a patch. What stands is what ended actions left (`Link::effective`), and the patches of the unfinished
//! ones over it in accepted order: so an edit that is called off leaves nothing behind in a later one, and one that is
//! recorded late comes before it. What runs keeps the wish that it began with.

use crate::work::Work;
use wanlink_domain::action::{Action, ActionKind, ActionState};
use wanlink_domain::ids::LinkId;

/// Lays the patches of a link's unfinished actions over what stands, in accepted order.
pub fn lay_out(work: &mut Work<'_>, link: LinkId) {
    let Some(row) = work.link(link) else { return };
    let mut wish = row.effective.clone().unwrap_or_else(|| row.wish.clone());
    for action in work.unfinished(link) {
        let begun = matches!(action.state, ActionState::Running | ActionState::Build);
        wish = match &action.patch {
            Some(patch) if !begun => patch.over(&wish),
            _ => action.wish.clone(),
        };
        if action.wish != wish {
            work.edit_action(action.id, |action| action.wish.clone_from(&wish));
        }
    }
    if work.link(link).is_some_and(|row| row.wish != wish) {
        work.edit_link(link, |row| row.wish = wish);
    }
}

/// Takes what an action that has ended leaves of its wish, and lays out the rest over it. One that failed leaves it as
/// well: it is what trying again tries. The CREATE that brought the link leaves it however it ended.
pub fn ended(work: &mut Work<'_>, action: &Action) {
    let changes = matches!(action.kind, ActionKind::Create | ActionKind::Edit | ActionKind::Find);
    let stands = matches!(action.state, ActionState::Done | ActionState::Failed) || action.patch.is_none();
    if changes && stands {
        let wish = action.wish.clone();
        work.edit_link(action.link_id, |link| link.effective = Some(wish));
    }
    lay_out(work, action.link_id);
}

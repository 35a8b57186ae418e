//! What callers see of holds: why an action waits, whether an account or a WIM is paused, and the freeze.
//!
//! A hold is not written into what it holds: it is told by whoever reads, so that what waits says so at once and
//! ceases to at once. Deliberately absent: laying and lifting (`handlers::holds`), and what a hold stops (the
//! conductors').

use crate::problem::Problem;
use crate::state::State;
use crate::view::{self, Freeze, Paused};
use serde_json::{Value, json};
use std::sync::Arc;
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::hold::{HoldKind, Holds};
use wanlink_domain::object::Object;
use wanlink_domain::plan::CatalogueIndex;

/// The holds, and whose they are.
pub struct Told {
    index: Arc<CatalogueIndex>,
    holds: Arc<Holds>,
}

impl Told {
    /// As they stand now.
    pub async fn look(state: &State) -> Result<Self, Problem> {
        let (index, holds) = state.catalogue.with_holds(state.store.as_ref()).await?;
        Ok(Self { index, holds })
    }

    /// An action; where it waits for a hold to be lifted, that is its reason.
    pub fn action(&self, it: &Action) -> Value {
        self.tell(it, json!(view::Action::from(it)))
    }

    /// `shown`: what is shown of the action else.
    pub fn tell(&self, it: &Action, mut shown: Value) -> Value {
        let waits = matches!(it.state, ActionState::Scheduled | ActionState::Retry);
        let wim = self.index.account(it.account_id).map(|account| account.wim_id);
        if let Some(hold) = wim.filter(|_| waits).and_then(|wim| self.holds.on(it.account_id, wim)) {
            let mut why = hold.why();
            if let Some(before) = &it.reason {
                why.detail.push_str(&format!("; before that: {before}"));
            }
            shown["reason"] = json!(why);
        }
        shown
    }

    /// An object; accounts and WIMs with `paused`.
    pub fn object(&self, it: &Object) -> Value {
        let mut shown = view::object(it);
        let kind = match it {
            Object::Account(_) => HoldKind::Account,
            Object::Wim(_) => HoldKind::Wim,
            _ => return shown,
        };
        if let Some(hold) = self.holds.find(kind, it.id()) {
            shown["paused"] = json!(Paused::from(hold));
        }
        shown
    }

    /// Whether everything is frozen.
    pub fn freeze(&self) -> Freeze {
        Freeze::from(self.holds.as_ref())
    }
}

/// Refuses what would change something while everything is frozen.
pub fn refuse_if_frozen(holds: &Holds) -> Result<(), Problem> {
    holds.freeze().map_or(Ok(()), |freeze| Err(Problem::from(freeze.why())))
}

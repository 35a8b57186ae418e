//! The simulated controller's ledger: every call in order, with what it did.

use wanlink_domain::ids::LinkId;

/// The calls of the connector port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    Check,
    Ensure,
    Observe,
    Remove,
    List,
}

impl Verb {
    pub const ALL: [Verb; 5] = [Self::Check, Self::Ensure, Self::Observe, Self::Remove, Self::List];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Ensure => "ensure",
            Self::Observe => "observe",
            Self::Remove => "remove",
            Self::List => "list",
        }
    }
}

/// What a call did to what stands at the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing was there before.
    Created,
    Changed,
    /// It was as wished already.
    Repeated,
    Removed,
    /// Nothing was there to remove.
    RepeatedRemoval,
    /// It only looked.
    None,
    /// It was refused, or cut off before it took effect.
    Refused,
}

/// One call as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// From 1, over all calls.
    pub number: u64,
    pub verb: Verb,
    /// None for calls about the whole controller.
    pub link: Option<LinkId>,
    pub effect: Effect,
    /// False where the caller was told nothing, or something else than what happened.
    pub answered: bool,
}

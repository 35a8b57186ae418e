//! Holds as callers see them.

use super::Time;
use serde::Serialize;
use utoipa::ToSchema;
use wanlink_domain::hold::{Hold, Holds};

/// Why and since when work is accepted and not run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Paused {
    /// The operator's words.
    reason: Option<String>,
    since: Time,
}

impl From<&Hold> for Paused {
    fn from(it: &Hold) -> Self {
        Self { reason: it.reason.clone(), since: it.since.into() }
    }
}

/// Whether everything is frozen.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Freeze {
    frozen: bool,
    /// The operator's words.
    reason: Option<String>,
    since: Option<Time>,
}

impl From<&Holds> for Freeze {
    fn from(holds: &Holds) -> Self {
        let freeze = holds.freeze();
        Self {
            frozen: freeze.is_some(),
            reason: freeze.and_then(|it| it.reason.clone()),
            since: freeze.map(|it| it.since.into()),
        }
    }
}

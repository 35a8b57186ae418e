//! Actions: one intended change to one link, and the state machine that every one of them goes through.

mod decide;
mod link_effect;
mod outcome;
mod precedence;

pub use decide::{Decision, Due, Event, Ignored, decide};
pub use link_effect::{LinkChange, link_after};
pub use outcome::{Found, Outcome};
pub use precedence::{Admission, Blocker, admit, blocked_by, deletion_needs_no_call, overtaken};

use crate::accepted::{AcceptedAt, Order};
use crate::ids::{AccountId, ActionId, LinkId, RequestId, SessionId, TenantId};
use crate::link::Wish;
use crate::reason::Reason;
use crate::time::Timestamp;
use crate::trace::{TraceParent, lenient};
use crate::wish::WishPatch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an action intends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ActionKind {
    Create,
    Edit,
    Delete,
    /// Adopt a service that is at the WIM already.
    Find,
    /// Run a connector's own named action.
    Execute,
}

impl ActionKind {
    pub const ALL: [ActionKind; 5] = [Self::Create, Self::Edit, Self::Delete, Self::Find, Self::Execute];

    /// As JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Edit => "EDIT",
            Self::Delete => "DELETE",
            Self::Find => "FIND",
            Self::Execute => "EXECUTE",
        }
    }
}

/// Where an action is (design 4, "Action").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ActionState {
    Scheduled,
    Running,
    /// The controller has taken it; the link is not there yet.
    Build,
    /// It will be tried again.
    Retry,
    Done,
    Failed,
    Superseded,
    Cancelled,
}

impl ActionState {
    pub const ALL: [ActionState; 8] = [
        Self::Scheduled,
        Self::Running,
        Self::Build,
        Self::Retry,
        Self::Done,
        Self::Failed,
        Self::Superseded,
        Self::Cancelled,
    ];

    /// As JSON has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "SCHEDULED",
            Self::Running => "RUNNING",
            Self::Build => "BUILD",
            Self::Retry => "RETRY",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Superseded => "SUPERSEDED",
            Self::Cancelled => "CANCELLED",
        }
    }

    pub fn is_finished(self) -> bool {
        match self {
            Self::Scheduled | Self::Running | Self::Build | Self::Retry => false,
            Self::Done | Self::Failed | Self::Superseded | Self::Cancelled => true,
        }
    }
}

/// One action: the row. Its latest attempt lives in it; earlier ones are [`Attempt`] rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    pub id: ActionId,
    pub request_id: RequestId,
    pub link_id: LinkId,
    pub account_id: AccountId,
    pub tenant_id: TenantId,
    pub kind: ActionKind,
    pub state: ActionState,
    pub accepted_at: AcceptedAt,
    /// The whole wish as it stands after this action, given all that still stand before it; once it has begun, what it
    /// began with.
    pub wish: Wish,
    /// What it changes of the wish that it finds; absent: it brings the whole wish (the first CREATE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<WishPatch>,
    /// Every unfinished action has one (design 4.6); `None` exactly when it is finished.
    pub due_at: Option<Timestamp>,
    /// Prompts sent for it since it last became runnable; spaces the next one.
    pub dispatches: i32,
    /// Claims answered `run` since the last report: too many of them end it `poisonous`.
    pub claims: i32,
    /// Number of the latest attempt; 0: never begun.
    pub attempt: i32,
    /// The epoch of the latest attempt.
    pub epoch: Option<i64>,
    pub session_id: Option<SessionId>,
    pub started_at: Option<Timestamp>,
    /// The next attempt must look before it acts: something of an earlier one may be at the controller.
    pub observe_first: bool,
    /// Times that it was put back to be tried again, for the backoff.
    pub retries: i32,
    /// Those of them that followed a definite answer; an unreachable controller and a lost attempt count for nothing.
    pub failures: i32,
    /// Since when it has been failing; the retry budget counts from here.
    pub failing_since: Option<Timestamp>,
    /// Why it waits, is retried, or how it ended.
    pub reason: Option<Reason>,
    /// Since when it waits for the same thing; budgets count from here.
    pub waiting_since: Timestamp,
    pub created_at: Timestamp,
    pub finished_at: Option<Timestamp>,
    /// Where the call that asked for it stands in its trace; only where that is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    pub trace: Option<TraceParent>,
}

impl Action {
    pub fn order(&self) -> Order {
        Order { at: self.accepted_at, action: self.id }
    }
}

/// An attempt that is over and was not the action's last: the row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub action_id: ActionId,
    pub attempt: i32,
    pub epoch: i64,
    pub session_id: SessionId,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
    pub reason: Option<Reason>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for kind in ActionKind::ALL {
            assert_eq!(serde_json::to_value(kind).ok(), Some(kind.as_str().into()));
        }
        for state in ActionState::ALL {
            assert_eq!(serde_json::to_value(state).ok(), Some(state.as_str().into()));
        }
    }
}

//! Catalogue commands: sent to the conductors, and sent again until one of them answers (design 3, `wan.conductor`).
//!
//! A command is idempotent by its id, so repeating it is safe. The two failures of design 4.1 are kept apart:
//! `unavailable` when nothing was ever sent, `outcome-unknown` when something was and no answer came.

use crate::problem::Problem;
use crate::state::State;
use crate::word::{About, Word};
use std::time::Duration;
use wanlink_broker::port::{PublishError, Queue};
use wanlink_domain::ids::CommandId;
use wanlink_domain::reason::Code;
use wanlink_wire::conductor::{Command, CommandResult, Operation};

/// Runs one command. `location`: where its outcome can be read, should it stay unknown.
pub async fn run(
    state: &State,
    id: CommandId,
    digest: String,
    operation: Operation,
    location: &str,
) -> Result<CommandResult, Problem> {
    let command = Command { id, digest, operation };
    let deadline = state.clock.mono() + state.settings.command_wait;
    let mut waiting = state.inbox.wait_for(About::Command(id));
    let mut sent = false;
    loop {
        let left = deadline.saturating_sub(state.clock.mono());
        if left.is_zero() {
            return Err(no_answer(sent, location));
        }
        match send(state, &command, left).await {
            Ok(()) | Err(PublishError::Unknown(_)) => sent = true,
            Err(error) if !sent => return Err(error.into()),
            // It was sent before: its answer may still come, and a repeat may get through.
            Err(error) => tracing::debug!(%error, command = %id, "a repeated command was not taken"),
        }
        if let Some(Word::Command(result)) = waiting.within(left.min(state.settings.command_repeat)).await {
            return Ok(result);
        }
    }
}

async fn send(state: &State, command: &Command, expires: Duration) -> Result<(), PublishError> {
    let health = state.broker.health().borrow().clone();
    if !health.ready() {
        let detail = health.detail.unwrap_or_else(|| "not connected".to_owned());
        return Err(PublishError::Unavailable(detail));
    }
    let mut message = state.outgoing(Queue::Conductor, command.clone(), true);
    message.expires = Some(expires);
    state.publisher.publish(message).await
}

fn no_answer(sent: bool, location: &str) -> Problem {
    if sent {
        Problem::new(
            Code::OutcomeUnknown,
            "no conductor answered, or the database is away: read the object, or repeat with the same key",
        )
        .with_location(location)
    } else {
        Problem::new(Code::Unavailable, "nothing was sent: come back later")
    }
}

/// What a command that was refused says to the caller.
pub fn refused(result: CommandResult) -> Problem {
    match result {
        CommandResult::Refused { problem, .. } => problem.into(),
        CommandResult::Conflict => key_conflict(),
        CommandResult::Applied { .. } => {
            tracing::error!("a conductor answered a command with what belongs to another one");
            Problem::new(Code::Internal, "the answer to the command does not fit it")
        }
    }
}

/// The Idempotency-Key was used before for another body.
pub fn key_conflict() -> Problem {
    Problem::new(Code::KeyConflict, "this Idempotency-Key was used for another body: use a new key")
}

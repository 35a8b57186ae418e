//! Commands: changes of the catalogue and of work in progress. Each is recorded under its id with its answer, in
//! the transaction of the change, so that a command that is repeated is answered and not done again.

mod catalogue;
mod hold;
mod work;

use crate::accounts;
use crate::context::Context;
use crate::work::Outgoing;
use std::sync::Arc;
use wanlink_domain::ids::AccountId;
use wanlink_domain::object::Object;
use wanlink_domain::reason::{Code, Reason};
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::conductor::{Answer, Command, CommandResult, Operation};

/// Executes commands.
pub struct Commands {
    pub context: Arc<Context>,
}

/// What a command's transaction leaves to be done after its commit.
#[derive(Default)]
struct After {
    prompts: Vec<Outgoing>,
    /// An account that was created or is being deleted: its queue follows.
    account: Option<AccountId>,
}

impl Commands {
    /// Does it, or finds that it was done. Faults of the database are errors; everything else is an answer.
    pub async fn execute(&self, command: &Command) -> Result<(Answer, Vec<Outgoing>), StoreError> {
        let mut tx = self.context.store.begin().await?;
        if let Some((digest, stored)) = tx.command(command.id).await? {
            let result = if digest == command.digest { read(stored) } else { CommandResult::Conflict };
            return Ok((Answer { id: command.id, result }, Vec::new()));
        }
        let mut after = After::default();
        let result = self.operate(tx.as_mut(), &command.operation, &mut after).await?;
        if !matches!(result, CommandResult::Applied { .. }) {
            // What it met may be itself, done by another conductor a moment ago. Else a refusal leaves no trace: the
            // same command may succeed once what it met is gone.
            let done = tx.command(command.id).await?.filter(|(digest, _)| *digest == command.digest);
            let result = done.map_or(result, |(_, stored)| read(stored));
            return Ok((Answer { id: command.id, result }, Vec::new()));
        }
        let stored = serde_json::to_value(&result).map_err(|error| StoreError::Invalid(error.to_string()))?;
        tx.record_command(command.id, &command.digest, &stored).await?;
        tx.commit().await?;
        let result = match after.account {
            Some(account) => self.settle_account(account, result).await,
            None => result,
        };
        Ok((Answer { id: command.id, result }, after.prompts))
    }

    async fn operate(
        &self,
        tx: &mut dyn Transaction,
        operation: &Operation,
        after: &mut After,
    ) -> Result<CommandResult, StoreError> {
        if !matches!(operation, Operation::Hold { .. } | Operation::Lift { .. })
            && let Some(refusal) = hold::frozen(tx).await?
        {
            return Ok(refusal);
        }
        match operation {
            Operation::Create { object } => catalogue::create(tx, object, after).await,
            Operation::Update { object, expected } => catalogue::update(tx, object, *expected).await,
            Operation::Delete { kind, id, expected } => {
                catalogue::delete(tx, *kind, *id, *expected, after).await
            }
            Operation::SetPortMappings { wim, mappings } => {
                catalogue::set_port_mappings(tx, *wim, mappings).await
            }
            Operation::Cancel { request } => work::cancel(&self.context, tx, *request, after).await,
            Operation::Replay { parked } => work::replay(&self.context, tx, *parked).await,
            Operation::Hold { hold } => hold::lay(tx, hold).await,
            Operation::Lift { kind, id } => hold::lift(tx, *kind, *id).await,
        }
    }

    /// Makes the account's queue follow its record now; if the broker is away the caretaker does it later, and the
    /// answer shows the account as it is until then.
    async fn settle_account(&self, account: AccountId, result: CommandResult) -> CommandResult {
        match accounts::settle(&self.context, account).await {
            Ok(Some(account)) => {
                CommandResult::Applied { object: Some(Box::new(Object::Account(account))), mappings: None }
            }
            Ok(None) => result,
            Err(error) => {
                tracing::warn!(%account, error, "the account's queue does not follow its record yet");
                result
            }
        }
    }
}

fn read(stored: serde_json::Value) -> CommandResult {
    serde_json::from_value(stored)
        .unwrap_or_else(|error| refused(Code::Internal, format!("the stored answer cannot be read: {error}")))
}

fn applied(object: Option<Object>) -> CommandResult {
    CommandResult::Applied { object: object.map(Box::new), mappings: None }
}

fn refused(code: Code, detail: impl Into<String>) -> CommandResult {
    CommandResult::Refused { problem: Reason::new(code, detail), current: None }
}

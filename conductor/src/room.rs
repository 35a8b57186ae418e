//! Room in the accounts' queues for what is sent again and again: polls and observations.
//!
//! They come due by themselves, so one that is not sent costs a period. Sent without a look at the queue they would
//! pile up in front of the prompts of an account whose controller is slow, or whose workers are away.

use crate::context::Context;
use std::collections::BTreeMap;
use wanlink_broker::port::Queue;
use wanlink_domain::ids::AccountId;

/// Messages in an account's queue from which on nothing recurring is added.
const BACKLOG_MAX: u32 = 256;

/// What one round has found and added; each queue is asked once.
#[derive(Default)]
pub struct Room {
    left: BTreeMap<AccountId, u32>,
}

impl Room {
    /// Whether one more may be sent, which then counts as sent.
    pub async fn in_queue(&mut self, context: &Context, account: AccountId) -> bool {
        let left = match self.left.get(&account) {
            Some(left) => *left,
            None => BACKLOG_MAX.saturating_sub(ready(context, account).await),
        };
        self.left.insert(account, left.saturating_sub(1));
        left > 0
    }
}

/// Messages that wait in the account's queue; one that cannot be looked at counts as full.
async fn ready(context: &Context, account: AccountId) -> u32 {
    match context.broker.inspect(Queue::Account(account)).await {
        Ok(state) => state.map_or(BACKLOG_MAX, |state| state.ready),
        Err(error) => {
            tracing::debug!(%account, %error, "the account's queue could not be looked at");
            BACKLOG_MAX
        }
    }
}

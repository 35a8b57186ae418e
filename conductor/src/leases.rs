//! Sessions, their leases and their accounts' status (design 5). These never wait behind work.

use crate::batch::{Handled, Handler, Received};
use crate::context::Context;
use crate::events;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use wanlink_broker::port::{Queue, ReplyTo};
use wanlink_domain::catalogue::Account;
use wanlink_domain::ids::AccountId;
use wanlink_domain::lease::{Session, Standing, end_epoch, outrun, release, standing};
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::Message;
use wanlink_wire::lease::{
    Holding, Lease, LeaseAnswer, Probe, Probed, Register, Renew, Renewed, UpdateWim, WimUpdated,
};

/// Consumes `wan.leases`.
pub struct Leases {
    pub context: Arc<Context>,
}

#[async_trait]
impl Handler for Leases {
    fn queue(&self) -> Queue {
        Queue::Leases
    }

    fn accepts(&self, message: &Message) -> bool {
        matches!(
            message,
            Message::Register(_) | Message::Renew(_) | Message::UpdateWim(_) | Message::Probe(_)
        )
    }

    async fn handle(&self, batch: &[Received]) -> Result<Handled, StoreError> {
        let mut replies = Vec::new();
        let mut updates: Vec<(&UpdateWim, Option<&ReplyTo>)> = Vec::new();
        for received in batch {
            let answer = match &received.envelope.message {
                Message::Register(register) => Message::Renewed(self.register(register).await?),
                Message::Renew(renew) => Message::Renewed(self.renew(renew).await?),
                Message::Probe(Probe { nonce }) => Message::Probed(Probed { nonce: *nonce }),
                Message::UpdateWim(update) => {
                    updates.push((update, received.reply_to.as_ref()));
                    continue;
                }
                _ => continue,
            };
            replies.extend(received.reply_to.clone().map(|to| (to, answer)));
        }
        if !updates.is_empty() {
            for ((_, to), answer) in updates.iter().zip(self.update_wims(&updates).await?) {
                replies.extend(to.cloned().map(|to| (to, Message::WimUpdated(answer))));
            }
        }
        Ok(Handled { replies, ..Handled::default() })
    }
}

impl Leases {
    async fn register(&self, register: &Register) -> Result<Renewed, StoreError> {
        let mut tx = self.context.store.begin().await?;
        let known = tx.lock_session(register.session).await?;
        let now = tx.now().await?;
        let session = Session {
            id: register.session,
            worker: register.worker.clone(),
            connectors: register.connectors.clone(),
            capacity: i32::try_from(register.capacity).unwrap_or(i32::MAX),
            draining: false,
            lease_until: now.after(self.context.settings.lease_ttl),
            idle: Vec::new(),
            registered_at: known.map_or(now, |known| known.registered_at),
        };
        tx.put_session(&session).await?;
        tx.commit().await?;
        self.context.nudge.planner.notify_one();
        Ok(Renewed {
            session: register.session,
            sequence: 0,
            unknown: false,
            answers: Vec::new(),
            more: false,
        })
    }

    /// One renewal: words of release are taken, the lease is extended, and each account is answered. Accounts are
    /// locked before the session, and the clock is read after both.
    async fn renew(&self, renew: &Renew) -> Result<Renewed, StoreError> {
        let mut tx = self.context.store.begin().await?;
        if !renew.released.is_empty() || renew.draining {
            self.take_back(tx.as_mut(), renew).await?;
        }
        let Some(mut session) = tx.lock_session(renew.session).await? else {
            drop(tx);
            self.outrun(renew, &renew.holdings, false).await?;
            return Ok(Renewed {
                session: renew.session,
                sequence: renew.sequence,
                unknown: true,
                answers: Vec::new(),
                more: false,
            });
        };
        session.lease_until = tx.now().await?.after(self.context.settings.lease_ttl);
        session.idle.clone_from(&renew.idle);
        session.draining = renew.draining;
        tx.put_session(&session).await?;
        let held = tx.accounts_of_session(renew.session).await?;
        tx.commit().await?;
        self.context.nudge.planner.notify_one();
        let (answers, more) = answers(renew, &held, self.context.settings.grants_max);
        let over = |answer: &&LeaseAnswer| answer.answer == Lease::BadAction;
        let holding = |answer: &LeaseAnswer| Holding { account: answer.account, epoch: answer.epoch };
        let refused: Vec<Holding> = answers.iter().filter(over).map(holding).collect();
        self.outrun(renew, &refused, true).await?;
        Ok(Renewed { session: renew.session, sequence: renew.sequence, unknown: false, answers, more })
    }

    /// Raises the epochs of accounts whose records were set back behind what this session was granted, as by the
    /// restoring of a backup under running workers. `known`: the session is on record.
    async fn outrun(&self, renew: &Renew, acting: &[Holding], known: bool) -> Result<(), StoreError> {
        if acting.is_empty() && renew.released.is_empty() {
            return Ok(());
        }
        let words: BTreeSet<&Holding> = acting.iter().chain(&renew.released).collect();
        let ids: BTreeSet<AccountId> = words.iter().map(|word| word.account).collect();
        let ids: Vec<AccountId> = ids.into_iter().collect();
        let mut tx = self.context.store.begin().await?;
        let mut accounts = tx.lock_accounts(&ids).await?;
        let mut raised = Vec::new();
        for account in &mut accounts {
            let later = words.iter().filter(|word| word.account == account.id).map(|word| word.epoch).max();
            let Some(later) = later.filter(|later| *later > account.epoch) else { continue };
            let recorded_until = match account.session_id {
                Some(holder) => tx.lock_session(holder).await?.map(|session| session.lease_until),
                None => None,
            };
            let now = tx.now().await?;
            let acts = acting.iter().any(|holding| holding.account == account.id);
            let acting_until = acts.then(|| now.after(self.context.settings.lease_ttl));
            tracing::warn!(account = %account.id, recorded = account.epoch, later, session = %renew.session,
                "the record is older than what it granted (a restored backup?): its epoch is raised");
            outrun(account, later, (renew.session, known), recorded_until, acting_until, now);
            raised.push(account.clone());
        }
        if raised.is_empty() {
            return Ok(());
        }
        tx.update_accounts(&raised).await?;
        tx.commit().await?;
        self.context.nudge.planner.notify_one();
        Ok(())
    }

    async fn take_back(&self, tx: &mut dyn Transaction, renew: &Renew) -> Result<(), StoreError> {
        let mut ids: BTreeSet<AccountId> = renew.released.iter().map(|holding| holding.account).collect();
        if renew.draining {
            ids.extend(tx.accounts_of_session(renew.session).await?.iter().map(|account| account.id));
        }
        let ids: Vec<AccountId> = ids.into_iter().collect();
        let released: BTreeSet<Holding> = renew.released.iter().copied().collect();
        let mut accounts = tx.lock_accounts(&ids).await?;
        let lease_until = tx.lock_session(renew.session).await?.map(|session| session.lease_until);
        let now = tx.now().await?;
        for account in &mut accounts {
            let holds = account.session_id == Some(renew.session);
            let given_up = released.contains(&Holding { account: account.id, epoch: account.epoch });
            if holds && (renew.draining || given_up) {
                end_epoch(account, lease_until, now);
            }
            let spoke = renew.released.iter().any(|word| is_awaited(word, account));
            if spoke {
                release(account, renew.session);
            }
        }
        tx.update_accounts(&accounts).await
    }

    async fn update_wims(
        &self,
        updates: &[(&UpdateWim, Option<&ReplyTo>)],
    ) -> Result<Vec<WimUpdated>, StoreError> {
        let mut tx = self.context.store.begin().await?;
        let ids: BTreeSet<AccountId> = updates.iter().map(|(update, _)| update.account).collect();
        let ids: Vec<AccountId> = ids.into_iter().collect();
        let mut accounts: BTreeMap<AccountId, Account> =
            tx.lock_accounts(&ids).await?.into_iter().map(|row| (row.id, row)).collect();
        let now = tx.now().await?;
        let mut changes = Vec::new();
        let mut answers = Vec::with_capacity(updates.len());
        for (update, _) in updates {
            let mut status = None;
            if let Some(account) = accounts.get_mut(&update.account)
                && standing(account, update.session, update.epoch, now) != Standing::Stale
            {
                let before = account.status;
                account.checked_at = Some(now);
                account.status_reason.clone_from(&update.reason);
                if before != update.status {
                    account.status = update.status;
                    account.status_since = now;
                    account.event_seq += 1;
                    changes.push(events::account_status(account, before, now));
                }
                status = Some(account.status);
            }
            answers.push(WimUpdated { account: update.account, epoch: update.epoch, status });
        }
        let accounts: Vec<Account> = accounts.into_values().collect();
        tx.update_accounts(&accounts).await?;
        if !changes.is_empty() {
            tx.insert_events(&changes).await?;
        }
        tx.commit().await?;
        self.context.nudge.outbox.notify_one();
        Ok(answers)
    }
}

/// Whether a word of release is about the epoch before the current one, the only one that a handover waits for: its
/// end raised the epoch by one, and a grant since then by one more. An older word, delayed on its way, would let the
/// next holder begin beside a session that has held the account again meanwhile.
fn is_awaited(word: &Holding, account: &Account) -> bool {
    word.account == account.id && word.epoch < account.epoch && account.epoch - word.epoch <= 2
}

/// What a session hears of each account that it holds, says that it holds, or is newly given.
fn answers(renew: &Renew, held: &[Account], grants_max: usize) -> (Vec<LeaseAnswer>, bool) {
    let current: BTreeMap<AccountId, i64> = held
        .iter()
        .filter(|account| account.session_id == Some(renew.session))
        .map(|account| (account.id, account.epoch))
        .collect();
    let mut answers: Vec<LeaseAnswer> = renew
        .holdings
        .iter()
        .map(|holding| {
            let ok = current.get(&holding.account) == Some(&holding.epoch);
            let answer = if ok { Lease::Ok } else { Lease::BadAction };
            LeaseAnswer { account: holding.account, epoch: holding.epoch, answer }
        })
        .collect();
    let known: BTreeSet<Holding> = renew.holdings.iter().copied().collect();
    let mut grants = current
        .into_iter()
        .filter(|(account, epoch)| !known.contains(&Holding { account: *account, epoch: *epoch }));
    answers.extend(grants.by_ref().take(grants_max).map(|(account, epoch)| LeaseAnswer {
        account,
        epoch,
        answer: Lease::Granted,
    }));
    (answers, grants.next().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wanlink_domain::ids::SessionId;

    fn renew(holdings: &[(u128, i64)]) -> Renew {
        Renew {
            session: SessionId(Uuid::from_u128(9)),
            sequence: 1,
            holdings: holdings
                .iter()
                .map(|(id, epoch)| Holding { account: AccountId(Uuid::from_u128(*id)), epoch: *epoch })
                .collect(),
            idle: Vec::new(),
            released: Vec::new(),
            draining: false,
        }
    }

    fn account(id: u128, epoch: i64, session: u128) -> Account {
        crate::testing::account(id, epoch, Some(session))
    }

    #[test]
    fn each_holding_is_answered_and_new_epochs_are_granted() {
        let held = [account(1, 3, 9), account(2, 8, 9), account(3, 1, 9), account(4, 1, 7)];
        let (answers, more) = answers(&renew(&[(1, 3), (2, 7), (4, 1), (5, 2)]), &held, 64);
        let told: Vec<(u128, i64, Lease)> =
            answers.iter().map(|a| (a.account.0.as_u128(), a.epoch, a.answer)).collect();
        assert_eq!(
            told,
            [
                (1, 3, Lease::Ok),
                (2, 7, Lease::BadAction),
                (4, 1, Lease::BadAction),
                (5, 2, Lease::BadAction),
                (2, 8, Lease::Granted),
                (3, 1, Lease::Granted),
            ]
        );
        assert!(!more);
    }

    #[test]
    fn only_the_word_on_the_epoch_before_is_taken() {
        let word = |epoch| Holding { account: AccountId(Uuid::from_u128(1)), epoch };
        for (epoch, current, awaited) in
            [(5, 6, true), (5, 7, true), (5, 8, false), (5, 9, false), (7, 7, false)]
        {
            assert_eq!(is_awaited(&word(epoch), &account(1, current, 9)), awaited, "{epoch} under {current}");
        }
        assert!(!is_awaited(&word(5), &account(2, 6, 9)), "another account's");
    }

    #[test]
    fn grants_beyond_the_limit_wait_for_the_next_renewal() {
        let held: Vec<Account> = (1..=5).map(|id| account(id, 1, 9)).collect();
        let (answers, more) = answers(&renew(&[]), &held, 2);
        assert_eq!(answers.len(), 2);
        assert!(more);
    }
}

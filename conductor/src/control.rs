//! The queue of claims, settings and commands: each kind in its own transaction, all repeated until answered.

use crate::batch::{Handled, Handler, Received};
use crate::claims;
use crate::commands::Commands;
use crate::context::Context;
use crate::listing;
use crate::work::Wake;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;
use wanlink_broker::port::{Queue, ReplyTo};
use wanlink_domain::ids::SessionId;
use wanlink_domain::lease::{Standing, standing};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::validate::config::merged;
use wanlink_store::port::{StoreError, Transaction};
use wanlink_wire::Message;
use wanlink_wire::conductor::{AccountSettings, Claim, Settings, SettingsAnswer, VerdictItem, Verdicts};

/// Consumes `wan.conductor`.
pub struct Control {
    pub context: Arc<Context>,
    pub commands: Commands,
}

#[async_trait]
impl Handler for Control {
    fn queue(&self) -> Queue {
        Queue::Conductor
    }

    fn accepts(&self, message: &Message) -> bool {
        matches!(message, Message::Claim(_) | Message::Settings(_) | Message::Links(_) | Message::Command(_))
    }

    async fn handle(&self, batch: &[Received]) -> Result<Handled, StoreError> {
        let mut handled = Handled::default();
        let mut claims: Vec<(&Claim, Option<&ReplyTo>)> = Vec::new();
        let mut settings: Vec<(&Settings, Option<&ReplyTo>)> = Vec::new();
        for received in batch {
            let to = received.reply_to.as_ref();
            match &received.envelope.message {
                Message::Claim(claim) => claims.push((claim, to)),
                Message::Settings(query) => settings.push((query, to)),
                Message::Links(query) => {
                    let mut tx = self.context.store.begin().await?;
                    let answer = listing::page(tx.as_mut(), query).await?;
                    handled.replies.extend(to.cloned().map(|to| (to, Message::LinksAnswer(answer))));
                }
                Message::Command(command) => {
                    let (answer, prompts) = self.commands.execute(command).await?;
                    handled.wake.merge(Wake::ALL);
                    // At once: a later part of the batch may fail, and then this command is answered from its record.
                    self.context.prompt(prompts).await;
                    handled.replies.extend(to.cloned().map(|to| (to, Message::Answer(answer))));
                }
                _ => {}
            }
        }
        if !claims.is_empty() {
            self.claims(&claims, &mut handled).await?;
        }
        for (query, to) in settings {
            // Each in its own transaction: accounts and WIMs of several queries would be locked crosswise.
            let mut tx = self.context.store.begin().await?;
            let answer = account_settings(tx.as_mut(), query).await?;
            handled.replies.extend(to.cloned().map(|to| (to, Message::SettingsAnswer(answer))));
        }
        Ok(handled)
    }
}

impl Control {
    async fn claims(
        &self,
        claims: &[(&Claim, Option<&ReplyTo>)],
        handled: &mut Handled,
    ) -> Result<(), StoreError> {
        let mut tx = self.context.store.begin().await?;
        let bodies: Vec<&Claim> = claims.iter().map(|(claim, _)| *claim).collect();
        let (verdicts, written) = claims::judge(&self.context, tx.as_mut(), &bodies).await?;
        tx.commit().await?;
        handled.prompts.extend(written.prompts);
        handled.wake.merge(written.wake);
        let mut replies: BTreeMap<(ReplyTo, SessionId), Vec<VerdictItem>> = BTreeMap::new();
        for ((claim, to), items) in claims.iter().zip(verdicts) {
            if let Some(to) = to {
                replies.entry(((*to).clone(), claim.session)).or_default().extend(items);
            }
        }
        handled.replies.extend(
            replies
                .into_iter()
                .map(|((to, session), items)| (to, Message::Verdicts(Verdicts { session, items }))),
        );
        Ok(())
    }
}

/// An account's settings for its current holder; nothing for anyone else.
async fn account_settings(tx: &mut dyn Transaction, query: &Settings) -> Result<SettingsAnswer, StoreError> {
    let mut answer = SettingsAnswer { account: query.account, epoch: query.epoch, settings: None };
    let Some(account) = tx.accounts(&[query.account]).await?.pop() else { return Ok(answer) };
    let now = tx.now().await?;
    if standing(&account, query.session, query.epoch, now) == Standing::Stale {
        return Ok(answer);
    }
    let Some(Object::Wim(wim)) = tx.lock_object(Kind::Wim, account.wim_id.0).await? else {
        return Ok(answer);
    };
    let config = merged(&wim.config, &account.config);
    answer.settings = Some(AccountSettings {
        installation: tx.installation().await?,
        account_name: account.name,
        wim_name: wim.name,
        wim_kind: wim.kind,
        wim_url: wim.wim_url,
        user: account.user,
        config,
        secrets: account.secrets,
    });
    Ok(answer)
}

//! A conductor of the test's own: it answers by a script and keeps what it was told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wanlink_broker::port::{Address, Broker, Delivery, Outgoing, Publisher, Queue};
use wanlink_domain::ids::{AccountId, ActionId, MessageId};
use wanlink_domain::time::Timestamp;
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::conductor::{
    AccountSettings, LinksAnswer, LinksPage, SettingsAnswer, SettledLink, Verdict, VerdictItem, Verdicts,
};
use wanlink_wire::lease::{Holding, Lease, LeaseAnswer, Probed, Renew, Renewed, WimUpdated};
use wanlink_wire::report::{Fate, ReportItem, Reported, ReportedItem};
use wanlink_wire::{Envelope, Message, decode, encode};

/// What the conductor answers, and what it heard.
pub struct Script {
    /// Accounts of the session under their epochs.
    pub grants: BTreeMap<AccountId, i64>,
    pub settings: BTreeMap<AccountId, AccountSettings>,
    /// What links are known to be, told two a page.
    pub links: BTreeMap<AccountId, Vec<SettledLink>>,
    /// Verdicts by action, each given once and in order; the last one is repeated.
    pub verdicts: BTreeMap<ActionId, Vec<Verdict>>,
    /// Kinds of messages that are heard, but not answered.
    pub mute: BTreeSet<&'static str>,
    /// Fates of reports; [`Fate::Applied`] where nothing is said.
    pub fates: BTreeMap<ActionId, Fate>,
    /// The session is not known until it registers (again).
    pub known: bool,
    /// The session takes nothing more.
    pub capacity: u32,
    /// Everything that came, oldest first.
    pub heard: Vec<Message>,
}

/// Shared by the test and the conductor's task.
#[derive(Clone)]
pub struct Conductor(Arc<Mutex<Script>>);

impl Conductor {
    /// Answers on its own connection to the broker until `tasks` stop.
    pub fn start(broker: Arc<dyn Broker>, tasks: &Tasks) -> Self {
        let script = Script {
            grants: BTreeMap::new(),
            settings: BTreeMap::new(),
            links: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            mute: BTreeSet::new(),
            fates: BTreeMap::new(),
            known: false,
            capacity: 0,
            heard: Vec::new(),
        };
        let conductor = Self(Arc::new(Mutex::new(script)));
        let publisher: Arc<dyn Publisher> = Arc::from(broker.publisher());
        for queue in [Queue::Leases, Queue::Conductor, Queue::Reports, Queue::Parked] {
            let mut consumer = broker.consumer(queue, 64);
            let (conductor, publisher, stop) = (conductor.clone(), publisher.clone(), tasks.token());
            tasks.spawn(async move {
                while let Some(Some(delivery)) = stop.run_until_cancelled(consumer.next()).await {
                    conductor.take(&*publisher, delivery).await;
                }
            });
        }
        conductor
    }

    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn take(&self, publisher: &dyn Publisher, delivery: Delivery) {
        let message = decode(&delivery.payload).expect("a worker writes what can be read").message;
        let answer = self.script().hear(message);
        if let (Some(to), Some(answer)) = (delivery.reply_to.clone(), answer) {
            let reply = Outgoing {
                to: Address::Reply(to),
                payload: seal(answer).into(),
                wants_reply: false,
                expires: None,
            };
            // A worker that is cut off hears nothing.
            drop(publisher.publish(reply).await);
        }
        delivery.ack().await;
    }

    /// How many messages of this shape were heard.
    pub fn count(&self, of: impl Fn(&Message) -> bool) -> usize {
        self.script().heard.iter().filter(|message| of(message)).count()
    }

    pub fn claims_of(&self, action: ActionId) -> usize {
        let heard = |message: &Message| match message {
            Message::Claim(claim) => claim.items.iter().filter(|item| item.action == action).count(),
            _ => 0,
        };
        self.script().heard.iter().map(heard).sum()
    }

    pub fn reports_of(&self, action: ActionId) -> Vec<ReportItem> {
        let script = self.script();
        let items = script.heard.iter().filter_map(|message| match message {
            Message::Report(report) => Some(report.items.iter()),
            _ => None,
        });
        items.flatten().filter(|item| item.action == action).cloned().collect()
    }

    pub fn released(&self, holding: Holding) -> bool {
        self.count(|message| matches!(message, Message::Renew(renew) if renew.released.contains(&holding)))
            > 0
    }
}

/// A message as it travels.
pub fn seal(message: Message) -> Vec<u8> {
    let id = MessageId(uuid::Uuid::from_u128(1));
    encode(&Envelope { id, at: Timestamp(0), trace: None, message })
}

impl Script {
    fn hear(&mut self, message: Message) -> Option<Message> {
        let (kind, answer) = (message.kind(), self.answer(&message));
        self.heard.push(message);
        answer.filter(|_| !self.mute.contains(kind))
    }

    fn answer(&mut self, message: &Message) -> Option<Message> {
        Some(match message {
            Message::Register(register) => {
                (self.known, self.capacity) = (true, register.capacity);
                let (session, answers) = (register.session, Vec::new());
                Renewed { session, sequence: 0, unknown: false, answers, more: false }.into()
            }
            Message::Renew(renew) => self.renewed(renew).into(),
            Message::Probe(probe) => Probed { nonce: probe.nonce }.into(),
            Message::UpdateWim(update) => {
                let current = self.grants.get(&update.account) == Some(&update.epoch);
                let (account, epoch) = (update.account, update.epoch);
                WimUpdated { account, epoch, status: current.then_some(update.status) }.into()
            }
            Message::Settings(asked) => {
                let current = self.grants.get(&asked.account) == Some(&asked.epoch);
                let settings = self.settings.get(&asked.account).filter(|_| current).cloned();
                SettingsAnswer { account: asked.account, epoch: asked.epoch, settings }.into()
            }
            Message::Links(asked) => {
                let current = self.grants.get(&asked.account) == Some(&asked.epoch);
                let known = self.links.get(&asked.account).cloned().unwrap_or_default();
                let mut links: Vec<SettledLink> =
                    known.into_iter().filter(|link| Some(link.task.link) > asked.after).collect();
                let more = links.len() > 2;
                links.truncate(2);
                let page = current.then_some(LinksPage { links, more });
                LinksAnswer { account: asked.account, epoch: asked.epoch, after: asked.after, page }.into()
            }
            Message::Claim(claim) => {
                let items = claim.items.iter().map(|item| VerdictItem {
                    account: item.account,
                    epoch: item.epoch,
                    action: item.action,
                    verdict: verdict(&mut self.verdicts, item.action),
                });
                Verdicts { session: claim.session, items: items.collect() }.into()
            }
            Message::Report(report) => {
                let items = report.items.iter().map(|item| ReportedItem {
                    account: item.account,
                    epoch: item.epoch,
                    action: item.action,
                    attempt: item.attempt,
                    fate: self.fates.get(&item.action).copied().unwrap_or(Fate::Applied),
                });
                Reported { session: report.session, items: items.collect() }.into()
            }
            _ => return None,
        })
    }

    fn renewed(&mut self, renew: &Renew) -> Renewed {
        let (session, sequence) = (renew.session, renew.sequence);
        if !self.known {
            return Renewed { session, sequence, unknown: true, answers: Vec::new(), more: false };
        }
        for released in &renew.released {
            if self.grants.get(&released.account) == Some(&released.epoch) {
                self.grants.remove(&released.account);
            }
        }
        let stands = |holding: &Holding| self.grants.get(&holding.account) == Some(&holding.epoch);
        let mut answers: Vec<LeaseAnswer> = Vec::new();
        for holding in &renew.holdings {
            let answer = if stands(holding) { Lease::Ok } else { Lease::BadAction };
            answers.push(LeaseAnswer { account: holding.account, epoch: holding.epoch, answer });
        }
        for (account, epoch) in self.grants.clone() {
            if !renew.holdings.contains(&Holding { account, epoch }) {
                answers.push(LeaseAnswer { account, epoch, answer: Lease::Granted });
            }
        }
        Renewed { session, sequence, unknown: false, answers, more: false }
    }
}

fn verdict(verdicts: &mut BTreeMap<ActionId, Vec<Verdict>>, action: ActionId) -> Verdict {
    let left = verdicts.get_mut(&action).unwrap_or_else(|| panic!("no verdict is scripted for {action}"));
    if left.len() > 1 { left.remove(0) } else { left[0].clone() }
}

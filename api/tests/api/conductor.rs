//! A conductor of a few rules: enough for the api to see its answers and to read what it wrote.

use crate::record::{Record, Tables, named};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use uuid::Uuid;
use wanlink_broker::port::{Address, Broker, Delivery, Outgoing, Publisher, Queue};
use wanlink_domain::accepted::Order;
use wanlink_domain::action::{Action, ActionKind, ActionState};
use wanlink_domain::catalogue::AccountPhase;
use wanlink_domain::ids::{CommandId, MessageId};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::Object;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::request::Request as Row;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::conductor::{Answer, Command, CommandResult, Operation};
use wanlink_wire::journal::{Change, Journaled, NewAction, Request, Verdict, Word};
use wanlink_wire::lease::Probed;
use wanlink_wire::{Envelope, Message, decode, encode};

/// How it answers.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// It takes requests and says nothing.
    pub silent_journal: bool,
    /// It refuses every request so.
    pub refuse: Option<Reason>,
    /// It takes commands and says nothing, this many times.
    pub silent_commands: usize,
    /// It finds another version, this many times, because somebody else was faster.
    pub faster: usize,
    /// It answers no probe.
    pub deaf: bool,
}

pub struct Conductor {
    record: Arc<Record>,
    script: Arc<Mutex<Script>>,
    publisher: Box<dyn Publisher>,
    answers: Mutex<BTreeMap<CommandId, (String, CommandResult)>>,
    times: Mutex<i64>,
}

/// Takes from all three queues until the test ends.
pub fn start(broker: &Arc<dyn Broker>, record: Arc<Record>, script: Arc<Mutex<Script>>, tasks: &Tasks) {
    let (publisher, answers) = (broker.publisher(), Mutex::default());
    let times = Mutex::new(1_700_000_000_000_000);
    let conductor = Arc::new(Conductor { record, script, publisher, answers, times });
    for queue in [Queue::Journal, Queue::Conductor, Queue::Leases] {
        let (conductor, mut consumer, until) = (conductor.clone(), broker.consumer(queue, 64), tasks.clone());
        tasks.spawn(async move {
            loop {
                let delivery = tokio::select! {
                    biased;
                    () = until.stopped() => return,
                    delivery = consumer.next() => delivery,
                };
                let Some(delivery) = delivery else { return };
                conductor.take(delivery).await;
            }
        });
    }
}

impl Conductor {
    async fn take(&self, delivery: Delivery) {
        let messages = decode(&delivery.payload).expect("readable").unbundle();
        let reply_to = delivery.reply_to.clone();
        let answers: Vec<Message> = messages.into_iter().filter_map(|it| self.answer(it.message)).collect();
        delivery.ack().await;
        for (to, message) in reply_to.into_iter().cycle().zip(answers) {
            let envelope = Envelope { id: MessageId(Uuid::nil()), at: Timestamp(0), trace: None, message };
            let payload = encode(&envelope).into();
            let out = Outgoing { to: Address::Reply(to), payload, wants_reply: false, expires: None };
            let _ = self.publisher.publish(out).await;
        }
    }

    fn answer(&self, message: Message) -> Option<Message> {
        let script = self.script.lock().unwrap().clone();
        match message {
            Message::Probe(probe) => (!script.deaf).then_some(Message::Probed(Probed { nonce: probe.nonce })),
            Message::Request(request) if script.silent_journal => {
                drop(request);
                None
            }
            Message::Request(request) => {
                let word = Word { request_id: request.id, word: self.journal(request, script.refuse) };
                Some(Message::Journaled(Journaled { words: vec![word] }))
            }
            Message::Command(_) if script.silent_commands > 0 => {
                self.script.lock().unwrap().silent_commands -= 1;
                None
            }
            Message::Command(command) => {
                let id = command.id;
                Some(Message::Answer(Answer { id, result: self.command(command) }))
            }
            other => panic!("the api sends no {}", other.kind()),
        }
    }

    fn now(&self) -> Timestamp {
        let mut times = self.times.lock().unwrap();
        *times += 1;
        Timestamp(*times)
    }

    fn journal(&self, request: Request, refuse: Option<Reason>) -> Verdict {
        let mut tables = self.record.tables();
        if let Some(known) = tables.requests.get(&request.id) {
            return if known.digest == request.digest { Verdict::Journaled } else { Verdict::Conflict };
        }
        let now = self.now();
        let row = Row {
            id: request.id,
            tenant_id: request.tenant_id,
            digest: request.digest.clone(),
            accepted_at: request.accepted_at,
            refused: refuse.clone(),
            total: if refuse.is_some() { 0 } else { request.actions.len() as i32 },
            done: 0,
            failed: 0,
            superseded: 0,
            cancelled: 0,
            event_seq: 0,
            created_at: now,
            finished_at: None,
        };
        tables.requests.insert(request.id, row);
        if let Some(problem) = refuse {
            return Verdict::Refused { problem };
        }
        if let Some(change) = &request.service {
            tables.services.insert(change.service.id, change.service.clone());
            let networks = change.join.iter().chain(&change.change).cloned();
            tables.objects.extend(networks.map(|network| (network.id.0, Object::Network(network))));
        }
        for action in &request.actions {
            record_action(&mut tables, &request, action, now);
        }
        Verdict::Journaled
    }

    fn command(&self, command: Command) -> CommandResult {
        let mut answers = self.answers.lock().unwrap();
        if let Some((digest, result)) = answers.get(&command.id) {
            return if *digest == command.digest { result.clone() } else { CommandResult::Conflict };
        }
        let result = self.apply(command.operation);
        answers.insert(command.id, (command.digest, result.clone()));
        result
    }

    fn apply(&self, operation: Operation) -> CommandResult {
        let now = self.now();
        let mut tables = self.record.tables();
        tables.version += 1;
        match operation {
            Operation::Create { object } => create(&mut tables, object, now),
            Operation::Update { object, expected } => {
                let mut script = self.script.lock().unwrap();
                let found = tables.objects.get(&object.id()).map(Object::version).unwrap_or_default();
                if script.faster > 0 {
                    script.faster -= 1;
                    let other = tables.objects.remove(&object.id()).unwrap();
                    let other = stamped(other, found + 1, None);
                    tables.objects.insert(other.id(), other);
                    return refused(Code::VersionMismatch, "changed", Some(found + 1));
                }
                if found != expected {
                    return refused(Code::VersionMismatch, "changed", Some(found));
                }
                let object = stamped(object, found + 1, None);
                tables.objects.insert(object.id(), object.clone());
                CommandResult::Applied { object: Some(Box::new(object)), mappings: None }
            }
            Operation::Delete { id, .. } => match tables.objects.remove(&id) {
                Some(Object::Account(mut it)) => {
                    it.phase = AccountPhase::Deleting;
                    let object = Object::Account(it);
                    tables.objects.insert(id, object.clone());
                    CommandResult::Applied { object: Some(Box::new(object)), mappings: None }
                }
                Some(_) => CommandResult::Applied { object: None, mappings: None },
                None => refused(Code::NotFound, "gone", None),
            },
            Operation::SetPortMappings { wim, mappings } => {
                tables.objects.retain(|_, it| !matches!(it, Object::PortMapping(it) if it.wim_id == wim));
                for mapping in &mappings {
                    tables.objects.insert(mapping.id.0, Object::PortMapping(mapping.clone()));
                }
                CommandResult::Applied { object: None, mappings: Some(mappings) }
            }
            Operation::Cancel { request } => {
                let row = tables.requests.get_mut(&request).unwrap();
                row.cancelled = row.total;
                CommandResult::Applied { object: None, mappings: None }
            }
            Operation::Hold { hold } => {
                tables.holds.push(hold);
                CommandResult::Applied { object: None, mappings: None }
            }
            Operation::Lift { kind, id } => {
                tables.holds.retain(|hold| (hold.kind, hold.id) != (kind, id));
                CommandResult::Applied { object: None, mappings: None }
            }
            Operation::Replay { parked } => {
                tables.parked.get_mut(&parked).unwrap().replayed_at = Some(now);
                CommandResult::Applied { object: None, mappings: None }
            }
        }
    }
}

fn refused(code: Code, detail: &str, current: Option<i64>) -> CommandResult {
    CommandResult::Refused { problem: Reason::new(code, detail), current }
}

fn create(tables: &mut Tables, object: Object, now: Timestamp) -> CommandResult {
    let taken = tables.objects.values().any(|it| it.kind() == object.kind() && named(it) == named(&object));
    if taken {
        return refused(Code::AlreadyExists, "there is one of this name", None);
    }
    let object = stamped(object, 1, Some(now));
    tables.objects.insert(object.id(), object.clone());
    CommandResult::Applied { object: Some(Box::new(object)), mappings: None }
}

/// The object as the database would give it back.
fn stamped(mut object: Object, to: i64, at: Option<Timestamp>) -> Object {
    let (version, created_at) = match &mut object {
        Object::Tenant(it) => (&mut it.version, &mut it.created_at),
        Object::Site(it) => (&mut it.version, &mut it.created_at),
        Object::Wim(it) => (&mut it.version, &mut it.created_at),
        Object::Account(it) => {
            it.phase = AccountPhase::Ready;
            (&mut it.version, &mut it.created_at)
        }
        Object::PortMapping(it) => (&mut it.version, &mut it.created_at),
        Object::Network(it) => (&mut it.version, &mut it.created_at),
    };
    *version = to;
    if let Some(at) = at {
        *created_at = at;
    }
    object
}

fn record_action(tables: &mut Tables, request: &Request, new: &NewAction, now: Timestamp) {
    if let Change::New { wim_id, name, wish, .. } = &new.change {
        let link = Link {
            id: new.link_id,
            tenant_id: request.tenant_id,
            wim_id: *wim_id,
            account_id: new.account_id,
            name: name.clone(),
            network_service_id: None,
            virtual_link: None,
            wish: wish.clone(),
            status: LinkStatus::ScheduledCreation,
            status_reason: None,
            status_since: now,
            status_source: None,
            observed_status: None,
            service_id: None,
            conn_info: Some(serde_json::json!({"note": "opaque"})),
            touched: false,
            newest_at: new.accepted_at,
            begun: None,
            deletion: None,
            lost_at: None,
            effective: None,
            last_seen_at: None,
            refresh_due_at: None,
            event_seq: 0,
            version: 1,
            created_at: now,
            modified_at: now,
            deleted_at: None,
        };
        tables.links.insert(link.id, link);
    }
    let link = tables.links.get_mut(&new.link_id).expect("the api plans on links that are there");
    link.newest_at = link.newest_at.max(new.accepted_at);
    if let Change::Edit(patch) = &new.change {
        link.wish = patch.over(&link.wish);
    }
    if new.kind == ActionKind::Delete {
        link.deletion = Some(Order { at: new.accepted_at, action: new.id });
        link.status = LinkStatus::ScheduledDeletion;
    }
    let action = Action {
        id: new.id,
        request_id: request.id,
        link_id: new.link_id,
        account_id: new.account_id,
        tenant_id: request.tenant_id,
        kind: new.kind,
        state: ActionState::Scheduled,
        accepted_at: new.accepted_at,
        wish: link.wish.clone(),
        patch: None,
        due_at: Some(now),
        dispatches: 0,
        claims: 0,
        attempt: 0,
        epoch: None,
        session_id: None,
        started_at: None,
        observe_first: false,
        retries: 0,
        failures: 0,
        failing_since: None,
        reason: None,
        waiting_since: now,
        created_at: now,
        finished_at: None,
        trace: None,
    };
    tables.actions.insert(action.id, action);
}

//! The broker's names: which queues and exchanges there are, with which arguments, and where a message goes.
//!
//! Queue arguments never change after the first release: a broker refuses a queue that is declared differently.
//! A change is a new queue name. Declarations are alike on RabbitMQ 3.10 to 4.x: the queue type and the delivery
//! limit always stand explicitly, for the defaults differ (4.x drops a message after 20 redeliveries).
//! Deliberately absent: the calls themselves (`wire`).

use super::config::AmqpConfig;
use super::wire::{Argument, ExchangeType, Publication, QueueSpec, WireChannel, WireError};
use crate::engines::event_key::word;
use crate::port::{Address, Outgoing, Queue, QueueState};
use wanlink_domain::ids::AccountId;
use wanlink_runtime::config::AccountQueues;

/// Far above what any message meets; absent or -1 would mean different things to different brokers.
const DELIVERY_LIMIT: u64 = 1_000_000;
/// Events that wait for one subscriber; one that lags more loses the oldest.
const EVENTS_PENDING_MAX: u64 = 10_000;
/// The broker's pseudo-queue for replies on the channel that asked.
pub(super) const DIRECT_REPLY: &str = "amq.rabbitmq.reply-to";
/// The default exchange routes to the queue named by the routing key.
const DEFAULT_EXCHANGE: &str = "";

const FIXED_QUEUES: [Queue; 6] =
    [Queue::Parked, Queue::Journal, Queue::Reports, Queue::Conductor, Queue::Leases, Queue::Requests];

#[derive(Clone, Debug)]
pub(super) struct Topology {
    prefix: String,
    account_queues: AccountQueues,
    journal_max_length: u64,
    reports_max_length: u64,
    parked_max_length: u64,
}

impl Topology {
    pub(super) fn new(config: &AmqpConfig) -> Self {
        Self {
            prefix: config.prefix.clone(),
            account_queues: config.account_queues,
            journal_max_length: config.journal_max_length,
            reports_max_length: config.reports_max_length,
            parked_max_length: config.parked_max_length,
        }
    }

    fn named(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    pub(super) fn queue_name(&self, queue: Queue) -> String {
        match queue {
            Queue::Journal => self.named("journal"),
            Queue::Reports => self.named("reports"),
            Queue::Conductor => self.named("conductor"),
            Queue::Leases => self.named("leases"),
            Queue::Requests => self.named("requests"),
            Queue::Parked => self.named("parked"),
            Queue::Account(account) => self.named(&format!("account.{account}")),
        }
    }

    fn exchanges(&self) -> [(String, ExchangeType); 3] {
        [
            (self.named("actions"), ExchangeType::Direct),
            (self.named("requests"), ExchangeType::Direct),
            (self.named("events"), ExchangeType::Topic),
        ]
    }

    /// Whether a queue keeps its messages on disc; the others' senders repeat.
    fn is_persistent(&self, queue: Queue) -> bool {
        match queue {
            Queue::Journal | Queue::Reports | Queue::Requests | Queue::Parked => true,
            Queue::Conductor | Queue::Leases => false,
            Queue::Account(_) => self.account_queues == AccountQueues::Quorum,
        }
    }

    fn spec(&self, queue: Queue) -> QueueSpec {
        let text = |value: &str| Argument::Text(value.to_owned());
        let mut arguments = vec![];
        if self.is_persistent(queue) {
            arguments.push(("x-queue-type", text("quorum")));
            arguments.push(("x-delivery-limit", Argument::Number(DELIVERY_LIMIT)));
            // What is parked stays: it has nowhere further to go.
            if queue != Queue::Parked {
                arguments.push(("x-dead-letter-exchange", text(DEFAULT_EXCHANGE)));
                let parked = self.queue_name(Queue::Parked);
                arguments.push(("x-dead-letter-routing-key", Argument::Text(parked)));
            }
        } else {
            arguments.push(("x-queue-type", text("classic")));
        }
        let length_max = match queue {
            // A call becomes one journal message at most.
            Queue::Journal | Queue::Requests => Some(self.journal_max_length),
            Queue::Reports => Some(self.reports_max_length),
            Queue::Parked => Some(self.parked_max_length),
            _ => None,
        };
        if let Some(max) = length_max {
            arguments.push(("x-max-length", Argument::Number(max)));
            arguments.push(("x-overflow", text("reject-publish")));
        }
        QueueSpec { name: self.queue_name(queue), durable: true, exclusive: false, arguments }
    }

    /// Makes the fixed queues and exchanges. An error names the queue or exchange it stopped at.
    pub(super) async fn declare(&self, channel: &WireChannel) -> Result<(), (String, WireError)> {
        for (name, kind) in self.exchanges() {
            channel.declare_exchange(&name, kind).await.map_err(|error| (name, error))?;
        }
        for queue in FIXED_QUEUES {
            let spec = self.spec(queue);
            channel.declare_queue(&spec).await.map_err(|error| (spec.name, error))?;
        }
        let requests = self.queue_name(Queue::Requests);
        channel.bind(&requests, &requests, &requests).await.map_err(|error| (requests, error))
    }

    /// Removes the fixed queues and exchanges with all that is in them.
    pub(super) async fn delete(&self, channel: &WireChannel) -> Result<(), WireError> {
        for queue in FIXED_QUEUES {
            channel.delete_queue(&self.queue_name(queue)).await?;
        }
        for (name, _) in self.exchanges() {
            channel.delete_exchange(&name).await?;
        }
        Ok(())
    }

    /// Makes an account's queue, of the configured kind or of the other one.
    pub(super) async fn declare_account(
        &self,
        channel: &WireChannel,
        account: AccountId,
        as_configured: bool,
    ) -> Result<QueueState, WireError> {
        let account_queues = match self.account_queues {
            kind if as_configured => kind,
            AccountQueues::Quorum => AccountQueues::Classic,
            AccountQueues::Classic => AccountQueues::Quorum,
        };
        let spec = Self { account_queues, ..self.clone() }.spec(Queue::Account(account));
        let (name, state) = channel.declare_queue(&spec).await?;
        channel.bind(&name, &self.named("actions"), &account.to_string()).await?;
        Ok(state)
    }

    /// Makes this connection's own queue of events and answers its name.
    pub(super) async fn declare_subscription(
        &self,
        channel: &WireChannel,
        tenant: Option<&str>,
    ) -> Result<String, WireError> {
        let arguments = vec![("x-max-length", Argument::Number(EVENTS_PENDING_MAX))];
        let spec = QueueSpec { name: String::new(), durable: false, exclusive: true, arguments };
        let (name, _) = channel.declare_queue(&spec).await?;
        let pattern = tenant.map_or_else(|| "#".to_owned(), |tenant| format!("{}.#", word(tenant)));
        channel.bind(&name, &self.named("events"), &pattern).await?;
        Ok(name)
    }

    /// Where and how a message is published; `None`: to nobody (a reply address that is none).
    pub(super) fn publication(&self, id: u64, message: Outgoing) -> Option<Publication> {
        let (exchange, routing_key, mandatory, persistent) = match message.to {
            Address::Queue(Queue::Account(account)) => {
                let persistent = self.is_persistent(Queue::Account(account));
                (self.named("actions"), account.to_string(), true, persistent)
            }
            Address::Queue(queue) => {
                (DEFAULT_EXCHANGE.to_owned(), self.queue_name(queue), true, self.is_persistent(queue))
            }
            // An address comes from outside: it must not lead into a queue of ours.
            Address::Reply(to) if to.0.starts_with(&self.named("")) => return None,
            Address::Reply(to) if to.0.is_empty() || to.0.len() > 255 => return None,
            Address::Reply(to) => (DEFAULT_EXCHANGE.to_owned(), to.0, false, false),
            Address::Event { tenant, subject, kind } => {
                let key = format!("{}.{}.{}", word(&tenant), word(&subject), word(&kind));
                (self.named("events"), key, false, false)
            }
        };
        Some(Publication {
            id,
            exchange,
            routing_key,
            mandatory,
            persistent,
            reply_to: message.wants_reply.then_some(DIRECT_REPLY),
            expires: message.expires,
            payload: message.payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::ReplyTo;
    use bytes::Bytes;

    fn topology(account_queues: AccountQueues) -> Topology {
        Topology::new(&AmqpConfig { account_queues, journal_max_length: 7, ..AmqpConfig::default() })
    }

    /// The arguments as text; they are part of the contract with every broker in use and must not drift.
    fn arguments(topology: &Topology, queue: Queue) -> String {
        let render = |(key, value): &(&str, Argument)| match value {
            Argument::Text(text) => format!("{key}={text}"),
            Argument::Number(number) => format!("{key}={number}"),
        };
        topology.spec(queue).arguments.iter().map(render).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_arguments_of_queues_are_as_they_were_first_released() {
        let quorum = topology(AccountQueues::Quorum);
        let classic = topology(AccountQueues::Classic);
        let account = Queue::Account(AccountId(wanlink_domain::ids::derive(
            wanlink_domain::ids::AccountId::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf6").expect("an id").0,
            &["a"],
        )));
        let limited = "x-queue-type=quorum x-delivery-limit=1000000";
        let dead_letters = "x-dead-letter-exchange= x-dead-letter-routing-key=wan.parked";
        let bounded = "x-max-length=7 x-overflow=reject-publish";
        assert_eq!(arguments(&quorum, Queue::Journal), format!("{limited} {dead_letters} {bounded}"));
        assert_eq!(arguments(&quorum, Queue::Requests), format!("{limited} {dead_letters} {bounded}"));
        let full = "x-max-length=100000 x-overflow=reject-publish";
        assert_eq!(arguments(&quorum, Queue::Parked), format!("{limited} {full}"));
        assert_eq!(arguments(&quorum, Queue::Leases), "x-queue-type=classic");
        assert_eq!(arguments(&quorum, account), format!("{limited} {dead_letters}"));
        assert_eq!(arguments(&classic, account), "x-queue-type=classic");
    }

    #[test]
    fn a_reply_address_from_outside_cannot_name_a_queue_of_ours() {
        let topology = topology(AccountQueues::Quorum);
        let leads = |address: &str| {
            let to = Address::Reply(ReplyTo(address.to_owned()));
            let message = Outgoing { to, payload: Bytes::new(), wants_reply: false, expires: None };
            topology.publication(1, message).is_some()
        };
        assert!(leads("amq.rabbitmq.reply-to.g2dkAB=="));
        assert!(!leads("wan.journal") && !leads("") && !leads(&"x".repeat(256)));
    }
}

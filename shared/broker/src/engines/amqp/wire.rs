//! The one file that names `lapin`: its calls under time limits, its answers in words of our own.
//!
//! Every call to lapin can hang when the broker goes away at the wrong moment, so none is awaited without a
//! limit. One that passes means that the connection is dead ([`WireError::Dead`]), but for calls that a single queue has
//! to answer: a queue may have no leader, and then its channel alone is given up ([`WireError::Channel`]); if the
//! connection is dead as well, the next channel cannot be opened. lapin's own recovery stays off: it left connections
//! hanging in trials; the supervisor makes new ones.
//!
//! Deliberately absent: any decision. What to do about an error is for `supervisor`, `publisher`, `consumer`.

use super::config::Timeouts;
use crate::port::QueueState;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicPublishOptions, BasicQosOptions,
    ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::tcp::{AMQPUriTcpExt as _, RustlsConnector};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::{AMQPScheme, AMQPUri, SASLMechanism};
use lapin::{BasicProperties, Confirmation, ConnectionProperties, ErrorKind, Event, ExchangeKind};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use wanlink_runtime::tls;

/// Why a call failed, sorted by what it means for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireError {
    /// No such queue or exchange (404). The channel is closed.
    Absent,
    /// It exists with other properties (406) or is another connection's own (405). The channel is closed.
    Incompatible(String),
    /// This channel is of no more use; the connection may be.
    Channel(String),
    /// The connection is dead, or must be taken for dead.
    Dead(String),
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Absent => f.write_str("no such queue"),
            Self::Incompatible(text) | Self::Channel(text) | Self::Dead(text) => f.write_str(text),
        }
    }
}

impl From<lapin::Error> for WireError {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(amqp) if error.is_amqp_soft_error() => match amqp.get_id() {
                404 => Self::Absent,
                405 | 406 => Self::Incompatible(amqp.get_message().to_string()),
                _ => Self::Channel(error.to_string()),
            },
            ErrorKind::InvalidChannel(_) | ErrorKind::InvalidChannelState(..) => {
                Self::Channel(error.to_string())
            }
            ErrorKind::ChannelsLimitReached => Self::Channel(error.to_string()),
            _ => Self::Dead(error.to_string()),
        }
    }
}

/// Waits for a call of lapin's for at most `within`.
async fn limited<T>(
    what: &'static str,
    within: Duration,
    call: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, WireError> {
    match tokio::time::timeout(within, call).await {
        Ok(ended) => ended.map_err(WireError::from),
        Err(_) => Err(WireError::Dead(format!("{what}: no answer within {} ms", within.as_millis()))),
    }
}

/// The same for a call that one queue has to answer.
async fn limited_by_queue<T>(
    what: &'static str,
    within: Duration,
    call: impl Future<Output = Result<T, lapin::Error>>,
) -> Result<T, WireError> {
    match tokio::time::timeout(within, call).await {
        Ok(ended) => ended.map_err(WireError::from),
        Err(_) => {
            let within = within.as_millis();
            Err(WireError::Channel(format!("{what}: the queue gave no answer within {within} ms")))
        }
    }
}

/// A broker's address with its credentials, which it never shows.
#[derive(Clone)]
pub(super) struct Endpoint(AMQPUri);

impl Endpoint {
    /// Reads a URI; what it does not set itself (heartbeat, connection timeout) is set from the configuration.
    pub(super) fn parse(text: &str, heartbeat: Duration, connect_timeout: Duration) -> Option<Self> {
        let mut uri: AMQPUri = text.parse().ok()?;
        let millis = u64::try_from(connect_timeout.as_millis()).unwrap_or(u64::MAX);
        uri.query.heartbeat.get_or_insert(u16::try_from(heartbeat.as_secs()).unwrap_or(u16::MAX));
        uri.query.connection_timeout.get_or_insert(millis);
        Some(Self(uri))
    }

    /// Whether it asks for TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.0.scheme == AMQPScheme::AMQPS
    }

    /// Whether the broker is to take the certificate's word for who we are.
    pub(super) fn is_external(&self) -> bool {
        self.0.query.auth_mechanism == Some(SASLMechanism::External)
    }
}

/// How endpoints that ask for TLS are met.
#[derive(Clone, Debug)]
pub(super) struct Security {
    pub client: tls::Client,
    /// The name that the broker's certificate must hold; without it, the endpoint's host.
    pub server_name: Option<String>,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.0.authority.host, self.0.authority.port)
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// What a connection tells unasked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireEvent {
    Blocked(bool),
    Dead(String),
}

pub(super) struct WireConnection {
    inner: lapin::Connection,
    timeouts: Timeouts,
}

impl WireConnection {
    pub(super) async fn open(
        endpoint: &Endpoint,
        security: &Security,
        name: &str,
        timeouts: Timeouts,
    ) -> Result<Self, WireError> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let inner = if endpoint.is_secure() {
            Self::connect_secure(endpoint, security, properties, timeouts).await?
        } else {
            let connect = lapin::Connection::connect_uri(endpoint.0.clone(), properties);
            limited("connect", timeouts.connect, connect).await?
        };
        Ok(Self { inner, timeouts })
    }

    /// lapin would trust the system's list besides the file that is named, and knows no other name than the host's:
    /// so the handshake is made here. The files are read anew for each connection.
    async fn connect_secure(
        endpoint: &Endpoint,
        security: &Security,
        properties: ConnectionProperties,
        timeouts: Timeouts,
    ) -> Result<lapin::Connection, WireError> {
        let connector = RustlsConnector::from(security.client.load().map_err(WireError::Dead)?);
        let host = &endpoint.0.authority.host;
        let server_name = security.server_name.clone().unwrap_or_else(|| host.clone());
        let runtime = lapin::runtime::default_runtime().map_err(WireError::from)?;
        let handshake = async move |uri: AMQPUri, runtime: _| {
            let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..uri };
            let stream = plain.connect_async(&runtime).await?;
            Ok(stream.into_rustls(&connector, &server_name).await?)
        };
        let connect = lapin::Connection::connector(endpoint.0.clone(), runtime, handshake, properties);
        let explained = async {
            connect.await.map_err(|error| match tls::explain(&error, &tls::BROKER) {
                Some(sentence) => WireError::Dead(sentence),
                None => error.into(),
            })
        };
        let late =
            || WireError::Dead(format!("connect: no answer within {} ms", timeouts.connect.as_millis()));
        tokio::time::timeout(timeouts.connect, explained).await.map_err(|_| late())?
    }

    /// Everything the connection tells from now on.
    pub(super) fn events(&self) -> impl Stream<Item = WireEvent> + Send + Unpin + 'static {
        // Errors of single channels come here too; whether the connection lives is asked beside (`is_alive`).
        let status = self.inner.status().clone();
        let translate = move |event| match event {
            Event::ConnectionBlocked(_) => Some(WireEvent::Blocked(true)),
            Event::ConnectionUnblocked => Some(WireEvent::Blocked(false)),
            Event::Error(error) if !status.connected() || error.is_amqp_hard_error() => {
                Some(WireEvent::Dead(error.to_string()))
            }
            _ => None,
        };
        Box::pin(self.inner.events_listener().filter_map(move |event| std::future::ready(translate(event))))
    }

    pub(super) fn is_alive(&self) -> bool {
        self.inner.status().connected()
    }

    pub(super) async fn channel(&self) -> Result<WireChannel, WireError> {
        let inner = limited("open channel", self.timeouts.call, self.inner.create_channel()).await?;
        Ok(WireChannel { inner, timeouts: self.timeouts })
    }

    /// Says goodbye; whether the broker hears it does not matter.
    pub(super) async fn close(&self) {
        let _ = limited("close", self.timeouts.close, self.inner.close(200, "closing".into())).await;
    }
}

/// A queue's declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct QueueSpec {
    /// Empty: the broker gives a name.
    pub name: String,
    pub durable: bool,
    /// Of this connection only, and gone with its last consumer.
    pub exclusive: bool,
    pub arguments: Vec<(&'static str, Argument)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Text(String),
    Number(u64),
}

/// A message on its way.
#[derive(Clone, Debug)]
pub(super) struct Publication {
    /// Unique on its channel: a returned message is recognised by it.
    pub id: u64,
    pub exchange: String,
    pub routing_key: String,
    pub mandatory: bool,
    pub persistent: bool,
    pub reply_to: Option<&'static str>,
    pub expires: Option<Duration>,
    pub payload: Bytes,
}

/// One confirm, with the returned message that lapin happened to attach to it. **The attached message need not
/// be the confirmed one**: lapin attaches the oldest waiting one to whichever confirm completes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub accepted: bool,
    /// The id of the returned message; 0 for one that carries none of ours.
    pub returned: Option<u64>,
}

/// A publish under way; its first poll puts it on the wire, its end is the confirm.
pub(super) type Confirm = Pin<Box<dyn Future<Output = Result<Confirmed, WireError>> + Send>>;

#[derive(Clone)]
pub(super) struct WireChannel {
    inner: lapin::Channel,
    timeouts: Timeouts,
}

impl WireChannel {
    pub(super) async fn confirm_select(&self) -> Result<(), WireError> {
        let call = self.inner.confirm_select(ConfirmSelectOptions::default());
        limited("confirm.select", self.timeouts.call, call).await
    }

    pub(super) async fn declare_exchange(&self, name: &str, kind: ExchangeType) -> Result<(), WireError> {
        let kind = match kind {
            ExchangeType::Direct => ExchangeKind::Direct,
            ExchangeType::Topic => ExchangeKind::Topic,
        };
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let call = self.inner.exchange_declare(name.into(), kind, options, FieldTable::default());
        limited("exchange.declare", self.timeouts.call, call).await
    }

    pub(super) async fn delete_exchange(&self, name: &str) -> Result<(), WireError> {
        let call = self.inner.exchange_delete(name.into(), ExchangeDeleteOptions::default());
        limited("exchange.delete", self.timeouts.call, call).await
    }

    /// Answers the queue's name, which the broker may have given, and what is in it.
    pub(super) async fn declare_queue(&self, spec: &QueueSpec) -> Result<(String, QueueState), WireError> {
        let options = QueueDeclareOptions {
            durable: spec.durable,
            exclusive: spec.exclusive,
            auto_delete: spec.exclusive,
            ..QueueDeclareOptions::default()
        };
        let mut arguments = FieldTable::default();
        for (key, value) in &spec.arguments {
            let value = match value {
                Argument::Text(text) => AMQPValue::LongString(text.as_str().into()),
                Argument::Number(number) => {
                    AMQPValue::LongLongInt(i64::try_from(*number).unwrap_or(i64::MAX))
                }
            };
            arguments.insert((*key).into(), value);
        }
        let call = self.inner.queue_declare(spec.name.as_str().into(), options, arguments);
        let queue = limited_by_queue("queue.declare", self.timeouts.call, call).await?;
        Ok((queue.name().to_string(), state_of(&queue)))
    }

    /// Looks a queue up without making it.
    pub(super) async fn find_queue(&self, name: &str) -> Result<QueueState, WireError> {
        let options = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let call = self.inner.queue_declare(name.into(), options, FieldTable::default());
        limited_by_queue("queue.declare", self.timeouts.call, call).await.map(|queue| state_of(&queue))
    }

    pub(super) async fn bind(&self, queue: &str, exchange: &str, key: &str) -> Result<(), WireError> {
        let options = QueueBindOptions::default();
        let call =
            self.inner.queue_bind(queue.into(), exchange.into(), key.into(), options, FieldTable::default());
        limited("queue.bind", self.timeouts.call, call).await
    }

    pub(super) async fn delete_queue(&self, name: &str) -> Result<(), WireError> {
        let call = self.inner.queue_delete(name.into(), QueueDeleteOptions::default());
        limited_by_queue("queue.delete", self.timeouts.call, call).await.map(|_| ())
    }

    pub(super) async fn purge(&self, name: &str) -> Result<u32, WireError> {
        let call = self.inner.queue_purge(name.into(), QueuePurgeOptions::default());
        limited_by_queue("queue.purge", self.timeouts.call, call).await
    }

    /// A publish that begins at its first poll and ends with its confirm. It has no time limit of its own: its
    /// owner watches many at once. lapin numbers a message and queues its frames within the first poll, in two
    /// steps: the first polls of one channel's publishes must not run side by side.
    pub(super) fn publish(&self, message: Publication) -> Confirm {
        let channel = self.inner.clone();
        Box::pin(async move {
            let options = BasicPublishOptions { mandatory: message.mandatory, immediate: false };
            let exchange = message.exchange.as_str().into();
            let key = message.routing_key.as_str().into();
            let properties = properties_of(&message);
            let sent = channel.basic_publish(exchange, key, options, &message.payload, properties).await?;
            let (accepted, returned) = match sent.await? {
                Confirmation::Ack(returned) => (true, returned),
                Confirmation::Nack(returned) => (false, returned),
                Confirmation::NotRequested => return Err(WireError::Channel("confirms are off".into())),
            };
            let id_of = |message: lapin::message::BasicReturnMessage| {
                let id = message.delivery.properties.message_id().as_ref();
                id.and_then(|id| id.as_str().parse().ok()).unwrap_or(0)
            };
            Ok(Confirmed { accepted, returned: returned.map(id_of) })
        })
    }

    /// Consumes with at most `prefetch` unsettled deliveries; `None`: nothing is to be settled.
    pub(super) async fn consume(&self, queue: &str, prefetch: Option<u16>) -> Result<WireStream, WireError> {
        if let Some(count) = prefetch {
            let call = self.inner.basic_qos(count, BasicQosOptions::default());
            limited("basic.qos", self.timeouts.call, call).await?;
        }
        let options = BasicConsumeOptions { no_ack: prefetch.is_none(), ..BasicConsumeOptions::default() };
        let call = self.inner.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let inner = limited_by_queue("basic.consume", self.timeouts.call, call).await?;
        Ok(WireStream { inner, settle_within: self.timeouts.call })
    }

    pub(super) async fn close(&self) {
        let _ = limited("channel.close", self.timeouts.close, self.inner.close(200, "closing".into())).await;
    }
}

/// The kinds of exchange the topology uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExchangeType {
    Direct,
    Topic,
}

fn state_of(queue: &lapin::Queue) -> QueueState {
    QueueState { ready: queue.message_count(), consumers: queue.consumer_count() }
}

fn properties_of(message: &Publication) -> BasicProperties {
    const TRANSIENT: u8 = 1;
    const PERSISTENT: u8 = 2;
    let mut properties = BasicProperties::default()
        .with_content_type("application/json".into())
        .with_message_id(message.id.to_string().into())
        .with_delivery_mode(if message.persistent { PERSISTENT } else { TRANSIENT });
    if let Some(address) = message.reply_to {
        properties = properties.with_reply_to(address.into());
    }
    if let Some(after) = message.expires {
        properties = properties.with_expiration(after.as_millis().to_string().into());
    }
    properties
}

/// Deliveries of one consumer, until its channel ends or the broker cancels it.
pub(super) struct WireStream {
    inner: lapin::Consumer,
    settle_within: Duration,
}

impl WireStream {
    /// `None`: it ended. Cancel-safe.
    pub(super) async fn next(&mut self) -> Option<Result<WireDelivery, WireError>> {
        let item = self.inner.next().await?;
        Some(item.map_err(WireError::from).map(|delivery| WireDelivery {
            payload: Bytes::from(delivery.data),
            redelivered: delivery.redelivered,
            reply_to: delivery.properties.reply_to().as_ref().map(ToString::to_string),
            acker: WireAcker { inner: delivery.acker, within: self.settle_within },
        }))
    }
}

pub(super) struct WireDelivery {
    pub payload: Bytes,
    pub redelivered: bool,
    pub reply_to: Option<String>,
    pub acker: WireAcker,
}

/// Settles one delivery, on its own channel only.
pub(super) struct WireAcker {
    inner: lapin::Acker,
    within: Duration,
}

impl WireAcker {
    /// `false`: the channel is gone, nothing was sent.
    pub(super) async fn ack(&self) -> Result<bool, WireError> {
        limited("basic.ack", self.within, self.inner.ack(BasicAckOptions::default())).await
    }

    pub(super) async fn give_back(&self) -> Result<bool, WireError> {
        let options = BasicNackOptions { requeue: true, multiple: false };
        limited("basic.nack", self.within, self.inner.nack(options)).await
    }
}

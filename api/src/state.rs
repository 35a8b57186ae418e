//! What every handler has at hand: the ports, the clock, and what is shared between calls.

use crate::backpressure::JournalWatch;
use crate::catalogue::CatalogueCache;
use crate::lane::Lanes;
use crate::readiness::Readiness;
use crate::settings::ApiSettings;
use crate::word::Inbox;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wanlink_broker::port::{Address, Broker, Outgoing, Publisher, Queue};
use wanlink_domain::connector::ConnectorCatalogue;
use wanlink_domain::ids::MessageId;
use wanlink_domain::trace::TraceParent;
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::seal::Sealer;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_runtime::trace;
use wanlink_store::port::ReadStore;
use wanlink_wire::{Envelope, Message, encode};

/// The role's state: one per process, behind an `Arc`.
pub struct State {
    pub broker: Arc<dyn Broker>,
    /// The one publisher; answers come into its inbox.
    pub publisher: Arc<dyn Publisher>,
    pub store: Arc<dyn ReadStore>,
    pub sealer: Sealer,
    pub connectors: ConnectorCatalogue,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub settings: ApiSettings,
    pub telemetry: Telemetry,
    pub inbox: Inbox,
    pub lanes: Lanes,
    pub catalogue: CatalogueCache,
    pub journal: JournalWatch,
    pub readiness: watch::Sender<Readiness>,
    /// The process ends: it is not ready, and each connection ends with its answer.
    pub stopping: CancellationToken,
    /// Why calls over the message broker wait for a newer release; `None`: they do not.
    pub calls_unread: watch::Sender<Option<String>>,
}

/// How handlers hold it.
pub type Shared = Arc<State>;

impl State {
    /// A new id, sortable by its time.
    pub fn new_id(&self) -> Uuid {
        self.entropy.uuid_v7(self.clock.wall())
    }

    /// A message in its envelope, addressed to a queue, in the trace of the work that sends it.
    pub fn outgoing(&self, queue: Queue, message: impl Into<Message>, wants_reply: bool) -> Outgoing {
        self.traced(queue, trace::current(), message.into(), wants_reply)
    }

    /// The same, in this trace.
    pub fn traced(
        &self,
        queue: Queue,
        trace: Option<TraceParent>,
        message: Message,
        wants_reply: bool,
    ) -> Outgoing {
        let at = self.clock.wall();
        let envelope = Envelope { id: MessageId(self.entropy.uuid_v7(at)), at, trace, message };
        Outgoing { to: Address::Queue(queue), payload: encode(&envelope).into(), wants_reply, expires: None }
    }
}

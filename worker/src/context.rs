//! What all parts of one worker share: who it is, what it may use, and how its parts reach one another.

use crate::answers::Answers;
use crate::claims::Claims;
use crate::desk::Desk;
use crate::post::Post;
use crate::reports::Reports;
use crate::session::Line;
use crate::settings::WorkerSettings;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wanlink_broker::port::Broker;
use wanlink_connectors::registry::Connectors;
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::ids::{LinkId, SessionId};
use wanlink_runtime::clock::Clock;
use wanlink_runtime::entropy::Entropy;
use wanlink_runtime::seal::Opener;
use wanlink_runtime::telemetry::Telemetry;
use wanlink_wire::conductor::{AccountSettings, LinksPage};
use wanlink_wire::lease::Holding;

pub(crate) struct Context {
    /// One per start of a worker.
    pub session: SessionId,
    pub settings: WorkerSettings,
    pub telemetry: Telemetry,
    pub broker: Arc<dyn Broker>,
    pub connectors: Arc<Connectors>,
    pub opener: Arc<Opener>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub post: Post,
    pub line: Line,
    pub claims: Claims,
    pub reports: Reports,
    pub answers: Answers,
    /// Who waits for an account's settings; `None` is the answer that the epoch is over.
    pub settings_desk: Desk<Holding, Option<AccountSettings>>,
    /// Who waits for a page of an account's links, by the link before it; likewise.
    pub links_desk: Desk<(Holding, Option<LinkId>), Option<LinksPage>>,
    /// Who waits for the conductors' word on an account's status; likewise.
    pub wim_desk: Desk<Holding, Option<AccountStatus>>,
    pub probe_desk: Desk<u64, ()>,
    /// Take nothing new, finish what runs.
    pub draining: CancellationToken,
    /// How many account queues hold a message that only a newer release can read.
    pub unreadable: watch::Sender<usize>,
}

impl Context {
    pub fn connector_kinds(&self) -> Vec<String> {
        self.connectors.descriptors().map(|descriptor| descriptor.kind.to_owned()).collect()
    }
}

/// Counts one queue as unreadable for as long as it lives.
pub(crate) struct Unreadable(Arc<Context>);

impl Unreadable {
    pub fn mark(cx: &Arc<Context>) -> Self {
        cx.unreadable.send_modify(|queues| *queues += 1);
        Self(cx.clone())
    }
}

impl Drop for Unreadable {
    fn drop(&mut self) {
        self.0.unreadable.send_modify(|queues| *queues -= 1);
    }
}

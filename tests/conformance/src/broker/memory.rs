//! The harness of the in-process engine, in virtual time: expiry follows the runtime's paused clock.

use super::{Harness, JOURNAL_LENGTH_MAX};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wanlink_broker::engines::memory::{Hub, Limits, MemoryBroker};
use wanlink_broker::port::Broker;
use wanlink_domain::ids::AccountId;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::Clock;

pub struct MemoryHarness {
    hub: Arc<Hub>,
    brokers: Mutex<Vec<MemoryBroker>>,
}

impl MemoryHarness {
    /// Inside a tokio runtime, whose clock it takes.
    pub fn start() -> Self {
        let length_max = usize::try_from(JOURNAL_LENGTH_MAX).unwrap_or(usize::MAX);
        let limits = Limits { journal_length_max: length_max, ..Limits::default() };
        Self { hub: Hub::new(Arc::new(RuntimeClock::start()), limits), brokers: Mutex::default() }
    }

    fn each(&self, act: impl Fn(&MemoryBroker)) {
        self.brokers.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(act);
    }
}

#[async_trait]
impl Harness for MemoryHarness {
    async fn connect(&self) -> Result<Arc<dyn Broker>, String> {
        let broker = self.hub.connect();
        self.brokers.lock().unwrap_or_else(PoisonError::into_inner).push(broker.clone());
        Ok(Arc::new(broker))
    }

    async fn cut(&self) {
        self.each(MemoryBroker::disconnect);
    }

    async fn heal(&self) {
        self.each(MemoryBroker::reconnect);
    }

    async fn block(&self, blocked: bool) {
        self.each(|broker| broker.block(blocked));
    }

    /// Everything goes with the harness.
    async fn clean(&self, _accounts: &BTreeSet<AccountId>) {}
}

/// The runtime's clock, which stands still while a test works and leaps when all wait.
struct RuntimeClock {
    start: tokio::time::Instant,
}

impl RuntimeClock {
    #[expect(clippy::disallowed_methods, reason = "a test clock has to read the clock that tests pause")]
    fn start() -> Self {
        Self { start: tokio::time::Instant::now() }
    }
}

impl Clock for RuntimeClock {
    fn wall(&self) -> Timestamp {
        Timestamp(0).after(self.mono())
    }

    fn mono(&self) -> Duration {
        self.start.elapsed()
    }
}

//! The harness of the AMQP engine: a proxy before the broker that `WANLINK_TEST_AMQP_URL` names.
//!
//! Each harness uses queue names of its own, so that tests run side by side on one broker, and removes what it
//! made. Without the variable it fails: a suite that was not run has not passed.

pub use super::proxy::{Proxy, Weather};

use super::{Harness, JOURNAL_LENGTH_MAX, PATIENCE};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use wanlink_broker::engines::amqp::{AmqpBroker, AmqpConfig};
use wanlink_broker::port::Broker;
use wanlink_domain::ids::AccountId;
use wanlink_runtime::entropy::{Entropy, SystemEntropy};

pub struct AmqpHarness {
    pub proxy: Proxy,
    direct_url: String,
    prefix: String,
}

impl AmqpHarness {
    /// # Errors
    /// What is missing: the variable, or a URL in it that this harness can read.
    pub async fn start() -> Result<Self, String> {
        let direct_url = std::env::var("WANLINK_TEST_AMQP_URL").map_err(
            |_| "WANLINK_TEST_AMQP_URL is not set: these tests need an AMQP broker (tests/run starts one)",
        )?;
        let (_, address, _) = split(&direct_url)?;
        let proxy = Proxy::start(address.to_owned()).await.map_err(|error| error.to_string())?;
        let prefix = format!("test-{:016x}", SystemEntropy.bits());
        Ok(Self { proxy, direct_url, prefix })
    }

    /// The settings for a broker behind the proxy.
    pub fn config(&self) -> Result<AmqpConfig, String> {
        let (before, _, after) = split(&self.direct_url)?;
        Ok(AmqpConfig {
            endpoints: vec![format!("{before}{}{after}", self.proxy.address)],
            ..self.direct_config()
        })
    }

    fn direct_config(&self) -> AmqpConfig {
        AmqpConfig {
            endpoints: vec![self.direct_url.clone()],
            prefix: self.prefix.clone(),
            journal_max_length: u64::from(JOURNAL_LENGTH_MAX),
            confirm_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_secs(10),
            ..AmqpConfig::default()
        }
    }

    /// Opens an engine and waits for its connection.
    pub async fn open(&self, config: &AmqpConfig) -> Result<AmqpBroker, String> {
        let broker = AmqpBroker::open(config, Arc::new(SystemEntropy))?;
        let mut health = broker.health();
        match tokio::time::timeout(PATIENCE, health.wait_for(|health| health.ready())).await {
            Ok(Ok(_)) => Ok(broker),
            _ => Err(format!("no connection: {:?}", broker.health().borrow().detail)),
        }
    }

    async fn remove(&self, accounts: &BTreeSet<AccountId>) -> Result<(), String> {
        let broker = self.open(&self.direct_config()).await?;
        for account in accounts {
            broker.delete_account(*account).await.map_err(|error| error.to_string())?;
        }
        broker.delete_topology().await.map_err(|error| error.to_string())?;
        broker.close(Duration::from_secs(1)).await;
        Ok(())
    }
}

#[async_trait]
impl Harness for AmqpHarness {
    async fn connect(&self) -> Result<Arc<dyn Broker>, String> {
        Ok(Arc::new(self.open(&self.config()?).await?))
    }

    async fn cut(&self) {
        self.proxy.set(Weather::Down);
    }

    async fn heal(&self) {
        self.proxy.set(Weather::Fair);
    }

    async fn block(&self, blocked: bool) {
        self.proxy.block(blocked);
    }

    async fn clean(&self, accounts: &BTreeSet<AccountId>) {
        // What stays behind on a test broker harms nobody; the case's outcome counts.
        let _ = self.remove(accounts).await;
    }
}

/// A URL in three parts: up to the address, `host:port`, and the rest.
fn split(url: &str) -> Result<(&str, &str, &str), String> {
    let unreadable =
        || "WANLINK_TEST_AMQP_URL: not of the form amqp://user:password@host:port/vhost".to_owned();
    let scheme = url.find("://").ok_or_else(unreadable)? + 3;
    let end = url[scheme..].find(['/', '?']).map_or(url.len(), |at| scheme + at);
    let start = url[scheme..end].rfind('@').map_or(scheme, |at| scheme + at + 1);
    let address = &url[start..end];
    if url.starts_with("amqp://") && address.contains(':') {
        Ok((&url[..start], address, &url[end..]))
    } else {
        Err(unreadable())
    }
}

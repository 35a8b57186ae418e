//! From the configuration to what a role is given: engines by their names, keys from their files, limits.

use crate::failure::Failure;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanlink_broker::engines as brokers;
use wanlink_broker::port::Broker;
use wanlink_connectors::egress::Limits;
use wanlink_connectors::registry::Connectors;
use wanlink_runtime::clock::{Clock, SystemClock};
use wanlink_runtime::config::Config;
use wanlink_runtime::entropy::{Entropy, SystemEntropy};
use wanlink_runtime::seal::{Opener, PrivateKey, PublicKey, Sealer, generate_pair};
use wanlink_store::engines as stores;
use wanlink_store::port::{ReadStore, Store};

/// The engines that this executable is built with, and the machine's clocks and randomness.
pub struct Parts {
    pub brokers: brokers::Registry,
    pub stores: stores::Registry,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Parts {
    pub fn built_in() -> Self {
        Self {
            brokers: brokers::Registry::built_in(),
            stores: stores::Registry::built_in(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// A connection of its own to the message broker.
    pub async fn broker(&self, config: &Config) -> Result<Arc<dyn Broker>, Failure> {
        let with = brokers::Surroundings { clock: self.clock.clone(), entropy: self.entropy.clone() };
        self.brokers.open(&config.message_broker, &with).await.map_err(Failure::configuration)
    }

    pub fn store(&self, config: &Config) -> Result<Arc<dyn Store>, Failure> {
        let with = stores::Surroundings { data_dir: config.data_dir.clone() };
        self.stores.open(&config.database, &with).map_err(Failure::configuration)
    }

    pub fn read_store(&self, config: &Config) -> Result<Arc<dyn ReadStore>, Failure> {
        let with = stores::Surroundings { data_dir: config.data_dir.clone() };
        self.stores.open_read(&config.database, &with).map_err(Failure::configuration)
    }
}

/// The connector kinds of this executable.
pub fn connectors(config: &Config) -> Connectors {
    Connectors::built_in(Limits {
        connect_timeout: config.egress.connect_timeout,
        request_timeout: config.egress.request_timeout,
        answer_max_bytes: config.egress.answer_max_bytes,
    })
}

/// Reads the public key that secrets are sealed with.
pub fn sealer(config: &Config) -> Result<Sealer, Failure> {
    let Some(path) = &config.api.public_key_file else {
        return Err(Failure::configuration(
            "api.public_key_file is not set: make a pair with `wanlink key generate` and name its public half",
        ));
    };
    Ok(Sealer::new(PublicKey::read(path).map_err(Failure::configuration)?))
}

/// Reads the private keys that open them.
pub fn opener(config: &Config) -> Result<Opener, Failure> {
    if config.worker.private_key_files.is_empty() {
        return Err(Failure::configuration(
            "worker.private_key_files is empty: make a pair with `wanlink key generate` and name its private half",
        ));
    }
    let keys: Result<Vec<PrivateKey>, _> =
        config.worker.private_key_files.iter().map(|path| PrivateKey::read(path)).collect();
    Ok(Opener::new(keys.map_err(Failure::configuration)?))
}

/// The files of a key pair in a folder.
pub struct KeyFiles {
    pub public: PathBuf,
    pub private: PathBuf,
}

impl KeyFiles {
    pub fn of(folder: &Path) -> Self {
        Self { public: folder.join("seal-public.key"), private: folder.join("seal-private.key") }
    }

    /// Makes the pair. Files that are there are never overwritten: what was sealed with them could not be opened.
    pub fn generate(&self) -> Result<(), Failure> {
        let (public, private) = generate_pair().map_err(Failure::internal)?;
        private.write(&self.private).map_err(Failure::configuration)?;
        public.write(&self.public).map_err(Failure::configuration)
    }
}

/// The name of this machine, for people.
pub fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map(|name| name.trim().to_owned())
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "worker".to_owned())
}

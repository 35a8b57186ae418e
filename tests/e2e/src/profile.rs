//! What a system is made of, and the configuration of each of its processes.
//!
//! The periods are the product's own shapes at a tenth of their size, so that takeovers and retries happen within a
//! test's patience. Nothing else differs from what an operator would write.

use crate::certificates::Certificates;
use crate::collector::Collector;
use crate::database::Database;
use std::path::Path;
use std::time::Duration;
use toml::{Table, Value};

/// Which engines the system runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// One process, `wanlink up`: SQLite and the in-process broker.
    Embedded,
    /// Two processes of each role on RabbitMQ and PostgreSQL.
    Real,
}

/// What a scenario asks of its system.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// Real profile: servers that this test alone uses and may kill.
    pub own_servers: bool,
    /// Real profile: workers at the start.
    pub workers: usize,
    /// WIM accounts, each with a tenant of its own.
    pub accounts: usize,
    /// Links of one account that are worked on at once.
    pub max_in_flight: u32,
    /// How long the controller's links are in BUILD, at least and at most.
    pub build: (Duration, Duration),
    /// Mutual TLS to the api, and in the real profile to the broker and the database, which are then of its own.
    pub tls: bool,
    /// Conductors and workers show their figures, and spans go to a collector of the test's own.
    pub watched: bool,
    /// Configuration keys and TOML values that differ from the usual ones.
    pub keys: &'static [(&'static str, &'static str)],
}

impl Setup {
    pub const USUAL: Self = Self {
        own_servers: false,
        workers: 2,
        accounts: 1,
        max_in_flight: 8,
        build: (Duration::from_millis(200), Duration::from_millis(600)),
        tls: false,
        watched: false,
        keys: &[],
    };
}

/// How often the broker and the database are given up and tried again, and how often everything is looked at.
const PERIODS: &[(&str, &str)] = &[
    ("api.word_wait", "\"2s\""),
    ("api.command_wait", "\"6s\""),
    ("api.command_repeat", "\"500ms\""),
    ("api.call_timeout", "\"15s\""),
    ("attempt.timeout", "\"6s\""),
    ("build.poll", "\"300ms\""),
    ("conductor.tick", "\"100ms\""),
    ("database.connect_timeout", "\"2s\""),
    ("database.statement_timeout", "\"5s\""),
    ("dispatch.after", "\"1s\""),
    ("dispatch.max", "\"5s\""),
    ("egress.answer_max_bytes", "1048576"),
    ("egress.connect_timeout", "\"1s\""),
    ("egress.request_timeout", "\"3s\""),
    ("lease.margin", "\"500ms\""),
    ("lease.renew", "\"500ms\""),
    ("lease.ttl", "\"3s\""),
    ("log.filter", "\"info,wanlink_conductor=debug,wanlink_worker=debug\""),
    ("message_broker.confirm_timeout", "\"2s\""),
    ("message_broker.heartbeat", "\"2s\""),
    ("monitor.interval", "\"1s\""),
    ("refresh.interval", "\"5s\""),
    ("retry.initial", "\"200ms\""),
    ("retry.max", "\"1s\""),
    ("worker.claim_repeat", "\"500ms\""),
    ("worker.drain", "\"3s\""),
];

/// Where the sealing keys of the real profile lie; the embedded one makes its own.
pub const PUBLIC_KEY: &str = "seal.public";
pub const PRIVATE_KEY: &str = "seal.private";

/// One process's configuration file.
#[derive(Debug, Clone)]
pub struct Configuration(Table);

impl Configuration {
    /// What all roles have in common.
    pub fn usual(setup: &Setup) -> Self {
        let mut configuration = Self(Table::new());
        for (key, value) in PERIODS.iter().chain(setup.keys) {
            let parsed: Table = format!("value = {value}").parse().expect("a TOML value");
            configuration = configuration.with(key, parsed["value"].clone());
        }
        configuration
    }

    /// Spans go to this collector, if there is one.
    pub fn told_to(self, collector: Option<&Collector>) -> Self {
        match collector {
            Some(collector) => self.with("telemetry.otlp.endpoint", collector.url()),
            None => self,
        }
    }

    /// Sets a dotted key.
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        let mut table = &mut self.0;
        let (sections, name) = key.rsplit_once('.').unwrap_or(("", key));
        for section in sections.split('.').filter(|section| !section.is_empty()) {
            let below = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
            table = below.as_table_mut().expect("a section");
        }
        table.insert(name.to_owned(), value.into());
        self
    }

    /// Everything in one process.
    pub fn embedded(self, listen: &str) -> Self {
        self.with("data_dir", "data").with("api.listen", listen)
    }

    /// On RabbitMQ, with queues of this system's own.
    pub fn on_broker(self, url: &str, prefix: &str) -> Self {
        self.with("message_broker.engine", "amqp")
            .with("message_broker.endpoints", vec![url])
            .with("message_broker.options.prefix", prefix)
    }

    /// An api: it reads the database under a role that cannot write.
    pub fn api(self, listen: &str, database: &Database, folder: &Path) -> Self {
        self.with("api.listen", listen)
            .with("api.public_key_file", folder.join(PUBLIC_KEY).display().to_string())
            .with("database.engine", "postgres")
            .with("database.read_endpoints", vec![database.read_url.as_str()])
    }

    /// A conductor, or `migrate`.
    pub fn conductor(self, database: &Database) -> Self {
        self.with("database.engine", "postgres")
            .with("database.endpoints", vec![database.url.as_str()])
            .with("database.options.read_role", database.read_role.as_str())
    }

    /// HTTPS for callers that show a certificate.
    pub fn https(self, files: Option<&Certificates>) -> Self {
        let Some(files) = files else { return self };
        self.with("api.tls.certificate", files.path("server.pem"))
            .with("api.tls.key", files.path("server.key"))
            .with("api.tls.client_ca", files.path("ca.pem"))
    }

    /// Mutual TLS to the broker and the database.
    pub fn secured(self, files: Option<&Certificates>, database: Option<&Database>) -> Self {
        let Some(files) = files else { return self };
        let mut secured = self;
        for section in ["message_broker", "database"].into_iter().take(1 + usize::from(database.is_some())) {
            for (key, file) in [("ca", "ca.pem"), ("certificate", "client.pem"), ("key", "client.key")] {
                secured = secured.with(&format!("{section}.tls.{key}"), files.path(file));
            }
        }
        secured
    }

    /// A worker: no address of any database.
    pub fn worker(self, name: &str, folder: &Path) -> Self {
        let key = folder.join(PRIVATE_KEY).display().to_string();
        self.with("worker.name", name).with("worker.private_key_files", vec![key])
    }

    /// Writes it and answers its name.
    pub fn write(&self, folder: &Path, name: &str) -> String {
        let path = folder.join(format!("{name}.toml"));
        std::fs::write(&path, self.0.to_string()).expect("a configuration file");
        path.display().to_string()
    }
}

//! The configuration's sections and their defaults: one struct per table of the file, units in the value.
//!
//! Every key that exists stands here with its default; unknown ones are refused. What an engine alone
//! understands goes through `options`, unjudged: the engine refuses what it does not know.

use super::endpoint::Endpoint;
use super::options::Options;
use super::span;
use serde::{Deserialize, Serialize};

use std::path::PathBuf;
use std::time::Duration;

/// Declares a section: its fields with documentation and default, `Default`, and serde's strictness.
macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name { $($(#[$field_doc])* pub $field: $kind,)+ }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }
    };
}

const fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

section! {
    /// The configuration of all roles. A role reads the sections it needs.
    Config {
        /// Where a single process keeps its state: the embedded database, the sealing keys.
        data_dir: PathBuf = PathBuf::from("wanlink-data"),
        database: Database = Database::default(),
        message_broker: MessageBroker = MessageBroker::default(),
        coordination: Coordination = Coordination::default(),
        api: Api = Api::default(),
        worker: Worker = Worker::default(),
        egress: Egress = Egress::default(),
        conductor: Conductor = Conductor::default(),
        lease: Lease = Lease::default(),
        dispatch: Dispatch = Dispatch::default(),
        attempt: Attempt = Attempt::default(),
        retry: Retry = Retry::default(),
        build: Build = Build::default(),
        networks: Networks = Networks::default(),
        refresh: Refresh = Refresh::default(),
        monitor: Monitor = Monitor::default(),
        request: Request = Request::default(),
        history: History = History::default(),
        events: Events = Events::default(),
        tombstones: Tombstones = Tombstones::default(),
        answers: Answers = Answers::default(),
        parked: Parked = Parked::default(),
        retention: Retention = Retention::default(),
        shutdown: Shutdown = Shutdown::default(),
        log: Log = Log::default(),
        telemetry: Telemetry = Telemetry::default(),
    }
}

section! {
    /// The database. Only the conductor and `migrate` connect to `endpoints`; the api to `read_endpoints`.
    Database {
        engine: String = "sqlite".to_owned(),
        /// Tried in order. Empty: the engine's own default (SQLite: a file in `data_dir`).
        endpoints: Vec<Endpoint> = Vec::new(),
        /// The same database under a role that can only read. Empty: the engine's read-only mode on `endpoints`.
        read_endpoints: Vec<Endpoint> = Vec::new(),
        connections_max: u32 = 16,
        /// How long to wait for a connection from the pool before the database counts as away.
        #[serde(with = "span")]
        connect_timeout: Duration = seconds(5),
        /// How long one statement may run.
        #[serde(with = "span")]
        statement_timeout: Duration = seconds(10),
        tls: DatabaseTls = DatabaseTls::default(),
        /// The engine's own settings.
        options: Options = Options::default(),
    }
}

section! {
    /// The message broker.
    MessageBroker {
        engine: String = "memory".to_owned(),
        /// Tried in order at every connection.
        endpoints: Vec<Endpoint> = Vec::new(),
        /// The kind of the accounts' queues. A queue keeps the kind it was made with: a change is for new accounts.
        account_queues: AccountQueues = AccountQueues::Quorum,
        /// Messages; a full journal refuses, and the api answers 503.
        journal_max_length: u64 = 100_000,
        /// Messages; full reports make workers wait.
        reports_max_length: u64 = 200_000,
        /// Messages that could not be handled; a full queue refuses, and the delivery stays where it is.
        parked_max_length: u64 = 100_000,
        #[serde(with = "span")]
        connect_timeout: Duration = seconds(5),
        /// How long a publish may wait for its confirm before its outcome counts as unknown.
        #[serde(with = "span")]
        confirm_timeout: Duration = seconds(5),
        /// How long an acknowledgement or a declaration may take before the connection counts as dead.
        #[serde(with = "span")]
        call_timeout: Duration = seconds(5),
        #[serde(with = "span")]
        heartbeat: Duration = seconds(10),
        tls: BrokerTls = BrokerTls::default(),
        /// The engine's own settings.
        options: Options = Options::default(),
    }
}

section! {
    /// TLS to the database: with any of these set, every connection is encrypted and the server's certificate and
    /// name are verified. PEM files.
    DatabaseTls {
        /// Whose certificates are trusted.
        ca: Option<PathBuf> = None,
        /// The client's certificate with its chain, and its private key: both or neither.
        certificate: Option<PathBuf> = None,
        key: Option<PathBuf> = None,
    }
}

section! {
    /// TLS to the message broker, at endpoints that ask for it (`amqps://`). PEM files.
    BrokerTls {
        /// Whose certificates are trusted; without it, the system's own list.
        ca: Option<PathBuf> = None,
        /// The client's certificate with its chain, and its private key: both or neither.
        certificate: Option<PathBuf> = None,
        key: Option<PathBuf> = None,
        /// The name that the server's certificate must hold, where it is not the endpoint's host.
        server_name: Option<String> = None,
    }
}

section! {
    /// HTTPS instead of HTTP. PEM files, read again when they change.
    ApiTls {
        /// The server's certificate with its chain, and its private key: both or neither.
        certificate: Option<PathBuf> = None,
        key: Option<PathBuf> = None,
        /// Callers must show a certificate that one of these issued.
        client_ca: Option<PathBuf> = None,
    }
}

/// How an account's prompts are kept (design 3): replicated, or cheaper and lost with the broker's memory, which
/// the record makes good either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountQueues {
    Quorum,
    Classic,
}

section! {
    /// Where leases and epochs are decided.
    Coordination {
        engine: String = "database".to_owned(),
        endpoints: Vec<Endpoint> = Vec::new(),
        /// The engine's own settings.
        options: Options = Options::default(),
    }
}

section! {
    Api {
        /// Address and port; port 0 lets the system choose.
        listen: String = "127.0.0.1:8080".to_owned(),
        /// Allows listening beyond loopback while callers are not authenticated, which `tls.client_ca` does.
        insecure: bool = false,
        tls: ApiTls = ApiTls::default(),
        /// Takes calls from the message broker's `wan.requests` as well. While there is no authentication, whoever
        /// the broker lets publish there may do everything.
        broker_clients: bool = false,
        body_max_bytes: usize = 1 << 20,
        json_depth_max: usize = 32,
        page_max: usize = 1_000,
        /// Calls handled at once; more are refused with 503.
        calls_max: usize = 1_024,
        /// One call from its first byte to its answer.
        #[serde(with = "span")]
        call_timeout: Duration = seconds(30),
        /// How long an accepting call waits for the journal's word before it answers without it.
        #[serde(with = "span")]
        word_wait: Duration = seconds(2),
        /// How long a catalogue command is repeated before it ends as outcome-unknown.
        #[serde(with = "span")]
        command_wait: Duration = seconds(10),
        /// How long a command waits for its answer before it is sent again.
        #[serde(with = "span")]
        command_repeat: Duration = seconds(2),
        /// How long the journal's word may be missing for accepted requests before acceptance stops.
        #[serde(with = "span")]
        word_missing_max: Duration = seconds(10),
        /// The workers' public key, with which secrets are sealed.
        public_key_file: Option<PathBuf> = None,
    }
}

section! {
    Worker {
        /// Address and port of `/metrics`, `/healthz` and `/readyz`. Empty: none.
        listen: String = String::new(),
        /// Shown to operators. Empty: the host's name.
        name: String = String::new(),
        /// Accounts that one worker takes at most.
        capacity: u32 = 256,
        /// Items in one claim or report.
        claim_batch_max: usize = 256,
        /// How long a claim waits for its verdict before it is sent again.
        #[serde(with = "span")]
        claim_repeat: Duration = seconds(2),
        /// How long stopping waits for attempts in flight before it drops them.
        #[serde(with = "span")]
        drain: Duration = seconds(30),
        /// The keys that open sealed secrets: several during a rotation.
        private_key_files: Vec<PathBuf> = Vec::new(),
    }
}

section! {
    /// The one HTTP client of the connectors.
    Egress {
        #[serde(with = "span")]
        connect_timeout: Duration = seconds(5),
        /// One call from connecting to the last byte.
        #[serde(with = "span")]
        request_timeout: Duration = seconds(30),
        answer_max_bytes: usize = 4 << 20,
    }
}

section! {
    Conductor {
        /// Address and port of `/metrics`, `/healthz` and `/readyz`. Empty: none.
        listen: String = String::new(),
        /// How often what waits is counted, in the database and in the queues.
        #[serde(with = "span")]
        census_interval: Duration = seconds(15),
        /// Messages that one transaction takes at most, per kind.
        batch_max: usize = 256,
        /// Grants in one renewal's answer.
        grants_max: usize = 64,
        /// How much more loaded, in percent, a worker must be before accounts are moved away from it.
        hysteresis_percent: u32 = 20,
        /// How often due actions, the outbox and unfinished accounts are looked for when nothing said so.
        #[serde(with = "span")]
        tick: Duration = Duration::from_millis(250),
    }
}

section! {
    /// Leases (design 5).
    Lease {
        #[serde(with = "span")]
        renew: Duration = seconds(5),
        #[serde(with = "span")]
        ttl: Duration = seconds(20),
        /// How much earlier than the conductor a worker considers its lease ended.
        #[serde(with = "span")]
        margin: Duration = seconds(2),
    }
}

section! {
    /// When a prompt is believed lost.
    Dispatch {
        #[serde(with = "span")]
        after: Duration = seconds(5),
        /// The waiting time doubles up to this.
        #[serde(with = "span")]
        max: Duration = seconds(300),
    }
}

section! {
    Attempt {
        /// One execution by a connector, all its calls.
        #[serde(with = "span")]
        timeout: Duration = seconds(60),
        /// Claims without a report that end an action as poisonous.
        max: u32 = 8,
    }
}

section! {
    /// Exponential backoff of an action's attempts.
    Retry {
        #[serde(with = "span")]
        initial: Duration = seconds(1),
        #[serde(with = "span")]
        max: Duration = seconds(180),
        multiplier: f64 = 2.0,
        /// Each interval is spread by this share of itself, both ways.
        jitter: f64 = 0.5,
        /// After this time from the first failure the action ends FAILED.
        #[serde(with = "span")]
        budget: Duration = seconds(3_600),
    }
}

section! {
    /// The wait for a link that its controller builds.
    Build {
        #[serde(with = "span")]
        poll: Duration = seconds(10),
        /// After this time the action ends FAILED.
        #[serde(with = "span")]
        budget: Duration = seconds(3_600),
    }
}

section! {
    /// The wait for networks that are not yet there; a change of one wakes those who wait for it.
    Networks {
        /// After this time the action ends FAILED.
        #[serde(with = "span")]
        budget: Duration = seconds(3_600),
    }
}

section! {
    /// How often each link is observed at its WIM.
    Refresh {
        #[serde(with = "span")]
        interval: Duration = seconds(60),
    }
}

section! {
    /// How often each WIM account is checked.
    Monitor {
        #[serde(with = "span")]
        interval: Duration = seconds(60),
    }
}

section! {
    Request {
        actions_max: usize = 1_000,
    }
}

const fn days(count: u64) -> Duration {
    seconds(count * 86_400)
}

section! {
    /// Finished requests, with their actions and attempts.
    History {
        #[serde(with = "span")]
        keep: Duration = days(90),
    }
}

section! {
    /// Events that were published.
    Events {
        #[serde(with = "span")]
        keep: Duration = days(7),
    }
}

section! {
    /// Links that are DELETED.
    Tombstones {
        #[serde(with = "span")]
        keep: Duration = days(30),
    }
}

section! {
    /// What commands were answered, for their repetitions under the same key.
    Answers {
        #[serde(with = "span")]
        keep: Duration = days(7),
    }
}

section! {
    /// Parked messages that were sent again; those that were not are kept.
    Parked {
        #[serde(with = "span")]
        keep: Duration = days(30),
    }
}

section! {
    /// How what is old is removed: in rounds of small batches.
    Retention {
        /// Between two rounds.
        #[serde(with = "span")]
        every: Duration = seconds(3_600),
        /// Rows that one transaction removes or looks at.
        batch_max: u32 = 500,
        /// Between two batches.
        #[serde(with = "span")]
        pause: Duration = Duration::from_millis(100),
    }
}

section! {
    /// What happens after SIGTERM.
    Shutdown {
        /// The process ends within this time, whatever it was doing.
        #[serde(with = "span")]
        within: Duration = seconds(90),
    }
}

section! {
    Log {
        format: LogFormat = LogFormat::Text,
        /// Directives of `tracing-subscriber`'s `EnvFilter`, such as `info,wanlink_worker=debug`.
        filter: String = "info".to_owned(),
    }
}

section! {
    /// What is told to others.
    Telemetry {
        otlp: Otlp = Otlp::default(),
    }
}

section! {
    /// Traces, by OTLP over HTTP.
    Otlp {
        /// The collector's base address, as in `http://127.0.0.1:4318`; spans go to `/v1/traces` below it. None: no traces.
        endpoint: Option<Endpoint> = None,
        /// Of the calls that come without a trace, the share that begins one: 0 to 1. Calls with one are followed as they say.
        sample: f64 = 0.01,
    }
}

/// The shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

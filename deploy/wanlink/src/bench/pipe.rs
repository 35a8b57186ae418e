//! `wanlink bench pipe`: the bare pipe on the broker and the database that a role's configuration names.
//!
//! This process consumes and starts itself a second time for the side that publishes; that one is told everything,
//! the password in the URL as well, through its standard input. The queues are declared by the product's own engine
//! under a name of their own, so that they are of the configured kind with the product's arguments, and are removed.

use super::probe::{self, Group, Probe};
use super::result::tenths;
use crate::client::names::Names;
use crate::client::output::{self, Format};
use crate::exit::{Exit, Failure};
use crate::settings::ConfigArgs;
use clap::builder::RangedU64ValueParser;
use serde_json::{Value, json};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use wanlink_broker::engines::amqp::{AmqpBroker, AmqpConfig, AmqpOptions};
use wanlink_broker::port::{Broker as _, BrokerError};
use wanlink_domain::ids::AccountId;
use wanlink_pipe::{Consumer, Drained, Fault, Job, Publisher, publish};
use wanlink_runtime::clock::{Clock as _, SystemClock};
use wanlink_runtime::config::{AccountQueues, Config};
use wanlink_runtime::entropy::{Entropy as _, SystemEntropy};

/// How long a run may take altogether.
const RUN_MAX: Duration = Duration::from_secs(600);
const CONNECT_MAX: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, clap::Args)]
pub struct PipeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Queues of the configured kind (message_broker.account_queues)
    #[arg(long, default_value = "200", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    queues: usize,
    /// Messages that flow
    #[arg(long, default_value = "20000", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    messages: usize,
    /// Rows of the table that they change
    #[arg(long, default_value = "20000", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    rows: usize,
    /// Bytes of a message
    #[arg(long, default_value = "1024")]
    bytes: usize,
    /// Messages of one update and its commit
    #[arg(long, default_value = "64", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    per_update: usize,
    /// Publishes without a confirm, at most
    #[arg(long, default_value = "1000", value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    unconfirmed: usize,
    /// Unsettled deliveries of each queue, at most
    #[arg(long, default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    prefetch: u16,
    /// A process to account for, its children included: by number, or @FILE that holds it; may be given several times
    #[arg(long = "pid", value_name = "NAME=PID", value_parser = Group::parse)]
    groups: Vec<Group>,
    /// The side that publishes: how this command starts itself
    #[arg(long, hide = true)]
    publishing: bool,
}

pub async fn run(format: Format, args: &PipeArgs) -> Result<(), Failure> {
    if args.publishing {
        return publishing().await;
    }
    let config = args.config.load(None)?.config;
    let (broker, database) = (&config.message_broker, &config.database);
    if (broker.engine.as_str(), database.engine.as_str()) != ("amqp", "postgres") {
        return Err(Failure::configuration(
            "the pipe flows through the engines amqp and postgres: name a conductor's configuration with --conf-file",
        ));
    }
    let Some(url) = database.endpoints.first() else {
        return Err(Failure::configuration(
            "database.endpoints: none is given (an api's and a worker's have none)",
        ));
    };
    let view = measure(args, &config, url.expose()).await?;
    let first = [("", "/queues"), ("", "/queue_type"), ("", "/messages"), ("", "/per_s")];
    output::object(format, &first, &Names::default(), &view)
}

async fn measure(args: &PipeArgs, config: &Config, database_url: &str) -> Result<Value, Failure> {
    let prefix = format!("bench-pipe-{:08x}", SystemEntropy.bits() >> 32);
    let amqp = AmqpConfig::from_section(&config.message_broker, AmqpOptions { prefix: prefix.clone() });
    let broker = AmqpBroker::open(&amqp, Arc::new(SystemEntropy)).map_err(Failure::configuration)?;
    let mut health = broker.health();
    let connected = tokio::time::timeout(CONNECT_MAX, health.wait_for(|it| it.ready())).await;
    if !connected.is_ok_and(|it| it.is_ok()) {
        return Err(Failure::new(Exit::Unavailable, "the message broker is away"));
    }
    let accounts: Vec<AccountId> =
        (0..args.queues).map(|_| AccountId(SystemEntropy.uuid_v7(SystemClock.wall()))).collect();
    let job = Job {
        amqp_url: amqp.endpoints.first().cloned().unwrap_or_default(),
        exchange: format!("{prefix}.actions"),
        routing_keys: accounts.iter().map(ToString::to_string).collect(),
        messages: args.messages,
        rows: args.rows,
        bytes: args.bytes,
        persistent: config.message_broker.account_queues == AccountQueues::Quorum,
        unconfirmed: args.unconfirmed,
    };
    let queues: Vec<String> = accounts.iter().map(|it| format!("{prefix}.account.{it}")).collect();
    let flowed = match declare(&broker, &accounts).await {
        Ok(()) => flow(args, &job, &queues, database_url).await,
        Err(error) => Err(Failure::failed(error.to_string())),
    };
    let removed = remove(&broker, &accounts).await;
    broker.close(Duration::from_secs(2)).await;
    let mut view = flowed?;
    removed.map_err(|error| Failure::failed(format!("queues {prefix}.* are left: {error}")))?;
    view["queue_type"] = json!(config.message_broker.account_queues);
    Ok(view)
}

async fn declare(broker: &AmqpBroker, accounts: &[AccountId]) -> Result<(), BrokerError> {
    broker.declare_topology().await?;
    for account in accounts {
        broker.declare_account(*account).await?;
    }
    Ok(())
}

async fn remove(broker: &AmqpBroker, accounts: &[AccountId]) -> Result<(), BrokerError> {
    for account in accounts {
        broker.delete_account(*account).await?;
    }
    broker.delete_topology().await
}

async fn flow(args: &PipeArgs, job: &Job, queues: &[String], database_url: &str) -> Result<Value, Failure> {
    let mut consumer = Consumer::open(job, queues, database_url, args.prefetch).await.map_err(broken)?;
    let (synchronous_commit, fsync) = consumer.durability().await.map_err(broken)?;
    let mut other = OtherSide::start(job).await?;
    let probe = Probe::start(&args.groups);
    let ticks = probe.ticks();
    let flow = async {
        let drained = consumer.drain(args.messages, args.per_update);
        let (published, drained) = futures::join!(other.publish(), drained);
        Ok::<(Duration, Drained), Failure>((published?, drained.map_err(broken)?))
    };
    let flowed = tokio::time::timeout(RUN_MAX, flow).await;
    other.end().await;
    let used = probe::seconds_between(&ticks, &probe.ticks());
    probe.stop().await;
    let (first, drained) = flowed.map_err(|_| Failure::failed("the pipe is stuck"))??;
    consumer.remove().await.map_err(broken)?;

    let messages = f64::from(u32::try_from(args.messages).unwrap_or(u32::MAX));
    let seconds = drained.last.saturating_sub(first).as_secs_f64();
    let each: serde_json::Map<String, Value> =
        used.iter().map(|(name, used)| (name.clone(), json!(tenths(used * 1e6 / messages)))).collect();
    Ok(json!({
        "queues": args.queues,
        "messages": args.messages,
        "updates": drained.updates,
        "per_s": tenths(messages / seconds),
        "cpu_us_per_message": each,
        "synchronous_commit": synchronous_commit,
        "fsync": fsync,
    }))
}

fn broken(fault: Fault) -> Failure {
    Failure::failed(format!("the pipe broke: {fault}"))
}

/// The process that publishes.
struct OtherSide {
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl OtherSide {
    /// Starts it and waits until it is connected.
    async fn start(job: &Job) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| Failure::failed(format!("the side that publishes: {error}"));
        let program = std::env::current_exe().map_err(failed)?;
        let mut child = Command::new(program)
            .args(["bench", "pipe", "--publishing"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::failed("the side that publishes has no pipes"));
        };
        let mut other = Self { child, input, output: BufReader::new(output).lines() };
        other.tell(&serde_json::to_string(job).unwrap_or_default()).await?;
        match tokio::time::timeout(CONNECT_MAX, other.hear()).await {
            Ok(Ok(word)) if word == READY => Ok(other),
            _ => Err(Failure::failed("the side that publishes did not connect")),
        }
    }

    /// Lets it publish; answers when it began.
    async fn publish(&mut self) -> Result<Duration, Failure> {
        self.tell(GO).await?;
        let word = self.hear().await?;
        let micros =
            word.parse().map_err(|_| Failure::failed(format!("the side that publishes says {word:?}")))?;
        Ok(Duration::from_micros(micros))
    }

    async fn tell(&mut self, line: &str) -> Result<(), Failure> {
        let told = self.input.write_all(format!("{line}\n").as_bytes()).await;
        told.map_err(|_| Failure::failed("the side that publishes has ended"))
    }

    async fn hear(&mut self) -> Result<String, Failure> {
        let line = self.output.next_line().await.ok().flatten();
        line.ok_or_else(|| Failure::failed("the side that publishes has ended"))
    }

    /// Waits for its end, so that its processor time is counted as ours.
    async fn end(mut self) {
        drop(self.input);
        if tokio::time::timeout(CONNECT_MAX, self.child.wait()).await.is_err() {
            drop(self.child.kill().await);
        }
    }
}

const READY: &str = "ready";
const GO: &str = "go";

/// The other side: is told the job, connects, waits for the word, publishes, says when it began.
async fn publishing() -> Result<(), Failure> {
    // Read without tokio: nothing else is to happen in this process while it waits for a line.
    let line = || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        let told = read.is_ok_and(|bytes| bytes > 0).then_some(line);
        told.ok_or_else(|| Failure::usage("--publishing is how the pipe starts its other side"))
    };
    let job: Job = serde_json::from_str(&line()?)
        .map_err(|error| Failure::usage(format!("--publishing: no job, at column {}", error.column())))?;
    let publisher = Publisher::open(&job).await.map_err(broken)?;
    output::line(READY)?;
    line()?;
    let first = publish(&publisher, &job).await.map_err(broken)?;
    output::line(&first.as_micros().to_string())
}

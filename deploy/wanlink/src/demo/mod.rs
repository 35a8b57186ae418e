//! `wanlink demo`: the whole way on one machine, without any other service.
//!
//! | file | what it does |
//! |---|---|
//! | `controller` | the emulated WAN controller, a process of its own |
//! | `estate` | tenant, WIM and account, made or found through the HTTP API |
//! | `periods` | the configuration: the usual one with shorter periods |
//! | `verdict` | "nothing lost", computed from the controller's ledger and the api |
//! | `times` | how long each link took, by the database's times |
//! | `summary` | what is printed |
//!
//! Everything is as an operator would have it: the same roles, the same HTTP API, sealed credentials, a controller
//! that is reached over a socket and keeps a ledger of its own. Its state is in one folder; it may be killed at any
//! moment and goes on when it is started again.

mod controller;
mod estate;
mod periods;
mod summary;
mod times;
mod verdict;

use crate::assemble::{self, Assembly, keys};
use crate::client::http::Client;
use crate::client::progress::Progress;
use crate::client::wait::Deadline;
use crate::client::{output, wait};
use crate::exit::{Exit, Failure};
use crate::serve;
use crate::topology::import::import;
use crate::topology::{read, watch};
use controller::Controller;
use estate::Estate;
use std::path::PathBuf;
use std::time::Duration;
use summary::Summary;
use wanlink_domain::topology::{Topology, parse};
use wanlink_runtime::config::Config;

/// GÉANT, as `deploy/topologies/README.md` describes it.
const GEANT: &[u8] = include_bytes!("../../../topologies/geant.json");
/// How long the roles may take until they are ready.
const READY_WAIT: Duration = Duration::from_secs(60);
/// How long the account may take until a worker has checked it.
const ACCOUNT_WAIT: Duration = Duration::from_secs(60);
/// How long all links may take.
const LINKS_WAIT: Duration = Duration::from_secs(15 * 60);

/// Flags of `demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Where its state is kept; a second run finds it there
    #[arg(long, value_name = "DIR", default_value = "wanlink-demo")]
    data_dir: PathBuf,
    /// Address and port of the api; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// End after the summary instead of serving
    #[arg(long)]
    exit: bool,
    /// Another topology: node-link JSON with demands
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    /// One setting that differs from the demo's, as in log.filter=info
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = crate::settings::setting)]
    settings: Vec<(String, String)>,
}

pub async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let topology = match &args.topology {
        Some(file) => read(file, 1.0)?,
        None => parse(GEANT, 1.0).map_err(|error| Failure::failed(error.to_string()))?,
    };
    let config = periods::configuration(args)?;
    serve::log(&config)?;
    let mut signals = serve::signals()?;
    keys::private_folder(&config.data_dir)?;
    let _lock = serve::lock(&config.data_dir)?;
    let assembly = Assembly::new(serve::with_keys(config)?);
    let (running, address) = serve::start_all(&assembly, true).await?;
    let mut controller = Controller::start(&assembly.config.data_dir).await?;
    let url = format!("http://{address}");
    let shown = async {
        running.ready(READY_WAIT).await?;
        show(&Client::new(&url, None)?, &controller, &topology, &assembly.config).await
    };
    let shown = tokio::select! {
        biased;
        _ = signals.asked() => Err(Failure::failed("stopped before all links were ACTIVE: run it again to go on")),
        shown = shown => shown,
    };
    if shown.is_ok() && !args.exit {
        eprintln!("\nServing until Ctrl-C.");
        controller.until_asked(&mut signals).await;
    }
    let stopped = assemble::stop(running, &assembly.config, signals).await;
    controller.stop().await;
    shown.and(stopped)
}

/// Makes the topology, waits for it, judges it, prints what came of it.
async fn show(
    client: &Client,
    controller: &Controller,
    topology: &Topology,
    config: &Config,
) -> Result<(), Failure> {
    let estate = Estate::find_or_make(client, controller, &config.data_dir).await?;
    let imported = import(client, topology, &estate.target()).await?;
    eprintln!("{}", summary::found(topology, &imported));
    wait::account(client, &estate.account, "READY", Deadline::within(ACCOUNT_WAIT)).await?;
    let mut progress = Progress::new("links ACTIVE");
    let active =
        watch::all_active(client, &imported.links, Deadline::within(LINKS_WAIT), &mut progress).await;
    drop(progress);
    // What is there is judged even where something is missing: that says what.
    let ledger = controller.ledger().await?;
    let links = client.list(&["links"], &vec![("deleted", "true".to_owned())]).await?;
    let differences = verdict::differences(&links, &ledger);
    let times = times::of(client, &imported.links).await?;
    let summary = Summary { topology, imported: &imported, times, totals: ledger.totals, differences };
    output::text(&summary.to_string())?;
    active?;
    summary.judgement()?;
    output::text(&summary::to_try(client.base(), &program(), &imported))
}

/// This executable as it was called.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "wanlink".to_owned())
}

impl Summary<'_> {
    /// What does not fit is a failure that names it.
    fn judgement(&self) -> Result<(), Failure> {
        if self.differences.is_empty() {
            return Ok(());
        }
        let count = self.differences.len();
        Err(Failure::new(
            Exit::Failed,
            format!("controller and database differ in {count} points, see above"),
        ))
    }
}

//! The command line: what commands there are. Their flags stand with them.

use crate::bench;
use crate::client::session::{ClientArgs, Session};
use crate::demo::{self, DemoArgs};
use crate::emulator;
use crate::exit::Failure;
use crate::nouns::{
    account, action, hold, lease, link, network, parked, port_mapping, request, service, site, tenant, wim,
    workers,
};
use crate::serve::{self, Role, UpArgs};
use crate::settings::{ConfigArgs, ListenArgs};
use crate::{admin, topology};
use clap::{CommandFactory as _, Parser, Subcommand};
use std::path::PathBuf;

/// Sets up, watches and tears down WAN links between sites
#[derive(Debug, Parser)]
#[command(name = "wanlink", version, arg_required_else_help = true, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    client: ClientArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one process, state in a data folder
    Up(UpArgs),
    /// GÉANT's 231 links on an emulated controller: made, measured and judged
    Demo(DemoArgs),
    /// Run an api: takes calls, plans, publishes, reads
    Api {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
    /// Run a conductor: records, decides, grants, dispatches
    Conductor {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Run a worker: drives the WAN controllers
    Worker {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Bring the database to this build's schema
    Migrate {
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Look at the configuration
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// List the engines and connectors of this build
    Engines,
    /// Print the OpenAPI document of the api, as JSON or with -o yaml
    Openapi,
    /// Print a script that completes commands and flags
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Keys with which secrets are sealed
    Key {
        #[command(subcommand)]
        verb: KeyVerb,
    },
    /// Run an emulated WAN controller to try things on
    Emulator(wanlink_emulator::Arguments),
    /// Measure a running system
    Bench {
        #[command(subcommand)]
        verb: bench::Verb,
    },
    /// Import real topologies
    Topology {
        #[command(subcommand)]
        verb: topology::Verb,
    },
    /// Tenants
    Tenant {
        #[command(subcommand)]
        verb: tenant::Verb,
    },
    /// Datacenters and points of presence
    Site {
        #[command(subcommand)]
        verb: site::Verb,
    },
    /// WAN Infrastructure Managers
    Wim {
        #[command(subcommand)]
        verb: wim::Verb,
    },
    /// Tenants' credentials at WIMs
    Account {
        #[command(subcommand)]
        verb: account::Verb,
    },
    /// Which WIM endpoint a site's switch port leads to
    PortMapping {
        #[command(subcommand)]
        verb: port_mapping::Verb,
    },
    /// Sites' local networks
    Network {
        #[command(subcommand)]
        verb: network::Verb,
    },
    /// Network services over several sites
    Service {
        #[command(subcommand)]
        verb: service::Verb,
    },
    /// WAN links
    Link {
        #[command(subcommand)]
        verb: link::Verb,
    },
    /// Accepted calls
    Request {
        #[command(subcommand)]
        verb: request::Verb,
    },
    /// Single intended changes of links
    Action {
        #[command(subcommand)]
        verb: action::Verb,
    },
    /// Workers: who carries actions out
    Workers {
        #[command(subcommand)]
        verb: workers::Verb,
    },
    /// Which worker may act for which account
    Lease {
        #[command(subcommand)]
        verb: lease::Verb,
    },
    /// Take no new work and start nothing; what runs ends
    Freeze {
        #[command(flatten)]
        reason: hold::ReasonArgs,
    },
    /// End the freeze
    Unfreeze,
    /// Messages that nobody could handle
    Parked {
        #[command(subcommand)]
        verb: parked::Verb,
    },
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Print the effective configuration, secrets masked, with where each value came from
    Check {
        #[command(flatten)]
        config: ConfigArgs,
        #[command(flatten)]
        listen: ListenArgs,
    },
}

#[derive(Debug, Subcommand)]
enum KeyVerb {
    /// Make a key pair: the public file is for the apis, the private one for the workers
    Generate {
        /// Folder for the two files
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
    },
}

impl Cli {
    /// It measures, and needs one thread for that.
    pub fn is_measuring(&self) -> bool {
        matches!(self.command, Command::Bench { .. })
    }

    pub async fn run(self) -> Result<(), Failure> {
        let session = || Session::new(&self.client);
        match self.command {
            Command::Up(args) => serve::up(&args).await,
            Command::Demo(args) => demo::run(&args).await,
            Command::Api { config, listen } => {
                serve::role(Role::Api, &config, listen.listen.as_deref()).await
            }
            Command::Conductor { config } => serve::role(Role::Conductor, &config, None).await,
            Command::Worker { config } => serve::role(Role::Worker, &config, None).await,
            Command::Migrate { config } => admin::migrate(&config).await,
            Command::Config { verb: ConfigVerb::Check { config, listen } } => {
                admin::check_config(&config, listen.listen.as_deref())
            }
            Command::Engines => admin::engines(),
            Command::Openapi => admin::openapi(self.client.output),
            Command::Completions { shell } => admin::completions(shell, &mut Self::command()),
            Command::Key { verb: KeyVerb::Generate { dir } } => admin::generate_key(&dir),
            Command::Emulator(args) => emulator::run(args).await,
            Command::Bench { verb } => bench::run(&session()?, verb).await,
            Command::Topology { verb } => topology::run(&session()?, verb).await,
            Command::Tenant { verb } => tenant::run(&session()?, verb).await,
            Command::Site { verb } => site::run(&session()?, verb).await,
            Command::Wim { verb } => wim::run(&session()?, verb).await,
            Command::Account { verb } => account::run(&session()?, verb).await,
            Command::PortMapping { verb } => port_mapping::run(&session()?, verb).await,
            Command::Network { verb } => network::run(&session()?, verb).await,
            Command::Service { verb } => service::run(&session()?, verb).await,
            Command::Link { verb } => link::run(&session()?, verb).await,
            Command::Request { verb } => request::run(&session()?, verb).await,
            Command::Action { verb } => action::run(&session()?, verb).await,
            Command::Workers { verb } => workers::run(&session()?, verb).await,
            Command::Lease { verb } => lease::run(&session()?, verb).await,
            Command::Freeze { reason } => hold::freeze(&session()?, reason).await,
            Command::Unfreeze => hold::unfreeze(&session()?).await,
            Command::Parked { verb } => parked::run(&session()?, verb).await,
        }
    }
}

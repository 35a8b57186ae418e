//! `wanlink topology`: a file with sites and traffic demands becomes sites, port mappings and links.
//!
//! | file | what it does |
//! |---|---|
//! | `plan` | what is missing, as the bodies of calls: pure |
//! | `import` | finds what is there, makes what is missing |
//! | `watch` | until all links are ACTIVE |
//!
//! It goes through the HTTP API like any client. Deliberately absent: taking away what a file does not name.

pub mod import;
pub mod plan;
pub mod watch;

use crate::client::names::Names;
use crate::client::output::{self, Format};
use crate::client::progress::Progress;
use crate::client::session::Session;
use crate::client::wait::{Deadline, LimitArgs};
use crate::exit::Failure;
use import::Target;
use std::path::{Path, PathBuf};
use wanlink_domain::topology::{Topology, parse};

/// `wanlink topology ..`.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Verb {
    /// Make the sites, port mappings and links of a topology; what is there already stays as it is
    Import(Import),
}

/// Flags of `import`.
#[derive(Clone, Debug, clap::Args)]
pub struct Import {
    /// Node-link JSON with positions and demands, as in deploy/topologies
    file: PathBuf,
    /// Whose links they become: id or name
    #[arg(long)]
    tenant: String,
    /// The WIM that shall make them: id or name; the tenant needs an account there
    #[arg(long)]
    wim: String,
    /// Make the tenant if there is none of that name
    #[arg(long)]
    create_tenant: bool,
    /// What one unit of the file's demands is worth, in kbit/s
    #[arg(long, value_name = "KBPS", default_value_t = 1.0)]
    demand_unit: f64,
    /// Links in one request; at most the api's request.actions_max
    #[arg(long, value_name = "COUNT", default_value_t = plan::BATCH_MAX, value_parser = batch)]
    batch: usize,
    /// Wait until all links of the topology are ACTIVE; shows the progress
    #[arg(long)]
    wait: bool,
    #[command(flatten)]
    limit: LimitArgs,
}

fn batch(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=plan::BATCH_MAX).contains(&count) => Ok(count),
        _ => Err(format!("must be from 1 to {}", plan::BATCH_MAX)),
    }
}

pub async fn run(session: &Session, verb: Verb) -> Result<(), Failure> {
    let Verb::Import(it) = verb;
    let topology = read(&it.file, it.demand_unit)?;
    let target =
        Target { tenant: it.tenant, wim: it.wim, create_tenant: it.create_tenant, batch_max: it.batch };
    let imported = import::import(&session.client, &topology, &target).await?;
    let mut active = None;
    if it.wait {
        let mut progress = Progress::new("links ACTIVE");
        let deadline = Deadline::within(it.limit.wait_timeout);
        let links = watch::all_active(&session.client, &imported.links, deadline, &mut progress).await?;
        active = Some(links.len());
    }
    match session.format {
        Format::Table | Format::Wide => output::text(&imported.table(active)),
        format => output::object(format, &[], &Names::default(), &imported.summary(&topology.name, active)),
    }
}

/// Reads a topology's file.
pub fn read(file: &Path, kbps_per_unit: f64) -> Result<Topology, Failure> {
    let bytes =
        std::fs::read(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    parse(&bytes, kbps_per_unit).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

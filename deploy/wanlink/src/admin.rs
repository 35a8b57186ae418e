//! What an operator does before and beside running: migrate, look at the configuration, make keys.

use crate::assemble::{Assembly, COORDINATION, keys};
use crate::client::output::{self, Format};
use crate::exit::Failure;
use crate::serve;
use crate::settings::ConfigArgs;
use std::path::Path;
use wanlink_runtime::metrics::Role;

/// `wanlink migrate`.
pub async fn migrate(args: &ConfigArgs) -> Result<(), Failure> {
    let config = args.load(None)?.config;
    serve::log(&config)?;
    // Whoever starts the roles later does so in other processes.
    let assembly = Assembly::of_one_role(Role::Conductor, config);
    assembly.check_engines()?;
    let database = &assembly.config.database;
    if database.endpoints.is_empty() {
        keys::private_folder(&assembly.config.data_dir)?;
    }
    assembly.migrate().await?;
    output::line(&format!("the database ({}) has this build's schema", database.engine))?;
    match database.options.table().get("read_role").and_then(|role| role.as_str()) {
        Some(role) => output::line(&format!("role {role} may read it, and nothing else")),
        None if database.engine == "postgres" => {
            eprintln!(
                "The api should read under a role of its own that cannot write: make one, name it in \
                 database.options.read_role, and migrate grants it SELECT. Its URL goes into the api's \
                 database.read_endpoints."
            );
            Ok(())
        }
        None => Ok(()),
    }
}

/// `wanlink config check`: the effective configuration with its origins, or all faults.
pub fn check_config(args: &ConfigArgs, listen: Option<&str>) -> Result<(), Failure> {
    let loaded = args.load(listen)?;
    output::text(&loaded.effective())?;
    let assembly = Assembly::new(loaded.config);
    assembly.check_engines()
}

/// `wanlink engines`.
pub fn engines() -> Result<(), Failure> {
    let assembly = Assembly::new(wanlink_runtime::config::Config::default());
    let named = |name: &str, durable: bool, beside: &str| match durable {
        true => format!("{name}{beside}"),
        false => format!("{name} (nothing survives a restart; for one process)"),
    };
    let databases = assembly.stores.described().map(|(name, it)| {
        named(name, it.durable, if it.shared { " (any number of conductors)" } else { " (one conductor)" })
    });
    let brokers = assembly.brokers.described().map(|(name, it)| named(name, it.durable, ""));
    let connectors = assembly.connectors.descriptors().map(|it| it.kind.to_owned());
    for (port, known) in [
        ("database", databases.collect::<Vec<_>>()),
        ("message_broker", brokers.collect()),
        ("coordination", COORDINATION.map(str::to_owned).to_vec()),
        ("connector", connectors.collect()),
    ] {
        output::line(&format!("{port}: {}", known.join(", ")))?;
    }
    Ok(())
}

/// `wanlink key generate`.
pub fn generate_key(folder: &Path) -> Result<(), Failure> {
    let (pair, kid) = keys::generate(folder)?;
    output::line(&format!("key {kid}"))?;
    output::line(&format!("api.public_key_file = {:?}", pair.public))?;
    output::line(&format!("worker.private_key_files = [{:?}]", pair.private))
}

/// The document that an api of this build serves.
pub fn openapi(format: Format) -> Result<(), Failure> {
    if format != Format::Yaml {
        // As it is served, in its own order.
        return output::line(wanlink_api::openapi());
    }
    let document = serde_json::from_str(wanlink_api::openapi())
        .map_err(|error| Failure::failed(format!("the document cannot be read: {error}")))?;
    output::value(format, &document)
}

/// A script for the shell; its reader may have gone.
pub fn completions(shell: clap_complete::Shell, command: &mut clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "wanlink", &mut script);
    output::text(&String::from_utf8_lossy(&script))
}

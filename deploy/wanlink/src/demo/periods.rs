//! The demo's configuration: the usual one, with periods for somebody who watches.
//!
//! No file and no environment is read: a configuration for real services must not lead a demo to them.

use super::DemoArgs;
use crate::exit::Failure;
use crate::settings::loaded;
use wanlink_runtime::config::{Config, Sources};

/// Keys and values that differ from the defaults.
const PERIODS: &[(&str, &str)] = &[
    ("build.poll", "300ms"),
    ("conductor.tick", "50ms"),
    ("dispatch.after", "2s"),
    ("lease.renew", "1s"),
    ("lease.ttl", "4s"),
    ("lease.margin", "500ms"),
    ("monitor.interval", "5s"),
    ("refresh.interval", "10s"),
    ("retry.initial", "500ms"),
    ("retry.max", "5s"),
    ("worker.claim_repeat", "1s"),
    ("worker.drain", "5s"),
    // The terminal belongs to the progress and the summary.
    ("log.filter", "warn"),
];

/// The configuration of a demo; `--set` is the strongest.
pub fn configuration(args: &DemoArgs) -> Result<Config, Failure> {
    let mut flags: Vec<(String, String)> =
        PERIODS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    flags.push(("data_dir".to_owned(), args.data_dir.display().to_string()));
    flags.push(("api.listen".to_owned(), args.listen.clone()));
    flags.extend(args.settings.iter().cloned());
    Ok(loaded(&Sources { flags, ..Sources::default() })?.config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn the_periods_are_a_configuration_and_can_be_changed() {
        let mut args = DemoArgs {
            data_dir: PathBuf::from("d"),
            listen: "127.0.0.1:0".to_owned(),
            exit: true,
            topology: None,
            settings: vec![("build.poll".to_owned(), "7s".to_owned())],
        };
        let config = configuration(&args).expect("a configuration");
        assert_eq!(config.data_dir, PathBuf::from("d"));
        assert_eq!(config.build.poll.as_secs(), 7);
        args.settings = vec![("no.such".to_owned(), "1".to_owned())];
        assert!(configuration(&args).is_err());
    }
}

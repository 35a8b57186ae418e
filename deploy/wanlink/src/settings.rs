//! Where a process's configuration comes from on the command line: files, single settings, and the flags that stand
//! for one setting each.

use crate::exit::Failure;
use std::path::PathBuf;
use wanlink_runtime::config::{Loaded, Sources, load};

/// Flags of every command that has a configuration.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ConfigArgs {
    /// Configuration file, TOML or INI; may be given several times, a later one wins
    #[arg(long = "conf-file", value_name = "FILE")]
    pub conf_files: Vec<PathBuf>,
    /// One setting, stronger than files and environment, as in lease.ttl=10s
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
    /// Where a single process keeps its state (data_dir)
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// Where the api listens.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ListenArgs {
    /// Address and port of the api (api.listen); port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
}

pub fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, as in lease.ttl=10s".to_owned()),
    }
}

impl ConfigArgs {
    /// The settings that flags stand for, the special ones last.
    pub fn flags(&self, listen: Option<&str>) -> Vec<(String, String)> {
        let mut flags = self.settings.clone();
        if let Some(folder) = &self.data_dir {
            flags.push(("data_dir".to_owned(), folder.display().to_string()));
        }
        if let Some(listen) = listen {
            flags.push(("api.listen".to_owned(), listen.to_owned()));
        }
        flags
    }

    /// Reads all layers.
    pub fn load(&self, listen: Option<&str>) -> Result<Loaded, Failure> {
        loaded(&Sources::of_process(self.conf_files.clone(), self.flags(listen)))
    }
}

/// Reads these layers; every fault is told.
pub fn loaded(sources: &Sources) -> Result<Loaded, Failure> {
    load(sources).map_err(|refused| Failure::configuration(refused.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_key_and_may_hold_further_equals_signs() {
        assert_eq!(setting("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert!(setting("a.b").is_err() && setting("=x").is_err());
    }

    #[test]
    fn flags_of_their_own_win_over_set() {
        let args = ConfigArgs {
            settings: vec![("api.listen".to_owned(), "127.0.0.1:1".to_owned())],
            data_dir: Some(PathBuf::from("d")),
            ..ConfigArgs::default()
        };
        let sources = Sources { flags: args.flags(Some("127.0.0.1:2")), ..Sources::default() };
        let config = loaded(&sources).expect("a configuration").config;
        assert_eq!((config.api.listen.as_str(), config.data_dir), ("127.0.0.1:2", PathBuf::from("d")));
    }
}

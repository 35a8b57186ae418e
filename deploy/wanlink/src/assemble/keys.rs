//! The sealing key pair: read for the roles, made by `key generate`, and kept in the data folder of an all-in-one.
//!
//! A folder holds a whole pair or none: it is made aside and renamed, so that a crash in between leaves nothing that
//! a later start would take for a pair.

use crate::exit::Failure;
use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use wanlink_runtime::config::Config;
use wanlink_runtime::seal::{KeyFileError, Opener, PrivateKey, PublicKey, Sealer, generate_pair};

pub const PUBLIC: &str = "seal.public";
pub const PRIVATE: &str = "seal.private";
/// The pair's folder below the data folder.
const FOLDER: &str = "keys";

/// The files of one pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub public: PathBuf,
    pub private: PathBuf,
}

impl Pair {
    fn below(folder: &Path) -> Self {
        Self { public: folder.join(PUBLIC), private: folder.join(PRIVATE) }
    }
}

/// Makes a pair in `folder`, which is made if need be; an existing key is refused, for what was sealed with it would
/// be lost. Answers the files and the key's id.
pub fn generate(folder: &Path) -> Result<(Pair, String), Failure> {
    private_folder(folder)?;
    let pair = Pair::below(folder);
    for path in [&pair.public, &pair.private] {
        if path.exists() {
            let message =
                format!("{} is there already: choose another folder for the new pair", path.display());
            return Err(Failure::configuration(message));
        }
    }
    let (public, private) = generate_pair().map_err(unusable)?;
    private.write(&pair.private).map_err(unusable)?;
    public.write(&pair.public).map_err(unusable)?;
    Ok((pair, public.kid().to_owned()))
}

/// The pair of an all-in-one process: found in the data folder, or made there.
pub fn ensure(data_dir: &Path) -> Result<Pair, Failure> {
    let folder = data_dir.join(FOLDER);
    if !folder.exists() {
        let aside = data_dir.join(format!("{FOLDER}.new"));
        // Left by a start that was cut off; nothing was ever sealed with it.
        if aside.exists() {
            fs::remove_dir_all(&aside).map_err(|error| at(&aside, &error))?;
        }
        generate(&aside)?;
        fs::rename(&aside, &folder).map_err(|error| at(&folder, &error))?;
    }
    Ok(Pair::below(&folder))
}

/// Makes a folder that its owner alone can enter, and those above it.
pub fn private_folder(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| at(path, &error))
}

/// What the api seals with.
pub fn sealer(config: &Config) -> Result<Sealer, Failure> {
    let file = config.api.public_key_file.as_deref().ok_or_else(|| {
        Failure::configuration(
            "api.public_key_file is not set: make a key pair with `wanlink key generate --dir DIR` and name its \
             public file",
        )
    })?;
    Ok(Sealer::new(PublicKey::read(file).map_err(unusable)?))
}

/// What a worker opens with.
pub fn opener(config: &Config) -> Result<Opener, Failure> {
    let files = &config.worker.private_key_files;
    if files.is_empty() {
        return Err(Failure::configuration(
            "worker.private_key_files is empty: name the private file of the pair whose public file the api has",
        ));
    }
    let keys: Result<Vec<PrivateKey>, KeyFileError> =
        files.iter().map(|file| PrivateKey::read(file)).collect();
    Ok(Opener::new(keys.map_err(unusable)?))
}

fn unusable(error: KeyFileError) -> Failure {
    Failure::configuration(format!("sealing key: {error}"))
}

fn at(path: &Path, error: &std::io::Error) -> Failure {
    Failure::configuration(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = ensure(folder.path()).expect("a pair");
        let text = fs::read_to_string(&first.public).expect("the public key");
        assert_eq!(ensure(folder.path()), Ok(first.clone()));
        assert_eq!(fs::read_to_string(&first.public).expect("the public key"), text);
        assert!(generate(first.public.parent().expect("its folder")).is_err(), "keys are never overwritten");
    }

    #[test]
    fn a_start_that_was_cut_off_leaves_no_half_pair() {
        let folder = tempfile::tempdir().expect("a folder");
        let aside = folder.path().join("keys.new");
        fs::create_dir(&aside).expect("a folder");
        fs::write(aside.join(PRIVATE), "half").expect("half a pair");
        let pair = ensure(folder.path()).expect("a whole pair");
        let mut config = Config::default();
        config.api.public_key_file = Some(pair.public);
        config.worker.private_key_files = vec![pair.private];
        assert!(sealer(&config).is_ok() && opener(&config).is_ok());
    }

    #[test]
    fn a_missing_key_is_told_with_the_setting_that_names_it() {
        let config = Config::default();
        let told = |result: Result<(), Failure>| result.expect_err("a refusal").message;
        assert!(told(sealer(&config).map(drop)).contains("api.public_key_file"));
        assert!(told(opener(&config).map(drop)).contains("worker.private_key_files"));
    }
}

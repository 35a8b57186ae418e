//! The workers' key pair and its files: one line each, `wanlink-seal-public-v1 <key id> <base64url>`.
//!
//! A key's id is the first 16 hexadecimal digits of the SHA-256 of the public key. Deliberately absent: encrypting
//! the private file; its protection is the file system's (0600) or the secret store's that mounts it.

use super::{BASE64URL, suite};
use base64::Engine as _;
use rustls::crypto::hpke::{HpkePrivateKey, HpkePublicKey};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const PUBLIC: &str = "wanlink-seal-public-v1";
const PRIVATE: &str = "wanlink-seal-private-v1";
/// Bytes of an X25519 key, public or private (RFC 9180, section 7.1: Npk, Nsk).
const KEY_LEN: usize = 32;

/// Why a key could not be made, read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: {message}", path.display())]
    Malformed { path: PathBuf, message: &'static str },
    #[error("no key pair could be made: {0}")]
    Generate(String),
}

/// With it secrets are sealed. No secret itself.
#[derive(Clone)]
pub struct PublicKey {
    kid: String,
    key: HpkePublicKey,
}

/// With it secrets are opened.
pub struct PrivateKey {
    kid: String,
    key: HpkePrivateKey,
}

/// A new pair from the provider's own randomness: keys never come from [`crate::entropy::Entropy`], which a
/// simulation seeds.
pub fn generate_pair() -> Result<(PublicKey, PrivateKey), KeyFileError> {
    let (public, private) = suite().generate_key_pair().map_err(|e| KeyFileError::Generate(e.to_string()))?;
    let kid = kid_of(&public.0);
    Ok((PublicKey { kid: kid.clone(), key: public }, PrivateKey { kid, key: private }))
}

impl PublicKey {
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn hpke(&self) -> &HpkePublicKey {
        &self.key
    }

    /// Reads a public key's file; its key id must be the key's.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let (kid, key) = read(path, PUBLIC)?;
        if kid != kid_of(&key) {
            return Err(malformed(path, "the key id is not that of the key"));
        }
        Ok(Self { kid, key: HpkePublicKey(key.to_vec()) })
    }

    /// Writes the file anew; an existing one is refused, for what was sealed with it would be lost.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        write(path, PUBLIC, &self.kid, &self.key.0, 0o644)
    }
}

impl PrivateKey {
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(super) fn hpke(&self) -> &HpkePrivateKey {
        &self.key
    }

    /// Reads a private key's file and warns when others may read it too.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        let (kid, key) = read(path, PRIVATE)?;
        let open_to_others = std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o007 != 0);
        if open_to_others {
            tracing::warn!(path = %path.display(), "other users can read this private key");
        }
        Ok(Self { kid, key: HpkePrivateKey::from(key.to_vec()) })
    }

    /// Writes the file anew, readable by its owner alone; an existing one is refused.
    pub fn write(&self, path: &Path) -> Result<(), KeyFileError> {
        write(path, PRIVATE, &self.kid, self.key.secret_bytes(), 0o600)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kid)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} ***)", self.kid)
    }
}

/// Whether `text` has the form of a key id.
pub(super) fn is_kid(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn kid_of(public: &[u8]) -> String {
    Sha256::digest(public).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn malformed(path: &Path, message: &'static str) -> KeyFileError {
    KeyFileError::Malformed { path: path.to_owned(), message }
}

fn read(path: &Path, format: &str) -> Result<(String, Zeroizing<Vec<u8>>), KeyFileError> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|source| KeyFileError::Io { path: path.to_owned(), source })?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [found, kid, key] = words[..] else {
        return Err(malformed(path, "it is not one line of format, key id and key"));
    };
    if found != format {
        return Err(malformed(path, "it holds another kind of key, or another format"));
    }
    let key =
        BASE64URL.decode(key).map(Zeroizing::new).map_err(|_| malformed(path, "its key is not base64url"))?;
    if !is_kid(kid) || key.len() != KEY_LEN {
        return Err(malformed(path, "its key or key id has the wrong length"));
    }
    Ok((kid.to_owned(), key))
}

fn write(path: &Path, format: &str, kid: &str, key: &[u8], mode: u32) -> Result<(), KeyFileError> {
    let line = Zeroizing::new(format!("{format} {kid} {}\n", *Zeroizing::new(BASE64URL.encode(key))));
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(line.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|source| KeyFileError::Io { path: path.to_owned(), source })
}

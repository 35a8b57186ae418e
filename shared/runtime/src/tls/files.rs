//! PEM files of certificates and private keys (RFC 7468), read whole, and what is wrong with them in a sentence.
//!
//! A key's bytes are erased when they were parsed. Deliberately absent: keys under a password.

use super::Named;
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use zeroize::Zeroizing;

fn read(file: &Named) -> Result<Zeroizing<Vec<u8>>, String> {
    std::fs::read(&file.path).map(Zeroizing::new).map_err(|error| {
        format!(
            "{}: {} cannot be read: {error}. Name a PEM file that the user of this process may read",
            file.name,
            file.path.display()
        )
    })
}

/// At least one certificate, in the file's order.
pub(super) fn certificates(file: &Named) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read(file)?;
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(&bytes).collect();
    let wrong = |why: &str| format!("{}: {} {why}", file.name, file.path.display());
    match found {
        Ok(found) if found.is_empty() => Err(wrong("holds no certificate in PEM form (BEGIN CERTIFICATE)")),
        Ok(found) => Ok(found),
        Err(_) => Err(wrong("is no well-formed PEM file")),
    }
}

/// The first private key: PKCS#8, PKCS#1 or SEC1.
pub(super) fn private_key(file: &Named) -> Result<PrivateKeyDer<'static>, String> {
    let bytes = read(file)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let why = match error {
            PemError::NoItemsFound => {
                "holds no private key in PEM form without a password (BEGIN PRIVATE KEY)"
            }
            _ => "is no well-formed PEM file",
        };
        format!("{}: {} {why}", file.name, file.path.display())
    })
}

/// Whether everybody may read the file; one that is not there is nobody's.
pub(super) fn is_open(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o004 != 0)
}

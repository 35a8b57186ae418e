//! TLS as every end of wanlink speaks it: certificates and keys from PEM files, TLS 1.2 and 1.3 by rustls, one
//! provider of cryptography, and errors that say what failed, where, and what to do.
//!
//! Files are named by keys of the configuration, and an error names the key. Deliberately absent: connections (the
//! engines' and the api's), passwords of keys, and any way to trust a server without checking its certificate.

mod explain;
mod files;
mod follow;
#[cfg(test)]
mod tests;

pub use explain::{BROKER, DATABASE, Keys, explain};
pub use follow::Followed;

use crate::config::{ApiTls, BrokerTls, DatabaseTls};
use files::{certificates, private_key};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file and the name under which a person gave it: a configuration's key, or a flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub path: PathBuf,
}

impl Named {
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), path: path.into() }
    }

    fn below(section: &str, key: &str, path: Option<&Path>) -> Option<Self> {
        path.map(|path| Self::new(format!("{section}.{key}"), path))
    }
}

/// A certificate (with what its chain needs below the root) and its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub certificate: Named,
    pub key: Named,
}

impl Identity {
    fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
        Ok((certificates(&self.certificate)?, private_key(&self.key)?))
    }

    fn unfit(&self, error: &rustls::Error) -> String {
        let (certificate, key) = (&self.certificate, &self.key);
        format!(
            "{} ({}) does not go with {} ({}): {error}. Name the key that the certificate was made for",
            key.name,
            key.path.display(),
            certificate.name,
            certificate.path.display()
        )
    }
}

/// What a client needs to know of TLS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// Whom to trust; without it, the system's own list.
    pub ca: Option<Named>,
    /// Who it is, where the server asks.
    pub identity: Option<Identity>,
}

impl Client {
    /// Of the message broker's section.
    pub fn of_broker(tls: &BrokerTls) -> Self {
        Self::of("message_broker.tls", tls.ca.as_deref(), tls.certificate.as_deref(), tls.key.as_deref())
    }

    /// Of the database's section.
    pub fn of_database(tls: &DatabaseTls) -> Self {
        Self::of("database.tls", tls.ca.as_deref(), tls.certificate.as_deref(), tls.key.as_deref())
    }

    fn of(section: &str, ca: Option<&Path>, certificate: Option<&Path>, key: Option<&Path>) -> Self {
        let identity = Named::below(section, "certificate", certificate)
            .zip(Named::below(section, "key", key))
            .map(|(certificate, key)| Identity { certificate, key });
        Self { ca: Named::below(section, "ca", ca), identity }
    }

    /// Whether anything is said at all.
    pub fn is_given(&self) -> bool {
        self.ca.is_some() || self.identity.is_some()
    }

    /// Reads the files; what is wrong with them is told.
    pub fn load(&self) -> Result<Arc<ClientConfig>, String> {
        let roots = self.ca.as_ref().map_or_else(system_roots, roots)?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        let verifier = verifier.map_err(|error| format!("no certificate can be checked: {error}"))?;
        let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?.with_webpki_verifier(verifier);
        Ok(Arc::new(match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let (chain, key) = identity.read()?;
                builder.with_client_auth_cert(chain, key).map_err(|error| identity.unfit(&error))?
            }
        }))
    }

    /// Says in the log what is careless about the files, once at a start.
    pub fn warn(&self) {
        if let Some(identity) = &self.identity {
            warn_if_open(&identity.key.name, &identity.key.path);
        }
    }
}

/// What a server needs to know of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub identity: Identity,
    /// Callers must show a certificate that one of these issued.
    pub client_ca: Option<Named>,
}

impl Server {
    /// Of the api's section; `None`: it speaks plain HTTP.
    pub fn of_api(tls: &ApiTls) -> Option<Self> {
        let below = |key, path: &Option<PathBuf>| Named::below("api.tls", key, path.as_deref());
        let certificate = below("certificate", &tls.certificate)?;
        let identity = Identity { certificate, key: below("key", &tls.key)? };
        Some(Self { identity, client_ca: below("client_ca", &tls.client_ca) })
    }

    /// Reads the files; what is wrong with them is told.
    pub fn load(&self) -> Result<Arc<ServerConfig>, String> {
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.map_err(|error| error.to_string())?;
        let builder = match &self.client_ca {
            None => builder.with_no_client_auth(),
            Some(ca) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(ca)?), provider());
                let verifier = verifier.build().map_err(|error| format!("{}: {error}", ca.name))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let (chain, key) = self.identity.read()?;
        let mut config = builder.with_single_cert(chain, key).map_err(|error| self.identity.unfit(&error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Says in the log what is careless about the files, once at a start.
    pub fn warn(&self) {
        warn_if_open(&self.identity.key.name, &self.identity.key.path);
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let files = [Some(&self.identity.certificate), Some(&self.identity.key), self.client_ca.as_ref()];
        files.into_iter().flatten().map(|file| file.path.as_path())
    }
}

/// Warns of a private key that every user of the machine can read.
pub fn warn_if_open(name: &str, path: &Path) {
    if files::is_open(path) {
        tracing::warn!(
            file = %path.display(),
            "{name}: every user of this machine can read this private key: take that right away (chmod o-rwx)"
        );
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(ca: &Named) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(ca)? {
        roots.add(certificate).map_err(|error| {
            format!("{}: {} holds a certificate that cannot be used: {error}", ca.name, ca.path.display())
        })?;
    }
    Ok(roots)
}

/// The list of the system (or of `SSL_CERT_FILE`); single entries that cannot be used are nobody's business here.
fn system_roots() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(
            "this system trusts no certificate authority: install its list (Debian: ca-certificates), or \
                    name a file of your own"
                .to_owned(),
        );
    }
    Ok(roots)
}

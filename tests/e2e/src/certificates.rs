//! The files of a system that speaks TLS: one authority, the servers' certificate for the loopback address, the clients'
//! certificate whose common name is the broker's user, and a stranger's authority.

use std::path::{Path, PathBuf};
use wanlink_certificates::Authority;
use wanlink_runtime::tls;

/// A folder of PEM files: `ca`, `server`, `client`, and `stranger`, whom nobody trusts.
#[derive(Debug)]
pub struct Certificates(PathBuf);

impl Certificates {
    /// Makes them in a folder below this one.
    pub fn make(folder: &Path) -> Self {
        let folder = folder.join("certificates");
        std::fs::create_dir(&folder).expect("a folder");
        let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
        ours.write(&folder.join("ca.pem"));
        ours.issue("server", &["127.0.0.1"]).write(&folder, "server");
        ours.issue("wanlink", &[]).write(&folder, "client");
        theirs.write(&folder.join("stranger-ca.pem"));
        theirs.issue("wanlink", &[]).write(&folder, "stranger");
        Self(folder)
    }

    pub fn path(&self, file: &str) -> String {
        self.0.join(file).display().to_string()
    }

    /// What a caller of the api knows.
    pub fn client(&self) -> tls::Client {
        let named = |name: &str, file: &str| tls::Named::new(name, self.0.join(file));
        let identity = tls::Identity {
            certificate: named("certificate", "client.pem"),
            key: named("key", "client.key"),
        };
        tls::Client { ca: Some(named("ca", "ca.pem")), identity: Some(identity) }
    }

    /// Copies what a server needs to where its script looks for it.
    pub fn give_server(&self, service: &Path) {
        let tls = service.join("tls");
        std::fs::create_dir_all(&tls).expect("a folder");
        for file in ["ca.pem", "server.pem", "server.key"] {
            std::fs::copy(self.0.join(file), tls.join(file)).expect("a copied file");
        }
    }
}

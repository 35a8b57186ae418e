//! HTTPS: who is let in, what stalls nobody, and certificates that are replaced while the api runs.

use crate::world::World;
use std::path::Path;
use std::time::Duration;
use wanlink_certificates::{Authority, Issued};
use wanlink_runtime::tls;

const LOCAL: &[&str] = &["127.0.0.1"];

struct Files {
    folder: tempfile::TempDir,
    ours: Authority,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a folder"), ours: Authority::new("ours") }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn identity(&self, issued: &Issued, name: &str) -> tls::Identity {
        let (certificate, key) = issued.write(self.path(), name);
        tls::Identity {
            certificate: tls::Named::new("certificate", certificate),
            key: tls::Named::new("key", key),
        }
    }

    fn server(&self) -> tls::Server {
        let identity = self.identity(&self.ours.issue("api", LOCAL), "server");
        tls::Server { identity, client_ca: None }
    }

    /// A client that trusts this authority.
    fn client(&self, trusted: &Authority, identity: Option<tls::Identity>) -> reqwest::Client {
        let ca = Some(tls::Named::new("ca", trusted.write(&self.path().join("ca.pem"))));
        let config = tls::Client { ca, identity }.load().expect("good files");
        let builder = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        builder.tls_backend_preconfigured((*config).clone()).build().expect("a client")
    }
}

async fn start(server: tls::Server) -> (World, String) {
    let world = World::start_with(|settings| settings.tls = Some(server)).await;
    let url = format!("https://{}/healthz", world.handle.addr);
    (world, url)
}

/// 200, or what went wrong as a person would be told.
async fn told(client: &reqwest::Client, url: &str) -> String {
    match client.get(url).send().await {
        Ok(answer) => answer.status().as_str().to_owned(),
        Err(error) => tls::explain(&error, &tls::BROKER).unwrap_or_else(|| format!("{error:?}")),
    }
}

#[tokio::test]
async fn whoever_trusts_its_certificate_is_served_and_plain_http_is_not() {
    let files = Files::new();
    let (world, url) = start(files.server()).await;
    assert_eq!(told(&files.client(&files.ours, None), &url).await, "200");
    let untrusted = told(&files.client(&Authority::new("theirs"), None), &url).await;
    assert!(untrusted.contains("nobody who is trusted here"), "{untrusted}");
    let plain = reqwest::Client::new().get(format!("http://{}/healthz", world.handle.addr)).send().await;
    assert!(plain.is_err(), "{plain:?}");
}

#[tokio::test]
async fn callers_without_a_certificate_of_the_named_authority_are_turned_away() {
    let files = Files::new();
    let clients = Authority::new("clients");
    let client_ca = tls::Named::new("client_ca", clients.write(&files.path().join("clients.pem")));
    let (_world, url) = start(tls::Server { client_ca: Some(client_ca), ..files.server() }).await;
    let known = files.identity(&clients.issue("operator", &[]), "known");
    assert_eq!(told(&files.client(&files.ours, Some(known)), &url).await, "200");
    let missing = told(&files.client(&files.ours, None), &url).await;
    assert!(missing.contains("wants a client certificate"), "{missing}");
    let foreign = files.identity(&files.ours.issue("operator", &[]), "foreign");
    let foreign = told(&files.client(&files.ours, Some(foreign)), &url).await;
    assert!(foreign.contains("server"), "{foreign}");
}

#[tokio::test]
async fn stalled_handshakes_keep_nobody_waiting() {
    let files = Files::new();
    let (world, url) = start(files.server()).await;
    let mut stalled = Vec::new();
    for _ in 0..50 {
        stalled.push(tokio::net::TcpStream::connect(world.handle.addr).await.expect("a connection"));
    }
    let client = files.client(&files.ours, None);
    let served = tokio::time::timeout(Duration::from_secs(5), told(&client, &url)).await;
    assert_eq!(served.as_deref(), Ok("200"));
}

#[tokio::test]
async fn a_replaced_certificate_serves_without_a_restart() {
    let files = Files::new();
    let (_world, url) = start(files.server()).await;
    let next = Authority::new("next");
    assert_ne!(told(&files.client(&next, None), &url).await, "200");
    files.identity(&next.issue("api", LOCAL), "server");
    let client = files.client(&next, None);
    let replaced = async { while told(&client, &url).await != "200" {} };
    tokio::time::timeout(Duration::from_secs(30), replaced).await.expect("the new certificate serves");
}

//! Handshakes in memory between a client and a server of every kind, and files of every kind.

use super::*;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ServerConnection};
use std::io;
use std::path::Path;
use std::time::Duration;
use wanlink_certificates::{Authority, Issued};

struct World {
    folder: tempfile::TempDir,
    ours: Authority,
    theirs: Authority,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, ours: Authority::new("ours"), theirs: Authority::new("theirs") }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn ca(&self, authority: &Authority, name: &str) -> Option<Named> {
        Some(Named::new("ca", authority.write(&self.path(name))))
    }

    fn identity(&self, issued: &Issued, name: &str) -> Identity {
        let (certificate, key) = issued.write(self.folder.path(), name);
        Identity { certificate: Named::new("certificate", certificate), key: Named::new("key", key) }
    }

    fn server(&self, names: &[&str]) -> Server {
        let identity = self.identity(&self.ours.issue("server", names), "server");
        Server { identity, client_ca: None }
    }

    fn client(&self) -> Client {
        Client { ca: self.ca(&self.ours, "ours.pem"), identity: None }
    }
}

/// What the client hears, as an error of its connection.
fn meet(client: &Client, server: &Server, name: &'static str) -> Result<(), io::Error> {
    let name = ServerName::try_from(name).expect("a name");
    let mut client = ClientConnection::new(client.load().expect("a client"), name).expect("a client");
    let mut server = ServerConnection::new(server.load().expect("a server")).expect("a server");
    // A client of TLS 1.3 ends its handshake before the server has judged its certificate: one more round tells.
    for _ in 0..6 {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        while client.wants_write() {
            client.write_tls(&mut up)?;
        }
        let mut up = up.as_slice();
        while !up.is_empty() && server.read_tls(&mut up).is_ok_and(|read| read > 0) {
            // Its alert reaches the client below.
            let _ = server.process_new_packets();
        }
        while server.wants_write() {
            server.write_tls(&mut down)?;
        }
        let mut down = down.as_slice();
        while !down.is_empty() && client.read_tls(&mut down)? > 0 {
            client.process_new_packets().map_err(io::Error::other)?;
        }
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());
    Ok(())
}

fn told(client: &Client, server: &Server, name: &'static str) -> String {
    match meet(client, server, name) {
        Ok(()) => "met".to_owned(),
        Err(error) => explain(&error, &BROKER).expect("a fault of TLS"),
    }
}

#[test]
fn each_failed_handshake_says_what_is_wrong_and_where_to_look() {
    let world = World::new();
    let server = world.server(&["db.example"]);
    assert_eq!(told(&world.client(), &server, "db.example"), "met");

    let stranger = Client { ca: world.ca(&world.theirs, "theirs.pem"), identity: None };
    let untrusted = told(&stranger, &server, "db.example");
    assert!(
        untrusted.contains("nobody who is trusted") && untrusted.contains("message_broker.tls.ca"),
        "{untrusted}"
    );

    let named = told(&world.client(), &server, "mq.example");
    assert!(named.contains("for another name") && named.contains("mq.example"), "{named}");

    let expired = world.identity(&world.ours.issue_expired("server", &["db.example"]), "old");
    let expired = Server { identity: expired, client_ca: None };
    let expired = told(&world.client(), &expired, "db.example");
    assert!(expired.contains("has expired"), "{expired}");
}

#[test]
fn a_server_that_asks_for_certificates_takes_its_own_authoritys_alone() {
    let world = World::new();
    let server = Server { client_ca: world.ca(&world.ours, "clients.pem"), ..world.server(&["a"]) };
    let known = world.identity(&world.ours.issue("client", &[]), "known");
    let known = Client { identity: Some(known), ..world.client() };
    assert_eq!(told(&known, &server, "a"), "met");

    let missing = told(&world.client(), &server, "a");
    assert!(
        missing.contains("wants a client certificate") && missing.contains("message_broker.tls.certificate"),
        "{missing}"
    );

    let foreign = world.identity(&world.theirs.issue("client", &[]), "foreign");
    let foreign = told(&Client { identity: Some(foreign), ..world.client() }, &server, "a");
    assert!(foreign.contains("does not trust who issued"), "{foreign}");

    let old = world.identity(&world.ours.issue_expired("client", &[]), "old");
    let old = told(&Client { identity: Some(old), ..world.client() }, &server, "a");
    assert!(old.contains("message_broker.tls.certificate has expired"), "{old}");
}

#[test]
fn files_that_cannot_be_used_are_told_by_their_keys() {
    let world = World::new();
    let good = world.identity(&world.ours.issue("client", &[]), "good");
    let other = world.identity(&world.ours.issue("client", &[]), "other");
    std::fs::write(world.path("empty"), "").expect("a file");
    let at = |name: &str, file: &str| Named::new(name, world.path(file));
    let refusal = |certificate: Named, key: Named| {
        let identity = Some(Identity { certificate, key });
        Client { identity, ..world.client() }.load().expect_err("a refusal")
    };
    for (certificate, key, parts) in [
        (at("certificate", "absent"), good.key.clone(), ["certificate: ", "absent cannot be read"]),
        (good.certificate.clone(), at("key", "absent"), ["key: ", "absent cannot be read"]),
        (at("certificate", "empty"), good.key.clone(), ["certificate: ", "holds no certificate"]),
        (good.certificate.clone(), at("key", "empty"), ["key: ", "holds no private key"]),
        (good.certificate.clone(), other.key.clone(), ["key (", "does not go with certificate ("]),
    ] {
        let told = refusal(certificate, key);
        assert!(told.starts_with(parts[0]) && told.contains(parts[1]), "{told}");
        assert!(!told.contains("BEGIN PRIVATE KEY-"), "{told}");
    }
}

#[test]
fn a_key_that_everybody_can_read_is_known() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    let key = world.identity(&world.ours.issue("client", &[]), "client").key.path;
    for (mode, open) in [(0o600, false), (0o640, false), (0o644, true), (0o604, true)] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(mode)).expect("a mode");
        assert_eq!(files::is_open(&key), open, "{mode:o}");
    }
    assert!(!files::is_open(Path::new("/nonexistent")));
}

#[tokio::test(start_paused = true)]
async fn changed_files_are_read_again_and_useless_ones_change_nothing() {
    let world = World::new();
    let followed = Followed::start(world.server(&["a"])).expect("good files");
    let stop = tokio_util::sync::CancellationToken::new();
    let first = followed.current();
    let changes = async {
        std::fs::write(world.path("server.key"), "no key").expect("a file");
        for _ in 0..10 {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(Arc::ptr_eq(&first, &followed.current()), "what served goes on");
        world.identity(&world.ours.issue("server", &["b"]), "server");
        while Arc::ptr_eq(&first, &followed.current()) {
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        stop.cancel();
    };
    tokio::join!(followed.follow(stop.clone()), changes);
}

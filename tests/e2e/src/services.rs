//! The real servers that end-to-end tests run on, and kill: each test that breaks one starts its own.
//!
//! The scripts of `tests/services` do the work, so that a person can do by hand what a test does. A server that
//! cannot be had fails the test: nothing is skipped. Deliberately absent: faults of the network between the roles
//! and the servers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The RabbitMQ that `tests/run` started for all tests, or was told of.
pub fn shared_amqp_url() -> String {
    given("WANLINK_TEST_AMQP_URL")
}

/// The PostgreSQL that `tests/run` started for all tests, or was told of: a role that can create databases.
pub fn shared_database_url() -> String {
    given("WANLINK_TEST_DATABASE_URL")
}

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with tests/run, which starts the servers")
    })
}

/// A RabbitMQ node of this test's own. Dropping it ends it.
#[derive(Debug)]
pub struct RabbitMq(Service);

impl RabbitMq {
    /// Starts an empty node with its state in `folder`, and waits until it speaks AMQP.
    pub fn start(folder: &Path) -> Self {
        let service = Service::new("rabbitmq", folder);
        service.run("start");
        Self(service)
    }

    pub fn url(&self) -> String {
        self.0.run("url")
    }

    /// For clients that show a certificate, if it was started with files for TLS.
    pub fn url_tls(&self) -> String {
        self.0.run("url-tls")
    }

    /// `kill -9` of its virtual machine.
    pub fn kill(&self) {
        self.0.run("kill");
    }

    /// Starts it again on the same port with what was durable, and waits until it speaks AMQP.
    pub fn start_again(&self) {
        self.0.run("start");
    }

    /// Ends it in order.
    pub fn stop(&self) {
        self.0.run("stop");
    }
}

/// A PostgreSQL cluster of this test's own. Dropping it ends it.
#[derive(Debug)]
pub struct Postgres(Service);

impl Postgres {
    /// Starts an empty cluster with its state in `folder`, which must be reachable for the user as whom root runs
    /// PostgreSQL (see [`folder`]), and waits until it takes connections.
    pub fn start(folder: &Path) -> Self {
        let service = Service::new("postgres", folder);
        service.run("start");
        Self(service)
    }

    pub fn url(&self) -> String {
        self.0.run("url")
    }

    /// Ends it without a checkpoint, as a crash does.
    pub fn stop_immediate(&self) {
        self.0.run("stop-immediate");
    }

    /// Starts it again on the same port, recovers, and waits until it takes connections.
    pub fn start_again(&self) {
        self.0.run("start");
    }

    /// Ends it in order.
    pub fn stop(&self) {
        self.0.run("stop");
    }
}

/// A temporary folder that other users can reach, which a plain one of root's is not.
pub fn folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let open = std::fs::Permissions::from_mode(0o755);
    tempfile::Builder::new().prefix("e2e-").permissions(open).tempdir().expect("a temporary folder")
}

/// A loopback port on which nobody listens.
pub fn free_port() -> u16 {
    let printed = output(&mut Command::new(script("free-port")));
    printed.parse().unwrap_or_else(|_| panic!("free-port printed {printed:?}"))
}

#[derive(Debug)]
struct Service {
    script: PathBuf,
    folder: PathBuf,
    port: u16,
}

impl Service {
    fn new(name: &str, folder: &Path) -> Self {
        Self { script: script(name), folder: folder.to_owned(), port: free_port() }
    }

    fn command(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.script);
        command.arg(verb).arg(&self.folder).arg(self.port.to_string());
        command
    }

    fn run(&self, verb: &str) -> String {
        output(&mut self.command(verb))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // A test that failed while its server was down must show its own failure, not this one.
        let quiet = self.command("stop").stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !quiet.is_ok_and(|status| status.success()) && !std::thread::panicking() {
            eprintln!("{} in {} could not be stopped", self.script.display(), self.folder.display());
        }
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../services").join(name)
}

fn output(command: &mut Command) -> String {
    // What a script says on stderr belongs into the test's output.
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?} failed: {}", output.status);
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

//! Servers that are away, change or fall silent.

use super::migrated;
use sqlx::Executor as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use wanlink_conformance::store::Harness as _;
use wanlink_runtime::config::{Database, Endpoint};
use wanlink_runtime::tasks::Tasks;
use wanlink_store::engines::postgres::{PostgresReadStore, PostgresStore};
use wanlink_store::port::{ReadStore as _, Store as _, StoreError};

#[tokio::test]
async fn a_connection_cut_before_its_commit_is_told_as_unknown() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    tx.bump_catalogue().await.expect("a write");
    let mut admin = harness.connect().await.expect("a connection");
    admin
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await
        .expect("termination");
    let committed = tx.commit().await;
    assert!(matches!(committed, Err(StoreError::CommitUnknown(_))), "{committed:?}");
    // The pool finds the dead connection by itself.
    let version = store.begin().await.expect("a transaction").bump_catalogue().await;
    assert_eq!(version, Ok(1));
    store.close().await;
    drop(admin);
    harness.clean().await;
}

#[tokio::test]
async fn the_first_endpoint_that_serves_is_taken() {
    let (harness, store) = migrated().await;
    let mut section = harness.section();
    // Nobody listens there: port 1 of loopback.
    section.endpoints.insert(0, Endpoint::new("postgres://w:hunter2@127.0.0.1:1/w"));
    section.connect_timeout = Duration::from_millis(300);
    let failing_over = PostgresStore::open(&section).expect("a right section");
    assert_eq!(failing_over.check_schema().await, Ok(()));
    failing_over.migrate().await.expect("a schema");
    let read = PostgresReadStore::open(&section).expect("a right section");
    assert_eq!(read.catalogue_version().await, Ok(0));

    section.endpoints.truncate(1);
    let nobody = PostgresStore::open(&section).expect("a right section").check_schema().await;
    let told = matches!(&nobody, Err(StoreError::Unavailable(text)) if !text.contains("hunter2"));
    assert!(told, "{nobody:?}");
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn a_wrong_password_is_unavailable_and_never_told() {
    let (harness, store) = migrated().await;
    let role = "wanlink_no_such_role";
    let section = harness.section_as(Some((role, "hunter2")));
    let refused = PostgresStore::open(&section).expect("a right section").begin().await.map(drop);
    let told = matches!(&refused, Err(StoreError::Unavailable(text)) if !text.contains("hunter2"));
    assert!(told, "{refused:?}");
    store.close().await;
    harness.clean().await;
}

/// A stretch of network in front of a server that can fall silent: what was connected by then stays connected and hears
/// nothing any more, as after a pulled cable; later connections work.
struct Network {
    port: u16,
    /// Counts the silences.
    silences: watch::Sender<u32>,
    tasks: Tasks,
}

impl Network {
    async fn before(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let (silences, _) = watch::channel(0);
        let tasks = Tasks::new();
        let (heard, within) = (silences.clone(), tasks.clone());
        tasks.spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&server).await.expect("the server");
                within.spawn(carry(near, far, heard.subscribe()));
            }
        });
        Self { port, silences, tasks }
    }

    fn fall_silent(&self) {
        self.silences.send_modify(|count| *count += 1);
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream, mut silences: watch::Receiver<u32>) {
    tokio::select! {
        biased;
        _ = silences.changed() => std::future::pending::<()>().await,
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_connection_is_given_up_and_its_neighbours_with_it() {
    let (harness, store) = migrated().await;
    let network = Network::before(harness.server_address()).await;
    let section = Database {
        endpoints: vec![harness.endpoint_at(network.port)],
        // One connection: if its place were not given up, nobody could begin again.
        connections_max: 1,
        connect_timeout: Duration::from_secs(2),
        statement_timeout: Duration::from_millis(100),
        ..harness.section()
    };
    let through = Arc::new(PostgresStore::open(&section).expect("a right section"));
    let mut tx = through.begin().await.expect("a transaction");
    tx.bump_catalogue().await.expect("a write");
    network.fall_silent();
    let told = tx.now().await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    drop(tx);
    let mut tx = through.begin().await.expect("a transaction at once");
    assert!(tx.now().await.is_ok());
    network.fall_silent();
    let told = tx.commit().await;
    assert!(matches!(told, Err(StoreError::CommitUnknown(_))), "{told:?}");
    assert_eq!(through.check_schema().await, Ok(()));
    store.close().await;
    harness.clean().await;
}

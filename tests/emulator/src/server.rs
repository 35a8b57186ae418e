//! Accepting connections, serving them, and stopping: a loop of its own, since a fault must be able to close a
//! connection without an answer, which axum's own server does not offer.

use crate::app::{Cut, Shared, router};
use crate::options::Options;
use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// Connections served at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a stop waits for answers in the making, hanging ones included.
const GRACE: Duration = Duration::from_millis(500);
/// Pause after a failed accept (out of descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Starts emulators.
#[derive(Debug)]
pub struct Emulator;

/// A running emulator; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Handle {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Emulator {
    /// Opens the journal, binds, and serves on the current runtime until the handle is stopped or dropped. When this
    /// returns, connections are accepted.
    pub async fn start(options: Options) -> io::Result<Handle> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let router = router(Arc::new(Shared::open(options)?));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        spawn(&tasks, accept(listener, router, stop.clone(), tasks.clone()));
        Ok(Handle { address, stop, tasks })
    }
}

impl Handle {
    /// `http://ADDRESS:PORT`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting, gives answers in the making half a second, and returns when every connection is closed.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Runs one emulator until `shutdown` is over, or standard input where the options say so: prints
/// `{"listening": URL}` as one line on stdout once it serves.
pub async fn serve(options: Options, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let closed = options.until_stdin_closes.then(stdin_closed);
    let handle = Emulator::start(options).await?;
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", serde_json::json!({ "listening": handle.base_url() }))?;
    stdout.flush()?;
    drop(stdout);
    match closed {
        None => shutdown.await,
        Some(closed) => tokio::select! {
            biased;
            () = shutdown => {}
            // An error is the thread's end, which is as good.
            _ = closed => {}
        },
    }
    handle.stop().await;
    Ok(())
}

/// Resolves at the end of standard input. The reader is a thread of its own, for a read of a pipe cannot be given
/// up: it ends with the process at the latest.
#[expect(clippy::disallowed_methods, reason = "a runtime would wait for its own blocking threads at its end")]
fn stdin_closed() -> oneshot::Receiver<()> {
    let (tell, closed) = oneshot::channel();
    std::thread::spawn(move || {
        // What is written there means nothing; an error is an end as well.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        let _ = tell.send(());
    });
    closed
}

fn spawn(tasks: &TaskTracker, task: impl Future<Output = ()> + Send + 'static) {
    tasks.spawn(task);
}

async fn accept(listener: TcpListener, router: Router, stop: CancellationToken, tasks: TaskTracker) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let next = async {
            let slot = Arc::clone(&slots).acquire_owned().await.ok()?;
            Some((listener.accept().await, slot))
        };
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            accepted = next => accepted,
        };
        match accepted {
            Some((Ok((stream, _)), slot)) => {
                spawn(&tasks, connection(stream, router.clone(), stop.clone(), slot));
            }
            Some((Err(_), _)) => tokio::time::sleep(ACCEPT_PAUSE).await,
            None => return,
        }
    }
}

async fn connection(stream: TcpStream, router: Router, stop: CancellationToken, slot: OwnedSemaphorePermit) {
    // Small answers must not wait for an acknowledgement; a socket that refuses still works.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = match router.oneshot(request.map(Body::new)).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            // An error of the service makes hyper close the connection without a byte.
            match response.extensions().get::<Cut>() {
                Some(Cut) => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
                None => Ok(response),
            }
        }
    });
    let mut served = pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        biased;
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(GRACE, served).await;
        }
        // How a connection ended is the client's to judge.
        _ = served.as_mut() => {}
    }
    drop(slot);
}

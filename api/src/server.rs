//! Connections: accepted, bounded, given a time limit for their heads, and ended in order at the stop.
//!
//! axum's own `serve` would do, but it bounds neither how many connections there are nor how long a client may
//! take to say what it wants (P11), and its tasks are not ours to wait for.

use crate::secure::Secure;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use wanlink_runtime::tasks::Tasks;

/// How long a connection may take over the head of a call, or idle between two calls.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// After a failed accept (no file descriptors left): the pause before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What bounds the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections_max: usize,
    /// How long calls in progress may take to end after the stop.
    pub drain: Duration,
}

/// Serves until `stop`, then lets calls in progress end within the drain. `secure`: HTTPS; without it, HTTP.
/// Idle connections are closed then, so whoever keeps one open should have heard before that it ends
/// (`crate::stopping`).
pub async fn serve(
    listener: TcpListener,
    secure: Option<Secure>,
    router: Router,
    limits: Limits,
    stop: CancellationToken,
    tasks: Tasks,
) {
    let permits = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    while let Some((stream, permit)) = next(&listener, &permits, &stop).await {
        // A failure here only means that small answers wait for company.
        let _ = stream.set_nodelay(true);
        let (router, watcher) = (router.clone(), graceful.watcher());
        match secure.clone() {
            None => drop(tasks.spawn(converse(stream, router, watcher, permit))),
            // The handshake belongs to the connection's task: one that is slow keeps nobody else waiting.
            Some(secure) => drop(tasks.spawn({
                let stop = stop.clone();
                async move {
                    let handshake = stop.run_until_cancelled(secure.handshake(stream)).await;
                    if let Some(Some(stream)) = handshake {
                        converse(stream, router, watcher, permit).await;
                    }
                }
            })),
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        tracing::warn!("calls were still in progress when the time for stopping was over");
    }
}

/// One connection, call by call, until an end of it or the stop.
async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
    drop(permit);
}

type Accepted = (TcpStream, OwnedSemaphorePermit);

/// The next connection, once there is room for it; `None` at the stop.
async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<Accepted> {
    let accept = async {
        let permit = permits.clone().acquire_owned().await.ok()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return Some((stream, permit)),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        accepted = accept => accepted,
    }
}

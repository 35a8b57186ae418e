//! HTTPS: the handshakes of the api's connections, bounded in number and time.
//!
//! A client that stalls its handshake holds one of the places for [`HANDSHAKE_WAIT`] and nothing else. Deliberately
//! absent: who the caller is. A certificate lets a caller in; what it may do is not told apart yet.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use wanlink_runtime::tls;

/// From the accepted connection to the end of its handshake.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// Handshakes at once; further ones wait within their time.
const HANDSHAKES_MAX: usize = 512;

/// How connections are made private. Clones share it.
#[derive(Clone, Debug)]
pub struct Secure {
    files: Arc<tls::Followed>,
    places: Arc<Semaphore>,
}

impl Secure {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// The file that cannot be used, by its key in the configuration.
    pub fn start(server: tls::Server) -> io::Result<Self> {
        let files = tls::Followed::start(server);
        let files = files.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        Ok(Self { files: Arc::new(files), places: Arc::new(Semaphore::new(HANDSHAKES_MAX)) })
    }

    /// Reads the files again whenever they changed, until `stop`.
    pub async fn follow(self, stop: CancellationToken) {
        self.files.follow(stop).await;
    }

    /// `None`: it failed or took too long, which is the client's affair.
    pub async fn handshake(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            let _place = self.places.acquire().await.map_err(io::Error::other)?;
            TlsAcceptor::from(self.files.current()).accept(stream).await
        };
        match tokio::time::timeout(HANDSHAKE_WAIT, handshake).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!("a TLS handshake took too long");
                None
            }
        }
    }
}

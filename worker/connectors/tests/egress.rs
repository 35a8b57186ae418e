//! The HTTP client against sockets that misbehave: each failure must prove what it says, and TLS must be TLS.

use rcgen::{CertificateParams, KeyPair};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use wanlink_connectors::egress::{Answer, Egress, Limits, Request, Trust, Url, Verb};
use wanlink_connectors::port::{Class, Failure};
use wanlink_runtime::tasks::Tasks;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// What a server does with a connection once it has read a request's head.
#[derive(Clone)]
enum Manner {
    Say(String),
    /// Bytes, then nothing more although more was announced, and the end.
    Break(String),
    Hang,
    /// Closes before it reads anything.
    Slam,
}

struct Server {
    address: SocketAddr,
    tasks: Tasks,
}

impl Server {
    async fn start(manner: Manner, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, tasks) = (listener.local_addr().unwrap(), Tasks::new());
        let acceptor = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let inner = tasks.clone();
        tasks.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (manner, acceptor) = (manner.clone(), acceptor.clone());
                // How a connection ends is the client's to judge.
                inner.spawn(async move {
                    match acceptor {
                        Some(acceptor) => serve(acceptor.accept(stream).await?, manner).await,
                        None => serve(stream, manner).await,
                    }
                });
            }
        });
        Self { address, tasks }
    }

    fn url(&self, scheme: &str) -> Url {
        Url::parse(&format!("{scheme}://localhost:{}/x?token=hush", self.address.port())).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.token().cancel();
    }
}

async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, manner: Manner) -> io::Result<()> {
    if matches!(manner, Manner::Slam) {
        return stream.shutdown().await;
    }
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    match manner {
        Manner::Say(text) | Manner::Break(text) => {
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await?;
            // What is left unread would become a reset, which can overtake the answer.
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
        }
        Manner::Hang | Manner::Slam => std::future::pending().await,
    }
}

fn limits() -> Limits {
    Limits {
        connect_timeout: Duration::from_millis(500),
        request_timeout: Duration::from_secs(1),
        answer_max_bytes: 1_000,
        attempt_timeout: Duration::from_secs(2),
    }
}

async fn call(url: &Url, verb: Verb, trust: &Trust) -> Result<Answer, Failure> {
    let egress = Egress::new(limits(), trust, url.is_tls()).unwrap();
    let body = verb.writes().then(|| "{}".to_owned());
    let request = Request { verb, url, login: None, media: "application/json", body, answer_max_bytes: None };
    egress.call(request).await
}

/// A read and a write of a plain server of this manner.
async fn check(manner: Manner, read: Class, write: Class) {
    let server = Server::start(manner, None).await;
    for (verb, class) in [(Verb::Get, read), (Verb::Put, write), (Verb::Delete, write)] {
        let failure = call(&server.url("http"), verb, &Trust::System).await.unwrap_err();
        assert_eq!(failure.class, class, "{verb:?}: {failure:?}");
        assert!(!failure.detail.contains("hush"), "{failure:?}");
    }
}

#[tokio::test]
async fn a_broken_connection_proves_what_was_sent() {
    check(Manner::Hang, Class::Unreachable, Class::OutcomeUnknown).await;
    check(Manner::Break(String::new()), Class::Unreachable, Class::OutcomeUnknown).await;
    let half = "HTTP/1.1 201 Created\r\ncontent-length: 500\r\n\r\n{".to_owned();
    check(Manner::Break(half), Class::Unreachable, Class::OutcomeUnknown).await;
    check(Manner::Say("SSH-2.0-OpenSSH_9.2\r\n".to_owned()), Class::Internal, Class::OutcomeUnknown).await;
    check(Manner::Slam, Class::Unreachable, Class::OutcomeUnknown).await;
}

#[tokio::test]
async fn a_refused_connection_and_an_unknown_host_sent_nothing() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for url in [format!("http://{closed}/"), "http://no-such-host.invalid/".to_owned()] {
        let url = Url::parse(&url).unwrap();
        for verb in [Verb::Get, Verb::Put] {
            assert_eq!(
                call(&url, verb, &Trust::System).await.unwrap_err().class,
                Class::Unreachable,
                "{url}"
            );
        }
    }
}

#[tokio::test]
async fn answers_are_bounded_whether_announced_or_not() {
    let announced = format!("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n{}", "x".repeat(1_001));
    let unannounced = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1_001));
    for text in [announced, unannounced] {
        check(Manner::Say(text), Class::Internal, Class::Internal).await;
    }
    let full = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1_000));
    let server = Server::start(Manner::Say(full), None).await;
    assert_eq!(call(&server.url("http"), Verb::Get, &Trust::System).await.unwrap().body.len(), 1_000);
}

#[tokio::test]
async fn redirects_are_answers() {
    let text =
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://localhost:9/\r\ncontent-length: 0\r\n\r\n";
    let server = Server::start(Manner::Say(text.to_owned()), None).await;
    assert_eq!(call(&server.url("http"), Verb::Put, &Trust::System).await.unwrap().status, 307);
}

/// A server's identity for `name`, self-signed, and the PEM by which it is trusted.
fn identity(name: &str) -> (ServerConfig, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()]).unwrap().self_signed(&key).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (config, certificate.pem())
}

#[tokio::test]
async fn a_certificate_is_trusted_by_the_given_authorities_and_for_its_own_name_alone() {
    let ((config, pem), (other, other_pem)) = (identity("localhost"), identity("elsewhere.example"));
    let server = Server::start(Manner::Say(OK.to_owned()), Some(config)).await;
    let trusted = call(&server.url("https"), Verb::Get, &Trust::Only(pem.clone())).await;
    assert_eq!(trusted.map(|answer| answer.status), Ok(200));
    let elsewhere = Server::start(Manner::Say(OK.to_owned()), Some(other)).await;
    for (server, trust) in [
        (&server, Trust::System),
        (&server, Trust::Only(other_pem.clone())),
        (&elsewhere, Trust::Only(pem)),
        (&elsewhere, Trust::Only(other_pem)),
    ] {
        // A machine without authorities of its own refuses before it connects.
        if Egress::new(limits(), &trust, true).is_err() {
            assert_eq!(trust, Trust::System);
            continue;
        }
        for verb in [Verb::Get, Verb::Put] {
            let failure = call(&server.url("https"), verb, &trust).await.unwrap_err();
            assert_eq!(failure.class, Class::Auth, "{failure:?}");
            assert!(failure.detail.contains("certificate is not trusted"), "{failure:?}");
        }
    }
}

#[tokio::test]
async fn tls_and_plain_text_do_not_meet() {
    let (config, pem) = identity("localhost");
    let plain = Server::start(Manner::Say(OK.to_owned()), None).await;
    let trust = Trust::Only(pem);
    let failure = call(&plain.url("https"), Verb::Put, &trust).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable, "nothing was sent: {failure:?}");
    let secured = Server::start(Manner::Say(OK.to_owned()), Some(config)).await;
    let failure = call(&secured.url("http"), Verb::Put, &trust).await.unwrap_err();
    assert_eq!(failure.class, Class::OutcomeUnknown, "{failure:?}");
}

#[tokio::test]
async fn an_accepted_connection_without_a_handshake_times_out_as_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
    let (_, pem) = identity("localhost");
    let failure = call(&url, Verb::Put, &Trust::Only(pem)).await.unwrap_err();
    assert_eq!(failure.class, Class::Unreachable, "{failure:?}");
    assert!(failure.detail.contains("no connection in time"), "{failure:?}");
}

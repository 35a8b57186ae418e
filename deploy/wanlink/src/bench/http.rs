//! One keep-alive connection to the api, as cheap as it can be: the load generator shares the machine with what it
//! measures.
//!
//! Deliberately absent: repetition, redirects, pools and TLS. Who measures wants to see each answer.

use crate::exit::{Exit, Failure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wanlink_runtime::tasks::Tasks;

/// Where the api is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Host and port.
    authority: String,
    /// What stands before `/v1`, without a slash at its end.
    path: String,
}

impl Address {
    /// Reads `--url`.
    pub fn parse(url: &str) -> Result<Self, Failure> {
        let wrong =
            || Failure::usage(format!("--url {url:?}: load is sent over plain http://HOST[:PORT] alone"));
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        if host.is_empty() || host.contains('@') {
            return Err(wrong());
        }
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let authority = if has_port { host.to_owned() } else { format!("{host}:80") };
        Ok(Self { authority, path: path.trim_end_matches('/').to_owned() })
    }

    pub fn base(&self) -> String {
        format!("http://{}{}", self.authority, self.path)
    }
}

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

/// A connection that stands.
#[derive(Debug)]
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    path: String,
}

impl Connection {
    pub async fn open(address: &Address, tasks: &Tasks) -> Result<Self, Failure> {
        let away = |error: &dyn std::fmt::Display| {
            Failure::new(Exit::Unavailable, format!("nobody answers at {}: {error}", address.base()))
        };
        let stream = TcpStream::connect(&address.authority).await.map_err(|error| away(&error))?;
        stream.set_nodelay(true).map_err(|error| away(&error))?;
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, driver) = shaken.map_err(|error| away(&error))?;
        tasks.spawn(async { drop(driver.await) });
        let host = HeaderValue::from_str(&address.authority).map_err(|error| away(&error))?;
        Ok(Self { sender, host, path: address.path.clone() })
    }

    /// Sends one call below `/v1` and waits for its whole answer. After an error the connection is of no more use.
    pub async fn call(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer, hyper::Error> {
        self.sender.ready().await?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        let uri = format!("{}/v1{path}", self.path).parse();
        *request.uri_mut() = uri.unwrap_or_default();
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_plain_http() {
        for (url, expect) in [
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://127.0.0.1:8080/", Some("http://127.0.0.1:8080")),
            ("http://wan.example/api/", Some("http://wan.example:80/api")),
            ("http://[::1]:80", Some("http://[::1]:80")),
            ("http://[::1]", Some("http://[::1]:80")),
            ("https://wan.example", None),
            ("http://", None),
            ("http://u:p@x", None),
            ("127.0.0.1:8080", None),
        ] {
            assert_eq!(Address::parse(url).ok().map(|it| it.base()).as_deref(), expect, "{url}");
        }
    }
}

//! What an api process is told at its start, checked before anything listens.
//!
//! Deliberately absent: reading configuration files (`wanlink-runtime`), and defaults of its own: there is one
//! place for them, the configuration's sections.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use wanlink_runtime::{config, tls};

/// The limits and time limits of the role. Time limits nest: word and command wait within a call.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiSettings {
    /// Address and port; port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Allows listening beyond loopback while callers are not authenticated.
    pub insecure: bool,
    /// Takes calls from `wan.requests` as well.
    pub broker_clients: bool,
    pub body_max_bytes: usize,
    /// Arrays and objects within one another.
    pub json_depth_max: usize,
    /// Rows of one page.
    pub page_max: u32,
    /// Calls handled at once.
    pub calls_max: usize,
    /// One call from its head to its answer.
    pub call_timeout: Duration,
    /// How long an accepting call waits for the journal's word.
    pub word_wait: Duration,
    /// How long a command is repeated before its outcome counts as unknown.
    pub command_wait: Duration,
    /// How long a command waits for its answer before it is sent again.
    pub command_repeat: Duration,
    /// How long the journal's word may be missing before acceptance stops.
    pub word_missing_max: Duration,
    /// Actions of one request.
    pub actions_max: usize,
    /// HTTPS; without it, plain HTTP.
    pub tls: Option<tls::Server>,
}

impl ApiSettings {
    /// Takes the configuration's sections over; only the address can be wrong.
    pub fn from_config(api: &config::Api, request: &config::Request) -> io::Result<Self> {
        let listen = api.listen.parse().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("api.listen: {:?} is not an address and a port", api.listen),
            )
        })?;
        Ok(Self {
            listen,
            insecure: api.insecure,
            broker_clients: api.broker_clients,
            body_max_bytes: api.body_max_bytes,
            json_depth_max: api.json_depth_max,
            page_max: u32::try_from(api.page_max).unwrap_or(u32::MAX),
            calls_max: api.calls_max,
            call_timeout: api.call_timeout,
            word_wait: api.word_wait,
            command_wait: api.command_wait,
            command_repeat: api.command_repeat,
            word_missing_max: api.word_missing_max,
            actions_max: request.actions_max,
            tls: tls::Server::of_api(&api.tls),
        })
    }

    /// Refuses to be reachable from elsewhere while anybody who reaches it may do anything.
    pub fn check(&self) -> io::Result<()> {
        let authenticated = self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        if self.listen.ip().is_loopback() || authenticated || self.insecure {
            return Ok(());
        }
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "api.listen: {} is not loopback and callers are not authenticated: set api.tls.client_ca, or \
                 api.insecure to allow it",
                self.listen
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(listen: &str) -> io::Result<ApiSettings> {
        let api = config::Api { listen: listen.to_owned(), ..Default::default() };
        ApiSettings::from_config(&api, &config::Request::default())
    }

    #[test]
    fn only_loopback_is_listened_on_unless_told_otherwise() {
        for (listen, fine) in
            [("127.0.0.1:0", true), ("[::1]:80", true), ("0.0.0.0:80", false), ("192.0.2.1:80", false)]
        {
            let mut settings = settings(listen).unwrap();
            assert_eq!(settings.check().is_ok(), fine, "{listen}");
            settings.insecure = true;
            assert!(settings.check().is_ok(), "{listen}");
        }
        assert!(settings("localhost").is_err());
    }
}

//! The AMQP engine's settings.
//!
//! A connection URI holds a password, so it never appears whole: neither here in `Debug`, nor in an error, nor in
//! a log. Deliberately absent: where the section comes from (`wanlink-runtime`).

use super::wire::{Endpoint, Security};
use serde::Deserialize;
use std::time::Duration;
use wanlink_runtime::config::{AccountQueues, BrokerTls, MessageBroker};
use wanlink_runtime::tls;

/// Where the broker is and how it is used.
#[derive(Clone, PartialEq)]
pub struct AmqpConfig {
    /// `amqp://` or `amqps://` URIs, tried in this order.
    pub endpoints: Vec<String>,
    /// The first word of every queue's and exchange's name. Installations that share a virtual host differ in it.
    pub prefix: String,
    /// How the queues of accounts are made. One that exists keeps its kind (design 3).
    pub account_queues: AccountQueues,
    /// Messages ready in the journal beyond which the broker refuses more. Fixed when the queue is first made.
    pub journal_max_length: u64,
    /// The same for the reports queue.
    pub reports_max_length: u64,
    /// The same for the parked queue.
    pub parked_max_length: u64,
    /// Per endpoint: TCP, TLS and the AMQP handshake.
    pub connect_timeout: Duration,
    /// One administrative call or channel operation. Longer means that the connection is dead.
    pub call_timeout: Duration,
    /// From handing a message over to its confirm. Longer means that the connection is dead, unless the broker
    /// has blocked it.
    pub confirm_timeout: Duration,
    /// Between the connection's signs of life, in whole seconds; it is dead after two without any.
    pub heartbeat: Duration,
    /// For `amqps://` endpoints; the files are read at each connection.
    pub tls: BrokerTls,
}

impl Default for AmqpConfig {
    fn default() -> Self {
        Self::from_section(&MessageBroker::default(), AmqpOptions::default())
    }
}

/// The keys that only this engine has; unknown ones are refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmqpOptions {
    /// See [`AmqpConfig::prefix`].
    pub prefix: String,
}

impl Default for AmqpOptions {
    fn default() -> Self {
        Self { prefix: "wan".to_owned() }
    }
}

impl AmqpConfig {
    /// From the configuration's section and the engine's own keys in it.
    pub fn from_section(section: &MessageBroker, options: AmqpOptions) -> Self {
        let mut endpoints: Vec<String> =
            section.endpoints.iter().map(|endpoint| endpoint.expose().to_owned()).collect();
        if endpoints.is_empty() {
            endpoints.push("amqp://127.0.0.1:5672/%2f".to_owned());
        }
        Self {
            endpoints,
            prefix: options.prefix,
            account_queues: section.account_queues,
            journal_max_length: section.journal_max_length,
            reports_max_length: section.reports_max_length,
            parked_max_length: section.parked_max_length,
            connect_timeout: section.connect_timeout,
            call_timeout: section.call_timeout,
            confirm_timeout: section.confirm_timeout,
            heartbeat: section.heartbeat,
            tls: section.tls.clone(),
        }
    }

    /// How endpoints that ask for TLS are met. Its files are read once here, so that what is wrong with them ends the
    /// start; settings that no endpoint uses are refused, for whoever wrote them believes the opposite.
    pub(super) fn security(&self, endpoints: &[Endpoint]) -> Result<Security, String> {
        let client = tls::Client::of_broker(&self.tls);
        if endpoints.iter().any(Endpoint::is_secure) {
            client.load()?;
            client.warn();
        } else if client.is_given() || self.tls.server_name.is_some() {
            return Err("tls: no endpoint asks for TLS: write amqps:// and the broker's TLS port".to_owned());
        }
        if client.identity.is_none()
            && let Some(index) = endpoints.iter().position(Endpoint::is_external)
        {
            return Err(format!(
                "endpoints[{index}]: auth_mechanism=external lets the certificate say who this is: set tls.certificate \
                 and tls.key"
            ));
        }
        Ok(Security { client, server_name: self.tls.server_name.clone() })
    }

    /// The endpoints, parsed; the error names a bad one by its place in the list, for its text may hold a secret.
    pub(super) fn parsed_endpoints(&self) -> Result<Vec<Endpoint>, String> {
        if self.endpoints.is_empty() {
            return Err("endpoints: at least one amqp:// or amqps:// URI is needed".to_owned());
        }
        let parse = |(index, text): (usize, &String)| {
            Endpoint::parse(text, self.heartbeat, self.connect_timeout)
                .ok_or_else(|| format!("endpoints[{index}]: not an amqp:// or amqps:// URI"))
        };
        self.endpoints.iter().enumerate().map(parse).collect()
    }

    /// What is wrong with the other keys, if anything is.
    pub(super) fn check(&self) -> Result<(), String> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.prefix.is_empty() || self.prefix.len() > 60 || !self.prefix.chars().all(is_word) {
            return Err("prefix: one word of 1 to 60 letters, digits, '-' or '_'".to_owned());
        }
        let positive = [
            ("journal_max_length", self.journal_max_length > 0),
            ("reports_max_length", self.reports_max_length > 0),
            ("parked_max_length", self.parked_max_length > 0),
            ("connect_timeout", !self.connect_timeout.is_zero()),
            ("call_timeout", !self.call_timeout.is_zero()),
            ("confirm_timeout", !self.confirm_timeout.is_zero()),
            ("heartbeat", self.heartbeat.as_secs() > 0),
        ];
        match positive.into_iter().find(|(_, holds)| !holds) {
            Some((key, _)) => Err(format!("{key}: must be above 0")),
            None => Ok(()),
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: self.connect_timeout,
            call: self.call_timeout,
            confirm: self.confirm_timeout,
            close: Duration::from_secs(2),
        }
    }
}

impl std::fmt::Debug for AmqpConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AmqpConfig")
            .field("endpoints", &format_args!("[{} masked]", self.endpoints.len()))
            .field("prefix", &self.prefix)
            .field("account_queues", &self.account_queues)
            .field("journal_max_length", &self.journal_max_length)
            .field("reports_max_length", &self.reports_max_length)
            .finish_non_exhaustive()
    }
}

/// How long each kind of await may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    pub connect: Duration,
    pub call: Duration,
    pub confirm: Duration,
    /// Saying goodbye: nothing depends on it.
    pub close: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let secret = "amqp://wan:hunter2@127.0.0.1:5672/%2f".to_owned();
        let config = AmqpConfig { endpoints: vec![secret], ..AmqpConfig::default() };
        let endpoints = config.parsed_endpoints().expect("a good URI");
        let shown = format!("{config:?} {endpoints:?} {}", endpoints[0]);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(shown.contains("127.0.0.1:5672"), "{shown}");

        let broken =
            AmqpConfig { endpoints: vec!["http://wan:hunter2@x".to_owned()], ..AmqpConfig::default() };
        let error = broken.parsed_endpoints().expect_err("a bad URI");
        assert!(!error.contains("hunter2") && error.contains("endpoints[0]"), "{error}");
    }

    #[test]
    fn keys_are_checked() {
        let checks = [
            (AmqpConfig::default(), None),
            (AmqpConfig { prefix: "a.b".to_owned(), ..AmqpConfig::default() }, Some("prefix")),
            (
                AmqpConfig { heartbeat: Duration::from_millis(900), ..AmqpConfig::default() },
                Some("heartbeat"),
            ),
            (AmqpConfig { journal_max_length: 0, ..AmqpConfig::default() }, Some("journal_max_length")),
        ];
        for (config, expected) in checks {
            let found = config.check().err();
            assert_eq!(found.as_deref().and_then(|text| text.split(':').next()), expected);
        }
    }
}

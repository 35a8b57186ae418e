//! The AMQP engine's own section of the configuration.
//!
//! A connection URI holds a password, so it never appears whole: neither here in `Debug`, nor in an error, nor in
//! a log. Deliberately absent: where the section comes from (`wanlink-runtime`).

use super::wire::Endpoint;
use serde::Deserialize;
use std::time::Duration;

/// How the queues of accounts are made. It cannot be changed while such queues exist (design 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountQueues {
    /// Replicated and on disc: a prompt survives the loss of a node.
    #[default]
    Quorum,
    /// Durable classic queues with messages that are not persistent: half the broker's work per action; what is
    /// lost with a node is dispatched again from the record.
    Classic,
}

/// The section's keys; unknown ones are refused.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AmqpConfig {
    /// `amqp://` or `amqps://` URIs, tried in this order.
    pub endpoints: Vec<String>,
    /// The first word of every queue's and exchange's name. Installations that share a virtual host differ in it.
    pub prefix: String,
    pub account_queues: AccountQueues,
    /// Messages ready in the journal beyond which the broker refuses more. Fixed when the queue is first made.
    pub journal_max_length: u32,
    /// The same for the reports queue.
    pub reports_max_length: u32,
    /// Per endpoint: TCP, TLS and the AMQP handshake.
    pub connect_timeout_ms: u64,
    /// One administrative call or channel operation. Longer means that the connection is dead.
    pub call_timeout_ms: u64,
    /// From handing a message over to its confirm. Longer means that the connection is dead, unless the broker
    /// has blocked it.
    pub confirm_timeout_ms: u64,
    /// Seconds between the connection's signs of life; it is dead after two without any.
    pub heartbeat_s: u16,
}

impl Default for AmqpConfig {
    fn default() -> Self {
        Self {
            endpoints: vec!["amqp://127.0.0.1:5672/%2f".to_owned()],
            prefix: "wan".to_owned(),
            account_queues: AccountQueues::Quorum,
            journal_max_length: 50_000,
            reports_max_length: 100_000,
            connect_timeout_ms: 5_000,
            call_timeout_ms: 10_000,
            confirm_timeout_ms: 10_000,
            heartbeat_s: 10,
        }
    }
}

impl AmqpConfig {
    /// The endpoints, parsed; the error names a bad one by its place in the list, for its text may hold a secret.
    pub(super) fn parsed_endpoints(&self) -> Result<Vec<Endpoint>, String> {
        if self.endpoints.is_empty() {
            return Err("endpoints: at least one amqp:// or amqps:// URI is needed".to_owned());
        }
        let parse = |(index, text): (usize, &String)| {
            Endpoint::parse(text, self.heartbeat_s, self.connect_timeout_ms)
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
        let bounds = [
            ("journal_max_length", u64::from(self.journal_max_length)),
            ("reports_max_length", u64::from(self.reports_max_length)),
            ("connect_timeout_ms", self.connect_timeout_ms),
            ("call_timeout_ms", self.call_timeout_ms),
            ("confirm_timeout_ms", self.confirm_timeout_ms),
            ("heartbeat_s", u64::from(self.heartbeat_s)),
        ];
        match bounds.into_iter().find(|(_, value)| *value == 0) {
            Some((key, _)) => Err(format!("{key}: must be above 0")),
            None => Ok(()),
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: Duration::from_millis(self.connect_timeout_ms),
            call: Duration::from_millis(self.call_timeout_ms),
            confirm: Duration::from_millis(self.confirm_timeout_ms),
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
            (AmqpConfig { heartbeat_s: 0, ..AmqpConfig::default() }, Some("heartbeat_s")),
            (AmqpConfig { journal_max_length: 0, ..AmqpConfig::default() }, Some("journal_max_length")),
        ];
        for (config, expected) in checks {
            let found = config.check().err();
            assert_eq!(found.as_deref().and_then(|text| text.split(':').next()), expected);
        }
    }
}

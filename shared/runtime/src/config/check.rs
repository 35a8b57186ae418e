//! What must hold of a configuration beyond its types: ranges, and how its values stand to each other.
//!
//! Timeouts nest (request < attempt, margin < lease), or an outer one would end what an inner one still waits
//! for. Deliberately absent: whether a file exists or a server answers; that is found out at the start of a role.

use super::{Fault, Loaded, Origin, span};
use std::fmt::{Debug, Display};
use std::net::SocketAddr;
use std::time::Duration;

/// All faults of a typed configuration.
pub(super) fn faults(loaded: &Loaded) -> Vec<Fault> {
    let mut check = Check { loaded, faults: Vec::new() };
    check.sizes();
    check.times();
    check.nesting();
    check.keeping();
    check.stopping();
    check.listening();
    check.certificates();
    check.faults
}

struct Check<'a> {
    loaded: &'a Loaded,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn refuse(&mut self, key: &str, message: String) {
        let origin = self.loaded.origins.get(key).cloned().unwrap_or(Origin::Default);
        self.faults.push(Fault { key: Some(key.to_owned()), origin, message });
    }

    fn within<T: PartialOrd + Display + Debug>(&mut self, key: &str, value: T, least: T, most: T) {
        if !(least <= value && value <= most) {
            self.refuse(key, format!("{value} is out of range: {least} to {most}"));
        }
    }

    fn lasts(&mut self, key: &str, value: Duration, least: Duration) {
        const MOST: Duration = Duration::from_secs(30 * 86_400);
        if value < least || value > MOST {
            let (value, least, most) = (span::print(value), span::print(least), span::print(MOST));
            self.refuse(key, format!("{value} is out of range: {least} to {most}"));
        }
    }

    fn shorter(&mut self, (key, value): (&str, Duration), (other_key, other): (&str, Duration)) {
        if value >= other {
            let (value, other) = (span::print(value), span::print(other));
            self.refuse(key, format!("{value} must be shorter than {other_key}, which is {other}"));
        }
    }

    fn sizes(&mut self) {
        let c = &self.loaded.config;
        self.within("database.connections_max", c.database.connections_max, 2, 1_000);
        self.within("message_broker.journal_max_length", c.message_broker.journal_max_length, 1, 100_000_000);
        self.within("message_broker.reports_max_length", c.message_broker.reports_max_length, 1, 100_000_000);
        self.within("message_broker.parked_max_length", c.message_broker.parked_max_length, 1, 100_000_000);
        self.within("api.body_max_bytes", c.api.body_max_bytes, 1 << 10, 64 << 20);
        self.within("api.json_depth_max", c.api.json_depth_max, 4, 100);
        self.within("api.page_max", c.api.page_max, 1, 10_000);
        self.within("api.calls_max", c.api.calls_max, 1, 100_000);
        self.within("worker.capacity", c.worker.capacity, 1, 100_000);
        self.within("worker.claim_batch_max", c.worker.claim_batch_max, 1, 4_096);
        self.within("egress.answer_max_bytes", c.egress.answer_max_bytes, 1 << 10, 256 << 20);
        self.within("conductor.batch_max", c.conductor.batch_max, 1, 4_096);
        self.within("conductor.grants_max", c.conductor.grants_max, 1, 1_024);
        self.within("conductor.hysteresis_percent", c.conductor.hysteresis_percent, 0, 100);
        self.within("attempt.max", c.attempt.max, 2, 1_000);
        self.within("retry.multiplier", c.retry.multiplier, 1.0, 10.0);
        self.within("retry.jitter", c.retry.jitter, 0.0, 0.9);
        self.within("telemetry.otlp.sample", c.telemetry.otlp.sample, 0.0, 1.0);
        self.within("request.actions_max", c.request.actions_max, 1, 10_000);
    }

    fn times(&mut self) {
        const LEAST: Duration = Duration::from_millis(10);
        let c = &self.loaded.config;
        for (key, value) in [
            ("database.connect_timeout", c.database.connect_timeout),
            ("database.statement_timeout", c.database.statement_timeout),
            ("message_broker.connect_timeout", c.message_broker.connect_timeout),
            ("message_broker.confirm_timeout", c.message_broker.confirm_timeout),
            ("message_broker.call_timeout", c.message_broker.call_timeout),
            ("api.call_timeout", c.api.call_timeout),
            ("api.word_wait", c.api.word_wait),
            ("api.command_wait", c.api.command_wait),
            ("api.command_repeat", c.api.command_repeat),
            ("api.word_missing_max", c.api.word_missing_max),
            ("worker.claim_repeat", c.worker.claim_repeat),
            ("egress.connect_timeout", c.egress.connect_timeout),
            ("egress.request_timeout", c.egress.request_timeout),
            ("conductor.tick", c.conductor.tick),
            ("conductor.census_interval", c.conductor.census_interval),
            ("lease.renew", c.lease.renew),
            ("lease.ttl", c.lease.ttl),
            ("lease.margin", c.lease.margin),
            ("dispatch.after", c.dispatch.after),
            ("dispatch.max", c.dispatch.max),
            ("attempt.timeout", c.attempt.timeout),
            ("retry.initial", c.retry.initial),
            ("retry.max", c.retry.max),
            ("build.poll", c.build.poll),
            ("refresh.interval", c.refresh.interval),
            ("monitor.interval", c.monitor.interval),
        ] {
            self.lasts(key, value, LEAST);
        }
        // AMQP counts the heartbeat in whole seconds, and zero would switch it off.
        self.lasts("message_broker.heartbeat", c.message_broker.heartbeat, Duration::from_secs(1));
        for (key, value) in [
            ("worker.drain", c.worker.drain),
            ("retry.budget", c.retry.budget),
            ("build.budget", c.build.budget),
            ("networks.budget", c.networks.budget),
        ] {
            self.lasts(key, value, Duration::ZERO);
        }
    }

    fn keeping(&mut self) {
        const LEAST: Duration = Duration::from_secs(1);
        const MOST: Duration = Duration::from_secs(3_650 * 86_400);
        let c = &self.loaded.config;
        self.within("retention.batch_max", c.retention.batch_max, 1, 10_000);
        for (key, value, least) in [
            ("history.keep", c.history.keep, LEAST),
            ("events.keep", c.events.keep, LEAST),
            ("tombstones.keep", c.tombstones.keep, LEAST),
            ("answers.keep", c.answers.keep, LEAST),
            ("parked.keep", c.parked.keep, LEAST),
            ("retention.every", c.retention.every, LEAST),
            ("retention.pause", c.retention.pause, Duration::ZERO),
        ] {
            if value < least || value > MOST {
                let (value, least, most) = (span::print(value), span::print(least), span::print(MOST));
                self.refuse(key, format!("{value} is out of range: {least} to {most}"));
            }
        }
    }

    /// The parts of an orderly stop, one after the other, each with its grace.
    fn stopping(&mut self) {
        const GRACES: Duration = Duration::from_secs(20);
        let c = &self.loaded.config;
        let parts = c.api.call_timeout + c.worker.drain + c.database.statement_timeout + GRACES;
        if c.shutdown.within < parts {
            let (within, parts) = (span::print(c.shutdown.within), span::print(parts));
            self.refuse(
                "shutdown.within",
                format!(
                    "{within} is too short: api.call_timeout, worker.drain, database.statement_timeout and 20s to \
                     close everything make {parts}"
                ),
            );
        }
    }

    fn nesting(&mut self) {
        let c = &self.loaded.config;
        let trusted = c.lease.ttl.saturating_sub(c.lease.margin);
        self.shorter(("lease.margin", c.lease.margin), ("lease.ttl", c.lease.ttl));
        if c.lease.renew * 2 >= trusted {
            let (renew, trusted) = (span::print(c.lease.renew), span::print(trusted));
            self.refuse(
                "lease.renew",
                format!(
                    "{renew} is too long: one renewal may be lost within lease.ttl - lease.margin ({trusted})"
                ),
            );
        }
        let request = ("egress.request_timeout", c.egress.request_timeout);
        self.shorter(("egress.connect_timeout", c.egress.connect_timeout), request);
        self.shorter(request, ("attempt.timeout", c.attempt.timeout));
        let call = ("api.call_timeout", c.api.call_timeout);
        self.shorter(("api.word_wait", c.api.word_wait), call);
        self.shorter(("api.command_wait", c.api.command_wait), call);
        let command = ("api.command_wait", c.api.command_wait);
        self.shorter(("api.command_repeat", c.api.command_repeat), command);
        let longest = c.message_broker.confirm_timeout + c.api.word_wait;
        self.shorter(("message_broker.confirm_timeout + api.word_wait", longest), call);
        if c.dispatch.after > c.dispatch.max {
            self.refuse("dispatch.after", "is longer than dispatch.max".to_owned());
        }
        if c.retry.initial > c.retry.max {
            self.refuse("retry.initial", "is longer than retry.max".to_owned());
        }
    }

    fn listening(&mut self) {
        let api = &self.loaded.config.api;
        match api.listen.parse::<SocketAddr>() {
            Err(_) => self.refuse("api.listen", format!("{:?} is not an address and a port", api.listen)),
            Ok(address) if !address.ip().is_loopback() && !api.insecure && api.tls.client_ca.is_none() => self
                .refuse(
                    "api.listen",
                    format!(
                        "{address} is not loopback and callers are not authenticated: set api.tls.client_ca, or \
                         api.insecure to allow it"
                    ),
                ),
            Ok(_) => {}
        }
    }

    /// A certificate is of no use without its key, nor a key without its certificate.
    fn certificates(&mut self) {
        let c = &self.loaded.config;
        let (database, broker, api) = (&c.database.tls, &c.message_broker.tls, &c.api.tls);
        for (section, certificate, key) in [
            ("database.tls", database.certificate.is_some(), database.key.is_some()),
            ("message_broker.tls", broker.certificate.is_some(), broker.key.is_some()),
            ("api.tls", api.certificate.is_some(), api.key.is_some()),
        ] {
            let (there, missing) = if certificate { ("certificate", "key") } else { ("key", "certificate") };
            if certificate != key {
                self.refuse(&format!("{section}.{there}"), format!("needs {section}.{missing} beside it"));
            }
        }
        if api.client_ca.is_some() && api.certificate.is_none() {
            self.refuse(
                "api.tls.client_ca",
                "needs api.tls.certificate and api.tls.key beside it".to_owned(),
            );
        }
    }
}

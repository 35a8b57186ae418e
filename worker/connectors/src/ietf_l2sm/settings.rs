//! An account's settings, read once: every fault is told in one sentence, none of them repeats a secret.

use super::descriptor::DESCRIPTOR;
use super::names::Mark;
use super::probe::Probe;
use crate::egress::{Limits, Login, Trust, Url};
use crate::port::Settings;
use serde_json::Value;
use std::time::Duration;
use wanlink_domain::connector::ConfigPart;
use wanlink_domain::link::StatusSource;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::validate::config::get;
use wanlink_domain::validate::{Faults, summary};

/// Everything that the connector needs to know of its account.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) root: Url,
    pub(super) login: Option<Login>,
    pub(super) trust: Trust,
    pub(super) limits: Limits,
    pub(super) operation_timeout: Duration,
    pub(super) mark: Mark,
    pub(super) shape: Shape,
    /// `None`: the configuration read back is the status.
    pub(super) probe: Option<Probe>,
}

/// What shapes the bodies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) site_prefix: String,
    pub(super) device_reference: String,
    pub(super) elan_service_type: String,
    pub(super) svc_mtu: u64,
    pub(super) bum: bool,
    pub(super) ethernet_oam: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            site_prefix: String::new(),
            device_reference: "{site}-ce".to_owned(),
            elan_service_type: "bgp-vpls".to_owned(),
            svc_mtu: 1500,
            bum: false,
            ethernet_oam: false,
        }
    }
}

/// A fault of the settings, for the account's owner.
pub(super) fn invalid(settings: &Settings, fault: &str) -> Reason {
    Reason::new(Code::ConnectorInvalid, format!("account {:?}: {fault}", settings.account_name))
}

impl Account {
    pub(super) fn read(settings: &Settings, limits: Limits) -> Result<Self, Reason> {
        let refuse = |fault: String| invalid(settings, &fault);
        let mut faults = Faults::default();
        let has_secret = |name: &str| settings.secrets.contains_key(name);
        DESCRIPTOR.check_config("/config", &settings.config, ConfigPart::Whole, has_secret, &mut faults);
        if !faults.is_empty() {
            let errors = faults.finish::<()>(None).err().unwrap_or_default();
            return Err(refuse(summary(&errors).detail));
        }
        let keys = Keys(settings);
        let root = keys.root().map_err(refuse)?;
        let limits = keys.limits(limits).map_err(refuse)?;
        Ok(Self {
            root,
            login: keys.login().map_err(refuse)?,
            trust: keys.trust().map_err(refuse)?,
            limits,
            operation_timeout: keys.operation_timeout(&limits).map_err(refuse)?,
            mark: Mark::new(settings.installation, settings.account),
            shape: keys.shape(),
            probe: keys.probe().map_err(refuse)?,
        })
    }

    pub(super) fn status_source(&self) -> StatusSource {
        if self.probe.is_some() { StatusSource::Probe } else { StatusSource::Configured }
    }
}

fn within_attempt(key: &str, timeout: Duration, limits: &Limits) -> Result<(), String> {
    if timeout < limits.attempt_timeout {
        return Ok(());
    }
    let (timeout, attempt) = (timeout.as_millis(), limits.attempt_timeout.as_millis());
    Err(format!(
        "{key} ({timeout}) must be below the worker's attempt.timeout ({attempt} ms), which ends it anyhow"
    ))
}

/// Typed access to settings that fit the schema already.
struct Keys<'a>(&'a Settings);

impl<'a> Keys<'a> {
    fn text(&self, name: &str) -> Option<&'a str> {
        get(&self.0.config, name).and_then(Value::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        get(&self.0.config, name).and_then(Value::as_u64)
    }

    fn span(&self, name: &str) -> Option<Duration> {
        self.number(name).map(Duration::from_millis)
    }

    fn root(&self) -> Result<Url, String> {
        let url = Url::parse(&self.0.wim_url).map_err(|fault| format!("the WIM's URL {fault}"))?;
        let root = self.text("restconf_root").unwrap_or("/restconf");
        let root = format!("/{}", root.trim_matches('/'));
        // The URL may name the root already.
        Ok(if root == "/" || url.path().ends_with(&root) {
            url.below("", None)
        } else {
            url.below(&root, None)
        })
    }

    fn login(&self) -> Result<Option<Login>, String> {
        let user = self.0.user.as_deref().filter(|user| !user.is_empty());
        match (self.text("auth"), user) {
            (Some("none"), _) | (None, None) => Ok(None),
            (_, None) => Err("auth is basic, but the account has no user".to_owned()),
            (_, Some(user)) if user.contains(':') => {
                Err("the account's user must not contain a colon (RFC 7617)".to_owned())
            }
            (_, Some(user)) => match self.0.secrets.get("password") {
                Some(password) => Ok(Some(Login { user: user.to_owned(), password: password.clone() })),
                None => Err("the account has a user, but no password".to_owned()),
            },
        }
    }

    fn trust(&self) -> Result<Trust, String> {
        let Some(ca) = self.text("tls.ca") else { return Ok(Trust::System) };
        if ca.trim_start().starts_with("-----BEGIN") {
            return Ok(Trust::Only(ca.to_owned()));
        }
        let pem =
            std::fs::read_to_string(ca).map_err(|error| format!("tls.ca: {ca:?} cannot be read: {error}"))?;
        Ok(Trust::Only(pem))
    }

    fn limits(&self, limits: Limits) -> Result<Limits, String> {
        let connect_timeout = self.span("connect_timeout_ms").unwrap_or(limits.connect_timeout);
        let request_timeout = self.span("request_timeout_ms").unwrap_or(limits.request_timeout);
        // Otherwise a connection that never came could not be told from an answer that never came.
        if request_timeout <= connect_timeout {
            return Err(format!(
                "request_timeout_ms ({}) must be above connect_timeout_ms ({})",
                request_timeout.as_millis(),
                connect_timeout.as_millis()
            ));
        }
        within_attempt("request_timeout_ms", request_timeout, &limits)?;
        Ok(Limits { connect_timeout, request_timeout, ..limits })
    }

    /// One below the request's limit is taken: it ends a request early, but tells why.
    fn operation_timeout(&self, limits: &Limits) -> Result<Duration, String> {
        let timeout = self.span("operation_timeout_ms").unwrap_or(limits.operation_timeout());
        within_attempt("operation_timeout_ms", timeout, limits)?;
        Ok(timeout)
    }

    fn shape(&self) -> Shape {
        let usual = Shape::default();
        let text = |name: &str, usual: String| self.text(name).map_or(usual, str::to_owned);
        let features = get(&self.0.config, "features").and_then(Value::as_array);
        let has = |feature: &str| features.is_some_and(|all| all.iter().any(|one| one == feature));
        Shape {
            site_prefix: text("site_prefix", usual.site_prefix),
            device_reference: text("device_reference", usual.device_reference),
            elan_service_type: text("elan_service_type", usual.elan_service_type),
            svc_mtu: self.number("svc_mtu").unwrap_or(usual.svc_mtu),
            bum: has("bum"),
            ethernet_oam: has("ethernet-oam"),
        }
    }

    fn probe(&self) -> Result<Option<Probe>, String> {
        let template = match (self.text("status_source"), self.text("probe_url")) {
            (Some("configured"), _) | (None, None) => return Ok(None),
            (_, None) => return Err("status_source is probe, but probe_url is missing".to_owned()),
            (_, Some(template)) => template,
        };
        let field = self.text("probe_field").unwrap_or("status");
        let all = self.text("probe_list_url").map(Url::parse).transpose();
        let all = all.map_err(|fault| format!("probe_list_url {fault}"))?;
        Probe::new(template, field, all).map(Some).map_err(|fault| format!("probe_url {fault}"))
    }
}

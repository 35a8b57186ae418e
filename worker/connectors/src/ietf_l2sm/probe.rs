//! The operational probe: where an account says so, a link's status comes from an address that some monitoring
//! answers, because the model has none.
//!
//! Deliberately absent: free mappings of words. An answer is `{"status": WORD}`, its place configurable, the words
//! those that monitoring systems use.

use crate::egress::{Url, bounded};
use crate::port::{Class, Failure};
use crate::restconf::{Restconf, key};
use serde_json::Value;
use std::collections::BTreeMap;
use wanlink_domain::link::LinkStatus;

const PLACEHOLDER: &str = "{vpn_id}";

/// Where and how to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    template: String,
    /// JSON pointer.
    field: String,
    /// The template with a made-up id: for what holds whatever the id.
    sample: Url,
    /// Where all links are told at once.
    all: Option<Url>,
}

impl Probe {
    pub(super) fn new(template: &str, field: &str, all: Option<Url>) -> Result<Self, &'static str> {
        if !template.contains(PLACEHOLDER) {
            return Err("must contain {vpn_id}");
        }
        let sample = Url::parse(&template.replace(PLACEHOLDER, "0"))?;
        let field = format!("/{}", field.replace('.', "/"));
        Ok(Self { template: template.to_owned(), field, sample, all })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.sample.is_tls() || self.all.as_ref().is_some_and(Url::is_tls)
    }

    /// What it says of all links at once, by their ids; `None`: it has no address for that.
    pub(super) async fn ask_all(
        &self,
        restconf: &Restconf,
    ) -> Result<Option<BTreeMap<String, LinkStatus>>, Failure> {
        let Some(url) = &self.all else { return Ok(None) };
        let answer = restconf.get_json_list(url).await?.unwrap_or_default();
        // A word that is not known makes its link one that the list says nothing of, and it is asked for by itself.
        let entries = answer.as_object().into_iter().flatten();
        let known = entries
            .filter_map(|(vpn, entry)| Some((vpn.clone(), status(entry.pointer(&self.field)?.as_str()?)?)));
        Ok(Some(known.collect()))
    }

    /// `None`: it does not know the link.
    pub(super) async fn ask(&self, restconf: &Restconf, vpn: &str) -> Result<Option<LinkStatus>, Failure> {
        let fault =
            |detail: String| Failure { class: Class::Internal, detail: bounded(&detail), retry_after: None };
        let url = Url::parse(&self.template.replace(PLACEHOLDER, &key(vpn)))
            .map_err(|why| fault(format!("the probe's address {why}")))?;
        let Some(answer) = restconf.get_json(&url).await? else { return Ok(None) };
        let word = answer.pointer(&self.field).and_then(Value::as_str);
        match word.and_then(status) {
            Some(status) => Ok(Some(status)),
            None => {
                Err(fault(format!("the probe {url} answered no known status at {}: {answer}", self.field)))
            }
        }
    }
}

fn status(word: &str) -> Option<LinkStatus> {
    match word.to_ascii_uppercase().as_str() {
        "ACTIVE" | "UP" | "OK" => Some(LinkStatus::Active),
        "BUILD" | "BUILDING" | "PENDING" | "PLANNED" => Some(LinkStatus::Build),
        "INACTIVE" | "DISABLED" => Some(LinkStatus::Inactive),
        "DOWN" | "DEGRADED" => Some(LinkStatus::Down),
        "ERROR" | "FAILED" => Some(LinkStatus::Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_s_address_names_the_link() {
        assert_eq!(Probe::new("http://monitor/probe", "status", None), Err("must contain {vpn_id}"));
        assert!(Probe::new("monitor/{vpn_id}", "status", None).is_err());
        let probe = Probe::new("https://monitor/probe/{vpn_id}?q={vpn_id}", "oper.state", None).unwrap();
        assert!(probe.is_tls());
        assert_eq!(probe.field, "/oper/state");
    }

    #[test]
    fn words_are_read_in_any_case_and_others_are_not_guessed() {
        for (word, expect) in [
            ("active", Some(LinkStatus::Active)),
            ("Up", Some(LinkStatus::Active)),
            ("BUILD", Some(LinkStatus::Build)),
            ("down", Some(LinkStatus::Down)),
            ("INACTIVE", Some(LinkStatus::Inactive)),
            ("failed", Some(LinkStatus::Error)),
            ("perhaps", None),
            ("", None),
        ] {
            assert_eq!(status(word), expect, "{word}");
        }
    }
}

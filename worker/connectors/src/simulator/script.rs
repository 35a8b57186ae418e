//! Scripts: which calls of a simulated controller go wrong, and how.
//!
//! Rules are tried in order; the first that matches and has firings left decides. A rule can be written as text for
//! a WIM's configuration: `VERB[@LINK|#NUMBER]:FAULT[=MS][:TIMES]`, several separated by semicolons.

use super::ledger::Verb;
use crate::port::Class;
use std::time::Duration;
use wanlink_domain::ids::LinkId;

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Fails with this class and does nothing.
    Fail(Class),
    /// Fails so, with the controller's wish for a pause.
    Busy(Duration),
    /// Takes effect, and the answer is lost.
    CutAfter,
    /// Is lost before it takes effect, which the caller cannot tell from the above.
    CutBefore,
    /// Takes this much longer, then goes on.
    Delay(Duration),
    /// Never ends and does nothing.
    Hang,
    /// Takes effect and never ends.
    HangAfter,
    /// The connector panics.
    Panic,
}

/// Which calls a fault falls on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub verb: Option<Verb>,
    pub link: Option<LinkId>,
    /// The call's number in the ledger.
    pub number: Option<u64>,
    /// Fires at most this often; `None`: always.
    pub times: Option<u64>,
    pub fault: Fault,
}

impl Rule {
    /// On every call of this kind.
    pub fn on(verb: Verb, fault: Fault) -> Self {
        Self { verb: Some(verb), link: None, number: None, times: None, fault }
    }

    /// For one link alone.
    pub fn link(self, link: LinkId) -> Self {
        Self { link: Some(link), ..self }
    }

    /// At most `times` times.
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }

    /// The first rule that falls on a call decides, and has one firing less.
    pub(super) fn fire(rules: &mut [Self], verb: Verb, link: Option<LinkId>, number: u64) -> Option<Fault> {
        let rule = rules.iter_mut().find(|rule| rule.matches(verb, link, number))?;
        rule.times = rule.times.map(|left| left.saturating_sub(1));
        Some(rule.fault.clone())
    }

    fn matches(&self, verb: Verb, link: Option<LinkId>, number: u64) -> bool {
        self.verb.is_none_or(|wanted| wanted == verb)
            && self.link.is_none_or(|wanted| Some(wanted) == link)
            && self.number.is_none_or(|wanted| wanted == number)
            && self.times != Some(0)
    }

    /// Reads the rules of a configuration; the message says what is wrong with which.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let rules = text.split(';').map(str::trim).filter(|rule| !rule.is_empty());
        rules.map(|rule| Self::parse(rule).map_err(|fault| format!("{rule:?}: {fault}"))).collect()
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let mut parts = text.split(':');
        let (Some(calls), Some(fault)) = (parts.next(), parts.next()) else {
            return Err("expected VERB:FAULT");
        };
        let times =
            parts.next().map(|times| times.parse().map_err(|_| "the number of times is none")).transpose()?;
        if parts.next().is_some() {
            return Err("expected VERB[@LINK|#NUMBER]:FAULT[=MS][:TIMES]");
        }
        let end = calls.find(['@', '#']).unwrap_or(calls.len());
        let (verb, narrowed) = calls.split_at(end);
        let verb = match verb {
            "any" => None,
            name => Some(*Verb::ALL.iter().find(|verb| verb.as_str() == name).ok_or("the verb is unknown")?),
        };
        let (mut link, mut number) = (None, None);
        if let Some(id) = narrowed.strip_prefix('@') {
            link = Some(LinkId::parse(id).ok_or("the link is no id")?);
        } else if let Some(count) = narrowed.strip_prefix('#') {
            number = Some(count.parse().map_err(|_| "the call's number is none")?);
        }
        Ok(Self { verb, link, number, times, fault: Fault::parse(fault)? })
    }
}

impl Fault {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (name, millis) = match text.split_once('=') {
            Some((name, millis)) => (
                name,
                Some(millis.parse().map(Duration::from_millis).map_err(|_| "the milliseconds are none")?),
            ),
            None => (text, None),
        };
        Ok(match (name, millis) {
            ("delay", Some(by)) => Self::Delay(by),
            ("busy", Some(pause)) => Self::Busy(pause),
            (_, Some(_)) => return Err("only delay and busy take milliseconds"),
            ("delay", None) => return Err("a delay needs milliseconds"),
            ("cut_after", None) => Self::CutAfter,
            ("cut_before", None) => Self::CutBefore,
            ("hang", None) => Self::Hang,
            ("hang_after", None) => Self::HangAfter,
            ("panic", None) => Self::Panic,
            ("unreachable", None) => Self::Fail(Class::Unreachable),
            ("busy", None) => Self::Fail(Class::Busy),
            ("auth", None) => Self::Fail(Class::Auth),
            ("invalid", None) => Self::Fail(Class::Invalid),
            ("conflict", None) => Self::Fail(Class::Conflict),
            ("dependency_missing", None) => Self::Fail(Class::DependencyMissing),
            ("still_referenced", None) => Self::Fail(Class::StillReferenced),
            ("capacity", None) => Self::Fail(Class::Capacity),
            ("not_found", None) => Self::Fail(Class::NotFound),
            ("internal", None) => Self::Fail(Class::Internal),
            _ => return Err("the fault is unknown"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_from_text() {
        let link = LinkId(uuid::Uuid::from_u128(5));
        let text = format!("ensure@{link}:cut_after:2; any#7:delay=50 ;remove:busy=1500:1;check:auth");
        let rules = Rule::parse_all(&text).unwrap();
        assert_eq!(
            rules,
            [
                Rule::on(Verb::Ensure, Fault::CutAfter).link(link).times(2),
                Rule {
                    verb: None,
                    link: None,
                    number: Some(7),
                    times: None,
                    fault: Fault::Delay(Duration::from_millis(50))
                },
                Rule::on(Verb::Remove, Fault::Busy(Duration::from_millis(1500))).times(1),
                Rule::on(Verb::Check, Fault::Fail(Class::Auth)),
            ]
        );
        assert_eq!(Rule::parse_all(" ; "), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_rule_is_told() {
        for (text, fault) in [
            ("ensure", "expected VERB:FAULT"),
            ("make:busy", "the verb is unknown"),
            ("ensure:sad", "the fault is unknown"),
            ("ensure@7:busy", "the link is no id"),
            ("ensure#x:busy", "the call's number"),
            ("ensure:busy:x", "the number of times"),
            ("ensure:busy:1:2", "expected VERB[@LINK"),
            ("ensure:delay", "a delay needs"),
            ("ensure:hang=5", "only delay and busy"),
            ("ensure:delay=x", "the milliseconds"),
        ] {
            let told = Rule::parse_all(text).unwrap_err();
            assert!(told.contains(fault), "{text}: {told}");
        }
    }

    #[test]
    fn a_rule_falls_on_what_it_names() {
        let (link, other) = (LinkId(uuid::Uuid::from_u128(5)), LinkId(uuid::Uuid::from_u128(6)));
        let rule = Rule::on(Verb::Ensure, Fault::Hang).link(link);
        assert!(rule.matches(Verb::Ensure, Some(link), 1));
        assert!(!rule.matches(Verb::Ensure, Some(other), 1) && !rule.matches(Verb::Remove, Some(link), 1));
        assert!(!rule.clone().times(0).matches(Verb::Ensure, Some(link), 1));
        assert!(!Rule { number: Some(2), ..rule }.matches(Verb::Ensure, Some(link), 1));
    }
}

//! Faults on demand: rules that a test sets over HTTP, and the decision which of them a request meets.
//!
//! Deciding is separate from doing: this file says what shall happen to a request, `app` does it. Delays of all
//! rules that match add up; of the other actions the first that fires wins. Draws come from the rule's seed and its
//! own counter, so that a run can be repeated. Nothing is kept over a restart.

use crate::draw;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which requests a rule looks at: all conditions that are given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// HTTP method, in capitals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Part of the path, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_contains: Option<String>,
}

/// What happens to a request that a rule fires on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Wait this long, then go on (to further rules and to the request itself).
    DelayMs(u64),
    /// Answer this instead of doing anything.
    Status(Answer),
    /// 409 `lock-denied`, nothing done.
    LockDenied,
    /// Close the connection before doing anything.
    CutBefore,
    /// Do it, then close the connection without an answer.
    CutAfter,
    /// Never answer, and do nothing.
    Hang,
    /// Do it, and never answer.
    HangAfter,
    /// Do it, then answer 200 with bytes that are no JSON.
    Garbage,
    /// Do it, then answer 200 with 30 MB.
    Huge,
    /// Do the write, but let reads and the probe say for this long that it is not there.
    NotVisibleMs(u64),
    /// 429 with `Retry-After` in seconds, nothing done.
    RetryAfter(u64),
}

/// An answer made up by a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// HTTP status, 200 to 599.
    pub code: u16,
    /// Makes the body a RESTCONF error with this tag, unless `body` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_tag: Option<String>,
    /// The body: a string is sent as it is (text/html), anything else as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// `Retry-After`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// One rule. Without `times` and `probability` it fires on every request that matches, until it is deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Which requests.
    #[serde(rename = "match", default)]
    pub matches: Match,
    /// Fires at most this often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// Fires with this probability, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of the draws for `probability`; the emulator's own where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// What happens.
    pub action: Action,
}

impl Rule {
    /// A rule on every request of `method` whose path holds `path_contains`.
    pub fn on(method: &str, path_contains: &str, action: Action) -> Self {
        let matches =
            Match { method: Some(method.to_owned()), path_contains: Some(path_contains.to_owned()) };
        Self { matches, times: None, probability: None, seed: None, action }
    }

    /// The same rule, firing at most `times`.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// The reason why a rule cannot be taken, if there is one.
    fn problem(&self) -> Option<&'static str> {
        if self.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
            return Some("probability is from 0 to 1");
        }
        match &self.action {
            Action::Status(answer) if !(200..=599).contains(&answer.code) => Some("code is from 200 to 599"),
            _ => None,
        }
    }
}

/// A rule with its counters, as `GET /faults` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleView {
    /// Its position, from 0, for as long as the rules stand.
    pub id: usize,
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    /// Requests that matched.
    pub seen: u64,
    /// Requests on which it fired.
    pub fired: u64,
}

/// What shall happen to one request.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) delay_ms: u64,
    pub(crate) action: Option<Action>,
}

/// More rules than any test needs; a loop that forgets to clear is told.
const RULES_MAX: usize = 1_000;

#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: Vec<RuleView>,
    seed: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self { rules: Vec::new(), seed }
    }

    /// Adds rules behind those that stand; all or none.
    pub(crate) fn add(&mut self, rules: Vec<Rule>) -> Result<(), &'static str> {
        if self.rules.len() + rules.len() > RULES_MAX {
            return Err("too many rules");
        }
        if let Some(problem) = rules.iter().find_map(Rule::problem) {
            return Err(problem);
        }
        for rule in rules {
            self.rules.push(RuleView { id: self.rules.len(), rule, seen: 0, fired: 0 });
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(crate) fn view(&self) -> &[RuleView] {
        &self.rules
    }

    pub(crate) fn decide(&mut self, method: &str, path: &str) -> Verdict {
        let seed = self.seed;
        let mut verdict = Verdict::default();
        for held in &mut self.rules {
            if !held.rule.matches.holds(method, path) || !held.fires(seed) {
                continue;
            }
            match &held.rule.action {
                Action::DelayMs(delay) => verdict.delay_ms = verdict.delay_ms.saturating_add(*delay),
                action => {
                    verdict.action = Some(action.clone());
                    break;
                }
            }
        }
        verdict
    }
}

impl Match {
    fn holds(&self, method: &str, path: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.path_contains.as_deref().is_none_or(|part| path.contains(part))
    }
}

impl RuleView {
    fn fires(&mut self, seed: u64) -> bool {
        self.seen += 1;
        if self.rule.times.is_some_and(|times| self.fired >= times) {
            return false;
        }
        let name = format!("rule-{}-{}", self.id, self.seen);
        let drawn =
            self.rule.probability.is_none_or(|p| draw::chance(self.rule.seed.unwrap_or(seed), &name, p));
        self.fired += u64::from(drawn);
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_add_up_and_the_first_action_wins() {
        let mut faults = Faults::new(1);
        let rules = vec![
            Rule::on("PUT", "vpn-service", Action::DelayMs(5)),
            Rule::on("PUT", "vpn-service", Action::CutAfter).times(1),
            Rule::on("PUT", "", Action::LockDenied).times(1),
        ];
        assert_eq!(faults.add(rules), Ok(()));
        let decide = |faults: &mut Faults| faults.decide("PUT", "/vpn-services/vpn-service=1");
        assert_eq!(decide(&mut faults), Verdict { delay_ms: 5, action: Some(Action::CutAfter) });
        assert_eq!(decide(&mut faults), Verdict { delay_ms: 5, action: Some(Action::LockDenied) });
        assert_eq!(decide(&mut faults), Verdict { delay_ms: 5, action: None });
        assert_eq!(faults.decide("GET", "/x"), Verdict::default());
        assert_eq!(faults.view().iter().map(|rule| rule.fired).collect::<Vec<_>>(), [3, 1, 1]);
    }

    #[test]
    fn rules_read_as_written() {
        let text = r#"[{"match": {"method": "PUT"}, "times": 2, "action": "cut_before"},
            {"action": {"delay_ms": 10}, "probability": 0.5, "seed": 3},
            {"action": {"status": {"code": 503, "error_tag": "resource-denied", "retry_after": 1}}},
            {"action": {"not_visible_ms": 300}}, {"action": {"retry_after": 2}}, {"action": "huge"}]"#;
        let rules: Vec<Rule> = serde_json::from_str(text).expect("every form of a rule");
        assert_eq!(rules.len(), 6);
        let again: Vec<Rule> =
            serde_json::from_value(serde_json::to_value(&rules).expect("json")).expect("its own output");
        assert_eq!(again, rules);
        for wrong in [r#"{"action": "explode"}"#, r#"{"times": 1}"#, r#"{"action": "hang", "tmies": 1}"#] {
            assert!(serde_json::from_str::<Rule>(wrong).is_err(), "{wrong}");
        }
        let mut faults = Faults::new(0);
        let mut rule = Rule::on("GET", "", Action::Hang);
        rule.probability = Some(1.5);
        assert!(faults.add(vec![rule]).is_err());
        assert!(faults.view().is_empty());
    }
}

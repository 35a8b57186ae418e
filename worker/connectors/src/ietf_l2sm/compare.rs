//! Is what the controller holds what was wished? Compared after taking away what servers spell differently.
//!
//! Identities come back with or without their prefix, 64-bit numbers as texts or numbers, leaves with default
//! values or not at all, and nodes of the controller's own beside ours: none of it is a difference.

use crate::restconf::{members, strip};
use serde_json::Value;

/// Leaves that are written with their default value: a server may leave them out (RFC 6243, `trim`).
const DEFAULTS: &[(&str, &str)] = &[
    ("vpn-svc-type", "vpws"),
    ("svc-topo", "any-to-any"),
    ("type", "point-to-point"),
    ("encapsulation-type", "ethernet"),
    ("eth-inf-type", "untagged"),
    ("tg-type", "c-vlan"),
    ("peer-mode", "static-mode"),
    ("site-role", "any-to-any-role"),
];

/// Where `have` differs from `wish`, as a path of names; `None`: nowhere that matters.
pub(super) fn difference(wish: &Value, have: &Value) -> Option<String> {
    different(wish, have).map(|path| path.trim_start_matches('/').to_owned())
}

fn different(wish: &Value, have: &Value) -> Option<String> {
    match (wish, have) {
        (Value::Object(wished), Value::Object(_)) => {
            for (name, wish) in wished {
                let below = match members(have, strip(name)) {
                    // The whole list is ours: a peer too many is a difference.
                    Some(have) if name == "peer-list" && count(wish) != count(have) => Some(String::new()),
                    Some(have) => different(wish, have),
                    // A container without content and without presence is as good as none (RFC 7950, section 7.5.1).
                    None if is_default(name, wish)
                        || wish.as_object().is_some_and(|wish| wish.is_empty()) =>
                    {
                        None
                    }
                    None => Some(String::new()),
                };
                if let Some(below) = below {
                    return Some(format!("/{name}{below}"));
                }
            }
            unwished(wished, have)
        }
        (Value::Array(wished), Value::Array(held)) => {
            let missing = wished.iter().any(|wish| held.iter().all(|have| different(wish, have).is_some()));
            missing.then(String::new)
        }
        _ => match (plain(wish), plain(have)) {
            (Some(wish), Some(have)) if wish == have => None,
            _ => Some(String::new()),
        },
    }
}

/// A bandwidth that is no longer wished is a difference, although everything that is wished is there.
fn unwished(wished: &serde_json::Map<String, Value>, have: &Value) -> Option<String> {
    let is_access_service = wished.contains_key("svc-mtu") && !wished.contains_key("svc-bandwidth");
    let entries = members(have, "svc-bandwidth").and_then(|held| members(held, "bandwidth"))?.as_array()?;
    (is_access_service && !entries.is_empty()).then(|| "/svc-bandwidth".to_owned())
}

fn count(list: &Value) -> Option<usize> {
    list.as_array().map(Vec::len)
}

fn is_default(name: &str, wish: &Value) -> bool {
    DEFAULTS.iter().any(|(leaf, default)| *leaf == name && plain(wish).as_deref() == Some(*default))
}

/// A leaf's value as text, without the module's prefix; `None` for what is no leaf.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.strip_prefix("ietf-l2vpn-svc:").unwrap_or(text).to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The one entry of a list as a GET of it answers, whether in an array or bare.
pub(super) fn entry<'a>(answer: &'a Value, list: &str) -> Option<&'a Value> {
    match members(answer, list)? {
        Value::Array(entries) => entries.first(),
        one => Some(one),
    }
}

/// The entries of `container/list` in a GET of the container; none where it is missing or empty.
pub(super) fn entries<'a>(answer: &'a Value, container: &str, list: &str) -> Vec<&'a Value> {
    let inner = members(answer, container).unwrap_or(answer);
    match members(inner, list) {
        Some(Value::Array(entries)) => entries.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn spelling_is_no_difference() {
        let wish = json!({
            "type": "ietf-l2vpn-svc:point-to-point", "bearer": {"bearer-reference": "pe1:uni1"}, "flag": true,
            "connection": {"cvlan-id": 300, "tagged-interface": {}},
            "service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [
                {"direction": "ietf-l2vpn-svc:input-bw", "cir": "100000000"}]}}
        });
        let same = [
            wish.clone(),
            json!({
                "bearer": {"bearer-reference": "pe1:uni1", "always-on": true}, "flag": true, "status": {"x": 1},
                "connection": {"cvlan-id": 300},
                "service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [
                    {"direction": "input-bw", "cir": 100_000_000_u64, "eir": 0}]}}
            }),
            json!({
                "ietf-l2vpn-svc:type": "point-to-point", "bearer": {"bearer-reference": "pe1:uni1"}, "flag": true,
                "connection": {"ietf-l2vpn-svc:cvlan-id": "300"},
                "service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [
                    {"direction": "ietf-l2vpn-svc:input-bw", "cir": "100000000"}]}}
            }),
        ];
        for have in same {
            assert_eq!(difference(&wish, &have), None, "{have}");
        }
    }

    #[test]
    fn differences_are_named_by_their_place() {
        let wish = json!({
            "type": "ietf-l2vpn-svc:multipoint", "bearer": {"bearer-reference": "pe1:uni1"},
            "service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [{"direction": "input-bw", "cir": "5"}]}}
        });
        let with = |change: fn(&mut Value)| {
            let mut have = wish.clone();
            change(&mut have);
            difference(&wish, &have).unwrap_or_default()
        };
        assert_eq!(with(|have| have["type"] = json!("point-to-point")), "type");
        assert_eq!(
            with(|have| have["bearer"]["bearer-reference"] = json!("uni1")),
            "bearer/bearer-reference"
        );
        assert_eq!(with(|have| have["bearer"] = json!({})), "bearer/bearer-reference");
        assert_eq!(with(|have| have["bearer"] = json!(null)), "bearer");
        let bandwidth = "service/svc-bandwidth/bandwidth";
        assert_eq!(
            with(|have| have["service"]["svc-bandwidth"]["bandwidth"][0]["cir"] = json!(6)),
            bandwidth
        );
        assert_eq!(with(|have| have["service"]["svc-bandwidth"]["bandwidth"] = json!([])), bandwidth);
        assert_eq!(difference(&json!({"type": "multipoint"}), &json!({})).unwrap(), "type");
    }

    #[test]
    fn a_bandwidth_that_nobody_wants_is_a_difference() {
        let wish = json!({"service": {"svc-mtu": 1500}});
        let held = json!({"service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [{"cir": 1}]}}});
        assert_eq!(difference(&wish, &held).unwrap(), "service/svc-bandwidth");
        let empty = json!({"service": {"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": []}}});
        assert_eq!(difference(&wish, &empty), None);
    }

    #[test]
    fn lists_are_read_in_every_shape() {
        let one = json!({"vpn-id": "a"});
        assert_eq!(entry(&json!({"ietf-l2vpn-svc:vpn-service": [one]}), "vpn-service"), Some(&one));
        assert_eq!(entry(&json!({"vpn-service": one}), "vpn-service"), Some(&one));
        assert_eq!(entry(&json!({"vpn-service": []}), "vpn-service"), None);
        assert_eq!(entry(&json!({}), "vpn-service"), None);
        let all = |answer: Value| entries(&answer, "vpn-services", "vpn-service").len();
        assert_eq!(all(json!({"ietf-l2vpn-svc:vpn-services": {"vpn-service": [one, one]}})), 2);
        assert_eq!(all(json!({"vpn-service": [one]})), 1);
        assert_eq!(all(json!({"ietf-l2vpn-svc:vpn-services": {}})), 0);
        assert_eq!(all(json!([])), 0);
    }
}

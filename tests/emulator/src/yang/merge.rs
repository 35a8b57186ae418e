//! Plain patch (RFC 8040 section 4.6.1): merging a validated patch into a stored resource, by the schema.
//!
//! Both sides are canonical, so that list keys compare as text. Nothing is deleted except the other cases of a
//! choice of which the patch sets one (RFC 7950 section 7.9).

use super::node::{Kind, Node, find};
use super::{Members, key_of};
use serde_json::Value;

/// Merges `patch` into `base`. A member that the schema does not know is ignored: validation came first.
pub(crate) fn merge(nodes: &'static [Node], base: &mut Members, patch: Members) {
    for (name, value) in patch {
        drop_other_cases(nodes, base, &name);
        let Some(node) = find(nodes, &name) else { continue };
        match (node.kind, value) {
            (Kind::Container(inner), Value::Object(patch)) => {
                if let Some(base) = entry_object(base, &name) {
                    merge(inner, base, patch);
                }
            }
            (Kind::List { keys, nodes }, Value::Array(patch)) => {
                let held = base.entry(name).or_insert_with(|| Value::Array(Vec::new()));
                if let Some(held) = held.as_array_mut() {
                    merge_list(keys, nodes, held, patch);
                }
            }
            (_, value) => {
                base.insert(name, value);
            }
        }
    }
}

fn merge_list(keys: &[&str], nodes: &'static [Node], held: &mut Vec<Value>, patch: Vec<Value>) {
    for entry in patch {
        let Value::Object(entry) = entry else { continue };
        let key = key_of(keys, &entry);
        let found = held.iter_mut().filter_map(Value::as_object_mut).find(|held| key_of(keys, held) == key);
        match found {
            Some(found) => merge(nodes, found, entry),
            None => held.push(Value::Object(entry)),
        }
    }
}

fn entry_object<'a>(base: &'a mut Members, name: &str) -> Option<&'a mut Members> {
    base.entry(name.to_owned()).or_insert_with(|| Value::Object(Members::new())).as_object_mut()
}

fn drop_other_cases(nodes: &'static [Node], base: &mut Members, name: &str) {
    for node in nodes {
        let Kind::Choice(cases) = node.kind else { continue };
        if !cases.iter().any(|case| find(case, name).is_some()) {
            continue;
        }
        for case in cases.iter().filter(|case| find(case, name).is_none()) {
            base.retain(|held, _| find(case, held).is_none());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::l2vpn_svc;
    use super::*;
    use serde_json::json;

    fn members(value: Value) -> Members {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_list_entry_is_found_by_its_keys() {
        let mut base = members(json!({"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [
            {"direction": "input-bw", "type": "bw-per-svc", "cir": "1", "cbs": "1"},
            {"direction": "output-bw", "type": "bw-per-svc", "cir": "2", "cbs": "2"}]}}));
        let patch = members(json!({"svc-bandwidth": {"bandwidth": [
            {"direction": "output-bw", "type": "bw-per-svc", "cir": "9"}]}}));
        merge(l2vpn_svc::SERVICE, &mut base, patch);
        let want = json!({"svc-mtu": 1500, "svc-bandwidth": {"bandwidth": [
            {"direction": "input-bw", "type": "bw-per-svc", "cir": "1", "cbs": "1"},
            {"direction": "output-bw", "type": "bw-per-svc", "cir": "9", "cbs": "2"}]}});
        assert_eq!(Value::Object(base), want);
    }

    #[test]
    fn setting_one_case_clears_the_others() {
        let mut base = members(json!({"network-access-id": "a", "location-reference": "l"}));
        merge(l2vpn_svc::ACCESS, &mut base, members(json!({"device-reference": "d"})));
        assert_eq!(Value::Object(base), json!({"network-access-id": "a", "device-reference": "d"}));
    }
}

//! Validation of JSON-encoded data (RFC 7951) against the schema, and the canonical form that is stored.
//!
//! Strict on purpose: an unknown member, a number where a string belongs or a prefix where none belongs is refused,
//! for the servers that a connector will meet differ in what they let pass, and the strictest is the teacher.
//! Leafrefs are gathered here and resolved by the caller, who knows the rest of the tree.

pub(crate) mod l2vpn_svc;
mod merge;
pub(crate) mod node;

pub(crate) use merge::merge;

use crate::restconf::problem::Problem;
use l2vpn_svc::MODULE;
use node::{Kind, Node, Place, Type, When, find};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// A JSON object: the members of one data node.
pub(crate) type Members = Map<String, Value>;

/// How much of the schema a body must fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A whole resource: mandatory nodes, choices and `when` are checked.
    Whole,
    /// A patch: only what is there is checked; the merged result is validated as a whole afterwards.
    Part,
}

/// What lies outside the body and decides about it: the `management/type` of the site, empty where there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) management: &'a str,
}

/// A leafref found in a body, to be resolved by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) place: Place,
    pub(crate) value: String,
    pub(crate) at: String,
}

/// Checks `members` against `nodes` and returns their canonical form (identities bare) with the references in it.
/// `at` is the instance identifier of the node, for the error's path.
pub(crate) fn validate(
    nodes: &'static [Node],
    members: &Members,
    at: &str,
    context: Context<'_>,
    extent: Extent,
) -> Result<(Members, Vec<Reference>), Problem> {
    let mut walk = Walk { context, extent, references: Vec::new() };
    let members = walk.members(nodes, members, at)?;
    Ok((members, walk.references))
}

struct Walk<'a> {
    context: Context<'a>,
    extent: Extent,
    references: Vec<Reference>,
}

impl Walk<'_> {
    fn members(&mut self, nodes: &'static [Node], members: &Members, at: &str) -> Result<Members, Problem> {
        let mut canonical = Members::new();
        for (name, value) in members {
            let node = find(nodes, name).ok_or_else(|| Problem::unknown_element(at, name))?;
            canonical.insert(name.clone(), self.node(node, value, &format!("{at}/{name}"))?);
        }
        if self.extent == Extent::Whole {
            for name in canonical.keys() {
                let allowed = find(nodes, name).is_some_and(|node| self.applies(node.when, &canonical));
                if !allowed {
                    return Err(Problem::unknown_element(at, name));
                }
            }
            self.complete(nodes, &canonical, at)?;
        }
        Ok(canonical)
    }

    fn node(&mut self, node: &'static Node, value: &Value, at: &str) -> Result<Value, Problem> {
        match node.kind {
            Kind::Leaf(of) => self.leaf(of, value, at),
            Kind::Container(nodes) => {
                let members =
                    value.as_object().ok_or_else(|| Problem::invalid_value(at, "an object belongs here"))?;
                Ok(Value::Object(self.members(nodes, members, at)?))
            }
            Kind::List { keys, nodes } => self.list(keys, nodes, value, at),
            Kind::Choice(_) => Err(Problem::unknown_element(at, node.name)),
        }
    }

    fn list(
        &mut self,
        keys: &'static [&'static str],
        nodes: &'static [Node],
        value: &Value,
        at: &str,
    ) -> Result<Value, Problem> {
        let entries = value.as_array().ok_or_else(|| Problem::invalid_value(at, "an array belongs here"))?;
        let mut seen = BTreeSet::new();
        let mut canonical = Vec::with_capacity(entries.len());
        for entry in entries {
            let members =
                entry.as_object().ok_or_else(|| Problem::invalid_value(at, "entries are objects"))?;
            for key in keys {
                if !members.contains_key(*key) {
                    return Err(Problem::missing_element(at, key));
                }
            }
            let members = self.members(nodes, members, at)?;
            if !seen.insert(key_of(keys, &members)) {
                return Err(Problem::bad_element(at, keys[0], "two entries with the same key"));
            }
            canonical.push(Value::Object(members));
        }
        Ok(Value::Array(canonical))
    }

    fn leaf(&mut self, of: Type, value: &Value, at: &str) -> Result<Value, Problem> {
        let wrong = |what: &str| Problem::invalid_value(at, format!("{what} belongs here"));
        match of {
            Type::Boolean => value.as_bool().map(Value::from).ok_or_else(|| wrong("true or false")),
            Type::Number { low, high } => value
                .as_u64()
                .filter(|number| (low..=high).contains(number))
                .map(Value::from)
                .ok_or_else(|| wrong(&format!("a number from {low} to {high}"))),
            Type::Empty => match value.as_array().map(Vec::as_slice) {
                Some([Value::Null]) => Ok(value.clone()),
                _ => Err(wrong("[null]")),
            },
            Type::Long => value
                .as_str()
                .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|text| text.parse::<u64>().ok())
                .map(|number| Value::from(number.to_string()))
                .ok_or_else(|| wrong("a uint64 as a string (RFC 7951 section 6.1)")),
            Type::Text => value.as_str().map(Value::from).ok_or_else(|| wrong("a string")),
            Type::Address => {
                let text = value.as_str().ok_or_else(|| wrong("an IP address"))?;
                let bare = text.split_once('%').map_or(text, |(address, _zone)| address);
                bare.parse::<IpAddr>().map_err(|_| wrong("an IP address"))?;
                Ok(value.clone())
            }
            Type::Enumeration(of) => value
                .as_str()
                .filter(|text| of.contains(text))
                .map(Value::from)
                .ok_or_else(|| wrong("one of the enums")),
            Type::Identity(of) => {
                let text = value.as_str().ok_or_else(|| wrong("an identity as a string"))?;
                let bare = text.strip_prefix(MODULE).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
                if of.contains(&bare) {
                    Ok(Value::from(bare))
                } else {
                    Err(Problem::unknown_identity(at, text))
                }
            }
            Type::Reference(place) => {
                let text = value.as_str().ok_or_else(|| wrong("a string"))?;
                self.references.push(Reference { place, value: text.to_owned(), at: at.to_owned() });
                Ok(value.clone())
            }
        }
    }

    /// Mandatory leaves and choices, also those below containers that are absent: a container without presence
    /// stands for its content (RFC 7950 section 7.5.1).
    fn complete(&mut self, nodes: &'static [Node], members: &Members, at: &str) -> Result<(), Problem> {
        for node in nodes {
            let present = members.contains_key(node.name);
            match node.kind {
                Kind::Choice(cases) => {
                    let chosen = cases
                        .iter()
                        .filter(|case| members.keys().any(|name| find(case, name).is_some()))
                        .count();
                    if chosen > 1 {
                        return Err(Problem::bad_element(at, node.name, "more than one case of a choice"));
                    }
                    if chosen == 0 && node.mandatory {
                        return Err(Problem::missing_choice(at, node.name));
                    }
                }
                _ if present || !self.applies(node.when, members) => {}
                Kind::Container(inner) => {
                    self.members(inner, &Members::new(), &format!("{at}/{}", node.name))?;
                }
                Kind::Leaf(_) | Kind::List { .. } if node.mandatory => {
                    return Err(Problem::missing_element(at, node.name));
                }
                Kind::Leaf(_) | Kind::List { .. } => {}
            }
        }
        Ok(())
    }

    fn applies(&self, when: When, siblings: &Members) -> bool {
        match when {
            When::Always => true,
            When::Sibling { leaf, default, is } => {
                is.contains(&siblings.get(leaf).and_then(Value::as_str).unwrap_or(default))
            }
            When::Management(types) => types.contains(&self.context.management),
        }
    }
}

/// The values of an entry's keys, in the order of the list's `key` statement.
pub(crate) fn key_of(keys: &[&str], members: &Members) -> Vec<String> {
    keys.iter().map(|key| members.get(*key).and_then(Value::as_str).unwrap_or_default().to_owned()).collect()
}

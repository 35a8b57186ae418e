//! PUT, POST, PATCH and DELETE on the tree (RFC 8040 section 4): from a body to a draft, from a draft to the ledger.
//!
//! Deliberately absent: replacing or deleting a container above the entries, and deleting a site. A controller
//! would do it, and with it wipe out everybody's services; here it is refused, so that a client which tries it is
//! found out.

use super::problem::Problem;
use super::target::Target;
use crate::book::{Book, Caller};
use crate::draft::{Draft, at};
use crate::ledger::{Effect, Object, Touch};
use crate::tree::{Change, Tree, vpn_of};
use crate::yang::l2vpn_svc::{self, MODULE};
use crate::yang::node::Node;
use crate::yang::{Context, Extent, Members, merge, validate};
use serde_json::Value;

/// An accepted write: 201 with the path of what was created, or 204.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
}

/// An object that a request names: it gets a touch even where nothing changed.
type Named = (Object, String, String);
type Plan = Result<(Vec<Change>, Vec<Touch>), Problem>;

/// Judges one write, commits it and counts it.
pub(crate) fn write(
    book: &mut Book,
    caller: &Caller,
    target: Result<Target, Problem>,
    body: Result<Value, Problem>,
) -> Result<Written, Problem> {
    let (target, plan) = match target {
        Err(problem) => (None, Err(problem)),
        Ok(target) => {
            let plan = plan(book, caller.method.as_str(), &target, body);
            (Some(target), plan)
        }
    };
    let created = plan.as_ref().ok().and_then(|(_, touched)| touched.first()).map(|touch| touch.id.clone());
    let status = book.settle(caller, target.as_ref(), plan)?;
    let location = match (&target, created) {
        (Some(Target::Services), Some(id)) => Some(format!("{}/vpn-service={id}", caller.path)),
        (Some(Target::Accesses(_)), Some(id)) => Some(format!("{}/site-network-access={id}", caller.path)),
        _ => Some(caller.path.clone()),
    };
    Ok(Written { status, location: location.filter(|_| status == 201) })
}

fn plan(book: &Book, method: &str, target: &Target, body: Result<Value, Problem>) -> Plan {
    match (method, target) {
        ("DELETE", target) => delete(book, target),
        ("PUT", target) => put(book, target, body?),
        ("POST", target) => post(book, target, body?),
        ("PATCH", target) => patch(book, target, body?),
        _ => Err(Problem::not_supported(format!("{method} is not supported"))),
    }
}

fn put(book: &Book, target: &Target, body: Value) -> Plan {
    let mut draft = book.draft();
    let named = match target {
        Target::Service(id) => {
            draft.set_service(id, &keyed_entry(body, "vpn-service", "vpn-id", id, &at::service(id))?)?;
            (Object::Service, String::new(), id.clone())
        }
        Target::Access { site, id } => {
            let path = at::access(site, id);
            let members = keyed_entry(body, "site-network-access", "network-access-id", id, &path)?;
            draft.set_access(site, id, &members)?;
            (Object::Access, site.clone(), id.clone())
        }
        Target::Site(id) => {
            put_site(book, &mut draft, id, keyed_entry(body, "site", "site-id", id, &at::site(id))?)?;
            (Object::Site, String::new(), id.clone())
        }
        _ => return Err(Problem::not_supported("only list entries may be replaced")),
    };
    finish(&book.tree, draft, vec![named])
}

/// A site is replaced with all beneath it, as PUT means: accesses that the body does not hold are gone.
fn put_site(book: &Book, draft: &mut Draft<'_>, id: &str, mut members: Members) -> Result<(), Problem> {
    let accesses = take_accesses(&mut members, id)?;
    draft.set_site(id, &members)?;
    for access in book.tree.site(id).into_iter().flat_map(|held| held.accesses.keys()) {
        draft.remove_access(id, access);
    }
    for (access, members) in accesses {
        draft.set_access(id, &access, &members)?;
    }
    Ok(())
}

fn post(book: &Book, target: &Target, body: Value) -> Plan {
    let mut draft = book.draft();
    let named = match target {
        Target::Services => {
            let members = single_entry(body, "vpn-service", at::TREE)?;
            let id = key_text(&members, "vpn-id", at::TREE)?;
            if book.tree.service(&id).is_some() {
                return Err(Problem::data_exists());
            }
            draft.set_service(&id, &members)?;
            (Object::Service, String::new(), id)
        }
        Target::Accesses(site) => {
            let members = single_entry(body, "site-network-access", &at::site(site))?;
            let id = key_text(&members, "network-access-id", &at::site(site))?;
            if book.tree.access(site, &id).is_some() {
                return Err(Problem::data_exists());
            }
            draft.set_access(site, &id, &members)?;
            (Object::Access, site.clone(), id)
        }
        _ => {
            return Err(Problem::not_supported(
                "entries are created below vpn-services and site-network-accesses",
            ));
        }
    };
    finish(&book.tree, draft, vec![named])
}

fn delete(book: &Book, target: &Target) -> Plan {
    let mut draft = book.draft();
    let named = match target {
        Target::Service(id) if book.tree.service(id).is_some() => {
            draft.remove_service(id);
            (Object::Service, String::new(), id.clone())
        }
        Target::Access { site, id } if book.tree.access(site, id).is_some() => {
            draft.remove_access(site, id);
            (Object::Access, site.clone(), id.clone())
        }
        Target::Service(_) | Target::Access { .. } => return Err(Problem::nothing_to_delete()),
        _ => return Err(Problem::not_supported("only services and accesses may be deleted")),
    };
    finish(&book.tree, draft, vec![named])
}

fn patch(book: &Book, target: &Target, body: Value) -> Plan {
    let mut draft = book.draft();
    let named = match target {
        Target::Service(id) => {
            book.tree.service(id).ok_or_else(Problem::not_found)?;
            let members = keyed_entry(body, "vpn-service", "vpn-id", id, &at::service(id))?;
            vec![patch_service(book, &mut draft, id, &members)?]
        }
        Target::Access { site, id } => {
            book.tree.access(site, id).ok_or_else(Problem::not_found)?;
            let path = at::access(site, id);
            let members = keyed_entry(body, "site-network-access", "network-access-id", id, &path)?;
            vec![patch_access(book, &mut draft, site, id, &members)?]
        }
        Target::AccessService { site, id } => {
            book.tree.access(site, id).ok_or_else(Problem::not_found)?;
            let path = format!("{}/service", at::access(site, id));
            let mut members = Members::new();
            members.insert("service".to_owned(), top_member(body, "service", &path)?);
            vec![patch_access(book, &mut draft, site, id, &members)?]
        }
        Target::Tree => patch_tree(book, &mut draft, body)?,
        _ => return Err(Problem::not_supported("this resource is not patched")),
    };
    finish(&book.tree, draft, named)
}

fn patch_service(book: &Book, draft: &mut Draft<'_>, id: &str, patch: &Members) -> Result<Named, Problem> {
    let held = book.tree.service(id).map(|service| &service.value);
    let merged = merged(l2vpn_svc::VPN_SERVICE, held, patch, &at::service(id), "")?;
    draft.set_service(id, &merged)?;
    Ok((Object::Service, String::new(), id.to_owned()))
}

fn patch_access(
    book: &Book,
    draft: &mut Draft<'_>,
    site: &str,
    id: &str,
    patch: &Members,
) -> Result<Named, Problem> {
    let management = draft.management(site);
    let held = book.tree.access(site, id);
    let merged = merged(l2vpn_svc::ACCESS, held, patch, &at::access(site, id), &management)?;
    draft.set_access(site, id, &merged)?;
    Ok((Object::Access, site.to_owned(), id.to_owned()))
}

/// One patch of the whole container: services, sites and accesses in one transaction.
fn patch_tree(book: &Book, draft: &mut Draft<'_>, body: Value) -> Result<Vec<Named>, Problem> {
    let mut tree = object(top_member(body, "l2vpn-svc", at::TREE)?, at::TREE)?;
    let services = entries(tree.remove("vpn-services"), "vpn-service", at::TREE)?;
    let sites = entries(tree.remove("sites"), "site", at::TREE)?;
    if let Some(name) = tree.keys().next() {
        return Err(Problem::unknown_element(at::TREE, name));
    }
    let mut named = Vec::new();
    for members in services {
        let id = key_text(&members, "vpn-id", at::TREE)?;
        named.push(patch_service(book, draft, &id, &members)?);
    }
    for mut members in sites {
        let site = key_text(&members, "site-id", at::TREE)?;
        let accesses = take_accesses(&mut members, &site)?;
        if members.len() > 1 {
            let held = book.tree.site(&site).map(|held| &held.value);
            draft.set_site(&site, &merged(l2vpn_svc::SITE, held, &members, &at::site(&site), "")?)?;
            named.push((Object::Site, String::new(), site.clone()));
        }
        for (id, members) in accesses {
            named.push(patch_access(book, draft, &site, &id, &members)?);
        }
    }
    Ok(named)
}

fn merged(
    nodes: &'static [Node],
    held: Option<&Members>,
    patch: &Members,
    at: &str,
    management: &str,
) -> Result<Members, Problem> {
    let (patch, _) = validate(nodes, patch, at, Context { management }, Extent::Part)?;
    let mut merged = held.cloned().unwrap_or_default();
    merge(nodes, &mut merged, patch);
    Ok(merged)
}

/// Finishes the draft and says what it did, named object by named object, then what else it changed.
fn finish(tree: &Tree, draft: Draft<'_>, named: Vec<Named>) -> Plan {
    let changes = draft.finish()?;
    let mut touched = Vec::with_capacity(named.len());
    for (object, site, id) in &named {
        let found = changes.iter().find(|change| names(change) == (*object, site.as_str(), id.as_str()));
        touched.push(match found {
            Some(change) => touch(tree, change),
            None => Touch {
                object: *object,
                id: id.clone(),
                vpn_id: vpn_id(tree, *object, site, id).map(str::to_owned),
                effect: Effect::Repeated,
            },
        });
    }
    let aside = changes.iter().filter(|change| {
        let (object, site, id) = names(change);
        // A site that came into being because an access named it is nobody's write.
        object != Object::Site
            && !named.iter().any(|named| (named.0, &*named.1, &*named.2) == (object, site, id))
    });
    touched.extend(aside.map(|change| touch(tree, change)));
    Ok((changes, touched))
}

fn names(change: &Change) -> (Object, &str, &str) {
    match change {
        Change::Service { id, .. } => (Object::Service, "", id),
        Change::Site { id, .. } => (Object::Site, "", id),
        Change::Access { site, id, .. } => (Object::Access, site, id),
    }
}

fn touch(tree: &Tree, change: &Change) -> Touch {
    let (object, site, id) = names(change);
    let (exists, after) = match change {
        Change::Service { value, .. } => (tree.service(id).is_some(), value.as_ref()),
        Change::Site { value, .. } => (tree.site(id).is_some(), Some(value)),
        Change::Access { value, .. } => (tree.access(site, id).is_some(), value.as_ref()),
    };
    let effect = match (exists, after.is_some()) {
        (_, false) => Effect::Deleted,
        (false, true) => Effect::Created,
        (true, true) => Effect::Changed,
    };
    let attached = after.filter(|_| object == Object::Access).and_then(vpn_of);
    let vpn_id = attached.or_else(|| vpn_id(tree, object, site, id)).map(str::to_owned);
    Touch { object, id: id.to_owned(), vpn_id, effect }
}

fn vpn_id<'a>(tree: &'a Tree, object: Object, site: &str, id: &'a str) -> Option<&'a str> {
    match object {
        Object::Service => Some(id),
        Object::Access => tree.access(site, id).and_then(vpn_of),
        Object::Site | Object::Tree => None,
    }
}

fn object(value: Value, at: &str) -> Result<Members, Problem> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(Problem::malformed(format!("an object belongs at {at}"))),
    }
}

/// The one member of a body, whose name carries the module (RFC 7951 section 4).
fn top_member(body: Value, name: &str, at: &str) -> Result<Value, Problem> {
    let mut members = object(body, "the top")?;
    let value = members.remove(&format!("{MODULE}:{name}"));
    if let Some(other) = members.keys().next() {
        return Err(Problem::unknown_element(at, other));
    }
    value.ok_or_else(|| Problem::malformed(format!("the body must hold {MODULE}:{name}")))
}

fn single_entry(body: Value, list: &str, at: &str) -> Result<Members, Problem> {
    match top_member(body, list, at)? {
        Value::Array(mut entries) if entries.len() == 1 => object(entries.remove(0), at),
        _ => Err(Problem::malformed(format!("{list} must be an array of one entry"))),
    }
}

fn keyed_entry(body: Value, list: &str, key: &str, wanted: &str, at: &str) -> Result<Members, Problem> {
    let members = single_entry(body, list, at)?;
    if key_text(&members, key, at)? != wanted {
        return Err(Problem::invalid_value(at, "the key in the body is not the key in the path"));
    }
    Ok(members)
}

fn key_text(members: &Members, key: &str, at: &str) -> Result<String, Problem> {
    match members.get(key) {
        None => Err(Problem::missing_element(at, key)),
        Some(value) => value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| Problem::invalid_value(at, format!("{key} is a string"))),
    }
}

/// The entries of `list` in a container that may be absent.
fn entries(container: Option<Value>, list: &str, at: &str) -> Result<Vec<Members>, Problem> {
    let Some(container) = container else { return Ok(Vec::new()) };
    let mut container = object(container, at)?;
    let held = container.remove(list);
    if let Some(name) = container.keys().next() {
        return Err(Problem::unknown_element(at, name));
    }
    match held {
        None => Ok(Vec::new()),
        Some(Value::Array(entries)) => entries.into_iter().map(|entry| object(entry, at)).collect(),
        Some(_) => Err(Problem::malformed(format!("{list} must be an array"))),
    }
}

fn take_accesses(site: &mut Members, id: &str) -> Result<Vec<(String, Members)>, Problem> {
    let at = at::site(id);
    entries(site.remove("site-network-accesses"), "site-network-access", &at)?
        .into_iter()
        .map(|members| Ok((key_text(&members, "network-access-id", &at)?, members)))
        .collect()
}

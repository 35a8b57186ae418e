//! GET on the tree, and what a client may discover: the root resource, the library of modules, host-meta.
//!
//! An empty container is answered as absent (404), as a Clixon server was seen to do; a list without a key is
//! refused while the path is parsed. Reads never wait for anything but the lock and are in no ledger.

use super::problem::Problem;
use super::target::Target;
use crate::book::Book;
use crate::options::SiteOption;
use crate::tree::site_members;
use crate::yang::{Members, l2vpn_svc};
use serde_json::{Map, Value, json};

/// The well-known document that names the root resource (RFC 8040 section 3.1).
pub(crate) const HOST_META: &str = "<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>\n  \
     <Link rel='restconf' href='/restconf'/>\n</XRD>\n";

/// Revision of ietf-yang-library that the root resource announces.
const LIBRARY_REVISION: &str = "2019-01-04";

/// The answer to `GET /restconf`.
pub(crate) fn root() -> Value {
    json!({"ietf-restconf:restconf": {"data": {}, "operations": {}, "yang-library-version": LIBRARY_REVISION}})
}

/// The answer to `GET /restconf/yang-library-version`.
pub(crate) fn library_version() -> Value {
    json!({"ietf-restconf:yang-library-version": LIBRARY_REVISION})
}

/// Reads one resource as it shows at `now_ms`.
pub(crate) fn read(book: &Book, target: &Target, now_ms: u64) -> Result<Value, Problem> {
    let found = match target {
        Target::Datastore => {
            let mut data = library();
            if let (Some(data), Some(tree)) = (data.as_object_mut(), tree(book, now_ms)) {
                data.insert(qualified("l2vpn-svc"), tree);
            }
            Some(json!({"ietf-restconf:data": data}))
        }
        Target::Library => Some(library()),
        Target::Tree => tree(book, now_ms).map(|tree| top("l2vpn-svc", tree)),
        Target::Services => services(book, now_ms).map(|services| top("vpn-services", services)),
        Target::Service(id) => book
            .tree
            .service(id)
            .filter(|_| !book.hides_service(id, now_ms))
            .map(|service| top("vpn-service", json!([service.value]))),
        Target::Sites => sites(book, now_ms).map(|sites| top("sites", sites)),
        Target::Site(id) => (book.any_site || book.tree.site(id).is_some())
            .then(|| top("site", json!([site(book, id, now_ms)]))),
        Target::Accesses(site) => {
            accesses(book, site, now_ms).map(|accesses| top("site-network-accesses", accesses))
        }
        Target::Access { site, id } => {
            access(book, site, id, now_ms).map(|access| top("site-network-access", json!([access])))
        }
        Target::AccessService { site, id } => access(book, site, id, now_ms)
            .and_then(|access| access.get("service"))
            .map(|service| top("service", service.clone())),
    };
    found.ok_or_else(Problem::not_found)
}

fn qualified(name: &str) -> String {
    format!("{}:{name}", l2vpn_svc::MODULE)
}

fn top(name: &str, value: Value) -> Value {
    let mut body = Map::new();
    body.insert(qualified(name), value);
    Value::Object(body)
}

fn tree(book: &Book, now_ms: u64) -> Option<Value> {
    let mut tree = Members::new();
    tree.extend(services(book, now_ms).map(|services| ("vpn-services".to_owned(), services)));
    tree.extend(sites(book, now_ms).map(|sites| ("sites".to_owned(), sites)));
    (!tree.is_empty()).then_some(Value::Object(tree))
}

fn services(book: &Book, now_ms: u64) -> Option<Value> {
    let shown: Vec<&Members> = book
        .tree
        .services()
        .filter(|(id, _)| !book.hides_service(id, now_ms))
        .map(|(_, service)| &service.value)
        .collect();
    (!shown.is_empty()).then(|| json!({"vpn-service": shown}))
}

fn sites(book: &Book, now_ms: u64) -> Option<Value> {
    let shown: Vec<Members> = book.tree.sites().map(|(id, _)| site(book, id, now_ms)).collect();
    (!shown.is_empty()).then(|| json!({"site": shown}))
}

fn site(book: &Book, id: &str, now_ms: u64) -> Members {
    let held = book.tree.site(id).map(|site| site.value.clone());
    // Where sites come into being when they are named, they look as if they had been there.
    let mut members = held.unwrap_or_else(|| site_members(&SiteOption::named(id)));
    members.extend(accesses(book, id, now_ms).map(|accesses| ("site-network-accesses".to_owned(), accesses)));
    members
}

fn accesses(book: &Book, site: &str, now_ms: u64) -> Option<Value> {
    let held = &book.tree.site(site)?.accesses;
    let shown: Vec<&Members> = held
        .iter()
        .filter(|(id, _)| !book.hides_access(&(site.to_owned(), (*id).clone()), now_ms))
        .map(|(_, members)| members)
        .collect();
    (!shown.is_empty()).then(|| json!({"site-network-access": shown}))
}

fn access<'a>(book: &'a Book, site: &str, id: &str, now_ms: u64) -> Option<&'a Members> {
    let name = (site.to_owned(), id.to_owned());
    book.tree.access(site, id).filter(|_| !book.hides_access(&name, now_ms))
}

/// What this server implements (RFC 8525).
fn library() -> Value {
    json!({"ietf-yang-library:yang-library": {
        "module-set": [{"name": "all", "module": [{
            "name": l2vpn_svc::MODULE,
            "revision": l2vpn_svc::REVISION,
            "namespace": l2vpn_svc::NAMESPACE,
            "feature": l2vpn_svc::FEATURES,
        }]}],
        "schema": [{"name": "all", "module-set": ["all"]}],
        "datastore": [{"name": "ietf-datastores:running", "schema": "all"}],
        "content-id": "1",
    }})
}

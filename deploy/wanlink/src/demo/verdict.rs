//! "Nothing lost", computed: what the controller did, by its own ledger, against what the api says.
//!
//! The same rules as at the end of every end-to-end test. Deliberately absent: trust. The ledger is kept by another
//! process, which knows nothing of wanlink.

use serde_json::Value;
use std::collections::BTreeSet;
use wanlink_emulator::LedgerView;

/// Each way in which they differ, as a sentence. Empty: nothing was lost and nothing was done twice.
///
/// - ACTIVE: created once, each of its ends attached once, and there;
/// - DELETED: not there, created once at most;
/// - any other status differs by itself: this is asked when everything should be ACTIVE;
/// - nothing is there that no link explains.
pub fn differences(links: &[Value], ledger: &LedgerView) -> Vec<String> {
    let present: BTreeSet<&str> = ledger.present.iter().map(String::as_str).collect();
    let mut explained = BTreeSet::new();
    let mut differences = Vec::new();
    for link in links {
        let id = link["id"].as_str().unwrap_or_default();
        let name = link["name"].as_str().unwrap_or("without a name");
        explained.insert(id);
        let told = faults(link, id, ledger, present.contains(id));
        differences.extend(told.into_iter().map(|fault| format!("link {id} ({name}): {fault}")));
    }
    let strays = present.difference(&explained);
    differences.extend(strays.map(|id| format!("service {id} is at the controller and no link explains it")));
    differences
}

fn faults(link: &Value, id: &str, ledger: &LedgerView, is_present: bool) -> Vec<String> {
    let entry = ledger.services.get(id).copied().unwrap_or_default();
    let status = link["status"].as_str().unwrap_or_default();
    let creates = entry.service.creates;
    let mut faults = Vec::new();
    if status == "DELETED" {
        if is_present {
            faults.push("is DELETED and still at the controller".to_owned());
        }
        if creates > 1 {
            faults.push(format!("was created {creates} times"));
        }
        return faults;
    }
    if status != "ACTIVE" {
        let reason = &link["status_reason"];
        let why = reason["detail"].as_str().or(reason["code"].as_str()).unwrap_or("no reason is given");
        faults.push(format!("is {status}, not ACTIVE: {why}"));
        return faults;
    }
    if !is_present {
        faults.push("is ACTIVE and not at the controller".to_owned());
    }
    if creates != 1 {
        faults.push(format!("was created {creates} times"));
    }
    let ends = link["endpoints"].as_array().map_or(0, Vec::len) as u64;
    if entry.accesses.creates != ends {
        faults.push(format!("has {ends} ends and {} were attached", entry.accesses.creates));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A ledger of services as (id, creates, attached ends, is there).
    fn ledger(services: &[(&str, u64, u64, bool)]) -> LedgerView {
        let mut view = LedgerView::default();
        for (id, creates, ends, is_present) in services {
            let entry = view.services.entry((*id).to_owned()).or_default();
            (entry.service.creates, entry.accesses.creates) = (*creates, *ends);
            view.present.extend(is_present.then(|| (*id).to_owned()));
        }
        view
    }

    fn link(id: &str, status: &str) -> Value {
        json!({"id": id, "name": "n", "status": status, "endpoints": [{}, {}]})
    }

    #[test]
    fn each_difference_is_told() {
        let active = |id| link(id, "ACTIVE");
        let cases = [
            ("as it should be", vec![active("a")], ledger(&[("a", 1, 2, true)]), &[] as &[&str]),
            ("nothing at all", vec![], ledger(&[]), &[]),
            (
                "missing",
                vec![active("a")],
                ledger(&[]),
                &["not at the controller", "0 times", "0 were attached"],
            ),
            ("lost", vec![active("a")], ledger(&[("a", 1, 2, false)]), &["not at the controller"]),
            ("doubled", vec![active("a")], ledger(&[("a", 2, 2, true)]), &["created 2 times"]),
            ("half", vec![active("a")], ledger(&[("a", 1, 1, true)]), &["2 ends and 1 were attached"]),
            ("stray", vec![active("a")], ledger(&[("a", 1, 2, true), ("b", 1, 2, true)]), &["service b"]),
            ("not ACTIVE", vec![link("a", "BUILD")], ledger(&[("a", 1, 2, true)]), &["is BUILD, not ACTIVE"]),
            ("deleted", vec![link("a", "DELETED")], ledger(&[("a", 1, 2, false)]), &[]),
            ("never made", vec![link("a", "DELETED")], ledger(&[]), &[]),
            ("left", vec![link("a", "DELETED")], ledger(&[("a", 1, 2, true)]), &["DELETED and still"]),
            (
                "deleted, doubled",
                vec![link("a", "DELETED")],
                ledger(&[("a", 2, 4, false)]),
                &["created 2 times"],
            ),
        ];
        for (case, links, ledger, expected) in cases {
            let found = differences(&links, &ledger);
            assert_eq!(found.len(), expected.len(), "{case}: {found:?}");
            for (found, expected) in found.iter().zip(expected) {
                assert!(found.contains(expected), "{case}: {found}");
            }
        }
    }

    #[test]
    fn a_status_is_told_with_its_reason() {
        let mut failed = link("a", "ERROR");
        failed["status_reason"] = json!({"code": "controller-rejected", "detail": "no such bearer"});
        let found = differences(&[failed], &ledger(&[]));
        assert_eq!(found, ["link a (n): is ERROR, not ACTIVE: no such bearer"]);
    }
}

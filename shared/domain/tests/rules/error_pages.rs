//! Every code has its section in the handbook, with cause, check and remedy, and the handbook has no others.

use std::collections::BTreeSet;
use wanlink_domain::reason::Code;

const PAGE: &str = include_str!("../../../../deploy/docs/errors.md");

#[test]
fn each_code_has_its_section_and_no_section_is_left_over() {
    let sections: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let unique: BTreeSet<&str> = sections.iter().copied().collect();
    assert_eq!(unique.len(), sections.len(), "a section stands twice");
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let missing: Vec<_> = codes.difference(&unique).collect();
    let extra: Vec<_> = unique.difference(&codes).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "without a section: {missing:?}; without a code: {extra:?}"
    );
}

#[test]
fn each_section_tells_cause_check_and_remedy() {
    for section in PAGE.split("\n### ").skip(1) {
        let code = section.lines().next().unwrap_or_default();
        for part in ["**Cause.** ", "**Check.** ", "**Do.** "] {
            let told = section.split(part).nth(1).is_some_and(|rest| rest.trim().len() > 20);
            assert!(told, "{code}: nothing stands under {part}");
        }
    }
}

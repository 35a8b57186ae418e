//! What the demo prints: a few lines that a person reads at a glance. Pure.

use super::times::Times;
use crate::topology::import::Imported;
use std::fmt;
use std::time::Duration;
use wanlink_domain::topology::Topology;
use wanlink_emulator::Totals;

/// Differences that are printed.
const TOLD_MAX: usize = 20;

/// What came of a run.
#[derive(Debug)]
pub struct Summary<'a> {
    pub topology: &'a Topology,
    pub imported: &'a Imported,
    pub times: Times,
    pub totals: Totals,
    pub differences: Vec<String>,
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let made = self.imported.made;
        let (sites, links) = (self.topology.sites.len(), self.imported.links.len());
        let name = if self.topology.name.is_empty() { "topology" } else { &self.topology.name };
        let row = |f: &mut fmt::Formatter<'_>, what: &str, value: String| writeln!(f, "  {what:<11} {value}");
        writeln!(f, "\n{name}: {sites} sites, {links} links")?;
        row(f, "links", format!("{} created by this run, {} found", made.created, made.found))?;
        if let (Some(p50), Some(p99)) = (self.times.percentile(50), self.times.percentile(99)) {
            let (whole, p50, p99) = (seconds(self.times.whole), seconds(p50), seconds(p99));
            row(f, "time", format!("{whole} from the first request to the last link"))?;
            row(f, "per link", format!("p50 {p50}, p99 {p99} from accepted to ACTIVE"))?;
        }
        let Totals { effects, service_creates, repeats, .. } = self.totals;
        let others = effects.saturating_sub(service_creates);
        row(
            f,
            "controller",
            format!(
                "{service_creates} services created (201), {others} effects on their ends, {repeats} repeats (204)"
            ),
        )?;
        if self.differences.is_empty() {
            return row(
                f,
                "verdict",
                "nothing lost, nothing doubled: its ledger equals the database".to_owned(),
            );
        }
        row(
            f,
            "verdict",
            format!("{} DIFFERENCES between its ledger and the database:", self.differences.len()),
        )?;
        for difference in self.differences.iter().take(TOLD_MAX) {
            writeln!(f, "    {difference}")?;
        }
        match self.differences.len().checked_sub(TOLD_MAX) {
            None | Some(0) => Ok(()),
            Some(more) => writeln!(f, "    and {more} more"),
        }
    }
}

/// What was there already, in a sentence.
pub fn found(topology: &Topology, imported: &Imported) -> String {
    let links = imported.links.len();
    match (imported.made.found, imported.made.created) {
        (found, 0) => format!("found {found} links between {} sites", topology.sites.len()),
        (0, _) => format!("asked for {links} links between {} sites", topology.sites.len()),
        (found, created) => format!("found {found} links, asked for {created} more"),
    }
}

/// Where the api is and what to try there. `program` is this executable as it was called.
pub fn to_try(url: &str, program: &str, imported: &Imported) -> String {
    let link = imported.links.iter().next().map_or("LINK", String::as_str);
    let url_flag = if url == "http://127.0.0.1:8080" { String::new() } else { format!(" --url {url}") };
    let commands = [
        "link list --tenant demo".to_owned(),
        format!("link show {link}"),
        format!("link delete {link} --wait"),
    ];
    let commands: String = commands.iter().map(|it| format!("  {program} {it}{url_flag}\n")).collect();
    format!("\nThe api is at {url}/v1. Try:\n{commands}")
}

/// Seconds with two digits.
fn seconds(span: Duration) -> String {
    format!("{:.2} s", span.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::topology::import::Made;
    use wanlink_domain::topology::TopologySite;

    fn topology() -> Topology {
        let site = |name: &str| TopologySite { name: name.to_owned(), position: None };
        Topology { name: "geant".to_owned(), sites: vec![site("a"), site("b")], links: Vec::new() }
    }

    fn imported(found: usize, created: usize) -> Imported {
        let links = (0..found + created).map(|n| format!("link-{n}")).collect();
        let made = Made { found, created };
        Imported { sites: Made::default(), port_mappings: Made::default(), made, requests: Vec::new(), links }
    }

    fn summary(differences: Vec<String>) -> String {
        let (topology, imported) = (topology(), imported(0, 1));
        let totals = Totals { effects: 3, service_creates: 1, repeats: 4, ..Totals::default() };
        Summary { topology: &topology, imported: &imported, times: Times::default(), totals, differences }
            .to_string()
    }

    #[test]
    fn a_good_end_says_so() {
        let text = summary(Vec::new());
        for line in [
            "geant: 2 sites, 1 links",
            "  links       1 created by this run, 0 found",
            "  controller  1 services created (201), 2 effects on their ends, 4 repeats (204)",
            "  verdict     nothing lost, nothing doubled: its ledger equals the database",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} in {text}");
        }
        assert!(!text.contains("p50"), "no link, no percentile: {text}");
    }

    #[test]
    fn differences_are_named_but_not_without_end() {
        let text = summary((0..TOLD_MAX + 2).map(|n| format!("difference {n}")).collect());
        assert!(
            text.contains("22 DIFFERENCES") && text.contains("    difference 19\n    and 2 more\n"),
            "{text}"
        );
        assert!(!summary(vec!["one".to_owned()]).contains("more"));
    }

    #[test]
    fn what_was_there_is_said_before_what_is_made() {
        for (counts, expect) in [
            ((231, 0), "found 231 links between 2 sites"),
            ((0, 231), "asked for 231 links between 2 sites"),
            ((230, 1), "found 230 links, asked for 1 more"),
        ] {
            assert_eq!(found(&topology(), &imported(counts.0, counts.1)), expect);
        }
    }

    #[test]
    fn commands_name_the_address_where_it_is_not_the_usual_one() {
        let usual = to_try("http://127.0.0.1:8080", "target/release/wanlink", &imported(1, 0));
        assert!(usual.contains("  target/release/wanlink link show link-0\n"), "{usual}");
        let other = to_try("http://127.0.0.1:9", "wanlink", &imported(1, 0));
        assert_eq!(other.matches(" --url http://127.0.0.1:9\n").count(), 3, "{other}");
    }
}

//! The table of a whole series of runs, as Markdown: from one file of figures for each run, named as in
//! `tests/bench/run`.
//!
//! Deliberately absent: any judgement beyond "wanted" beside "found".

use crate::exit::Failure;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

const ROLES: [&str; 3] = ["api", "conductor", "worker"];

/// One run: the line that made it, and its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub command: String,
    pub figures: Value,
}

pub type Runs = BTreeMap<String, Run>;

/// Reads `NAME.json` and the `NAME.command` beside each.
pub fn read(folder: &Path) -> Result<Runs, Failure> {
    let failed =
        |path: &Path, what: &dyn std::fmt::Display| Failure::usage(format!("{}: {what}", path.display()));
    let entries = std::fs::read_dir(folder).map_err(|error| failed(folder, &error))?;
    let mut runs = Runs::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(folder, &error))?.path();
        let Some(name) = path.file_name().and_then(|it| it.to_str()?.strip_suffix(".json")) else { continue };
        let text = std::fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        let figures = serde_json::from_str(&text).map_err(|error| failed(&path, &error))?;
        let command = std::fs::read_to_string(path.with_extension("command")).unwrap_or_default();
        runs.insert(name.to_owned(), Run { command: command.trim().to_owned(), figures });
    }
    if runs.is_empty() { Err(failed(folder, &"no figures (*.json)")) } else { Ok(runs) }
}

/// All tables.
pub fn markdown(runs: &Runs) -> String {
    let mut out = String::new();
    goals(&mut out, runs);
    pipes(&mut out, runs);
    let loads: Vec<(&String, &Run)> =
        runs.iter().filter(|(_, run)| run.figures.get("settled").is_some()).collect();
    rates(&mut out, &loads);
    by_name(&mut out, "Processor time per action, in us", "cpu_us_per_action", &loads);
    by_name(&mut out, "Peak memory during the run, in MB", "memory_peak_mb", &loads);
    by_name(&mut out, "Peak memory with everything queued and no worker, in MB", "memory_queued_mb", &loads);
    by_name(&mut out, "Counted per 1,000 actions", "counted_per_1000_actions", &loads);
    let watched: Vec<(String, Run)> = loads
        .iter()
        .filter_map(|(name, run)| {
            let figures = run.figures.get("watched")?.clone();
            Some(((*name).clone(), Run { command: String::new(), figures }))
        })
        .collect();
    let watched: Vec<(&String, &Run)> = watched.iter().map(|(name, run)| (name, run)).collect();
    by_name(&mut out, "What the settled system uses by itself, in cores", "cpu_cores", &watched);
    out.push_str("### Commands\n\n");
    // Repetitions share a line.
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, run) in runs {
        names.entry(&run.command).or_default().push(name);
    }
    for (command, names) in names {
        let _ = writeln!(out, "- {}: `{command}`", names.join(", "));
    }
    out
}

fn row<T: AsRef<str>>(out: &mut String, cells: &[T]) {
    let cells: Vec<&str> = cells.iter().map(AsRef::as_ref).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn head<T: AsRef<str>>(out: &mut String, title: &str, cells: &[T]) {
    let _ = writeln!(out, "### {title}\n");
    row(out, cells);
    row(out, &vec!["---"; cells.len()]);
}

fn number(figures: &Value, pointer: &str) -> Option<f64> {
    figures.pointer(pointer)?.as_f64()
}

fn cell(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value.abs() >= 100.0 => format!("{value:.0}"),
        Some(value) if value.abs() >= 1.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.3}"),
    }
}

/// The middle of the pipe's runs with so many queues of this kind: of an even number, the mean of the two.
fn pipe(runs: &Runs, queues: u64, kind: &str) -> (usize, Option<f64>) {
    let mut found: Vec<f64> = runs
        .values()
        .filter(|run| run.figures["queues"] == queues && run.figures["queue_type"] == kind)
        .filter_map(|run| number(&run.figures, "/per_s"))
        .collect();
    found.sort_unstable_by(f64::total_cmp);
    let (count, half) = (found.len(), found.len() / 2);
    let middle = if count % 2 == 1 {
        found.get(half).copied()
    } else {
        half.checked_sub(1).map(|below| f64::midpoint(found[below], found[half]))
    };
    (count, middle)
}

fn goals(out: &mut String, runs: &Runs) {
    let of = |name: &str, pointer: &str| number(&runs.get(name)?.figures, pointer);
    head(out, "What was to be reached", &["", "wanted", "found"]);
    for kind in ["quorum", "classic"] {
        let share =
            of(&format!("load-{kind}"), "/settled_per_s").zip(pipe(runs, 200, kind).1).map(|(a, b)| a / b);
        let what = format!("settled/s as a share of the bare pipe's, 200 {kind} queues");
        row(out, &[what, "at least 0.333".to_owned(), cell(share)]);
    }
    for kind in ["quorum", "classic"] {
        let p99 = of(&format!("latency-{kind}"), "/accept_to_settled_ms/p99");
        let what = format!("p99 from accept to settled at 30 % of that load, in ms, {kind}");
        row(out, &[what, "under 60".to_owned(), cell(p99)]);
    }
    let one = of("one-account", "/settled_per_s");
    row(
        out,
        &[
            "one account, 16 in flight, a controller of 100 ms: settled/s".to_owned(),
            "over 140".to_owned(),
            cell(one),
        ],
    );
    let memory = runs
        .values()
        .flat_map(|run| {
            let pointers = ["memory_peak_mb", "memory_queued_mb"].into_iter();
            pointers.flat_map(|table| ROLES.map(|role| number(&run.figures, &format!("/{table}/{role}"))))
        })
        .flatten()
        .max_by(f64::total_cmp);
    row(out, &["most memory of any role in any run, in MB".to_owned(), "under 100".to_owned(), cell(memory)]);
    let share = of("active-100000", "/watched/cpu_cores/database");
    let what = "100,000 ACTIVE links refreshed every 60 s: the database, in cores";
    row(out, &[what.to_owned(), "under 0.1".to_owned(), cell(share)]);
    out.push('\n');
}

fn pipes(out: &mut String, runs: &Runs) {
    let kinds: BTreeSet<(u64, &str)> = runs
        .values()
        .filter_map(|run| Some((run.figures["queues"].as_u64()?, run.figures["queue_type"].as_str()?)))
        .collect();
    head(out, "The bare pipe", &["queues", "kind", "runs", "messages/s, median"]);
    for (queues, kind) in kinds {
        let (count, middle) = pipe(runs, queues, kind);
        row(out, &[queues.to_string(), kind.to_owned(), count.to_string(), cell(middle)]);
    }
    out.push('\n');
}

fn rates(out: &mut String, loads: &[(&String, &Run)]) {
    let cells = [
        "run",
        "links",
        "accounts",
        "clients",
        "calls/s",
        "accepted/s",
        "settled/s",
        "p50",
        "p99",
        "p99.9",
        "failed",
        "lost",
        "repeats",
    ];
    head(out, "Load (times from accept to settled, in ms)", &cells);
    for (name, run) in loads {
        let get = |pointer: &str| cell(number(&run.figures, pointer));
        let whole = |key: &str| run.figures[key].to_string();
        let failed: u64 = ["failed", "refused"]
            .iter()
            .filter_map(|key| run.figures[*key].as_object())
            .flat_map(|counts| counts.values().filter_map(Value::as_u64))
            .sum();
        row(
            out,
            &[
                (*name).clone(),
                whole("links"),
                whole("accounts"),
                whole("clients"),
                get("/rate"),
                get("/accepted_per_s"),
                get("/settled_per_s"),
                get("/accept_to_settled_ms/p50"),
                get("/accept_to_settled_ms/p99"),
                get("/accept_to_settled_ms/p99.9"),
                failed.to_string(),
                whole("lost"),
                whole("repeats"),
            ],
        );
    }
    out.push('\n');
}

/// A table of one object of each run: its keys are the columns.
fn by_name(out: &mut String, title: &str, key: &str, runs: &[(&String, &Run)]) {
    let runs: Vec<(&String, &serde_json::Map<String, Value>)> = runs
        .iter()
        .filter_map(|(name, run)| {
            Some((*name, run.figures.get(key)?.as_object().filter(|it| !it.is_empty())?))
        })
        .collect();
    let columns: BTreeSet<&String> = runs.iter().flat_map(|(_, figures)| figures.keys()).collect();
    if columns.is_empty() {
        return;
    }
    let named: Vec<&str> = std::iter::once("run").chain(columns.iter().map(|it| it.as_str())).collect();
    head(out, title, &named);
    for (name, figures) in runs {
        let cells = columns.iter().map(|column| cell(figures.get(*column).and_then(Value::as_f64)));
        row(out, &std::iter::once(name.clone()).chain(cells).collect::<Vec<_>>());
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn runs() -> Runs {
        let pipe =
            |per_s: f64| json!({"queues": 200, "queue_type": "quorum", "messages": 20_000, "per_s": per_s});
        let load = json!({
            "links": 20_000, "accounts": 200, "clients": 64, "rate": null, "settled": 20_000, "settled_per_s": 2_100.4,
            "accept_to_settled_ms": {"p50": 12.25, "p99": 40.0, "p99.9": 55.5}, "failed": {"FAILED, x": 2},
            "refused": {"503": 1}, "lost": 0, "repeats": 3, "cpu_us_per_action": {"api": 100.0, "broker": 250.5},
            "counted_per_1000_actions": {}, "memory_peak_mb": {"api": 40.0, "conductor": 61.5, "broker": 300.0},
        });
        let watched = json!({
            "settled": 1, "failed": {}, "refused": {}, "watched": {"cpu_cores": {"database": 0.0421}},
        });
        [
            ("pipe-1", pipe(5_000.0)),
            ("pipe-2", pipe(7_000.0)),
            ("pipe-3", pipe(6_000.0)),
            ("pipe-4", pipe(6_200.0)),
            ("load-quorum", load),
            ("active-100000", watched),
        ]
        .map(|(name, figures)| (name.to_owned(), Run { command: format!("do {name}"), figures }))
        .into()
    }

    #[test]
    fn every_figure_stands_in_its_place() {
        let told = markdown(&runs());
        for line in [
            "| settled/s as a share of the bare pipe's, 200 quorum queues | at least 0.333 | 0.344 |",
            "| settled/s as a share of the bare pipe's, 200 classic queues | at least 0.333 | - |",
            "| most memory of any role in any run, in MB | under 100 | 61.5 |",
            "| 100,000 ACTIVE links refreshed every 60 s: the database, in cores | under 0.1 | 0.042 |",
            "| 200 | quorum | 4 | 6100 |",
            "| load-quorum | 20000 | 200 | 64 | - | - | 2100 | 12.2 | 40.0 | 55.5 | 3 | 0 | 3 |",
            "| run | api | broker |",
            "| load-quorum | 100 | 250 |",
            "- load-quorum: `do load-quorum`",
        ] {
            assert!(told.lines().any(|found| found == line), "{line:?} is not in:\n{told}");
        }
        assert!(!told.contains("everything queued") && !told.contains("Counted"), "no run has that");
    }

    #[test]
    fn the_middle_is_the_median() {
        let mut runs = runs();
        assert_eq!(pipe(&runs, 200, "quorum"), (4, Some(6_100.0)));
        runs.remove("pipe-1");
        assert_eq!(pipe(&runs, 200, "quorum"), (3, Some(6_200.0)));
        assert_eq!(pipe(&runs, 1, "quorum"), (0, None));
    }
}

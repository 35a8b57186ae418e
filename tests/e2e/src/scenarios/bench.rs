//! The measuring command: it counts what really happened, says so by its exit code, and leaves nothing behind. No
//! speed is judged here. No system of the suite's is started: the bench brings its own WIM and accounts.

use crate::process::{Process, command};
use crate::services;
use crate::wait::{SOON, wait_until};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Output;

const LINKS: u64 = 40;

/// Everything in one process, and where it listens.
async fn up(folder: &Path) -> (Process, String) {
    let arguments = ["up", "--data-dir", "state", "--listen", "127.0.0.1:0", "--set", "retry.initial=100ms"];
    let mut process = Process::new("up", "wanlink", &arguments, folder);
    process.start();
    let url = wait_until("the api to say where it listens", SOON, async || {
        let output = process.output();
        let told = output.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
        told.and_then(|told| told["listening"].as_str().map(str::to_owned)).ok_or(output)
    })
    .await;
    (process, url)
}

fn wanlink(folder: &Path, url: &str, line: &str) -> Output {
    let arguments = line.split_whitespace().chain(["--url", url, "-o", "json"]);
    command("wanlink", folder).args(arguments).output().expect("wanlink runs")
}

fn printed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// All that a run makes, found by the names that begin with its prefix.
fn left(folder: &Path, url: &str) -> usize {
    let lists = ["tenant list", "account list", "link list", "wim list", "site list"];
    lists.iter().map(|list| printed(&wanlink(folder, url, list)).as_array().map_or(0, Vec::len)).sum()
}

pub async fn load_counts_what_settled_and_leaves_nothing() {
    let folder = services::folder();
    let (_process, url) = up(folder.path()).await;
    let pid = std::process::id();
    let line =
        format!("bench load --links {LINKS} --accounts 3 --clients 4 --pid test={pid} --keep --prefix kept");
    let output = wanlink(folder.path(), &url, &line);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let figures = printed(&output);
    for (key, expect) in
        [("links", LINKS), ("accepted", LINKS), ("settled", LINKS), ("lost", 0), ("repeats", 0)]
    {
        assert_eq!(figures[key], expect, "{key} in {figures}");
    }
    assert_eq!((&figures["failed"], &figures["refused"]), (&json!({}), &json!({})));
    let (p50, p99) = (&figures["accept_to_settled_ms"]["p50"], &figures["accept_to_settled_ms"]["p99"]);
    assert!(p50.as_f64() > Some(0.0) && p50.as_f64() <= p99.as_f64(), "{figures}");
    assert!(figures["settled_per_s"].as_f64() > Some(0.0) && figures["memory_peak_mb"]["test"].is_number());
    let active = printed(&wanlink(folder.path(), &url, "link list --status active"));
    assert_eq!(active.as_array().map(Vec::len), Some(40), "the bench counts what the api lists");

    let output = wanlink(folder.path(), &url, "bench clean --prefix kept");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(left(folder.path(), &url), 0);
}

pub async fn load_says_what_failed_and_ends_with_one() {
    let folder = services::folder();
    let (_process, url) = up(folder.path()).await;
    let line = format!(
        "bench load --links {LINKS} --accounts 1 --clients 2 --rate 200 --links-per-request 4 \
         --controller-script ensure:invalid:2;ensure:cut_after:1"
    );
    let output = wanlink(folder.path(), &url, &line);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let figures = printed(&output);
    assert_eq!((&figures["accepted"], &figures["settled"]), (&json!(LINKS), &json!(LINKS - 2)), "{figures}");
    let failed: u64 =
        figures["failed"].as_object().expect("reasons").values().filter_map(Value::as_u64).sum();
    assert_eq!((failed, &figures["repeats"], &figures["lost"]), (2, &json!(1), &json!(0)), "{figures}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("2 of 40 links did not end DONE"), "{said}");
    assert_eq!(left(folder.path(), &url), 0, "without --keep it removes what it made");
}

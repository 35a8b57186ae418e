//! README's first command: it judges itself, finds its state again, and finishes what a killed run has begun. No
//! system is started around it: it is one.

use crate::process::{Process, command};
use crate::services;
use crate::wait::{SOON, holds, wait_until};
use std::path::Path;

const LINKS: &str = "231";

/// Runs it to its end and answers what it has printed.
fn demo(folder: &Path) -> String {
    let output = command("wanlink", folder)
        .args(["demo", "--exit", "--data-dir", "state", "--listen", "127.0.0.1:0"])
        .output()
        .expect("the demo runs");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
    assert!(output.status.success(), "{}: {said}", output.status);
    said
}

/// Its own judgement, and the numbers that it comes from.
fn assert_whole(said: &str) {
    for words in ["nothing lost", &format!("{LINKS} services created (201)"), "0 repeats (204)"] {
        assert!(said.contains(words), "{words:?} does not stand in: {said}");
    }
}

pub fn a_second_demo_finds_its_state() {
    let folder = services::folder();
    let first = demo(folder.path());
    assert_whole(&first);
    assert!(first.contains(&format!("{LINKS} created by this run")), "{first}");
    let second = demo(folder.path());
    assert_whole(&second);
    assert!(second.contains("0 created by this run"), "{second}");
}

pub async fn a_killed_demo_is_finished_by_the_next() {
    let folder = services::folder();
    let arguments = ["demo", "--data-dir", "state", "--listen", "127.0.0.1:0"];
    let mut killed = Process::new("demo", "wanlink", &arguments, folder.path());
    killed.start();
    wait_until("some links to be ACTIVE", SOON, async || {
        let output = killed.output();
        let begun = output.lines().any(|line| {
            let count = line.strip_suffix(&format!(" of {LINKS} links ACTIVE"));
            count.is_some_and(|count| count != "0" && count != LINKS)
        });
        holds(begun, || output)
    })
    .await;
    killed.kill();
    let said = demo(folder.path());
    assert!(
        said.contains("nothing lost") && said.contains(&format!("{LINKS} services created (201)")),
        "{said}"
    );
}

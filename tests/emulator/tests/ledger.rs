//! The ledger and the probe: effects are counted once, repeats as repeats, and both outlive a killed process.

mod client;

use client::*;
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use wanlink_emulator::{Call, Effect, Options};

#[tokio::test]
async fn effects_repeats_and_deletes_are_counted_per_link() {
    let (handle, caller) = start(options()).await;
    caller.create_link("l1").await;
    for (path, body) in link("l1") {
        assert_eq!(caller.send("PUT", &path, &body).await.status, 204);
    }
    let wider = json!({"ietf-l2vpn-svc:service": {"svc-bandwidth": {"bandwidth": [
        {"direction": "input-bw", "type": "bw-per-svc", "cir": "200000000"}]}}});
    let service_of = format!("{}/service", access_path("DC1", "l1-1"));
    assert_eq!(caller.send("PATCH", &service_of, &wider).await.status, 204);
    assert_eq!(caller.send("PATCH", &service_of, &wider).await.status, 204);
    let read = caller.send("GET", &service_of, &Value::Null).await;
    let bandwidth = &read.body["ietf-l2vpn-svc:service"]["svc-bandwidth"]["bandwidth"][0];
    assert_eq!((&bandwidth["cir"], &bandwidth["cbs"]), (&json!("200000000"), &json!("1000000")));

    let present = caller.ledger().await.present;
    assert_eq!(present, ["l1"]);
    for path in [access_path("DC1", "l1-1"), access_path("DC2", "l1-2"), service_path("l1")] {
        assert_eq!(caller.send("DELETE", &path, &Value::Null).await.summary(), "204 - -");
        assert_eq!(caller.send("DELETE", &path, &Value::Null).await.summary(), "409 data-missing -");
    }
    let view = caller.ledger().await;
    let entry = view.services["l1"];
    let service = entry.service;
    assert_eq!((service.creates, service.repeats, service.deletes, service.repeated_deletes), (1, 1, 1, 1));
    let accesses = entry.accesses;
    assert_eq!((accesses.creates, accesses.changes, accesses.repeats), (2, 1, 3));
    assert_eq!((accesses.deletes, accesses.repeated_deletes), (2, 2));
    let totals = view.totals;
    assert_eq!((totals.effects, totals.repeats, totals.deletes, totals.repeated_deletes), (4, 4, 3, 3));
    assert_eq!((totals.patches, totals.refused, totals.service_creates), (2, 0, 1));
    assert!(view.present.is_empty() && entry.first_at <= entry.last_at && entry.first_at > 0);

    let calls: Vec<Call> =
        serde_json::from_value(caller.get("/ledger/calls?since=6").await.body).expect("calls");
    assert_eq!(calls.first().map(|call| call.seq), Some(7));
    assert_eq!(calls[0].touched[0].effect, Effect::Changed);
    assert_eq!(calls.len() as u64 + 6, view.seq);
    handle.stop().await;
}

#[tokio::test]
async fn one_patch_of_the_whole_tree_is_one_transaction() {
    let (handle, caller) = start(options()).await;
    let tree = |cvlan: u64| {
        let mut first = access_entry("DC1", "l1-1", "l1");
        first["connection"]["tagged-interface"]["dot1q-vlan-tagged"]["cvlan-id"] = json!(cvlan);
        json!({"ietf-l2vpn-svc:l2vpn-svc": {
        "vpn-services": {"vpn-service": service("l1")["ietf-l2vpn-svc:vpn-service"]},
        "sites": {"site": [
            {"site-id": "DC1", "site-network-accesses": {"site-network-access": [first]}},
            {"site-id": "DC2", "site-network-accesses": {"site-network-access": [access_entry("DC2", "l1-2", "l1")]}},
        ]}}})
    };
    assert_eq!(caller.send("PATCH", "", &tree(5000)).await.summary(), "400 invalid-value -");
    assert_eq!(
        caller.send("GET", &service_path("l1"), &Value::Null).await.status,
        404,
        "nothing of it is there"
    );
    assert_eq!(caller.send("PATCH", "", &tree(300)).await.status, 204);
    caller.until_probe("l1", "ACTIVE").await;
    assert_eq!(caller.send("PATCH", "", &tree(300)).await.status, 204);
    let view = caller.ledger().await;
    assert_eq!((view.totals.effects, view.totals.repeats, view.totals.refused), (3, 3, 1));
    assert_eq!((view.services["l1"].service.creates, view.services["l1"].accesses.creates), (1, 2));
    handle.stop().await;
}

#[tokio::test]
async fn the_probe_builds_holds_and_notices_loss() {
    let (handle, caller) = start(Options { build_min_ms: 150, build_max_ms: 300, ..options() }).await;
    assert_eq!(caller.probe("l1").await.0, 404);
    let writes = link("l1");
    for (path, body) in &writes {
        assert_eq!(caller.send("PUT", path, body).await.status, 201);
        assert_eq!(caller.probe("l1").await, (200, "BUILD".to_owned()), "after {path}");
    }
    caller.until_probe("l1", "ACTIVE").await;
    assert_eq!(caller.send("DELETE", &writes[1].0, &Value::Null).await.status, 204);
    assert_eq!(caller.probe("l1").await.1, "DOWN");

    assert_eq!(caller.post("/faults/status", &json!({"vpn-id": "l1", "status": "ERROR"})).await.status, 204);
    assert_eq!(caller.probe("l1").await.1, "ERROR");
    assert_eq!(caller.post("/faults/status", &json!({"vpn-id": "l1", "status": null})).await.status, 204);
    assert_eq!(caller.probe("l1").await.1, "DOWN");
    handle.stop().await;
}

/// Many clients at once: every link is there once, whoever came first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "clients of a test, all joined at its end")]
async fn parallel_writes_have_one_effect_each() {
    let (handle, caller) = start(options()).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        for group in 0..8 {
            let caller = caller.clone();
            tasks.spawn(async move {
                for n in 0..25 {
                    for (path, body) in link(&format!("l{group}-{n}")) {
                        let status = caller.send("PUT", &path, &body).await.status;
                        assert!(status == 201 || status == 204, "{status}");
                    }
                }
            });
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no client failed");
    }
    let view = caller.ledger().await;
    assert_eq!((view.totals.effects, view.totals.repeats, view.totals.refused), (600, 1_800, 0));
    assert!(view.services.values().all(|entry| entry.service.creates == 1 && entry.accesses.creates == 2));
    assert_eq!(view.present.len(), 200);
    handle.stop().await;
}

async fn spawn_process(state: &std::path::Path) -> (Child, Caller) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wanlink-emulator"))
        .args([
            "--site",
            "DC1",
            "--site",
            "DC2=DC2-ce,other",
            "--build-min",
            "0",
            "--build-max",
            "0",
            "--state",
        ])
        .arg(state)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the executable starts");
    let stdout = child.stdout.take().expect("its output");
    let line = BufReader::new(stdout).lines().next_line().await.expect("readable").expect("one line");
    let said: Value = serde_json::from_str(&line).expect("JSON");
    let url = said["listening"].as_str().expect("where it listens").to_owned();
    (child, Caller::new(url))
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state.jsonl");
    let (mut child, caller) = spawn_process(&state).await;
    caller.create_link("l1").await;
    caller.create_link("l2").await;
    assert_eq!(caller.send("PUT", &service_path("l1"), &service("l1")).await.status, 204);
    assert_eq!(caller.send("PUT", &service_path("l3"), &json!({})).await.status, 400);
    assert_eq!(caller.post("/faults/vanish", &json!({"vpn-id": "l2"})).await.status, 204);
    let before = caller.ledger().await;
    child.kill().await.expect("killed");

    // A torn last line is what a kill within a write leaves behind.
    let mut torn = std::fs::read(&state).expect("the journal");
    torn.extend_from_slice(b"{\"at_ms\":1,\"ca");
    std::fs::write(&state, torn).expect("the journal");
    let (mut child, caller) = spawn_process(&state).await;
    assert_eq!(caller.ledger().await, before);
    assert_eq!(before.present, ["l1"]);
    assert_eq!(caller.probe("l1").await.1, "ACTIVE");
    assert_eq!(
        caller.send("PUT", &access_path("DC1", "l1-1"), &access("DC1", "l1-1", "l1")).await.status,
        204
    );
    let again = caller.ledger().await;
    assert_eq!((again.seq, again.totals.repeats), (before.seq + 1, before.totals.repeats + 1));
    child.kill().await.expect("killed");

    let (mut child, caller) = spawn_process(&state).await;
    assert_eq!(caller.ledger().await, again, "the line after the torn one was read back");
    child.kill().await.expect("killed");
}

#[tokio::test]
async fn whoever_started_it_with_a_pipe_cannot_leave_it_behind() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wanlink-emulator"))
        .arg("--until-stdin-closes")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the executable starts");
    let stdout = child.stdout.take().expect("its output");
    let line = BufReader::new(stdout).lines().next_line().await.expect("readable");
    assert!(line.is_some_and(|line| line.contains("listening")));
    assert!(child.try_wait().expect("asked").is_none(), "it serves while the pipe is open");
    drop(child.stdin.take());
    let ended = tokio::time::timeout(std::time::Duration::from_secs(20), child.wait()).await;
    assert!(ended.expect("it ends with its pipe").expect("waited for").success());
}

#[tokio::test]
async fn a_journal_that_is_none_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("state.jsonl");
    std::fs::write(&state, "not a journal\n").expect("written");
    let started = wanlink_emulator::Emulator::start(Options { state: Some(state), ..options() }).await;
    assert_eq!(started.err().map(|e| e.kind()), Some(std::io::ErrorKind::InvalidData));
}

//! The executable as an operator meets it: what it prints, where, and with which exit code. No service is needed.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `wanlink` in a folder of its own, with nothing in its environment that could configure it.
fn run(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wanlink"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WANLINK") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null()).args(line.split_whitespace());
    command.output().expect("the executable runs")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a written file");
}

/// Ends with this exit code, prints nothing, and tells all of these parts.
fn refused(folder: &Path, line: &str, code: i32, parts: &[&str]) {
    let output = run(folder, line);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(code), "{line}: {told}");
    for part in parts {
        assert!(told.contains(part), "{line}: {part:?} is not in {told}");
    }
    assert!(!told.contains("s3cret"), "{line} tells a secret: {told}");
}

#[test]
fn config_check_prints_every_value_with_its_origin_and_no_secret() {
    let folder = folder();
    write(
        folder.path(),
        "two.toml",
        "[DATABASE]\nengine = \"postgres\"\nendpoints = [\"postgres://wan:s3cret@db/wanlink\"]\n\
         [MESSAGE_BROKER]\nengine = \"amqp\"\nendpoints = [\"amqp://wan:s3cret@mq\"]\n",
    );
    let output =
        run(folder.path(), "config check --conf-file two.toml --set lease.ttl=30s --listen 127.0.0.1:0");
    assert!(output.status.success(), "{}", told(&output));
    let printed = printed(&output);
    for line in [
        "database.endpoints = [\"postgres://wan:********@db/wanlink\"]  # two.toml",
        "message_broker.endpoints = [\"amqp://wan:********@mq\"]  # two.toml",
        "lease.ttl = \"30s\"  # flag lease.ttl",
        "api.listen = \"127.0.0.1:0\"  # flag api.listen",
        "attempt.max = 8  # default",
    ] {
        assert!(printed.lines().any(|found| found == line), "{line} is not in\n{printed}");
    }
    assert!(printed.contains("an action settles within"), "{printed}");
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[test]
fn config_check_tells_all_faults_at_once() {
    let folder = folder();
    write(
        folder.path(),
        "wanlink.toml",
        "[lease]\nttl = 20\nrenw = \"1s\"\n[api]\nlisten = \"everywhere\"\n",
    );
    refused(folder.path(), "config check", 3, &["lease.ttl", "lease.renw", "api.listen", "wanlink.toml"]);
    refused(folder.path(), "config check --conf-file absent.toml", 3, &["absent.toml"]);
    let empty = tempfile::tempdir().expect("a folder");
    let line = "config check --set database.engine=oracle --set message_broker.engine=pigeon";
    refused(empty.path(), line, 3, &["known: memory, postgres, sqlite", "known: amqp, memory"]);
}

#[test]
fn the_configurations_of_the_documentation_are_right() {
    const PAGE: &str = include_str!("../../docs/running.md");
    let folder = folder();
    let files: Vec<&str> =
        PAGE.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        write(folder.path(), "role.toml", file);
        let output = run(folder.path(), "config check --conf-file role.toml");
        assert!(output.status.success(), "{file}\n{}", told(&output));
    }
}

#[test]
fn engines_are_listed_by_port() {
    let output = run(folder().path(), "engines");
    let expected = "database: memory (nothing survives a restart; for one process), postgres (any number of \
                    conductors), sqlite (one conductor)\n\
                    message_broker: amqp, memory (nothing survives a restart; for one process)\n\
                    coordination: database\nconnector: ietf_l2sm, simulator\n";
    assert_eq!(printed(&output), expected);
}

#[test]
fn a_database_in_memory_is_refused_wherever_it_would_be_a_loss() {
    let folder = folder();
    write(folder.path(), "careless.toml", "[database]\nengine = \"memory\"\n");
    write(
        folder.path(),
        "aware.toml",
        "[database]\nengine = \"memory\"\noptions = { forgets_at_exit = true }\n\
         [message_broker]\nengine = \"amqp\"\nendpoints = [\"amqp://127.0.0.1:1\"]\n",
    );
    for (command, words) in [
        ("up --conf-file careless.toml --listen 127.0.0.1:0", ["forgets_at_exit", "sqlite"]),
        ("migrate --conf-file aware.toml", ["one process's memory", "wanlink up"]),
        ("conductor --conf-file aware.toml", ["one process's memory", "wanlink up"]),
        ("up --conf-file aware.toml --listen 127.0.0.1:0", ["\"amqp\"", "survives"]),
    ] {
        refused(folder.path(), command, 3, &words);
    }
}

#[test]
fn a_key_pair_is_made_once() {
    let folder = folder();
    let output = run(folder.path(), "key generate --dir keys");
    assert!(output.status.success(), "{}", told(&output));
    for line in
        ["api.public_key_file = \"keys/seal.public\"", "worker.private_key_files = [\"keys/seal.private\"]"]
    {
        assert!(printed(&output).lines().any(|found| found == line), "{}", printed(&output));
    }
    refused(folder.path(), "key generate --dir keys", 3, &["is there already"]);
}

#[test]
fn a_role_that_cannot_work_says_what_is_missing() {
    let folder = folder();
    let amqp =
        "--set message_broker.engine=amqp --set message_broker.endpoints=amqp://wan:s3cret@127.0.0.1:1";
    for role in ["api", "conductor", "worker"] {
        refused(folder.path(), role, 3, &["\"memory\"", "wanlink up"]);
        refused(
            folder.path(),
            &format!("{role} --set database.engine=oracle"),
            3,
            &["known: memory, postgres, sqlite"],
        );
    }
    refused(folder.path(), &format!("api {amqp}"), 3, &["api.public_key_file", "wanlink key generate"]);
    refused(folder.path(), &format!("worker {amqp}"), 3, &["worker.private_key_files"]);
    refused(
        folder.path(),
        &format!("conductor {amqp} --set database.endpoints=x.db"),
        3,
        &["wanlink migrate"],
    );
    run(folder.path(), "key generate --dir keys");
    let api = format!("api {amqp} --set api.public_key_file=keys/seal.public --set database.endpoints=x.db");
    refused(folder.path(), &api, 3, &["wanlink migrate"]);
}

#[test]
fn migrate_makes_the_data_folder_and_twice_is_once() {
    let folder = folder();
    for _ in 0..2 {
        let output = run(folder.path(), "migrate --data-dir state");
        assert!(output.status.success(), "{}", told(&output));
        assert_eq!(printed(&output), "the database (sqlite) has this build's schema\n");
    }
    assert!(folder.path().join("state/wanlink.db").is_file());
}

#[test]
fn a_port_that_is_taken_is_told_with_the_way_out() {
    let folder = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address");
    refused(
        folder.path(),
        &format!("up --listen {address}"),
        3,
        &[&address.to_string(), "--listen", "port 0"],
    );
}

#[test]
fn client_commands_say_whom_they_did_not_reach() {
    let folder = folder();
    let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a free port");
    refused(folder.path(), &format!("link list --url http://{free}"), 6, &["nobody answers", "WANLINK_URL"]);
    refused(folder.path(), "link list --url ftp://x", 2, &["--url"]);
    refused(folder.path(), "lnik list", 2, &["link"]);
}

#[test]
fn the_document_and_completions_need_nothing_running() {
    let folder = folder();
    let document = printed(&run(folder.path(), "openapi"));
    let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
    assert!(document["paths"]["/v1/links"]["post"]["requestBody"].is_object());
    let yaml = printed(&run(folder.path(), "openapi -o yaml"));
    assert!(yaml.lines().any(|line| line.starts_with("openapi: ")), "{yaml}");
    for shell in ["bash", "zsh", "fish"] {
        let script = printed(&run(folder.path(), &format!("completions {shell}")));
        assert!(script.contains("wanlink") && script.contains("port-mapping"), "{shell}");
    }
}

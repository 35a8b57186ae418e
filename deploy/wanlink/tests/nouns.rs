//! The client commands against a running api, as a script uses them: what is printed where, and each exit code.
//!
//! Where no worker runs, what is accepted waits as long as a test needs. Deliberately absent: links that come to be,
//! which the end-to-end suite brings about.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

fn wanlink(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wanlink"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WANLINK") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

const NO_WORKER: &[&str] = &["--without-worker"];

/// A running installation, and a folder for the files that commands name.
struct Installation {
    folder: TempDir,
    child: Child,
    url: String,
}

impl Installation {
    fn start(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = wanlink(folder.path())
            .args(["up", "--data-dir", "state", "--listen", "127.0.0.1:0"])
            .args(flags)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("up starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let told: Value = serde_json::from_str(&line).expect("one line of JSON");
        Self { folder, child, url: told["listening"].as_str().expect("an address").to_owned() }
    }

    fn run(&self, line: &str, input: &str) -> Output {
        let mut child = wanlink(self.folder.path())
            .args(line.split_whitespace())
            .env("WANLINK_URL", &self.url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the executable runs");
        // One that reads no input may have ended by now.
        let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
        child.wait_with_output().expect("its output")
    }

    /// Ends well and prints JSON.
    fn json(&self, line: &str) -> Value {
        let output = self.run(&format!("{line} -o json"), "");
        assert_eq!(output.status.code(), Some(0), "{line}: {}", told(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    fn done(&self, line: &str) -> Output {
        let output = self.run(line, "");
        assert_eq!(output.status.code(), Some(0), "{line}: {}", told(&output));
        output
    }

    /// Ends with this exit code, prints nothing, and tells all of these parts.
    fn refused(&self, line: &str, code: i32, parts: &[&str]) {
        let output = self.run(line, "");
        assert_eq!(output.status.code(), Some(code), "{line}: {}", told(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{line}");
        for part in parts {
            assert!(told(&output).contains(part), "{line}: {part:?} is not in {}", told(&output));
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a written file");
    }

    /// A tenant with an account at a WIM that joins two sites.
    fn with_two_sites(flags: &[&str]) -> Self {
        let it = Self::start(flags);
        it.done("tenant create acme");
        it.done("wim create wan --type ietf_l2sm --wim-url http://127.0.0.1:9 --config auth=basic");
        it.write("secret", "s3cret\n");
        it.done("account create --tenant acme --wim wan --user u --password-file secret --wait");
        for site in ["vienna", "zurich"] {
            it.done(&format!("site create {site}"));
            it.done(&format!(
                "port-mapping create --wim wan --site {site} --switch 00:01 --port 1 --endpoint {site}:1"
            ));
        }
        it
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|it| it["name"].as_str()).collect()
}

const TWO_ENDS: &str =
    "--endpoint site=vienna,switch=00:01,port=1,vlan=100 --endpoint site=zurich,switch=00:01,port=1,vlan=100";

#[test]
fn the_catalogue_is_made_listed_changed_and_deleted() {
    let it = Installation::start(NO_WORKER);
    it.write("site.json", r#"{"name": "b", "latitude": 1.5, "longitude": 2.5}"#);
    it.done("site create a --description first");
    assert_eq!(it.json("site create -f site.json --latitude -3")["latitude"], json!(-3.0));
    it.done("site create c");
    assert_eq!(names(&it.json("site list")), ["a", "b", "c"]);
    assert_eq!(names(&it.json("site list --limit 2")), ["a", "b"]);
    assert_eq!(it.json("tenant list"), json!([]));
    let table = it.done("site list").stdout;
    let table = String::from_utf8_lossy(&table);
    assert!(table.starts_with("ID") && table.lines().count() == 4, "{table}");
    let edited = it.json("site edit a --name A --unset description");
    assert_eq!((&edited["name"], &edited["description"]), (&json!("A"), &Value::Null));
    it.done("site delete c");
    it.refused("site show c", 4, &["not-found"]);
    it.refused("site create A", 5, &["already-exists"]);
    it.refused("site edit A", 2, &["nothing to change"]);
    it.refused("site edit A --latitude 91", 5, &["latitude: "]);
    it.refused("site list --url http://127.0.0.1:9", 6, &["nobody answers", "--url"]);
}

#[test]
fn the_same_command_under_one_key_is_done_once() {
    let it = Installation::start(NO_WORKER);
    let first = it.json("tenant create acme --idempotency-key k");
    assert_eq!(it.json("tenant create acme --idempotency-key k"), first);
    it.refused("tenant create other --idempotency-key k", 5, &["key-conflict"]);
}

#[test]
fn a_password_comes_from_a_file_or_standard_input_and_is_never_shown() {
    let it = Installation::start(NO_WORKER);
    it.done("tenant create acme");
    it.done("wim create wan --type ietf_l2sm --wim-url http://127.0.0.1:9");
    let line = "account create --tenant acme --wim wan --user u --password-file -";
    let made = it.run(line, "s3cret\n");
    assert_eq!(made.status.code(), Some(0), "{}", told(&made));
    let shown = it.done("account show acme -o json");
    for output in [made, shown] {
        let printed = String::from_utf8_lossy(&output.stdout).into_owned() + &told(&output);
        assert!(printed.contains("********") && !printed.contains("s3cret"), "{printed}");
    }
    it.refused("account edit acme --password-file nowhere", 2, &["nowhere"]);
    it.refused("account edit acme --config nonsense=1", 5, &["config.nonsense: "]);
}

#[test]
fn what_a_list_printed_can_be_set_again() {
    let it = Installation::with_two_sites(NO_WORKER);
    let listed = it.json("port-mapping list");
    it.write("mappings.json", &listed.to_string());
    it.done("port-mapping clear --wim wan");
    assert_eq!(it.json("port-mapping list"), json!([]));
    let endpoints = |list: &Value| -> Vec<Value> {
        list.as_array().expect("a list").iter().map(|it| it["wan_service_endpoint_id"].clone()).collect()
    };
    assert_eq!(endpoints(&it.json("port-mapping set --wim wan -f mappings.json")), endpoints(&listed));
    let id = it.json("port-mapping list")[0]["id"].clone();
    it.done(&format!("port-mapping delete {}", id.as_str().expect("an id")));
    assert_eq!(it.json("port-mapping list").as_array().map(Vec::len), Some(1));
}

#[test]
fn a_link_is_asked_for_waited_for_called_off_and_deleted() {
    let it = Installation::with_two_sites(NO_WORKER);
    it.refused(
        &format!("link create --tenant acme {}", TWO_ENDS.replacen("vlan=100", "vlan=5000", 1)),
        5,
        &["endpoints[0].encapsulation.vlan: "],
    );
    assert_eq!(it.json("link list"), json!([]));
    let accepted = it.json(&format!("link create --tenant acme --bandwidth 500 {TWO_ENDS}"));
    let link = accepted["actions"][0]["link"].as_str().expect("a link").to_owned();
    let request = accepted["request"]["id"].as_str().expect("a request").to_owned();
    assert_eq!(it.json(&format!("link show {link}"))["status"], "SCHEDULED_CREATION");
    it.refused(&format!("request show {request} --wait --timeout 100ms"), 7, &["unfinished", "goes on"]);
    it.refused(&format!("link retry {link}"), 5, &["nothing-to-retry"]);
    it.refused(&format!("link edit {link}"), 2, &["--bandwidth"]);
    let called_off = it.json(&format!("request cancel {request} --wait --timeout 30s"));
    assert_eq!((&called_off["open"], &called_off["cancelled"]), (&json!(0), &json!(1)));
    let gone = it.run(&format!("link delete {link} --wait --timeout 30s -o json"), "");
    // Nothing was ever made, so nothing waits for a worker; a link that is gone already cannot be deleted.
    assert!(matches!(gone.status.code(), Some(0 | 4)), "{}", told(&gone));
    assert_eq!(it.json(&format!("link show {link}"))["status"], "DELETED");
}

#[test]
fn links_of_a_file_are_one_request() {
    let it = Installation::with_two_sites(NO_WORKER);
    let end = |site: &str, vlan: u16| json!({"site": site, "port": {"switch": "00:01", "port": 1}, "encapsulation": {"type": "dot1q", "vlan": vlan}});
    let link = |vlan| json!({"endpoints": [end("vienna", vlan), end("zurich", vlan)]});
    it.write("links.json", &json!([link(1), link(2), link(3)]).to_string());
    assert_eq!(it.json("link create --tenant acme -f links.json")["request"]["total"], 3);
    it.write("links.json", &json!([link(4), link(5000)]).to_string());
    it.refused("link create --tenant acme -f links.json", 5, &["links[1].endpoints[0].encapsulation.vlan: "]);
    assert_eq!(it.json("link list --tenant acme").as_array().map(Vec::len), Some(3));
    assert_eq!(it.json("action list --state scheduled --limit 2").as_array().map(Vec::len), Some(2));
}

#[test]
fn a_network_that_fails_ends_the_links_that_wait_for_it() {
    let it = Installation::with_two_sites(&[]);
    let attached = "--attachment switch=00:01,port=1,vlan=7";
    it.done(&format!("network create web-v --tenant acme --site vienna --status build {attached}"));
    it.done(&format!("network create web-z --tenant acme --site zurich {attached}"));
    let accepted = it.json("link create --tenant acme --endpoint network=web-v --endpoint network=web-z");
    let (link, request) = (&accepted["actions"][0]["link"], &accepted["request"]["id"]);
    let failed = it.json("network status web-v error --detail broke");
    assert_eq!((&failed["status"], &failed["status_detail"]), (&json!("ERROR"), &json!("broke")));
    let request = request.as_str().expect("a request");
    let output = it.run(&format!("request show {request} --wait --timeout 30s"), "");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("network-failed"));
    let retried = format!("link retry {} --wait --timeout 30s", link.as_str().expect("a link"));
    it.refused(&retried, 1, &["is ERROR: network-failed"]);
    assert_eq!(it.json("network status web-v active")["status_detail"], Value::Null);
}

#[test]
fn every_shape_says_the_same_and_tables_say_names() {
    let it = Installation::with_two_sites(NO_WORKER);
    let printed = |line: &str| String::from_utf8_lossy(&it.done(line).stdout).into_owned();
    let json = it.json("site list");
    let lines: Vec<Value> = printed("site list -o jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    assert_eq!(Value::from(lines), json);
    let yaml = printed("site list -o yaml");
    for name in ["vienna", "zurich"] {
        assert!(
            yaml.lines().any(|line| line.trim_start_matches(['-', ' ']) == format!("name: {name}")),
            "{yaml}"
        );
    }
    let wim = it.json("wim show wan")["id"].as_str().expect("an id").to_owned();
    let table = printed("port-mapping list");
    assert!(table.contains("wan ") && table.contains("vienna ") && !table.contains(&wim), "{table}");
    let wide = printed("port-mapping list -o wide");
    assert!(wide.starts_with("ID") && wide.contains("VERSION") && !wide.contains(&wim), "{wide}");
    assert!(printed("account show acme").contains(&format!("wan ({wim})")));
    let table = printed("account list");
    // Nobody looks at a terminal here.
    assert!(!table.contains('\u{1b}') && table.contains("acme"), "{table}");
    assert_eq!(it.json("workers list"), json!([]));
    assert_eq!(it.json("lease show acme")["session_id"], Value::Null);
    let mapping = it.json("port-mapping list")[0].clone();
    assert_eq!(it.json(&format!("port-mapping show {}", mapping["id"].as_str().expect("an id"))), mapping);
}

#[test]
fn changes_are_told_line_by_line_until_ctrl_c() {
    let it = Installation::start(NO_WORKER);
    it.done("tenant create acme");
    let mut child = wanlink(it.folder.path())
        .args(["tenant", "list", "--watch=100ms", "-o", "jsonl"])
        .env("WANLINK_URL", &it.url)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the executable runs");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut next = || -> (String, String) {
        let line = lines.next().expect("a line").expect("text");
        let event: Value = serde_json::from_str(&line).expect("a line of JSON");
        let text =
            |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        (text("/event"), text("/object/name"))
    };
    let told = |event: &str, name: &str| (event.to_owned(), name.to_owned());
    assert_eq!(next(), told("added", "acme"));
    it.done("tenant create other");
    assert_eq!(next(), told("added", "other"));
    it.done("tenant edit other --name another");
    assert_eq!(next(), told("changed", "another"));
    it.done("tenant delete acme");
    assert_eq!(next(), told("removed", "acme"));
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(killed.success());
    assert_eq!(child.wait().expect("its end").code(), Some(0));
    it.refused("tenant show none --watch", 4, &["not-found"]);
}

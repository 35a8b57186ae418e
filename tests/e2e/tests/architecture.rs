//! The dependency rule (design 10) and the house's habits that a compiler does not check.
//!
//! `domain <- wire <- ports <- { api | worker | conductor } <- deploy, tests`. Cargo's own view of the packages is
//! asked, not the manifests' text, so that a renamed or inherited dependency is seen as what it is.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use wanlink_runtime::config::Config;

const FILE_LINES_MAX: usize = 500;

/// Where everything stands that is written here.
const FOLDERS: [&str; 6] = ["api", "conductor", "deploy", "shared", "tests", "worker"];

/// What each package may depend on inside the workspace, for its library and its build. Packages under `tests` may
/// depend on everything.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("wanlink-domain", &[]),
    ("wanlink-wire", &["wanlink-domain"]),
    ("wanlink-runtime", &["wanlink-domain", "wanlink-wire"]),
    ("wanlink-broker", &["wanlink-domain", "wanlink-wire", "wanlink-runtime"]),
    ("wanlink-store", &["wanlink-domain", "wanlink-wire", "wanlink-runtime"]),
    ("wanlink-connectors", &["wanlink-domain", "wanlink-wire", "wanlink-runtime"]),
    // No store: a worker has no database.
    (
        "wanlink-worker",
        &["wanlink-domain", "wanlink-wire", "wanlink-runtime", "wanlink-broker", "wanlink-connectors"],
    ),
    (
        "wanlink-api",
        &["wanlink-domain", "wanlink-wire", "wanlink-runtime", "wanlink-broker", "wanlink-store"],
    ),
    (
        "wanlink-conductor",
        &["wanlink-domain", "wanlink-wire", "wanlink-runtime", "wanlink-broker", "wanlink-store"],
    ),
    (
        "wanlink",
        &[
            "wanlink-domain",
            "wanlink-wire",
            "wanlink-runtime",
            "wanlink-broker",
            "wanlink-store",
            "wanlink-connectors",
            "wanlink-worker",
            "wanlink-api",
            "wanlink-conductor",
            "wanlink-emulator",
            // The ceiling that speed is compared with: it names the drivers, so that none of our layers is in it.
            "wanlink-pipe",
        ],
    ),
];

const ROLES: [&str; 3] = ["wanlink-api", "wanlink-worker", "wanlink-conductor"];

/// Who may name a driver in its manifest, besides the packages under `tests`.
const DRIVERS: [(&str, &[&str]); 4] = [
    ("backoff", &["wanlink-domain"]),
    ("lapin", &["wanlink-broker"]),
    ("sqlx", &["wanlink-store"]),
    ("reqwest", &["wanlink-connectors", "wanlink"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace's folder")
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(root()).output().expect(program);
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// The packages and their resolved dependencies on this platform. Without the filter cargo would want to download
/// the packages of all others.
fn metadata() -> Value {
    let version = run("rustc", &["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc names its host");
    let arguments = ["metadata", "--format-version", "1", "--offline", "--filter-platform", host];
    serde_json::from_str(&run(&cargo(), &arguments)).expect("JSON")
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

struct Member {
    name: String,
    description: String,
    under_tests: bool,
    /// Package name and kind (`normal`, `dev`, `build`).
    dependencies: BTreeSet<(String, String)>,
}

fn members(metadata: &Value) -> Vec<Member> {
    let tests = root().join("tests");
    list(metadata, "packages")
        .iter()
        .filter(|package| package["source"].is_null())
        .map(|package| Member {
            name: text(package, "name").to_owned(),
            description: text(package, "description").to_owned(),
            under_tests: Path::new(text(package, "manifest_path")).starts_with(&tests),
            dependencies: list(package, "dependencies")
                .iter()
                .map(|dependency| {
                    let kind = dependency["kind"].as_str().unwrap_or("normal");
                    (text(dependency, "name").to_owned(), kind.to_owned())
                })
                .collect(),
        })
        .collect()
}

#[test]
fn packages_depend_only_inwards() {
    let metadata = metadata();
    let members = members(&metadata);
    let names: BTreeSet<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.into_iter().collect();
    let mut wrong = Vec::new();
    for member in members.iter().filter(|member| !member.under_tests) {
        let Some(allowed) = allowed.get(member.name.as_str()) else {
            wrong.push(format!("{} has no place in the dependency rule: give it one", member.name));
            continue;
        };
        for (dependency, kind) in &member.dependencies {
            let inside = names.contains(dependency.as_str());
            let role_on_role = ROLES.contains(&member.name.as_str()) && ROLES.contains(&dependency.as_str());
            if inside && (role_on_role || (kind != "dev" && !allowed.contains(&dependency.as_str()))) {
                wrong.push(format!("{} must not depend on {dependency} ({kind})", member.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn drivers_are_named_by_their_owners_alone() {
    let metadata = metadata();
    for member in members(&metadata).iter().filter(|member| !member.under_tests) {
        for (driver, owners) in DRIVERS {
            let named = member.dependencies.iter().any(|(name, kind)| name == driver && kind != "dev");
            assert!(
                !named || owners.contains(&member.name.as_str()),
                "{} must not name {driver}",
                member.name
            );
        }
    }
}

#[test]
fn packages_say_what_they_are() {
    for member in members(&metadata()) {
        assert!(member.description.len() > 10, "{} has no description", member.name);
    }
}

/// Cargo's resolution (`nothing_below_the_domain_does_io`) also lists what only an optional feature would bring; its
/// tree is what is compiled.
#[test]
fn one_implementation_of_cryptography_is_compiled() {
    for package in ["ring", "openssl", "openssl-sys", "native-tls"] {
        let edges = "normal,build,dev";
        let arguments = ["tree", "--offline", "--workspace", "--edges", edges, "--invert", package];
        let output = Command::new(cargo()).args(arguments).current_dir(root()).output().expect("cargo");
        let (tree, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let absent = told.contains("did not match any packages");
        assert!(output.status.success() || absent, "cargo tree: {told}");
        assert!(tree.trim().is_empty(), "{package} is compiled:\n{tree}");
    }
}

#[test]
fn nothing_below_the_domain_does_io() {
    let metadata = metadata();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let names: BTreeMap<&str, &str> = list(&metadata, "packages")
        .iter()
        .map(|package| (text(package, "id"), text(package, "name")))
        .collect();
    let domain = names.iter().find(|(_, name)| **name == "wanlink-domain").map(|(id, _)| *id);
    let mut open = vec![domain.expect("the domain's package")];
    let mut closure = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !closure.insert(id) {
            continue;
        }
        for dependency in list(nodes[id], "deps") {
            let normal = list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null());
            if normal {
                open.push(text(dependency, "pkg"));
            }
        }
    }
    let forbidden =
        ["tokio", "async-std", "mio", "sqlx", "sqlx-core", "lapin", "axum", "reqwest", "hyper", "config"];
    let found: Vec<&str> =
        closure.iter().map(|id| names[id]).filter(|name| forbidden.contains(name)).collect();
    assert!(closure.len() > 1, "the closure was read");
    assert!(found.is_empty(), "below the domain stand {found:?}");
}

/// All Rust files, by their path from the root, and their text.
fn sources() -> BTreeMap<PathBuf, String> {
    fn walk(folder: &Path, root: &Path, out: &mut BTreeMap<PathBuf, String>) {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() && !path.ends_with("target") {
                walk(&path, root, out);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let below = path.strip_prefix(root).expect("below the root").to_owned();
                out.insert(below, std::fs::read_to_string(&path).expect("a readable file"));
            }
        }
    }
    let root = root();
    let mut out = BTreeMap::new();
    for folder in FOLDERS {
        walk(&root.join(folder), &root, &mut out);
    }
    assert!(!out.is_empty(), "the sources were found");
    out
}

/// Files that roles, ports and the executable consist of: no tests.
fn code() -> BTreeMap<PathBuf, String> {
    let mut sources = sources();
    sources.retain(|path, _| path.iter().all(|part| part != "tests"));
    sources
}

/// Whether `word` stands in the code as a whole word, comments aside.
fn names(code: &str, word: &str) -> bool {
    code.lines().filter(|line| !line.trim_start().starts_with("//")).any(|line| {
        let parts = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        parts.into_iter().any(|part| part == word)
    })
}

fn files_naming(word: &str) -> Vec<PathBuf> {
    code().into_iter().filter(|(_, text)| names(text, word)).map(|(path, _)| path).collect()
}

#[test]
fn one_file_names_the_amqp_client() {
    let mut files = files_naming("lapin");
    // There it is the name of a log target, for it logs whole messages.
    files.retain(|file| file != Path::new("shared/runtime/src/telemetry.rs"));
    assert!(files.iter().all(|file| file.starts_with("shared/broker/src/engines/amqp")), "{files:?}");
    let calling: Vec<PathBuf> =
        code().into_iter().filter(|(_, text)| text.contains("lapin::")).map(|(path, _)| path).collect();
    assert_eq!(calling.len(), 1, "{calling:?}");
}

#[test]
fn one_file_names_the_unmaintained_backoff() {
    let naming = |text: &str| text.contains("backoff::");
    let files: Vec<PathBuf> =
        sources().into_iter().filter(|(_, text)| naming(text)).map(|(path, _)| path).collect();
    let retry = PathBuf::from("shared/domain/src/retry.rs");
    let this = PathBuf::from("tests/e2e/tests/architecture.rs");
    assert_eq!(files, [retry, this]);
}

#[test]
fn what_opens_secrets_is_named_by_the_worker_and_its_assembly_alone() {
    for word in ["Opener", "PrivateKey"] {
        let files = files_naming(word);
        let allowed = |file: &PathBuf| {
            ["shared/runtime/src/seal", "worker", "deploy"].iter().any(|place| file.starts_with(place))
        };
        assert!(!files.is_empty() && files.iter().all(allowed), "{word}: {files:?}");
    }
}

/// Which of several ready things comes first must not be left to chance.
#[test]
fn every_select_is_biased() {
    for (path, text) in code() {
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line.contains("select! {") {
                let next = lines.next().unwrap_or_default().trim();
                assert_eq!(next, "biased;", "{}: {}", path.display(), line.trim());
            }
        }
    }
}

/// Dotted keys of a tree: those without keys below them.
fn keys(above: &str, value: &Value, out: &mut Vec<String>) {
    match value.as_object().filter(|table| !table.is_empty()) {
        None => out.push(above.to_owned()),
        Some(table) => {
            for (key, value) in table {
                keys(&[above, key].join("."), value, out);
            }
        }
    }
}

#[test]
fn every_key_of_the_configuration_is_read() {
    let code: String = code()
        .into_iter()
        .filter(|(path, _)| !path.starts_with("shared/runtime/src/config"))
        .map(|(_, text)| text)
        .collect();
    let read = |name: &str| {
        code.match_indices(&format!(".{name}")).any(|(at, found)| {
            // Longer names and methods are others.
            !code[at + found.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(')
        })
    };
    let mut all = Vec::new();
    keys("", &serde_json::to_value(Config::default()).expect("a tree"), &mut all);
    assert!(all.len() > 40, "the keys were found: {all:?}");
    let dead: Vec<&String> = all.iter().filter(|key| !key.split('.').skip(1).all(read)).collect();
    assert!(dead.is_empty(), "nobody reads {dead:?}");
}

#[test]
fn paths_that_documents_name_exist() {
    let mut named = 0;
    let top_level = std::fs::read_dir(root()).expect("a readable folder");
    let documents = top_level.map(|entry| entry.expect("a readable entry").path());
    for document in documents.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(&document).expect("a readable file");
        // Every second part stands between backticks.
        for path in text.split('`').skip(1).step_by(2) {
            let top = path.split_once('/').map_or("", |(top, _)| top);
            if FOLDERS.contains(&top) && !path.contains(char::is_whitespace) {
                named += 1;
                assert!(root().join(path).exists(), "{} names {path}", document.display());
            }
        }
    }
    assert!(named > 30, "the paths were found");
}

#[test]
fn sql_drivers_are_named_below_the_engines_alone() {
    let files = files_naming("sqlx");
    assert!(files.iter().all(|file| file.starts_with("shared/store/src/engines")), "{files:?}");
    assert!(!files.is_empty(), "the engines were found");
}

#[test]
fn one_file_of_the_roles_builds_http_clients() {
    let files: Vec<PathBuf> =
        files_naming("reqwest").into_iter().filter(|file| !file.starts_with("deploy")).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert!(files[0].starts_with("worker/connectors"), "{files:?}");
}

#[test]
fn files_say_what_they_are_and_stay_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX {
            wrong.push(format!("{} has {lines} lines, more than {FILE_LINES_MAX}", path.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not open with what it is", path.display()));
        }
        if text.lines().any(|line| line.trim_start().starts_with("#[ignore")) {
            wrong.push(format!("{} has a test that is not run", path.display()));
        }
        let vague = ["common", "helper", "helpers", "manager", "misc", "util", "utils"];
        if path.with_extension("").iter().any(|part| vague.iter().any(|name| part == *name)) {
            wrong.push(format!("{} has a name that says nothing", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

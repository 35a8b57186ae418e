//! `wanlink up` as a process: it serves, keeps its state through ends of all kinds, and shares its folder with nobody.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

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

/// A running `up` in `folder`, and where it listens. It is killed when the test ends.
struct Up {
    child: Child,
    url: String,
}

impl Up {
    fn start(folder: &Path) -> Self {
        let mut child = wanlink(folder)
            .args(["up", "--data-dir", "state", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("up starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let told: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
        let url = told["listening"].as_str().expect("an address").to_owned();
        Self { child, url }
    }

    /// A client command; the api answers it as soon as a conductor has.
    fn client(&self, folder: &Path, line: &str) -> Output {
        let arguments = line.split_whitespace().chain(["--url", &self.url]);
        wanlink(folder).args(arguments).output().expect("the executable runs")
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").arg(format!("-{signal}")).arg(self.child.id().to_string()).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_state_outlives_every_kind_of_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (signal, clean, command) in [
        ("TERM", true, "tenant create acme"),
        ("INT", true, "tenant show acme"),
        ("KILL", false, "site create vienna"),
        ("TERM", true, "site show vienna"),
    ] {
        let mut up = Up::start(folder);
        let output = up.client(folder, command);
        assert!(output.status.success(), "{command}: {}", text(&output));
        up.signal(signal);
        assert_eq!(up.child.wait().expect("it ends").success(), clean, "after {signal}");
    }
}

#[test]
fn a_folder_is_one_process_s_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let _up = Up::start(folder.path());
    let second = wanlink(folder.path())
        .args(["up", "--data-dir", "state", "--listen", "127.0.0.1:0"])
        .output()
        .expect("it runs");
    assert_eq!(second.status.code(), Some(3), "{}", text(&second));
    assert!(text(&second).contains("another process works in state"), "{}", text(&second));
}

#[test]
fn private_keys_are_their_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let _up = Up::start(folder.path());
    for (path, mode) in [("state", 0o700), ("state/keys", 0o700), ("state/keys/seal.private", 0o600)] {
        let found = std::fs::metadata(folder.path().join(path)).expect(path).permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}: {found:o}");
    }
}

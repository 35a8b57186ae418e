//! The demo's WAN controller: this executable once more, as an emulator, in a process of its own.
//!
//! It holds its end of a pipe: however the demo ends, the kernel closes the pipe and the emulator goes with it. It is
//! in a process group of its own, so that Ctrl-C reaches it only when the roles have stopped. Its password is drawn
//! once and kept in the data folder for the user alone.

use crate::exit::Failure;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use wanlink_emulator::LedgerView;
use wanlink_runtime::entropy::{Entropy as _, SystemEntropy};
use wanlink_runtime::shutdown::Shutdown;

/// The account's user at the controller.
pub const USER: &str = "demo";
const PASSWORD_FILE: &str = "controller.password";
/// Where it listened last.
const ADDRESS_FILE: &str = "controller.url";
const STATE_FILE: &str = "controller.jsonl";
const LOG_FILE: &str = "controller.log";
/// How long it may take to start; a long history is read back first.
const START_WAIT: Duration = Duration::from_secs(30);
const STOP_WAIT: Duration = Duration::from_secs(3);
const ASK_WAIT: Duration = Duration::from_secs(30);

/// The running controller.
#[derive(Debug)]
pub struct Controller {
    /// Where RESTCONF is, without a slash at the end.
    pub url: String,
    child: Child,
    /// Our end of its standard input; held here, for waiting for a child closes what the child still holds.
    pipe: Option<ChildStdin>,
    http: reqwest::Client,
}

impl Controller {
    /// Starts it with what it did in former runs, at its former address if that is still free: links whose
    /// controller has moved away are in error until they are looked at again.
    pub async fn start(folder: &Path) -> Result<Self, Failure> {
        let secret = ensure_password(folder)?;
        let address_file = folder.join(ADDRESS_FILE);
        let former = std::fs::read_to_string(&address_file).ok();
        let mut started = None;
        if let Some(former) = former.as_deref().and_then(|url| url.strip_prefix("http://")) {
            started = spawn(folder, &secret, former).await.ok();
        }
        let (mut child, url) = match started {
            Some(started) => started,
            None => spawn(folder, &secret, "127.0.0.1:0").await?,
        };
        std::fs::write(&address_file, &url)
            .map_err(|error| Failure::failed(format!("{}: {error}", address_file.display())))?;
        let http = reqwest::Client::builder().no_proxy().timeout(ASK_WAIT).build();
        let http = http.map_err(|error| fault("cannot be asked", &error))?;
        Ok(Self { url, pipe: child.stdin.take(), child, http })
    }

    /// Where a link's operational status is answered.
    pub fn probe_url(&self) -> String {
        format!("{}/probe/{{vpn_id}}", self.url)
    }

    /// What was ever written there, and what is there now.
    pub async fn ledger(&self) -> Result<LedgerView, Failure> {
        let fault = |error: reqwest::Error| Failure::failed(format!("the controller's ledger: {error}"));
        let answer = self.http.get(format!("{}/ledger", self.url)).send().await.map_err(fault)?;
        answer.error_for_status().map_err(fault)?.json().await.map_err(fault)
    }

    /// Waits for a signal; says so when the controller ends before.
    pub async fn until_asked(&mut self, signals: &mut Shutdown) {
        tokio::select! {
            biased;
            _ = signals.asked() => return,
            ended = self.child.wait() => eprintln!("the emulated controller ended by itself: {ended:?}"),
        }
        signals.asked().await;
    }

    /// Closes its pipe and waits for its end.
    pub async fn stop(mut self) {
        drop(self.pipe.take());
        if tokio::time::timeout(STOP_WAIT, self.child.wait()).await.is_err() {
            // It is killed when it is dropped.
            eprintln!("the emulated controller did not end by itself");
        }
    }
}

fn fault(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("the emulated controller {what}: {error}"))
}

/// A process that listens at `address`, and its base URL.
async fn spawn(folder: &Path, secret: &Path, address: &str) -> Result<(Child, String), Failure> {
    let log_file = folder.join(LOG_FILE);
    let log = std::fs::File::create(&log_file).map_err(|error| fault("has no log", &error))?;
    let program = std::env::current_exe().map_err(|error| fault("cannot be found", &error))?;
    let mut child = Command::new(program)
        .args(["emulator", "--until-stdin-closes", "--any-site", "--listen", address])
        .args(["--user", USER, "--password-file"])
        .arg(secret)
        .arg("--state")
        .arg(folder.join(STATE_FILE))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| fault("cannot be started", &error))?;
    let said = match child.stdout.take() {
        Some(stdout) => first_line(stdout).await,
        None => None,
    };
    match said {
        Some(url) => Ok((child, url)),
        None => {
            let log = std::fs::read_to_string(&log_file).unwrap_or_default();
            Err(fault("did not say where it listens", &log.trim()))
        }
    }
}

/// The address in the emulator's first line.
async fn first_line(stdout: tokio::process::ChildStdout) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines();
    let line = tokio::time::timeout(START_WAIT, lines.next_line()).await.ok()?.ok()??;
    let said: serde_json::Value = serde_json::from_str(&line).ok()?;
    said["listening"].as_str().map(str::to_owned)
}

/// The password's file, made at the first run.
fn ensure_password(folder: &Path) -> Result<PathBuf, Failure> {
    let path = folder.join(PASSWORD_FILE);
    let fault = |error: std::io::Error| Failure::failed(format!("{}: {error}", path.display()));
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => return Ok(path),
        Err(error) => return Err(fault(error)),
    };
    let drawn = format!("{:016x}{:016x}", SystemEntropy.bits(), SystemEntropy.bits());
    file.write_all(drawn.as_bytes()).and_then(|()| file.sync_all()).map_err(fault)?;
    Ok(path)
}

/// The password, for the account.
pub fn password(folder: &Path) -> Result<String, Failure> {
    let path = folder.join(PASSWORD_FILE);
    std::fs::read_to_string(&path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn the_password_is_drawn_once_and_for_the_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = ensure_password(folder.path()).expect("made");
        let first = password(folder.path()).expect("readable");
        assert_eq!(first.len(), 32);
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        ensure_password(folder.path()).expect("found");
        assert_eq!(password(folder.path()).expect("readable"), first);
    }
}

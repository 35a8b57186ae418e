//! The WAN controller of a test: the emulator as a process of its own, with its ledger and its faults.

use crate::process::Process;
use crate::wait::{SOON, wait_until};
use reqwest::Client;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use wanlink_emulator::{Action, Call, LedgerView, Rule};

pub const USER: &str = "wan";
/// Known to the controller and to the account, and to nobody who reads a log.
pub const PASSWORD: &str = "c0ntr0ller-s3cret";

/// One emulated controller.
#[derive(Debug)]
pub struct Controller {
    http: Client,
    base: String,
    _process: Process,
}

impl Controller {
    /// Starts it in `folder`; `build` is how long links are in BUILD.
    pub async fn start(folder: &Path, build: (Duration, Duration)) -> Self {
        let secret = folder.join("controller.password");
        std::fs::write(&secret, PASSWORD).expect("a password file");
        let (least, most) = (build.0.as_millis().to_string(), build.1.as_millis().to_string());
        let secret = secret.to_string_lossy();
        let arguments = ["--user", USER, "--password-file", &secret, "--any-site", "--build-min", &least];
        let arguments = [&arguments[..], &["--build-max", &most]].concat();
        let mut process = Process::new("controller", "wanlink-emulator", &arguments, folder);
        process.start();
        let base = wait_until("the controller's address", SOON, async || {
            let output = process.output();
            let line: Option<Value> = output.lines().find_map(|line| serde_json::from_str(line).ok());
            line.and_then(|line| line["listening"].as_str().map(str::to_owned)).ok_or(output)
        })
        .await;
        let http = Client::builder().no_proxy().build().expect("a client");
        Self { http, base, _process: process }
    }

    /// Where RESTCONF is, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.base
    }

    pub fn probe_url(&self) -> String {
        format!("{}/probe/{{vpn_id}}", self.base)
    }

    /// Where the probe tells of all links at once.
    pub fn probe_list_url(&self) -> String {
        format!("{}/probe", self.base)
    }

    /// Counts the reads of what has `path` in its path from now on: see [`Controller::fired_each`].
    pub async fn count_reads(&self, path: &str) {
        self.fault("GET", path, Action::DelayMs(0), None).await;
    }

    /// How often each rule has fired, in the order in which they were set.
    pub async fn fired_each(&self) -> Vec<u64> {
        let view: Value = self.read("/faults").await;
        view["rules"].as_array().into_iter().flatten().filter_map(|rule| rule["fired"].as_u64()).collect()
    }

    /// Takes a link's service away behind everyone's back.
    pub async fn vanish(&self, link: &str) {
        self.tell("/faults/vanish", json!({ "vpn-id": link })).await;
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, path: &str) -> T {
        let answer = self.http.get(format!("{}{path}", self.base)).send().await;
        let answer = answer.unwrap_or_else(|error| panic!("controller {path}: {error}"));
        answer.json().await.unwrap_or_else(|error| panic!("controller {path}: {error}"))
    }

    async fn tell(&self, path: &str, body: Value) {
        let sent = self.http.post(format!("{}{path}", self.base)).json(&body).send().await;
        let status = sent.unwrap_or_else(|error| panic!("controller {path}: {error}")).status();
        assert!(status.is_success(), "controller {path}: {status}");
    }

    /// What was ever written, and what is there now.
    pub async fn ledger(&self) -> LedgerView {
        self.read("/ledger").await
    }

    /// Every write of one link's service, in order.
    pub async fn calls_of(&self, link: &str) -> Vec<Call> {
        let (mut found, mut since) = (Vec::new(), 0);
        loop {
            let page: Vec<Call> = self.read(&format!("/ledger/calls?since={since}")).await;
            let Some(last) = page.last() else { return found };
            since = last.seq;
            found.extend(page.into_iter().filter(|call| call.path.contains(link)));
        }
    }

    /// From now on, requests of `method` whose path holds `path` meet `action`, at most `times`.
    pub async fn fault(&self, method: &str, path: &str, action: Action, times: Option<u64>) {
        let rule = Rule { times, ..Rule::on(method, path, action) };
        self.tell("/faults", json!([rule])).await;
    }

    /// How often faults have fired.
    pub async fn fired(&self) -> u64 {
        let view: Value = self.read("/faults").await;
        view["rules"].as_array().into_iter().flatten().filter_map(|rule| rule["fired"].as_u64()).sum()
    }

    pub async fn heal(&self) {
        let healed = self.http.delete(format!("{}/faults", self.base)).send().await;
        assert!(healed.is_ok_and(|answer| answer.status().is_success()), "the controller's faults stay");
    }

    /// The status that the probe gives a link from now on; `None`: its own.
    pub async fn force_status(&self, link: &str, status: Option<&str>) {
        self.tell("/faults/status", json!({ "vpn-id": link, "status": status })).await;
    }
}

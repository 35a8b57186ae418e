//! The whole way over mutual TLS, and who is turned away with which words.

use crate::Setup;
use crate::estate::{Estate, active_link, finished, link, link_becomes};
use crate::process::command;
use crate::system::System;
use serde_json::Value;

pub fn setup(_: &str) -> Setup {
    // The other kind of account queues than all other scenarios use, for the broker is this test's own.
    Setup { tls: true, keys: &[("message_broker.account_queues", "\"classic\"")], ..Setup::USUAL }
}

pub async fn a_link_comes_and_goes_over_mutual_tls_alone(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let made = active_link(&api, &link(100)).await;
    if let Some(database) = system.servers.as_ref().and_then(|servers| servers.database.as_ref()) {
        let (all, encrypted) = database.connections().await;
        assert!(all > 0 && all == encrypted, "{encrypted} of {all} connections are encrypted");
    }
    let deleted = api.accepted("DELETE", &format!("/v1/links/{}", made.link()), &Value::Null).await;
    finished(&api, &deleted.request).await;
    link_becomes(&api, made.link(), "DELETED").await;

    commands_are_turned_away(system);
    if system.servers.is_some() {
        the_database_is_not_trusted_blindly(system);
        the_broker_is_not_trusted_blindly(system);
    }
}

/// Runs a command to its end: its exit code, and what it said.
fn told(system: &System, arguments: &[&str]) -> (Option<i32>, String) {
    let ended = command("wanlink", system.folder.path()).args(arguments).output().expect("it runs");
    (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

fn commands_are_turned_away(system: &System) {
    let files = system.certificates.as_ref().expect("it speaks TLS");
    let list = |url: &str, ca: &str, identity: &str| {
        let (ca, cert, key) =
            (files.path(ca), files.path(&format!("{identity}.pem")), files.path(&format!("{identity}.key")));
        let mut line = vec!["--url", url, "--ca-file", &ca];
        if !identity.is_empty() {
            line.extend(["--cert", &cert, "--key", &key]);
        }
        line.extend(["site", "list"]);
        told(system, &line)
    };
    let url = system.api.bases()[0].clone();
    assert_eq!(list(&url, "ca.pem", "client").0, Some(0));
    let other_name = url.replace("127.0.0.1", "localhost");
    for (url, ca, identity, said) in [
        (url.as_str(), "ca.pem", "", "wants a client certificate"),
        (&url, "ca.pem", "stranger", "the server"),
        (&url, "stranger-ca.pem", "client", "nobody who is trusted here"),
        (&other_name, "ca.pem", "client", "for another name"),
    ] {
        let (exit, words) = list(url, ca, identity);
        assert!(exit == Some(6) && words.contains(said), "{said}: {exit:?} {words}");
    }
}

/// `migrate` needs the database alone, and a role's own connection is made the same way.
fn the_database_is_not_trusted_blindly(system: &System) {
    let files = system.certificates.as_ref().expect("it speaks TLS");
    let file = system.folder.path().join("migrate.toml").display().to_string();
    let migrate = |settings: &[String]| {
        let mut line = vec!["migrate", "--conf-file", &file];
        line.extend(settings.iter().flat_map(|setting| ["--set", setting.as_str()]));
        told(system, &line)
    };
    let configured = std::fs::read_to_string(&file).expect("the configuration");
    let url = configured.split('"').find(|it| it.starts_with("postgres://")).expect("an endpoint").to_owned();
    assert_eq!(migrate(&[]).0, Some(0));
    let setting = |key: &str, file: &str| format!("database.tls.{key}={}", files.path(file));
    for (settings, said) in [
        (vec![setting("ca", "stranger-ca.pem")], "nobody who is trusted here"),
        (vec![format!("database.endpoints={}", url.replace("127.0.0.1", "localhost"))], "for another name"),
        (vec![setting("certificate", "stranger.pem"), setting("key", "stranger.key")], "server"),
    ] {
        let (exit, words) = migrate(&settings);
        assert!(exit == Some(6) && words.contains(said), "{said}: {exit:?} {words}");
    }
    let (exit, words) = migrate(&[setting("key", "stranger.key")]);
    assert!(exit == Some(3) && words.contains("does not go with"), "{exit:?} {words}");
    let (exit, words) = migrate(&[format!("database.endpoints={url}?sslmode=require")]);
    assert!(exit == Some(3) && words.contains("verify-full") && !words.contains("postgres://"), "{words}");
}

/// What ends the start of a role; what only the broker can say is the engine's own test.
fn the_broker_is_not_trusted_blindly(system: &System) {
    let files = system.certificates.as_ref().expect("it speaks TLS");
    let file = system.folder.path().join("worker-0.toml").display().to_string();
    for (setting, said) in [
        (format!("message_broker.tls.key={}", files.path("stranger.key")), "does not go with"),
        (format!("message_broker.tls.ca={}", files.path("absent.pem")), "cannot be read"),
        ("message_broker.endpoints=amqp://127.0.0.1".to_owned(), "amqps://"),
    ] {
        let (exit, words) = told(system, &["worker", "--conf-file", &file, "--set", &setting]);
        assert!(exit == Some(3) && words.contains(said), "{said}: {exit:?} {words}");
    }
}

//! What a system tells of itself: figures that move as they must, and a request that is followed to its controller.

use crate::Setup;
use crate::client::Accepted;
use crate::estate::{Estate, finished, link, link_becomes};
use crate::figures::Figures;
use crate::system::System;
use crate::wait::{SOON, holds, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;
use wanlink_emulator::{Action, Answer};

pub fn setup(scenario: &str) -> Setup {
    let watched = Setup {
        watched: true,
        keys: &[("telemetry.otlp.sample", "0.0"), ("conductor.census_interval", "\"200ms\"")],
        ..Setup::USUAL
    };
    if scenario.contains("thousand") {
        return Setup { max_in_flight: 64, build: (Duration::ZERO, Duration::ZERO), ..watched };
    }
    watched
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Who makes which span below which other one.
const TREE: &[(&str, &str, &str)] = &[
    ("wanlink-api", "POST /v1/links", "caller"),
    ("wanlink-api", "journal publish", "POST /v1/links"),
    ("wanlink-conductor", "journal record", "journal publish"),
    ("wanlink-worker", "prompt wait", "journal publish"),
    ("wanlink-worker", "claim", "journal publish"),
    ("wanlink-conductor", "claim judge", "claim"),
    ("wanlink-worker", "attempt CREATE", "journal publish"),
    ("wanlink-worker", "ietf_l2sm ensure", "attempt CREATE"),
    ("wanlink-worker", "PUT", "ietf_l2sm ensure"),
    ("wanlink-conductor", "report apply", "attempt CREATE"),
    ("wanlink-worker", "poll", "journal publish"),
    ("wanlink-worker", "ietf_l2sm observe", "poll"),
    ("wanlink-conductor", "report apply", "poll"),
    ("wanlink-conductor", "event publish", "journal publish"),
];

pub async fn a_request_is_followed_to_its_controller(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    let headers = [("content-type", "application/json"), ("traceparent", traceparent.as_str())];
    let answer = api.send_raw("POST", "/v1/links", &headers, link(100).to_string().into_bytes()).await;
    let answer = answer.unwrap_or_else(|error| panic!("{error}"));
    let told = answer.header("traceparent").expect("the answer says where the call stands").to_owned();
    let accepted = Accepted::of(answer);
    let id = accepted.link().to_owned();
    link_becomes(&api, &id, "ACTIVE").await;

    let collector = system.collector.as_ref().expect("a watched system");
    let spans = wait_until("the whole trace", SOON, async || {
        let spans = collector.spans_of(TRACE);
        let mut names: BTreeMap<&str, &str> =
            spans.iter().map(|span| (span.span_id.as_str(), span.name.as_str())).collect();
        names.insert(CALLER, "caller");
        let seen: Vec<(&str, &str, &str)> = spans
            .iter()
            .map(|span| {
                let parent = names.get(span.parent_span_id.as_str()).copied().unwrap_or("not there");
                (span.service.as_str(), span.name.as_str(), parent)
            })
            .collect();
        let whole = TREE.iter().all(|wanted| seen.contains(wanted));
        let orphan = seen.iter().any(|(_, _, parent)| *parent == "not there");
        holds(whole && !orphan, || format!("{seen:#?}")).map(|()| spans.clone())
    })
    .await;

    let call = spans.iter().find(|span| span.name == "POST /v1/links").expect("just seen");
    assert_eq!(told, format!("00-{TRACE}-{}-01", call.span_id));
    let attempt = spans.iter().find(|span| span.name == "attempt CREATE").expect("just seen");
    assert_eq!(attempt.attribute("wanlink.link"), Some(id.as_str()));
    assert_eq!(attempt.attribute("wanlink.action"), Some(accepted.actions[0].as_str()));
    for span in &spans {
        let (start, end) = span.times();
        assert!(start > 0 && start <= end, "{span:?}");
    }
    // Every write that the controller saw carries the span that it was made in.
    let calls = system.controller.calls_of(&id).await;
    assert!(!calls.is_empty(), "the controller was called");
    for call in calls {
        let seen = call.traceparent.expect("a traced call says so");
        let made = spans.iter().any(|span| seen == format!("00-{TRACE}-{}-01", span.span_id));
        assert!(made, "{seen} belongs to none of {spans:#?}");
    }

    // Nobody asked for this one to be recorded.
    let silent = api.accepted("POST", "/v1/links", &link(101)).await;
    link_becomes(&api, silent.link(), "ACTIVE").await;
    assert!(system.controller.calls_of(silent.link()).await.iter().all(|call| call.traceparent.is_none()));
    assert_eq!(collector.traces().into_iter().collect::<Vec<_>>(), [TRACE]);
}

pub async fn figures_move_as_they_must(system: &mut System, _: &Estate) {
    for (path, bases) in [("/healthz", &system.monitors), ("/readyz", &system.monitors)] {
        for base in bases {
            wait_until(&format!("{base}{path} to be 200"), SOON, async || {
                let answer = system.http.get(format!("{base}{path}")).send().await;
                let status =
                    answer.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())?;
                holds(status == 200, || status.to_string())
            })
            .await;
        }
    }
    let api = system.api.clone();
    let before = system.figures().await;
    let made = api.accepted("POST", "/v1/links", &link(100)).await;
    link_becomes(&api, made.link(), "ACTIVE").await;
    let refusal =
        Answer { code: 400, error_tag: Some("invalid-value".into()), body: None, retry_after: None };
    system.controller.fault("PUT", "vpn-service=", Action::Status(refusal), Some(1)).await;
    let refused = api.accepted("POST", "/v1/links", &link(101)).await;
    assert_eq!(finished(&api, &refused.request).await["failed"], 1);

    // What is announced is counted when it is announced, and what waits once in a while.
    let after = wait_until("the ends to be counted", SOON, async || {
        let after = system.figures().await;
        let grown = |name: &str, labels: &[&str]| after.sum(name, labels) - before.sum(name, labels);
        let ended = ["DONE", "FAILED"].map(|state| {
            grown("wanlink_actions_ended_total", &["kind=\"CREATE\"", &format!("state=\"{state}\"")])
        });
        let waiting = after.sum("wanlink_actions_unfinished", &[]);
        holds(ended == [1.0, 1.0] && waiting == 0.0, || format!("{ended:?}, {waiting} unfinished"))
            .map(|()| after.clone())
    })
    .await;
    let grown = |name: &str, labels: &[&str]| after.sum(name, labels) - before.sum(name, labels);
    let posts = ["method=\"POST\"", "route=\"/v1/links\"", "status=\"2xx\""];
    assert_eq!(grown("wanlink_http_requests_total", &posts), 2.0);
    assert_eq!(grown("wanlink_http_request_duration_seconds_count", &["method=\"POST\""]), 2.0);
    assert_eq!(grown("wanlink_requests_total", &["outcome=\"accepted\""]), 2.0);
    assert_eq!(grown("wanlink_journal_words_total", &["word=\"journaled\""]), 2.0);
    let attempts = |outcome: &str| {
        grown("wanlink_attempts_total", &["connector=\"ietf_l2sm\"", "kind=\"CREATE\"", outcome])
    };
    assert_eq!((attempts("outcome=\"refused\""), attempts("outcome=\"unknown\"")), (1.0, 0.0));
    assert!(attempts("outcome=") >= 2.0, "{after:?}");
    for (name, labels, least) in [
        ("wanlink_verdicts_total", ["verdict=\"run\""].as_slice(), 2.0),
        ("wanlink_claims_answered_total", &["verdict=\"run\""], 2.0),
        ("wanlink_reports_total", &["fate=\"applied\""], 2.0),
        ("wanlink_events_published_total", &["kind=\"action.ended\""], 2.0),
        ("wanlink_events_published_total", &["kind=\"link.status\""], 2.0),
        ("wanlink_outbox_lag_seconds_count", &[], 4.0),
        ("wanlink_messages_total", &["queue=\"journal\""], 2.0),
        ("wanlink_batch_messages_count", &["queue=\"reports\""], 1.0),
        ("wanlink_controller_call_duration_seconds_count", &["operation=\"ensure\"", "class=\"ok\""], 1.0),
        (
            "wanlink_controller_call_duration_seconds_count",
            &["operation=\"ensure\"", "class=\"invalid\""],
            1.0,
        ),
    ] {
        let grown = grown(name, labels);
        assert!(grown >= least, "{name}{labels:?} grew by {grown}, not by {least}: {after:#?}");
    }
    assert!(after.sum("wanlink_accounts", &["lease=\"held\""]) >= 1.0, "{after:?}");
    assert_eq!(after.sum("wanlink_leases_held", &[]), 1.0);
    for role in ["api", "conductor", "worker"] {
        assert!(after.sum("wanlink_ready", &[&format!("role=\"{role}\"")]) >= 1.0, "{role}: {after:?}");
    }
}

pub async fn a_thousand_links_make_no_new_series(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let first = api.accepted("POST", "/v1/links", &json!({ "links": [link(100), link(101)] })).await;
    finished(&api, &first.request).await;
    let before = system.figures().await;
    let links: Vec<Value> = (0..1_000).map(|n| link(1_000 + n)).collect();
    let accepted = api.accepted("POST", "/v1/links", &json!({ "links": links })).await;
    let path = format!("/v1/requests/{}", accepted.request);
    wait_until("a thousand links", Duration::from_secs(240), async || {
        let request = api.try_get(&path).await?;
        holds(request["done"] == 1_000, || request["done"].to_string())
    })
    .await;
    let after = system.figures().await;
    let ids = [&accepted.links, &accepted.actions, &estate.accounts, &estate.tenants];
    for series in after.series() {
        let named = ids.iter().copied().flatten().find(|id| series.contains(id.as_str()));
        assert_eq!(named, None, "{series} names one of many");
    }
    // A verdict or a class that was not met before may appear for the first time: each has a few series at most.
    let count = |figures: &Figures| figures.series().count();
    let (few, many) = (count(&before), count(&after));
    assert!(many < few + 100, "{few} series became {many}");
}

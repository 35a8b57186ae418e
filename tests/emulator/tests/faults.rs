//! Faults on demand: what the client sees, and what nevertheless happened.

mod client;

use client::*;
use serde_json::{Value, json};
use std::time::Duration;
use wanlink_emulator::{Action, Answer, Rule};

const PUT_SERVICE: &str = "vpn-service=";

#[tokio::test]
async fn a_cut_before_does_nothing_and_a_cut_after_does_it() {
    let (handle, caller) = start(options()).await;
    let (path, body) = (service_path("l1"), service("l1"));
    caller.fault(&[Rule::on("PUT", PUT_SERVICE, Action::CutBefore).times(1)]).await;
    assert!(caller.try_send("PUT", &path, &body).await.is_err(), "the connection was closed");
    assert_eq!(caller.ledger().await.seq, 0);
    caller.fault(&[Rule::on("PUT", PUT_SERVICE, Action::CutAfter).times(1)]).await;
    assert!(caller.try_send("PUT", &path, &body).await.is_err(), "the connection was closed");
    assert_eq!(caller.ledger().await.services["l1"].service.creates, 1);
    assert_eq!(caller.send("PUT", &path, &body).await.status, 204, "the retry meets its own work");
    let calls = caller.get("/ledger/calls").await.body;
    assert_eq!((&calls[0]["answered"], &calls[1]["answered"]), (&json!(false), &json!(true)));
    let rules = caller.get("/faults").await.body;
    assert_eq!((&rules["rules"][0]["fired"], &rules["rules"][1]["fired"]), (&json!(1), &json!(1)));
    handle.stop().await;
}

#[tokio::test]
async fn answers_can_be_made_up() {
    let (handle, caller) = start(options()).await;
    let made_up = |code, error_tag: Option<&str>, body, retry_after| {
        let answer = Answer { code, error_tag: error_tag.map(str::to_owned), body, retry_after };
        Rule::on("PUT", PUT_SERVICE, Action::Status(answer)).times(1)
    };
    let cases = [
        (Rule::on("PUT", "", Action::LockDenied).times(1), "409 lock-denied -", None),
        (Rule::on("PUT", "", Action::RetryAfter(7)).times(1), "429 resource-denied -", Some("7")),
        (made_up(412, Some("operation-failed"), None, None), "412 operation-failed -", None),
        (made_up(503, None, Some(json!("<html>busy</html>")), Some(1)), "503 - -", Some("1")),
        (made_up(500, None, Some(json!({})), None), "500 - -", None),
        (made_up(504, None, None, None), "504 - -", None),
    ];
    for (rule, expect, retry_after) in cases {
        caller.fault(std::slice::from_ref(&rule)).await;
        let answer = caller.send("PUT", &service_path("l1"), &service("l1")).await;
        assert_eq!(answer.summary(), expect, "{rule:?}");
        assert_eq!(answer.headers.get("retry-after").and_then(|value| value.to_str().ok()), retry_after);
    }
    assert_eq!(caller.ledger().await.seq, 0);
    assert_eq!(caller.send("PUT", &service_path("l1"), &service("l1")).await.status, 201, "used up");
    handle.stop().await;
}

#[tokio::test]
async fn garbage_and_floods_come_with_a_good_status() {
    let (handle, caller) = start(options()).await;
    caller.create_link("l1").await;
    caller.fault(&[Rule::on("GET", PUT_SERVICE, Action::Garbage).times(1)]).await;
    let garbage = caller.http.get(format!("{}{TREE}{}", caller.base, service_path("l1"))).send().await;
    let garbage = garbage.expect("an answer");
    assert_eq!(garbage.status(), 200);
    let bytes = garbage.bytes().await.expect("bytes");
    assert!(serde_json::from_slice::<Value>(&bytes).is_err());

    caller.fault(&[Rule::on("GET", PUT_SERVICE, Action::Huge).times(1)]).await;
    let url = format!("{}{TREE}{}", caller.base, service_path("l1"));
    let mut huge = caller.http.get(url).send().await.expect("an answer");
    assert_eq!((huge.status().as_u16(), huge.content_length()), (200, None));
    let mut length = 0;
    while let Some(chunk) = huge.chunk().await.expect("a chunk") {
        length += chunk.len();
    }
    assert!(length >= 30_000_000, "{length}");
    handle.stop().await;
}

#[tokio::test]
async fn a_hanging_call_ends_with_its_client_and_holds_up_no_stop() {
    let (handle, caller) = start(options()).await;
    caller.fault(&[Rule::on("PUT", "vpn-service=before", Action::Hang)]).await;
    caller.fault(&[Rule::on("PUT", "vpn-service=after", Action::HangAfter)]).await;
    for id in ["before", "after"] {
        let (path, body) = (service_path(id), service(id));
        let hanging = caller.try_send("PUT", &path, &body);
        assert!(tokio::time::timeout(Duration::from_millis(300), hanging).await.is_err(), "{id}");
    }
    assert_eq!(caller.ledger().await.present, ["after"]);
    let (path, body) = (service_path("before"), service("before"));
    let hanging = caller.try_send("PUT", &path, &body);
    let stopping = async {
        until("it hangs", || async { caller.get("/faults").await.body["rules"][0]["fired"] == 2 }).await;
        handle.stop().await;
    };
    let (outcome, ()) = tokio::time::timeout(PATIENCE, async { tokio::join!(hanging, stopping) })
        .await
        .expect("a stop does not wait for it");
    assert!(outcome.is_err());
}

#[tokio::test]
async fn delays_hold_a_call_up_and_probabilities_repeat_themselves() {
    let (handle, caller) = start(options()).await;
    caller.fault(&[Rule::on("GET", "/probe/", Action::DelayMs(250))]).await;
    let probing = caller.probe("l1");
    assert!(tokio::time::timeout(Duration::from_millis(100), probing).await.is_err(), "held up");
    let cleared = caller.http.delete(format!("{}/faults", caller.base)).send().await.expect("an answer");
    assert_eq!(cleared.status(), 204);

    let mut runs = Vec::new();
    for _ in 0..2 {
        let mut rule = Rule::on("GET", PUT_SERVICE, Action::LockDenied);
        (rule.probability, rule.seed) = (Some(0.5), Some(11));
        caller.fault(&[rule]).await;
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(caller.send("GET", &service_path("l1"), &Value::Null).await.status);
        }
        assert!(statuses.contains(&409) && statuses.contains(&404), "{statuses:?}");
        runs.push(statuses);
        caller.http.delete(format!("{}/faults", caller.base)).send().await.expect("an answer");
    }
    assert_eq!(runs[0], runs[1]);
    handle.stop().await;
}

#[tokio::test]
async fn a_write_can_stay_out_of_sight_for_a_while() {
    let (handle, caller) = start(options()).await;
    caller.fault(&[Rule::on("PUT", PUT_SERVICE, Action::NotVisibleMs(400)).times(1)]).await;
    caller.create_link("l1").await;
    assert_eq!(caller.send("GET", &service_path("l1"), &Value::Null).await.status, 404);
    assert_eq!(caller.send("GET", "/vpn-services", &Value::Null).await.status, 404);
    assert_eq!(caller.probe("l1").await.0, 404);
    assert_eq!(
        caller.send("PUT", &service_path("l1"), &service("l1")).await.status,
        204,
        "it is there all the same"
    );
    until("it shows", || async { caller.send("GET", &service_path("l1"), &Value::Null).await.status == 200 })
        .await;
    handle.stop().await;
}

#[tokio::test]
async fn services_vanish_and_foreign_ones_appear_without_an_entry() {
    let (handle, caller) = start(options()).await;
    caller.create_link("l1").await;
    let before = caller.ledger().await;
    assert_eq!(caller.post("/faults/vanish", &json!({"vpn-id": "l1"})).await.status, 204);
    assert_eq!(caller.post("/faults/vanish", &json!({"vpn-id": "l1"})).await.status, 404);
    assert_eq!(caller.send("GET", &access_path("DC1", "l1-1"), &Value::Null).await.status, 404);
    assert_eq!(caller.post("/faults/foreign", &json!({"vpn-id": "theirs"})).await.status, 204);
    let after = caller.ledger().await;
    assert_eq!((after.totals, after.present), (before.totals, vec!["theirs".to_owned()]));
    let theirs = caller.send("GET", &service_path("theirs"), &Value::Null).await;
    assert_eq!(theirs.body["ietf-l2vpn-svc:vpn-service"][0]["customer-name"], "somebody-else");
    handle.stop().await;
}

#[tokio::test]
async fn rules_that_cannot_be_are_refused() {
    let (handle, caller) = start(options()).await;
    for rules in [
        json!([{"action": {"status": {"code": 99}}}]),
        json!([{"action": "hang", "probability": 2.0}]),
        json!([{"action": "explode"}]),
        json!([{"times": 1}]),
        json!({"action": "hang"}),
    ] {
        let status = caller.post("/faults", &rules).await.status;
        assert!((400..500).contains(&status), "{rules}: {status}");
    }
    assert_eq!(caller.get("/faults").await.body["rules"], json!([]));
    handle.stop().await;
}

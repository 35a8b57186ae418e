//! Controllers that misbehave: bounded, classified, tried again or failed, and what they said is kept.

use crate::Setup;
use crate::client::text;
use crate::estate::{
    Estate, account_becomes, actions_of, active_link, finished, link, link_becomes, summary,
};
use crate::system::System;
use crate::wait::{SOON, holds, wait_until};
use serde_json::{Value, json};
use wanlink_emulator::{Action, Answer};

pub fn setup(scenario: &str) -> Setup {
    if scenario.contains("fails_for_good") {
        return Setup { keys: &[("retry.budget", "\"2s\"")], ..Setup::USUAL };
    }
    Setup::USUAL
}

/// One link while `method` on `path` meets a fault once; it must end ACTIVE, and be made once.
async fn mended(system: &System, vlan: u64, method: &str, path: &str, action: Action) {
    system.controller.fault(method, path, action.clone(), Some(1)).await;
    let accepted = active_link(&system.api, &link(vlan)).await;
    assert_eq!(system.controller.fired().await, 1, "{action:?} on {method} {path} was met");
    system.controller.heal().await;
    let entry = system.controller.ledger().await.services[accepted.link()];
    assert_eq!((entry.service.creates, entry.accesses.creates), (1, 2), "{action:?} on {method} {path}");
}

pub async fn answers_that_cannot_be_read_are_looked_at_again(system: &mut System, _: &Estate) {
    // Written, and then: no JSON, 30 MB, or a closed connection.
    for (vlan, action) in
        [(100, Action::Garbage), (101, Action::Huge), (102, Action::CutAfter), (103, Action::CutBefore)]
    {
        mended(system, vlan, "PUT", "vpn-service=", action).await;
    }
    for (vlan, action) in [(110, Action::Garbage), (111, Action::Huge), (112, Action::CutAfter)] {
        mended(system, vlan, "GET", "vpn-service=", action.clone()).await;
        mended(system, vlan + 10, "GET", "/probe/", action).await;
    }
}

pub async fn answers_that_never_come_are_looked_at_again(system: &mut System, _: &Estate) {
    mended(system, 100, "PUT", "vpn-service=", Action::HangAfter).await;
    mended(system, 101, "PUT", "site-network-access=", Action::Hang).await;
    mended(system, 102, "GET", "/probe/", Action::Hang).await;
}

pub async fn a_refusal_is_kept_as_it_was_said(system: &mut System, _: &Estate) {
    let api = &system.api;
    let said = json!("<html><body>No pseudowires left in region EAST</body></html>");
    let refusal = Answer { code: 403, error_tag: None, body: Some(said), retry_after: None };
    let tagged =
        Answer { code: 409, error_tag: Some("resource-denied".into()), body: None, retry_after: None };
    for (vlan, answer, words) in
        [(100, refusal, ["403", "region EAST"]), (101, tagged, ["409", "resource-denied"])]
    {
        system.controller.fault("PUT", "vpn-service=", Action::Status(answer), Some(1)).await;
        let accepted = api.accepted("POST", "/v1/links", &link(vlan)).await;
        // Whatever a status means for what comes next, the record keeps what the controller said.
        wait_until("the controller's words to be on record", SOON, async || {
            let action = api.get(&format!("/v1/actions/{}", accepted.actions[0])).await;
            let record = action.to_string();
            holds(words.iter().all(|word| record.contains(word)), || record)
        })
        .await;
        finished(api, &accepted.request).await;
        system.controller.heal().await;
    }
}

pub async fn a_controller_that_fails_for_good_fails_the_link(system: &mut System, _: &Estate) {
    let api = &system.api;
    let broken =
        Answer { code: 500, error_tag: None, body: Some(json!("disk full on ctl-7")), retry_after: None };
    system.controller.fault("PUT", "vpn-service=", Action::Status(broken), None).await;
    let accepted = api.accepted("POST", "/v1/links", &link(100)).await;
    let request = finished(api, &accepted.request).await;
    assert_eq!(request["failed"], 1, "{request}");
    let link = link_becomes(api, accepted.link(), "ERROR").await;
    let detail = text(&link["status_reason"], "detail");
    assert!(detail.contains("500") && detail.contains("disk full on ctl-7"), "{link}");
    let action = &actions_of(api, accepted.link()).await[0];
    assert_eq!(summary(action), "CREATE FAILED");
    assert!(action["attempt"].as_i64().is_some_and(|attempts| attempts > 1), "it was tried again: {action}");

    system.controller.heal().await;
    api.accepted("POST", &format!("/v1/links/{}/retry", accepted.link()), &Value::Null).await;
    link_becomes(api, accepted.link(), "ACTIVE").await;
}

pub async fn refused_credentials_hold_the_work_until_they_are_right(system: &mut System, estate: &Estate) {
    let api = system.api.clone();
    let account = format!("/v1/accounts/{}", estate.accounts[0]);
    let wrong = json!({ "password": "wr0ng-s3cret" });
    api.send("PATCH", &account, &wrong).await.expect(200);
    let shown = account_becomes(&api, &estate.accounts[0], "status", "ERROR").await;
    assert_eq!(shown["status_reason"]["code"], "controller-auth", "{shown}");
    let accepted = api.accepted("POST", "/v1/links", &link(100)).await;

    let right = json!({ "password": crate::controller::PASSWORD });
    api.send("PATCH", &account, &right).await.expect(200);
    account_becomes(&api, &estate.accounts[0], "status", "REACHABLE").await;
    link_becomes(&api, accepted.link(), "ACTIVE").await;
    system.assert_nowhere(&["wr0ng-s3cret", crate::controller::PASSWORD]).await;
}

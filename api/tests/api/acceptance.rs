//! Acceptance: what is published for a link, what is answered, and what a repeated call does (P5, P7, P11; races 1
//! to 4 and 21).

use crate::world::{World, end, link};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use wanlink_broker::port::{PublishError, Queue};
use wanlink_domain::action::ActionKind;
use wanlink_domain::ids::{AccountId, LinkId};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::{Code, Reason};
use wanlink_wire::Message;
use wanlink_wire::journal::Change;

/// Short, for tests in which no word comes.
const WORD_WAIT: Duration = Duration::from_millis(100);

fn links(world: &World) -> Vec<LinkId> {
    world.record.tables().links.keys().copied().collect()
}

#[tokio::test]
async fn a_link_is_one_message_to_the_journal_and_a_prompt_beside_it() {
    let world = World::start().await;
    world.furnish().await;
    let reply = world.post("/v1/links", &link()).await.is(202);
    let journaled = world.control.journaled();
    assert_eq!((journaled.len(), world.control.prompts()), (1, 1));
    let action = &journaled[0].actions[0];
    assert_eq!(reply.header("location"), format!("/v1/requests/{}", journaled[0].id));
    assert_eq!(reply.body["journaled"], true);
    let listed = json!([{"id": action.id, "link": action.link_id, "kind": "CREATE", "state": "SCHEDULED"}]);
    assert_eq!(reply.body["actions"], listed);
    assert!(matches!(&action.change, Change::New { name, .. } if name == "ab"));
    assert_eq!(journaled[0].not_after, None, "a durable broker keeps what it confirmed");
    let (queue, prompt) =
        world.control.published().into_iter().find(|(_, it)| matches!(it, Message::Prompt(_))).unwrap();
    assert_eq!(queue, Queue::Account(action.account_id));
    let Message::Prompt(prompt) = prompt else { unreachable!() };
    assert_eq!((prompt.request, prompt.action), (journaled[0].id, action.id));

    let shown = world.get(&format!("/v1/links/{}", action.link_id)).await.is(200);
    assert_eq!(
        (&shown.body["status"], &shown.body["bandwidth_kbps"]),
        (&json!("SCHEDULED_CREATION"), &json!(1000))
    );
    assert!(!shown.text.contains("opaque"), "a connector's notes are its own");
    let request = world.get(reply.header("location")).await.is(200);
    assert_eq!((&request.body["total"], &request.body["open"]), (&json!(1), &json!(1)));
    assert_eq!(request.body["actions"][0]["id"], json!(action.id));
    world.stop().await;
}

#[tokio::test]
async fn calls_at_once_are_each_told_of_their_own_request_however_they_travel() {
    const CALLS: usize = 12;
    let world = World::start().await;
    world.furnish().await;
    let gate = Arc::new(Semaphore::new(0));
    *world.control.journal_gate.lock().unwrap() = Some(gate.clone());
    let (path, body) = ("/v1/links", link());
    let calls = futures::future::join_all((0..CALLS).map(|_| world.post(path, &body)));
    let open = async {
        while world.control.bundles().is_empty() {
            tokio::task::yield_now().await;
        }
        gate.add_permits(CALLS);
    };
    let (replies, ()) = futures::join!(calls, open);
    let mut told: Vec<String> =
        replies.into_iter().map(|reply| reply.is(202).header("location").to_owned()).collect();
    told.sort();
    let journaled = world.control.journaled();
    let mut sent: Vec<String> = journaled.iter().map(|it| format!("/v1/requests/{}", it.id)).collect();
    sent.sort();
    assert_eq!(told, sent, "each call is told of its own request");
    assert_eq!(world.control.bundles().into_iter().sum::<usize>(), CALLS);
    assert_eq!((world.control.prompts(), links(&world).len()), (CALLS, CALLS));
    world.stop().await;
}

#[tokio::test]
async fn a_list_of_links_is_one_request_accepted_whole_or_not_at_all() {
    let world = World::start_with(|settings| settings.actions_max = 3).await;
    world.furnish().await;
    let pair = |from: &str, to: &str| json!({"endpoints": [end(from), end(to)]});
    let body = json!({"tenant": "acme", "links": [pair("a", "b"), pair("b", "c"), pair("a", "c")]});
    let reply = world.post("/v1/links", &body).await.is(202);
    assert_eq!(reply.body["actions"].as_array().unwrap().len(), 3);
    assert_eq!((world.control.journaled().len(), world.control.prompts()), (1, 3));
    assert_eq!(links(&world).len(), 3);

    let broken = json!({"endpoints": [end("a"), {"site": "b", "port": {"switch": "::", "port": 1}}]});
    let body = json!({"tenant": "acme", "links": [pair("a", "b"), broken, {"endpoints": []}]});
    let reply = world.post("/v1/links", &body).await.is(400);
    let pointers: Vec<&str> =
        reply.body["errors"].as_array().unwrap().iter().map(|it| it["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/links/1/endpoints/1/port/switch", "/links/2/endpoints"]);
    let body = json!({"tenant": "acme", "links": vec![pair("a", "b"); 4]});
    assert_eq!(world.post("/v1/links", &body).await.is(400).body["errors"][0]["pointer"], "/links");
    assert_eq!((world.control.journaled().len(), links(&world).len()), (1, 3));
    world.stop().await;
}

#[tokio::test]
async fn a_networks_name_stands_for_its_place() {
    let world = World::start().await;
    world.furnish().await;
    let body = json!({"tenant": "acme", "endpoints": [{"network": "acme-a"}, end("b")]});
    world.post("/v1/links", &body).await.is(202);
    let id = world.get("/v1/networks/acme-a?tenant=acme").await.id();
    let body = json!({"tenant": "acme", "endpoints": [{"network": id}, end("c")]});
    world.post("/v1/links", &body).await.is(202);
    let body = json!({"tenant": "acme", "endpoints": [{"network": "nope"}, end("c")]});
    let reply = world.post("/v1/links", &body).await.is(400);
    assert_eq!(reply.body["errors"][0]["pointer"], "/endpoints/0/network");
    world.stop().await;
}

#[tokio::test]
async fn a_repeated_call_is_the_same_request_and_another_body_is_refused() {
    let world = World::start().await;
    world.furnish().await;
    let first = world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    let published = world.control.published().len();
    let again = world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    assert_eq!((&first.body, first.header("location")), (&again.body, again.header("location")));
    assert_eq!(world.control.published().len(), published, "answered from the record");
    let mut other = link();
    other["bandwidth_kbps"] = json!(2000);
    assert_eq!(world.keyed("POST", "/v1/links", "k", &other).await.is(422).code(), "key-conflict");
    let fresh = world.post("/v1/links", &link()).await.is(202);
    assert_ne!(fresh.body["request"]["id"], first.body["request"]["id"]);
    world.stop().await;
}

#[tokio::test]
async fn a_repeat_that_overtakes_the_record_gets_the_same_ids() {
    let world = World::start_with(|settings| settings.word_wait = WORD_WAIT).await;
    world.furnish().await;
    world.script(|script| script.silent_journal = true);
    let first = world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    assert_eq!(first.body["journaled"], false);
    world.script(|script| script.silent_journal = false);
    let again = world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    assert_eq!(again.body["journaled"], true);
    assert_eq!((&first.body["actions"], links(&world).len()), (&again.body["actions"], 1));
    world.stop().await;
}

#[tokio::test]
async fn a_conflict_that_only_the_journal_sees_is_422() {
    let world = World::start_with(|settings| settings.word_wait = WORD_WAIT).await;
    world.furnish().await;
    let (good, mut other) = (link(), link());
    other["bandwidth_kbps"] = json!(7);
    let (one, two) = futures::join!(
        world.keyed("POST", "/v1/links", "k", &good),
        world.keyed("POST", "/v1/links", "k", &other)
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 422]);
    assert_eq!(links(&world).len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn what_the_journal_refuses_is_the_answer() {
    let world = World::start().await;
    world.furnish().await;
    let problem = Reason::new(Code::AccountNotReady, "the account is being deleted");
    world.script(|script| script.refuse = Some(problem));
    for _ in 0..2 {
        let reply = world.keyed("POST", "/v1/links", "k", &link()).await.is(409);
        assert_eq!(reply.code(), "account-not-ready");
    }
    assert_eq!(world.control.journaled().len(), 1, "the refusal is on record");
    world.stop().await;
}

#[tokio::test]
async fn without_the_word_a_durable_broker_s_confirm_is_enough_and_another_s_is_not() {
    let world = World::start_with(|settings| settings.word_wait = WORD_WAIT).await;
    world.furnish().await;
    world.script(|script| script.silent_journal = true);
    assert_eq!(world.post("/v1/links", &link()).await.is(202).body["journaled"], false);
    *world.control.durable.lock().unwrap() = false;
    let reply = world.post("/v1/links", &link()).await.is(503);
    let request = world.control.journaled().pop().unwrap();
    assert_eq!(
        (reply.code(), reply.header("location")),
        ("outcome-unknown", &*format!("/v1/requests/{}", request.id))
    );
    assert!(request.not_after.is_some_and(|until| until >= request.accepted_at.after(WORD_WAIT)));
    world.stop().await;
}

#[tokio::test]
async fn a_publish_that_was_not_taken_is_unavailable_and_one_without_a_confirm_is_unknown() {
    let world = World::start().await;
    world.furnish().await;
    for (error, code) in [
        (PublishError::Returned, "unavailable"),
        (PublishError::Refused, "unavailable"),
        (PublishError::Unavailable("cut".to_owned()), "unavailable"),
        (PublishError::Unknown("cut".to_owned()), "outcome-unknown"),
    ] {
        *world.control.fault.lock().unwrap() = Some((Queue::Journal, error));
        let reply = world.keyed("POST", "/v1/links", "k", &link()).await.is(503);
        assert_eq!(reply.code(), code);
        assert!(!reply.header("retry-after").is_empty());
        assert_eq!(!reply.header("location").is_empty(), code == "outcome-unknown");
    }
    assert_eq!(world.control.prompts(), 0, "nothing is prompted for what is not accepted");
    *world.control.fault.lock().unwrap() = None;
    world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    assert_eq!(links(&world).len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn race_1_a_confirm_that_is_lost_and_a_client_that_repeats_make_one_request() {
    let world = World::start().await;
    world.furnish().await;
    *world.control.confirm_lost.lock().unwrap() = true;
    let first = world.keyed("POST", "/v1/links", "k", &link()).await;
    // The word may be there already; where it is not, nobody can tell.
    assert!(first.status.as_u16() == 202 || first.code() == "outcome-unknown", "{}", first.text);
    let location = first.header("location").to_owned();
    *world.control.confirm_lost.lock().unwrap() = false;
    let again = world.keyed("POST", "/v1/links", "k", &link()).await.is(202);
    assert_eq!(again.header("location"), location);
    assert_eq!((links(&world).len(), world.record.tables().requests.len()), (1, 1));
    world.stop().await;
}

#[tokio::test]
async fn a_lost_prompt_is_nobody_s_error() {
    let world = World::start().await;
    world.furnish().await;
    let account = world.get("/v1/accounts/acme-core").await.id();
    let account = Queue::Account(AccountId::parse(&account).unwrap());
    let fault = (account, PublishError::Unavailable("cut".to_owned()));
    *world.control.fault.lock().unwrap() = Some(fault);
    world.post("/v1/links", &link()).await.is(202);
    world.stop().await;
}

#[tokio::test]
async fn acceptance_stops_while_words_are_missing_and_resumes() {
    let world = World::start_with(|settings| settings.word_wait = WORD_WAIT).await;
    world.furnish().await;
    world.script(|script| script.silent_journal = true);
    world.post("/v1/links", &link()).await.is(202);
    world.clock.advance(Duration::from_secs(11));
    world.post("/v1/links", &link()).await.is(202);
    let published = world.control.published().len();
    let reply = world.post("/v1/links", &link()).await.is(503);
    assert_eq!((reply.code(), reply.header("retry-after")), ("overloaded", "10"));
    assert_eq!(world.control.published().len(), published);
    world.get("/v1/links").await.is(200);
    world.script(|script| script.silent_journal = false);
    world.clock.advance(Duration::from_secs(11));
    for _ in 0..3 {
        assert_eq!(world.post("/v1/links", &link()).await.is(202).body["journaled"], true);
    }
    world.stop().await;
}

#[tokio::test]
async fn edits_and_deletions_are_accepted_in_order_and_a_tombstone_takes_none() {
    let world = World::start().await;
    world.furnish().await;
    world.post("/v1/links", &link()).await.is(202);
    let id = links(&world)[0];
    let at = format!("/v1/links/{id}");
    let edit = world.send("PATCH", &at, &json!({"bandwidth_kbps": 5000})).await.is(202);
    assert_eq!(edit.body["actions"][0]["kind"], "EDIT");
    assert_eq!(world.get(&at).await.body["bandwidth_kbps"], 5000);
    assert_eq!(world.post(&format!("{at}/retry"), &json!({})).await.is(409).code(), "nothing-to-retry");
    for _ in 0..2 {
        assert_eq!(world.delete(&at).await.is(202).body["actions"][0]["kind"], "DELETE");
    }
    let orders: Vec<_> = world.control.journaled().iter().map(|it| it.actions[0].accepted_at).collect();
    assert!(orders.is_sorted_by(|a, b| a < b), "{orders:?}");
    let reply = world.send("PATCH", &at, &json!({"bandwidth_kbps": 1})).await.is(404);
    assert_eq!(reply.code(), "link-deleted");

    // A retry of a link whose deletion failed deletes.
    world.record.tables().links.get_mut(&id).unwrap().status = LinkStatus::Error;
    let retry = world.raw("POST", &format!("{at}/retry"), &[], "").await.is(202);
    assert_eq!(retry.body["actions"][0]["kind"], "DELETE");

    world.record.tables().links.get_mut(&id).unwrap().status = LinkStatus::Deleted;
    let published = world.control.published().len();
    assert_eq!(world.delete(&at).await.is(404).code(), "link-deleted");
    assert_eq!(world.raw("POST", &format!("{at}/retry"), &[], "").await.is(404).code(), "link-deleted");
    assert_eq!(world.control.published().len(), published);
    assert_eq!(world.get(&at).await.is(200).body["status"], "DELETED");
    assert_eq!(world.get("/v1/links").await.body["items"], json!([]));
    assert_eq!(world.get("/v1/links?deleted=true").await.body["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_failed_link_is_made_again_as_it_is_wished() {
    let world = World::start().await;
    world.furnish().await;
    world.post("/v1/links", &link()).await.is(202);
    let id = links(&world)[0];
    world.record.tables().links.get_mut(&id).unwrap().status = LinkStatus::Error;
    let path = format!("/v1/links/{id}/retry");
    let first = world.keyed("POST", &path, "k", &json!({})).await.is(202);
    let again = world.keyed("POST", &path, "k", &json!({})).await.is(202);
    assert_eq!(first.body, again.body);
    let last = world.control.journaled().pop().unwrap();
    assert_eq!((last.actions[0].kind, &last.actions[0].change), (ActionKind::Create, &Change::Keep));
    world.stop().await;
}

#[tokio::test]
async fn a_request_can_be_cancelled_twice_and_its_actions_are_found_by_every_filter() {
    let world = World::start().await;
    world.furnish().await;
    let reply = world.post("/v1/links", &link()).await.is(202);
    let request = reply.header("location").to_owned();
    for _ in 0..2 {
        let cancelled = world.raw("POST", &format!("{request}/cancel"), &[], "").await.is(200);
        assert_eq!(cancelled.body["cancelled"], 1);
    }
    let id = request.rsplit('/').next().unwrap();
    let (link, account) = {
        let tables = world.record.tables();
        let link = tables.links.values().next().unwrap();
        (link.id, link.account_id)
    };
    let filters = format!("request={id}&link={link}&account={account}&state=SCHEDULED&tenant=acme");
    let found = world.get(&format!("/v1/actions?{filters}")).await.is(200);
    let action = found.body["items"][0]["id"].as_str().unwrap().to_owned();
    let shown = world.get(&format!("/v1/actions/{action}")).await.is(200);
    assert_eq!(shown.body["attempts"], Value::Array(Vec::new()));
    assert_eq!(world.get("/v1/actions?state=DONE").await.body["items"], json!([]));
    assert_eq!(world.get("/v1/requests?tenant=acme").await.body["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}

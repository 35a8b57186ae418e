//! The catalogue's nouns: made, shown, listed, edited and deleted, with their versions and without their secrets.

use crate::world::{World, mapping};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use wanlink_domain::ids::AccountId;
use wanlink_domain::object::Object;
use wanlink_runtime::seal::Opener;

#[tokio::test]
async fn an_object_is_made_shown_edited_and_deleted() {
    let world = World::start().await;
    world.furnish().await;
    for (path, body, patch, field) in [
        ("tenants", json!({"name": "n"}), json!({"description": "d"}), "description"),
        ("sites", json!({"name": "n"}), json!({"description": "d"}), "description"),
        (
            "wims",
            json!({"name": "n", "type": "test", "wim_url": "http://h"}),
            json!({"description": "d"}),
            "description",
        ),
        (
            "networks",
            json!({"name": "n", "tenant": "acme", "site": "b"}),
            json!({"status": "BUILD"}),
            "status",
        ),
    ] {
        let made = world.post(&format!("/v1/{path}"), &body).await.is(201);
        let at = format!("/v1/{path}/{}", made.id());
        assert_eq!((made.header("location"), made.header("etag")), (at.as_str(), "\"1\""));
        assert_eq!(made.body["name"], "n");
        assert!(made.body["created_at"].as_str().unwrap().ends_with('Z'));
        for asked in [at.clone(), format!("/v1/{path}/n")] {
            assert_eq!(world.get(&asked).await.is(200).body, made.body);
        }
        let edited = world.send("PATCH", &at, &patch).await.is(200);
        assert_eq!((edited.header("etag"), &edited.body[field]), ("\"2\"", &patch[field]));
        let again = world.send("PATCH", &at, &patch).await.is(200);
        assert_eq!(again.header("etag"), "\"2\"", "an edit that changes nothing is none");
        let listed = world.get(&format!("/v1/{path}?name=n")).await.is(200);
        assert_eq!(listed.body["items"], json!([edited.body]));
        assert_eq!(listed.body["next"], Value::Null);
        world.delete(&at).await.is(204);
        assert_eq!(world.get(&at).await.is(404).code(), "not-found");
    }
    world.stop().await;
}

#[tokio::test]
async fn if_match_holds_an_edit_to_the_version_that_was_read() {
    let world = World::start().await;
    world.post("/v1/tenants", &json!({"name": "t"})).await.is(201);
    let json_type = ("content-type", "application/json");
    let stale = [json_type, ("if-match", "\"7\"")];
    let patch = json!({"description": "d"}).to_string();
    let reply = world.raw("PATCH", "/v1/tenants/t", &stale, patch.clone()).await.is(412);
    assert_eq!(reply.code(), "version-mismatch");
    world.raw("DELETE", "/v1/tenants/t", &[("if-match", "\"7\"")], "").await.is(412);
    world.raw("PATCH", "/v1/tenants/t", &[json_type, ("if-match", "\"1\"")], patch).await.is(200);
    // Somebody else is faster: without a condition the edit is applied to what they left, with one it is not.
    world.script(|script| script.faster = 2);
    let reply = world.send("PATCH", "/v1/tenants/t", &json!({"description": "e"})).await.is(200);
    assert_eq!((reply.header("etag"), reply.body["description"].as_str()), ("\"5\"", Some("e")));
    world.script(|script| script.faster = 1);
    let patch = json!({"description": "f"}).to_string();
    world.raw("PATCH", "/v1/tenants/t", &[json_type, ("if-match", "\"5\"")], patch).await.is(412);
    world.script(|script| script.faster = 9);
    let reply = world.send("PATCH", "/v1/tenants/t", &json!({"description": "g"})).await.is(503);
    assert_eq!(reply.code(), "overloaded");
    world.stop().await;
}

#[tokio::test]
async fn secrets_are_sealed_before_they_leave_and_are_never_shown() {
    let world = World::start().await;
    world.furnish().await;
    let shown = world.get("/v1/accounts/acme-core").await.is(200);
    assert_eq!(shown.body["password"], "********");
    assert_eq!(shown.body["config"], json!({"zone": "z", "auth": {"token": "********"}}));
    let patch = json!({"password": "pw-2", "config": {"auth": {"token": "tok-2"}, "zone": null}});
    let edited = world.send("PATCH", "/v1/accounts/acme-core", &patch).await.is(200);
    assert_eq!(edited.body["config"], json!({"auth": {"token": "********"}}));
    let listed = world.get("/v1/accounts?tenant=acme&wim=core").await.is(200);
    for text in [shown.text, edited.text.clone(), listed.text, world.control.text()] {
        for secret in ["pw-1", "pw-2", "tok-1", "tok-2", "hpke1"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    let id = AccountId::parse(&edited.id()).unwrap();
    let tables_object = world.record.tables().objects[&id.0].clone();
    let Object::Account(account) = tables_object else { panic!("an account") };
    let World { private, handle, tasks, .. } = world;
    let opener = Opener::new([private]);
    for (field, secret) in [("password", "pw-2"), ("auth.token", "tok-2")] {
        assert_eq!(opener.open(id, field, &account.secrets[field]).unwrap().expose(), secret);
    }
    assert!(handle.stop(std::time::Duration::from_secs(10)).await);
    assert!(tasks.stop(std::time::Duration::from_secs(10)).await);
}

#[tokio::test]
async fn a_second_account_of_a_tenant_at_a_wim_is_refused_by_field_never_by_value() {
    let world = World::start().await;
    world.furnish().await;
    let second = json!({"tenant": "acme", "wim": "core", "name": "other-name", "user": "other-user", "password": "pw-9"});
    let reply = world.post("/v1/accounts", &second).await.is(409);
    assert_eq!(reply.code(), "already-exists");
    let detail = reply.body["detail"].as_str().unwrap();
    for field in ["name", "user", "config", "password"] {
        assert!(detail.contains(field), "{field} in {detail}");
    }
    for value in ["other-name", "other-user", "pw-9", "acme-core"] {
        assert!(!reply.text.contains(value), "{value} in {}", reply.text);
    }
    assert!(world.control.published().is_empty());
    world.stop().await;
}

#[tokio::test]
async fn deleting_an_account_takes_its_time() {
    let world = World::start().await;
    world.furnish().await;
    let reply = world.delete("/v1/accounts/acme-core?tenant=acme").await.is(202);
    assert_eq!(reply.body["phase"], "DELETING");
    world.stop().await;
}

#[tokio::test]
async fn a_wim_s_port_mappings_are_set_as_a_whole_and_keep_their_ids() {
    let world = World::start().await;
    world.furnish().await;
    let before = world.get("/v1/wims/core/port-mappings").await.is(200);
    assert_eq!(before.body["items"].as_array().unwrap().len(), 3);
    let body = json!({"port_mappings": [mapping("a"), mapping("b")]});
    let set = world.send("PUT", "/v1/wims/core/port-mappings", &body).await.is(200);
    let after = world.get("/v1/port-mappings?wim=core&site=a").await.is(200);
    let id = |items: &Value, site: &str| {
        let items = items.as_array().unwrap();
        let found = items.iter().find(|it| it["wan_service_endpoint_id"] == format!("ep-{site}"));
        found.map(|it| it["id"].clone())
    };
    assert_eq!(id(&before.body["items"], "a"), id(&set.body["items"], "a"));
    assert_eq!(id(&set.body["items"], "c"), None);
    assert_eq!(after.body["items"].as_array().unwrap().len(), 1);
    world.delete("/v1/wims/core/port-mappings").await.is(204);
    assert_eq!(world.get("/v1/port-mappings").await.is(200).body["items"], json!([]));
    world.stop().await;
}

#[tokio::test]
async fn lists_are_continued_by_their_cursor() {
    let world = World::start().await;
    for n in 0..7 {
        world.post("/v1/tenants", &json!({"name": format!("t{n}")})).await.is(201);
    }
    let (mut names, mut path) = (Vec::new(), "/v1/tenants?limit=3".to_owned());
    loop {
        let page = world.get(&path).await.is(200);
        let items = page.body["items"].as_array().unwrap();
        assert!(items.len() <= 3);
        names.extend(items.iter().map(|it| it["name"].as_str().unwrap().to_owned()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/v1/tenants?limit=3&cursor={next}");
    }
    assert_eq!(names, ["t0", "t1", "t2", "t3", "t4", "t5", "t6"]);
    world.stop().await;
}

#[tokio::test]
async fn names_that_several_tenants_use_need_the_tenant() {
    let world = World::start().await;
    world.furnish().await;
    world.post("/v1/tenants", &json!({"name": "other"})).await.is(201);
    let network = json!({"site": "b", "name": "acme-a"});
    world.post("/v1/networks?tenant=other", &network).await.is(201);
    assert_eq!(world.get("/v1/networks/acme-a").await.is(400).code(), "invalid");
    let one = world.get("/v1/networks/acme-a?tenant=other").await.is(200);
    world.get(&format!("/v1/networks/{}?tenant=acme", one.id())).await.is(404);
    assert_eq!(world.get("/v1/networks?tenant=other").await.body["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("/v1/networks?site=a").await.body["items"].as_array().unwrap().len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn a_keyed_post_makes_one_object_and_the_same_answer() {
    let world = World::start().await;
    let body = json!({"name": "t"});
    let first = world.keyed("POST", "/v1/tenants", "k-1", &body).await.is(201);
    let again = world.keyed("POST", "/v1/tenants", "k-1", &body).await.is(201);
    assert_eq!(
        (first.body, first.headers["location"].clone()),
        (again.body, again.headers["location"].clone())
    );
    let other = world.keyed("POST", "/v1/tenants", "k-1", &json!({"name": "u"})).await.is(422);
    assert_eq!(other.code(), "key-conflict");
    let taken = world.keyed("POST", "/v1/tenants", "k-2", &body).await.is(409);
    assert_eq!(taken.code(), "already-exists");
    let wim = json!({"name": "core", "type": "test", "wim_url": "http://h"});
    world.post("/v1/wims", &wim).await.is(201);
    let account = json!({"tenant": "t", "wim": "core", "password": "pw"});
    let first = world.keyed("POST", "/v1/accounts", "k-3", &account).await.is(201);
    let again = world.keyed("POST", "/v1/accounts", "k-3", &account).await.is(201);
    assert_eq!(first.body["id"], again.body["id"]);
    world.stop().await;
}

#[tokio::test]
async fn one_look_at_the_version_serves_calls_that_come_together() {
    let world = World::start().await;
    world.furnish().await;
    let (reads, looks) = (&world.record.catalogue_reads, &world.record.version_reads);
    world.get("/v1/networks?tenant=acme").await.is(200);
    let (reads_before, looks_before) = (reads.load(Ordering::SeqCst), looks.load(Ordering::SeqCst));
    let calls = (0..40).map(|_| world.get("/v1/networks?tenant=acme"));
    for reply in futures::future::join_all(calls).await {
        reply.is(200);
    }
    assert_eq!(reads.load(Ordering::SeqCst), reads_before, "nothing changed, nothing is read again");
    assert!(looks.load(Ordering::SeqCst) - looks_before <= 40);
    // A write is seen by the next call.
    world.post("/v1/tenants", &json!({"name": "new"})).await.is(201);
    world.get("/v1/networks?tenant=new").await.is(200);
    assert!(reads.load(Ordering::SeqCst) > reads_before);
    world.stop().await;
}

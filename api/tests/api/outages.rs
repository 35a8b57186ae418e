//! Services away, overload, and faults of our own: what is answered, and that work goes on afterwards.

use crate::world::{World, link};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wanlink_broker::port::{PublishError, Queue};

#[tokio::test]
async fn with_the_broker_away_nothing_is_sent_and_work_goes_on_when_it_returns() {
    let world = World::start().await;
    world.furnish().await;
    for block in [false, true] {
        if block {
            world.broker.block(true)
        } else {
            world.broker.disconnect()
        }
        world.until_ready(false).await;
        for (path, body) in [("/v1/links", link()), ("/v1/tenants", json!({"name": "x"}))] {
            let reply = world.post(path, &body).await.is(503);
            assert_eq!((reply.code(), reply.header("retry-after")), ("unavailable", "1"));
        }
        world.get("/v1/links").await.is(200);
        let readiness = world.get("/readyz").await.is(503);
        assert_eq!(readiness.body["message_broker"]["ready"], false);
        assert_eq!(readiness.body["database"]["ready"], true);
        world.get("/healthz").await.is(200);
        if block {
            world.broker.block(false)
        } else {
            world.broker.reconnect()
        }
        world.until_ready(true).await;
        world.post("/v1/links", &link()).await.is(202);
    }
    world.stop().await;
}

#[tokio::test]
async fn with_the_database_away_reads_and_plans_are_refused_without_its_words() {
    let world = World::start().await;
    world.furnish().await;
    world.record.away.store(true, Ordering::SeqCst);
    for reply in [
        world.get("/v1/tenants").await,
        world.get("/v1/links/7b1b0d2e-0000-4000-8000-000000000000").await,
        world.post("/v1/links", &link()).await,
        world.get("/v1/tenants/acme").await,
    ] {
        let reply = reply.is(503);
        assert_eq!(reply.code(), "unavailable");
        assert!(!reply.text.contains("db.internal"), "{}", reply.text);
    }
    assert!(world.control.journaled().is_empty());
    world.until_ready(false).await;
    let readiness = world.get("/readyz").await.is(503);
    assert_eq!(
        (&readiness.body["database"]["ready"], &readiness.body["database"]["engine"]),
        (&json!(false), &json!("record"))
    );
    world.record.away.store(false, Ordering::SeqCst);
    world.until_ready(true).await;
    world.post("/v1/links", &link()).await.is(202);
    world.record.old_schema.store(true, Ordering::SeqCst);
    world.until_ready(false).await;
    let readiness = world.get("/readyz").await.is(503);
    assert!(readiness.body["schema"]["detail"].as_str().unwrap().contains("wanlink migrate"));
    world.stop().await;
}

#[tokio::test]
async fn a_command_is_repeated_until_it_is_answered() {
    let world = World::start_with(|settings| settings.command_repeat = Duration::from_millis(50)).await;
    world.script(|script| script.silent_commands = 3);
    world.post("/v1/tenants", &json!({"name": "t"})).await.is(201);
    let sent = world.control.published();
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|(queue, message)| *queue == Queue::Conductor && *message == sent[0].1));
    world.stop().await;
}

#[tokio::test]
async fn a_command_that_nobody_answers_has_an_unknown_outcome() {
    let world = World::start_with(|settings| {
        settings.command_repeat = Duration::from_millis(50);
        settings.command_wait = Duration::from_millis(200);
    })
    .await;
    world.script(|script| script.silent_commands = usize::MAX);
    let reply = world.post("/v1/tenants", &json!({"name": "t"})).await.is(503);
    assert_eq!(reply.code(), "outcome-unknown");
    assert!(reply.header("location").starts_with("/v1/tenants/"));
    // Sent without a confirm, then nothing: still unknown. Never sent: unavailable.
    for (error, code) in [
        (PublishError::Unknown("cut".to_owned()), "outcome-unknown"),
        (PublishError::Returned, "unavailable"),
    ] {
        *world.control.fault.lock().unwrap() = Some((Queue::Conductor, error));
        assert_eq!(world.post("/v1/tenants", &json!({"name": "t"})).await.is(503).code(), code);
    }
    world.stop().await;
}

#[tokio::test]
async fn without_a_conductor_s_answer_over_this_connection_the_api_is_not_ready() {
    let world = World::start().await;
    world.script(|script| script.deaf = true);
    world.broker.disconnect();
    world.until_ready(false).await;
    world.broker.reconnect();
    let mut ready = world.handle.ready.clone();
    let half = ready.wait_for(|it| it.message_broker.ready && !it.conductor.ready);
    tokio::time::timeout(Duration::from_secs(20), half).await.unwrap().unwrap();
    assert_eq!(world.get("/readyz").await.is(503).body["conductor"]["ready"], false);
    world.script(|script| script.deaf = false);
    world.until_ready(true).await;
    assert_eq!(world.get("/readyz").await.is(200).body["message_broker"]["engine"], "memory");
    world.stop().await;
}

#[tokio::test]
async fn a_panic_ends_one_call_and_shows_nothing() {
    let world = World::start().await;
    world.record.panics.store(true, Ordering::SeqCst);
    let reply = world.get("/v1/tenants").await.is(500);
    assert_eq!((reply.code(), reply.header("content-type")), ("internal", "application/problem+json"));
    assert!(!reply.text.contains("secret"));
    world.record.panics.store(false, Ordering::SeqCst);
    world.get("/v1/tenants").await.is(200);
    world.stop().await;
}

#[tokio::test]
async fn too_many_calls_at_once_are_refused_and_liveness_is_not() {
    let world = World::start_with(|settings| settings.calls_max = 1).await;
    world.script(|script| script.silent_commands = usize::MAX);
    let body = json!({"name": "t"});
    let first = world.post("/v1/tenants", &body);
    let others = async {
        // The first call is in progress once its command is seen.
        while world.control.published().is_empty() {
            tokio::task::yield_now().await;
        }
        let refused = world.get("/v1/tenants").await.is(503);
        assert_eq!((refused.code(), refused.header("retry-after")), ("overloaded", "1"));
        world.get("/healthz").await.is(200);
        world.script(|script| script.silent_commands = 0);
    };
    let (first, ()) = futures::join!(first, others);
    first.is(201);
    world.stop().await;
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_answered() {
    let world = World::start_with(|settings| settings.call_timeout = Duration::from_millis(200)).await;
    world.script(|script| script.silent_commands = usize::MAX);
    let reply = world.post("/v1/tenants", &json!({"name": "t"})).await.is(503);
    assert_eq!(reply.code(), "outcome-unknown");
    // A body that stops coming.
    let text = exchange(
        world.handle.addr,
        "POST /v1/tenants HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{",
    )
    .await;
    assert!(text.starts_with("HTTP/1.1 408") && text.contains("body-timeout"), "{text}");
    world.stop().await;
}

/// Sends bytes and reads until the answer's end, or until the connection is closed.
async fn exchange(addr: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut text, mut buffer) = (String::new(), [0; 4096]);
    while !text.ends_with('}') {
        let read =
            tokio::time::timeout(Duration::from_secs(20), stream.read(&mut buffer)).await.unwrap().unwrap();
        if read == 0 {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    text
}

#[tokio::test]
async fn stopping_lets_a_call_in_progress_end() {
    let world = World::start().await;
    world.script(|script| script.silent_commands = 1);
    let addr = world.handle.addr;
    let request = "POST /v1/tenants HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"name\":\"t\"}";
    let call = exchange(addr, request);
    let stop = async {
        while world.control.published().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(world.handle.stop(Duration::from_secs(20)).await);
    };
    let (text, ()) = futures::join!(call, stop);
    assert!(text.starts_with("HTTP/1.1 201"), "{text}");
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
    assert!(world.tasks.stop(Duration::from_secs(10)).await);
}

#[tokio::test]
async fn it_starts_and_stops_again_and_again() {
    for _ in 0..20 {
        World::start().await.stop().await;
    }
}

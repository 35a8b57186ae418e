//! SIGTERM under load: every call is answered whole, nothing that was accepted is lost, and the process ends in time.

use crate::Setup;
use crate::client::{Accepted, Api};
use crate::estate::{Estate, finished, link, link_becomes};
use crate::process::Process;
use crate::system::System;
use crate::wait::{PATIENCE, SOON, holds, wait_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wanlink_emulator::Action;
use wanlink_runtime::clock::{Clock, SystemClock};

/// Of this configuration: what `shutdown.within` says.
const WITHIN: Duration = Duration::from_secs(90);

pub fn setup(_: &str) -> Setup {
    Setup::USUAL
}

/// What clients with connections of their own were answered while the processes ended.
#[derive(Default)]
struct Heard {
    accepted: Vec<Accepted>,
    /// Connections that ended without an answer.
    cut: Vec<String>,
}

#[expect(clippy::disallowed_methods, reason = "a client of the test, joined at its end")]
pub async fn a_stop_under_load_loses_nothing_and_ends_in_time(system: &mut System, _: &Estate) {
    system.controller.fault("PUT", "vpn-service=", Action::DelayMs(300), None).await;
    let stop = Arc::new(AtomicBool::new(false));
    let (bases, stopped) = (system.api.bases().to_vec(), stop.clone());
    let load = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(hand_in(Api::new(bases), &stopped))
    });
    let api = system.api.clone();
    for role in ["worker", "conductor", "api"] {
        wait_until("links to be made", PATIENCE, async || {
            let active = api.try_get("/v1/links?status=ACTIVE&limit=1000").await?;
            holds(active["items"].as_array().is_some_and(|it| !it.is_empty()), || active.to_string())
        })
        .await;
        // Where one process does everything it stops once, and its clients with it.
        if role == "api" {
            stop.store(true, Ordering::SeqCst);
        }
        for name in system.of_role(role).into_iter().take(1) {
            ends_well(system.process(&name)).await;
            system.process(&name).start();
        }
        system.ready().await;
    }
    let heard = load.join().expect("the clients end");
    assert!(heard.accepted.len() > 3, "no load: {}", heard.accepted.len());
    if system.api.bases().len() > 1 {
        assert!(heard.cut.is_empty(), "torn: {:?}", heard.cut);
    }
    system.controller.heal().await;
    for accepted in &heard.accepted {
        finished(&api, &accepted.request).await;
        link_becomes(&api, accepted.link(), "ACTIVE").await;
    }
}

/// SIGTERM, upon which it ends with success and in its time.
async fn ends_well(process: &mut Process) {
    let began = SystemClock.mono();
    process.terminate();
    let status = wait_until(&format!("{} to end", process.name), WITHIN, async || {
        process.ended().ok_or_else(|| "it runs on".to_owned())
    })
    .await;
    assert!(status.success(), "{} after SIGTERM: {status:?}", process.name);
    println!("{} ended after {:?}", process.name, SystemClock.mono().saturating_sub(began));
}

/// One link after the other over connections that are kept open, until it is told to stop.
async fn hand_in(api: Api, stop: &AtomicBool) -> Heard {
    let mut heard = Heard::default();
    let mut vlan = 100;
    while !stop.load(Ordering::SeqCst) {
        vlan += 1;
        let key = format!("load-{vlan}");
        match api.try_send("POST", "/v1/links", &link(vlan), Some(&key)).await {
            Ok(answer) if answer.status == 202 => heard.accepted.push(Accepted::of(answer)),
            Ok(answer) => assert_eq!(answer.status, 503, "{}", answer.body),
            // Nobody listens: the process is gone, and the client is free to come again.
            Err(error) if error.contains("onnect") => {}
            Err(error) => heard.cut.push(error),
        }
        if heard.accepted.len() > 150 {
            break;
        }
    }
    heard
}

/// A second signal ends a process that drains.
pub async fn a_second_signal_ends_at_once(system: &mut System, _: &Estate) {
    let api = system.api.clone();
    system.controller.fault("PUT", "vpn-service=", Action::DelayMs(2_500), None).await;
    let running = api.accepted("POST", "/v1/links", &link(100)).await;
    let calls = async || {
        let action = api.try_get(&format!("/v1/actions/{}", running.actions[0])).await?;
        holds(action["attempt"] == 1, || action.to_string())
    };
    wait_until("a call to be under way", SOON, calls).await;
    let mut status = Vec::new();
    for name in system.of_role("worker") {
        let process = system.process(&name);
        process.terminate();
        wait_until("it to drain", SOON, async || {
            holds(process.output().contains("stopping"), || "it has not heard".to_owned())
        })
        .await;
        if process.runs() {
            process.terminate();
        }
        let ended = wait_until(&format!("{name} to end"), SOON, async || {
            process.ended().ok_or_else(|| "it runs on".to_owned())
        })
        .await;
        status.push(ended.code());
    }
    assert!(status.contains(&Some(1)), "nobody was cut off: {status:?}");
    system.controller.heal().await;
    for name in system.of_role("worker") {
        system.process(&name).start();
    }
    system.ready().await;
    link_becomes(&api, running.link(), "ACTIVE").await;
}

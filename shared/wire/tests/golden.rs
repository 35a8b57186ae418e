//! Every kind of message against its committed fixture: what is on the wire does not change by accident.
//!
//! After a change that is meant, `WANLINK_WRITE_FIXTURES=1 cargo test -p wanlink-wire` writes them anew; the diff is
//! then what a release of the version before would meet.

mod samples;

use std::collections::BTreeSet;
use std::path::PathBuf;
use wanlink_domain::ids::MessageId;
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::TraceParent;
use wanlink_wire::{DecodeError, Envelope, Message, decode, encode};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1").join(format!("{name}.json"))
}

fn envelope(message: Message) -> Envelope {
    Envelope {
        id: MessageId(uuid::Uuid::from_u128(0xABC)),
        at: Timestamp(1_795_232_286_000_000),
        trace: TraceParent::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        message,
    }
}

#[test]
fn every_kind_is_written_and_read_as_its_fixture_says() {
    let mut seen = BTreeSet::new();
    for (name, message) in samples::all() {
        seen.insert(message.kind());
        let envelope = envelope(message);
        let written: serde_json::Value = serde_json::from_slice(&encode(&envelope)).unwrap();
        let path = fixture(&name);
        if std::env::var_os("WANLINK_WRITE_FIXTURES").is_some() {
            std::fs::write(&path, format!("{written:#}\n")).unwrap();
        }
        let fixture = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let expected: serde_json::Value = serde_json::from_slice(&fixture).unwrap();
        assert_eq!(written, expected, "{name} is written otherwise than its fixture");
        assert_eq!(decode(&fixture).unwrap(), envelope, "{name} is read otherwise than it was written");
    }
    let kinds: BTreeSet<&str> = Message::KINDS.iter().copied().collect();
    assert_eq!(seen, kinds, "each kind has a sample");
}

#[test]
fn a_bundle_stands_for_each_of_its_requests_with_its_own_trace() {
    let bundle = samples::all().into_iter().find(|(name, _)| name == "requests").unwrap().1;
    let Message::Requests(requests) = bundle.clone() else { panic!("requests") };
    let ones = envelope(bundle).unbundle();
    assert_eq!(ones.len(), requests.requests.len());
    for (one, sent) in ones.into_iter().zip(requests.requests) {
        assert_eq!((one.trace, one.message), (sent.trace, Message::Request(sent.request)));
    }
    let single = envelope(samples::probe());
    assert_eq!(single.clone().unbundle(), vec![single]);
}

#[test]
fn every_fixture_belongs_to_a_sample() {
    let samples: BTreeSet<String> =
        samples::all().into_iter().map(|(name, _)| format!("{name}.json")).collect();
    let files: BTreeSet<String> = std::fs::read_dir(fixture("x").parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, samples);
}

#[test]
fn what_cannot_be_read_says_what_is_to_become_of_it() {
    let good: serde_json::Value = serde_json::from_slice(&encode(&envelope(samples::probe()))).unwrap();
    let with = |change: fn(&mut serde_json::Value)| {
        let mut message = good.clone();
        change(&mut message);
        decode(message.to_string().as_bytes())
    };
    assert_eq!(with(|m| m["v"] = 2.into()), Err(DecodeError::UnknownVersion(2)));
    assert_eq!(with(|m| m["v"] = 0.into()), Err(DecodeError::UnknownVersion(0)));
    // A newer version may look like nothing we know: its version is judged first.
    assert_eq!(decode(br#"{"v": 7, "shape": "new"}"#), Err(DecodeError::UnknownVersion(7)));
    assert_eq!(with(|m| m["kind"] = "dance".into()), Err(DecodeError::UnknownKind("dance".into())));
    for broken in [
        with(|m| m["v"] = "1".into()),
        with(|m| m["body"] = serde_json::Value::Null),
        with(|m| m["body"] = serde_json::json!({"nonce": -1})),
        with(|m| m["id"] = "x".into()),
        with(|m| m["at"] = serde_json::Value::Null),
        decode(b""),
        decode(b"[]"),
        decode(b"\xff\xfe"),
        decode(br#"{"v":1}"#),
    ] {
        assert!(matches!(broken, Err(DecodeError::Malformed(_))), "{broken:?}");
    }
}

#[test]
fn what_is_told_of_a_message_holds_nothing_of_its_values() {
    let secret = |body: &str| {
        let text =
            format!(r#"{{"v":1,"kind":"probe","id":"{}","at":1,"body":{body}}}"#, uuid::Uuid::from_u128(1));
        decode(text.as_bytes()).unwrap_err().to_string()
    };
    for body in [r#"{"nonce":"hunter2"}"#, r#""hunter2""#, r#"{"nonce":["hunter2"]}"#] {
        assert!(!secret(body).contains("hunter2"), "{}", secret(body));
    }
    let long = format!(
        r#"{{"v":1,"kind":"{}\u0000","id":"{}","at":1,"body":{{}}}}"#,
        "x".repeat(9_000),
        uuid::Uuid::nil()
    );
    let told = decode(long.as_bytes()).unwrap_err().to_string();
    assert!(told.len() < 600 && !told.contains('\0'), "{told}");
}

#[test]
fn a_field_that_a_later_build_adds_does_not_stop_this_one() {
    let mut message: serde_json::Value =
        serde_json::from_slice(&encode(&envelope(samples::probe()))).unwrap();
    message["colour"] = "blue".into();
    message["body"]["depth"] = 3.into();
    assert_eq!(decode(message.to_string().as_bytes()).unwrap().message, samples::probe());
}

#[test]
fn a_call_needs_only_what_it_says_and_its_body_is_in_no_log() {
    let mut message: serde_json::Value =
        serde_json::from_slice(&encode(&envelope(samples::probe()))).unwrap();
    message["kind"] = "call".into();
    message["body"] = serde_json::json!({"method": "GET", "path": "/v1/links?name=private"});
    let Message::Call(mut call) = decode(message.to_string().as_bytes()).unwrap().message else {
        panic!("a call")
    };
    assert_eq!((call.idempotency_key.as_deref(), &call.body), (None, &serde_json::Value::Null));
    call.body = serde_json::json!({"password": "private"});
    assert!(!format!("{call:?}").contains("private"));
}

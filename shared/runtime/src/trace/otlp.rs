//! Spans as OTLP says them in JSON (OTLP 1.x, `ExportTraceServiceRequest`): ids as hexadecimal, times as text of
//! nanoseconds, enums as numbers.
//!
//! The encoding is stable and small, so that no exporter is brought along that has clocks, entropy and threads of its
//! own. Deliberately absent: links, events, dropped counts, and the other signals.

use super::{Ended, Value};
use crate::metrics::Role;
use serde_json::json;
use wanlink_domain::time::Timestamp;

/// The body of one POST to a collector's `/v1/traces`.
pub fn encode(spans: &[Ended]) -> serde_json::Value {
    let resources: Vec<serde_json::Value> = Role::ALL
        .into_iter()
        .filter_map(|role| {
            let of_role: Vec<serde_json::Value> =
                spans.iter().filter(|span| span.role == role).map(span).collect();
            (!of_role.is_empty()).then(|| resource(role, of_role))
        })
        .collect();
    json!({ "resourceSpans": resources })
}

fn resource(role: Role, spans: Vec<serde_json::Value>) -> serde_json::Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({
        "resource": { "attributes": [
            attribute("service.namespace", &"wanlink".into()),
            attribute("service.name", &format!("wanlink-{}", role.name()).into()),
            attribute("service.version", &version.into()),
        ]},
        "scopeSpans": [{ "scope": { "name": "wanlink", "version": version }, "spans": spans }],
    })
}

fn span(span: &Ended) -> serde_json::Value {
    let attributes: Vec<serde_json::Value> =
        span.attributes.iter().map(|(key, value)| attribute(key, value)).collect();
    // 2: an error. Without one the status is left unset.
    let status = span.failed.as_ref().map_or_else(|| json!({}), |why| json!({ "code": 2, "message": why }));
    json!({
        "traceId": format!("{:032x}", span.own.trace),
        "spanId": format!("{:016x}", span.own.span),
        "parentSpanId": span.parent.map(|parent| format!("{parent:016x}")).unwrap_or_default(),
        "name": span.name,
        "kind": span.kind as i32,
        "startTimeUnixNano": nanoseconds(span.start),
        "endTimeUnixNano": nanoseconds(span.end),
        "attributes": attributes,
        "status": status,
    })
}

fn attribute(key: &str, value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => json!({ "key": key, "value": { "stringValue": text } }),
        // 64-bit numbers are texts, as everywhere in protobuf's JSON.
        Value::Number(number) => json!({ "key": key, "value": { "intValue": number.to_string() } }),
    }
}

fn nanoseconds(at: Timestamp) -> String {
    (i128::from(at.0) * 1_000).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;
    use wanlink_domain::trace::TraceParent;

    #[test]
    fn spans_are_said_as_the_protocol_says_them() {
        let worked = Ended {
            role: Role::Worker,
            name: "attempt CREATE".to_owned(),
            kind: Kind::Internal,
            own: TraceParent { trace: 0x4bf9, span: 0xa1, sampled: true },
            parent: Some(0xb2),
            start: Timestamp(1_795_232_286_000_001),
            end: Timestamp(1_795_232_286_000_002),
            attributes: vec![("wanlink.attempt", 3.into()), ("wanlink.outcome", "retry".into())],
            failed: Some("busy".to_owned()),
        };
        let called =
            Ended { role: Role::Api, parent: None, attributes: vec![], failed: None, ..worked.clone() };
        let body = encode(&[worked, called]);
        let service =
            |n: usize| &body["resourceSpans"][n]["resource"]["attributes"][1]["value"]["stringValue"];
        assert_eq!((service(0), service(1)), (&json!("wanlink-api"), &json!("wanlink-worker")));
        let of = |n: usize| &body["resourceSpans"][n]["scopeSpans"][0]["spans"][0];
        assert_eq!(
            *of(1),
            json!({
                "traceId": "00000000000000000000000000004bf9",
                "spanId": "00000000000000a1",
                "parentSpanId": "00000000000000b2",
                "name": "attempt CREATE",
                "kind": 1,
                "startTimeUnixNano": "1795232286000001000",
                "endTimeUnixNano": "1795232286000002000",
                "attributes": [
                    { "key": "wanlink.attempt", "value": { "intValue": "3" } },
                    { "key": "wanlink.outcome", "value": { "stringValue": "retry" } },
                ],
                "status": { "code": 2, "message": "busy" },
            })
        );
        assert_eq!((&of(0)["parentSpanId"], &of(0)["status"]), (&json!(""), &json!({})));
    }
}

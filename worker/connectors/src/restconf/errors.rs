//! What a RESTCONF server's refusal means: by `error-tag` and `error-app-tag` first, by the status only where they
//! say nothing (RFC 8040, sections 7 and 7.1; specification 6, sections C and E).

use super::client::members;
use crate::egress::Answer;
use crate::port::Class;
use serde_json::Value;

/// What the refused request was to do: the same answer means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    Read,
    Write,
    Remove,
}

/// One entry of `errors/error`.
#[derive(Debug, Default)]
struct Complaint<'a> {
    tag: &'a str,
    app_tag: Option<&'a str>,
    path: Option<&'a str>,
    message: Option<&'a str>,
    bad_element: Option<&'a str>,
}

/// The failure's class and the server's own words.
pub(crate) fn classify(intent: Intent, answer: &Answer) -> (Class, String) {
    let body: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let complaints = body.as_ref().map(complaints).unwrap_or_default();
    for complaint in &complaints {
        if let Some(class) = by_tag(intent, complaint, answer) {
            return (class, words(complaint));
        }
    }
    let said = complaints.first().map(words).unwrap_or_else(|| plain(answer, body.as_ref()));
    (by_status(intent, answer, !complaints.is_empty()), said)
}

/// `errors` with or without its module's prefix, `error` as an array or, as some write it, one object.
fn complaints(body: &Value) -> Vec<Complaint<'_>> {
    let Some(errors) = members(body, "errors").and_then(|errors| members(errors, "error")) else {
        return Vec::new();
    };
    let entries: Vec<&Value> = match errors {
        Value::Array(entries) => entries.iter().collect(),
        one => vec![one],
    };
    entries.into_iter().filter_map(complaint).collect()
}

fn complaint(entry: &Value) -> Option<Complaint<'_>> {
    let text = |name: &str| members(entry, name).and_then(Value::as_str);
    let info =
        members(entry, "error-info").and_then(|info| members(info, "bad-element")).and_then(Value::as_str);
    Some(Complaint {
        tag: text("error-tag")?,
        app_tag: text("error-app-tag"),
        path: text("error-path"),
        message: text("error-message"),
        bad_element: info,
    })
}

fn by_tag(intent: Intent, complaint: &Complaint<'_>, answer: &Answer) -> Option<Class> {
    match complaint.app_tag {
        // RFC 7950, section 15.5: a reference without its target, now or after the removal.
        Some("instance-required") if intent == Intent::Remove => return Some(Class::StillReferenced),
        Some("instance-required") => return Some(Class::DependencyMissing),
        Some("missing-choice") => return Some(Class::Invalid),
        _ => {}
    }
    match complaint.tag {
        "in-use" | "lock-denied" => Some(Class::Busy),
        // Denied for now, where it says when to come back.
        "resource-denied" if answer.status == 429 || answer.retry_after.is_some() => Some(Class::Busy),
        "resource-denied" => Some(Class::Capacity),
        "access-denied" => Some(Class::Auth),
        "data-exists" => Some(Class::Conflict),
        "data-missing" if complaint.app_tag.is_none() => Some(Class::NotFound),
        "data-missing" => Some(Class::Invalid),
        "invalid-value" if answer.status == 404 => Some(Class::NotFound),
        "invalid-value"
        | "too-big"
        | "missing-attribute"
        | "bad-attribute"
        | "unknown-attribute"
        | "missing-element"
        | "bad-element"
        | "unknown-element"
        | "unknown-namespace"
        | "malformed-message"
        | "operation-not-supported" => Some(Class::Invalid),
        "operation-failed" => by_message(complaint.message.unwrap_or_default()),
        "rollback-failed" | "partial-operation" => Some(Class::Internal),
        _ => None,
    }
}

/// `operation-failed` stands for anything; two kinds are known by their words.
fn by_message(message: &str) -> Option<Class> {
    let message = message.to_lowercase();
    let says = |starts: &[&str]| {
        message
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| starts.iter().any(|start| word.starts_with(start)))
    };
    if says(&["lock", "busy", "concurren"]) {
        Some(Class::Busy)
    } else if says(&["identit"]) {
        Some(Class::Invalid)
    } else {
        None
    }
}

/// `told`: the answer is RESTCONF's, so the controller gave it and not something in between.
fn by_status(intent: Intent, answer: &Answer, told: bool) -> Class {
    let unanswered = if intent == Intent::Read { Class::Unreachable } else { Class::OutcomeUnknown };
    match answer.status {
        401 | 403 | 407 => Class::Auth,
        // A web page is not the controller's word: a link must not count as gone because of a proxy.
        404 | 410 if is_page(answer) => Class::Internal,
        404 | 410 => Class::NotFound,
        408 | 423 | 425 | 429 => Class::Busy,
        409 => Class::Conflict,
        // Nothing conditional is ever sent, so no condition of ours failed.
        412 => Class::Internal,
        400..=499 => Class::Invalid,
        501 | 505 => Class::Invalid,
        503 if told || answer.retry_after.is_some() || intent == Intent::Read => Class::Busy,
        502..=504 if !told => unanswered,
        507 => Class::Capacity,
        _ => Class::Internal,
    }
}

fn is_page(answer: &Answer) -> bool {
    answer.content_type.as_deref().is_some_and(|media| media.starts_with("text/html"))
        || answer.body.trim_ascii_start().starts_with(b"<")
}

fn words(complaint: &Complaint<'_>) -> String {
    let mut words = complaint.tag.to_owned();
    for (name, value) in [
        ("app-tag ", complaint.app_tag),
        ("at ", complaint.path),
        ("element ", complaint.bad_element),
        ("", complaint.message),
    ] {
        if let Some(value) = value {
            words.push_str(", ");
            words.push_str(name);
            words.push_str(value);
        }
    }
    words
}

/// What a body says that is no RESTCONF error: nothing where it is empty or an empty document.
fn plain(answer: &Answer, body: Option<&Value>) -> String {
    let empty = match body {
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(members)) => members.is_empty(),
        _ => answer.body.trim_ascii().is_empty(),
    };
    if empty {
        return String::new();
    }
    if (300..400).contains(&answer.status) {
        return "redirects are not followed; correct the WIM's URL".to_owned();
    }
    String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::time::Duration;

    const R: Intent = Intent::Read;
    const W: Intent = Intent::Write;
    const D: Intent = Intent::Remove;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            content_type: None,
            retry_after: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    fn tagged(status: u16, tag: &str, rest: &str) -> Answer {
        answer(status, &format!(r#"{{"ietf-restconf:errors":{{"error":[{{"error-tag":"{tag}"{rest}}}]}}}}"#))
    }

    const REQUIRED: &str = r#","error-app-tag":"instance-required""#;
    const CHOICE: &str = r#","error-app-tag":"missing-choice""#;

    #[test]
    fn tags_come_first() {
        let cases = [
            (D, 409, "data-missing", "", Class::NotFound),
            (R, 409, "data-missing", "", Class::NotFound),
            (W, 409, "data-missing", "", Class::NotFound),
            (W, 409, "data-missing", REQUIRED, Class::DependencyMissing),
            (D, 409, "data-missing", REQUIRED, Class::StillReferenced),
            (W, 400, "data-missing", REQUIRED, Class::DependencyMissing),
            (D, 400, "operation-failed", REQUIRED, Class::StillReferenced),
            (W, 400, "invalid-value", REQUIRED, Class::DependencyMissing),
            (W, 409, "data-missing", CHOICE, Class::Invalid),
            (D, 409, "data-missing", r#","error-app-tag":"vendor""#, Class::Invalid),
            (R, 404, "invalid-value", "", Class::NotFound),
            (D, 404, "invalid-value", "", Class::NotFound),
            (W, 400, "invalid-value", "", Class::Invalid),
            (W, 406, "invalid-value", "", Class::Invalid),
            (W, 409, "in-use", "", Class::Busy),
            (W, 409, "lock-denied", "", Class::Busy),
            (D, 409, "lock-denied", "", Class::Busy),
            (W, 409, "resource-denied", "", Class::Capacity),
            (W, 429, "resource-denied", "", Class::Busy),
            (W, 409, "data-exists", "", Class::Conflict),
            (W, 413, "too-big", "", Class::Invalid),
            (W, 400, "too-big", "", Class::Invalid),
            (W, 400, "missing-element", "", Class::Invalid),
            (W, 400, "bad-element", "", Class::Invalid),
            (W, 400, "unknown-element", "", Class::Invalid),
            (W, 400, "missing-attribute", "", Class::Invalid),
            (W, 400, "bad-attribute", "", Class::Invalid),
            (W, 400, "unknown-attribute", "", Class::Invalid),
            (W, 400, "unknown-namespace", "", Class::Invalid),
            (W, 400, "malformed-message", "", Class::Invalid),
            (R, 401, "access-denied", "", Class::Auth),
            (W, 403, "access-denied", "", Class::Auth),
            (W, 405, "operation-not-supported", "", Class::Invalid),
            (W, 501, "operation-not-supported", "", Class::Invalid),
            (W, 412, "operation-failed", r#","error-message":"back end blocked""#, Class::Internal),
            (W, 412, "operation-failed", r#","error-message":"Lock failed, held by 7""#, Class::Busy),
            (
                W,
                412,
                "operation-failed",
                r#","error-message":"Identityref validation failed""#,
                Class::Invalid,
            ),
            (W, 412, "operation-failed", r#","error-message":"no such identity: x""#, Class::Invalid),
            (W, 500, "operation-failed", "", Class::Internal),
            (W, 503, "operation-failed", "", Class::Busy),
            (W, 504, "operation-failed", "", Class::Internal),
            (W, 500, "rollback-failed", "", Class::Internal),
            (W, 500, "partial-operation", "", Class::Internal),
            (W, 429, "made-up", "", Class::Busy),
            (W, 500, "made-up", "", Class::Internal),
        ];
        for (intent, status, tag, rest, class) in cases {
            assert_eq!(
                classify(intent, &tagged(status, tag, rest)).0,
                class,
                "{intent:?} {status} {tag} {rest}"
            );
        }
    }

    #[test]
    fn statuses_speak_where_tags_are_silent() {
        let page = "<html><body>502 Bad Gateway</body></html>";
        let cases = [
            (R, 401, page, Class::Auth),
            (W, 403, "", Class::Auth),
            (R, 407, "", Class::Auth),
            (R, 404, "", Class::NotFound),
            (D, 404, "{}", Class::NotFound),
            (R, 404, "[]", Class::NotFound),
            (D, 410, "", Class::NotFound),
            (D, 404, page, Class::Internal),
            (R, 404, page, Class::Internal),
            (W, 408, "", Class::Busy),
            (W, 423, "", Class::Busy),
            (W, 429, page, Class::Busy),
            (W, 409, "", Class::Conflict),
            (W, 412, "{}", Class::Internal),
            (W, 400, "[]", Class::Invalid),
            (W, 405, "", Class::Invalid),
            (W, 415, "", Class::Invalid),
            (W, 422, "nonsense", Class::Invalid),
            (W, 501, "", Class::Invalid),
            (W, 500, page, Class::Internal),
            (W, 500, "", Class::Internal),
            (W, 502, page, Class::OutcomeUnknown),
            (D, 503, page, Class::OutcomeUnknown),
            (W, 504, "", Class::OutcomeUnknown),
            (R, 502, page, Class::Unreachable),
            (R, 503, page, Class::Busy),
            (R, 504, "", Class::Unreachable),
            (W, 507, "", Class::Capacity),
            (W, 301, "", Class::Internal),
            (R, 204, "", Class::Internal),
        ];
        for (intent, status, body, class) in cases {
            assert_eq!(classify(intent, &answer(status, body)).0, class, "{intent:?} {status} {body}");
        }
        let busy = Answer { retry_after: Some(Duration::from_secs(1)), ..answer(503, page) };
        assert_eq!(classify(W, &busy).0, Class::Busy);
    }

    #[test]
    fn errors_are_read_in_every_shape() {
        let entry = r#"{"error-tag":"lock-denied"}"#;
        for body in [
            format!(r#"{{"ietf-restconf:errors":{{"error":[{entry}]}}}}"#),
            format!(r#"{{"ietf-restconf:errors":{{"error":{entry}}}}}"#),
            format!(r#"{{"errors":{{"error":[{entry}]}}}}"#),
            format!(r#"{{"errors":{{"error":{entry}}}}}"#),
            format!(r#"{{"errors":{{"error":[{{"error-tag":"made-up"}},{entry}]}}}}"#),
            format!(r#"{{"errors":{{"error":[{{}},17,{entry}]}}}}"#),
        ] {
            assert_eq!(classify(W, &answer(409, &body)).0, Class::Busy, "{body}");
        }
        for body in ["", "{}", "[]", "null", "{", "<html>", r#"{"errors":{}}"#, r#"{"errors":{"error":"x"}}"#]
        {
            assert_eq!(classify(W, &answer(409, body)).0, Class::Conflict, "{body}");
        }
    }

    #[test]
    fn the_server_s_own_words_are_kept() {
        let rest = r#","error-path":"/a/b","error-message":"is missing","error-info":{"bad-element":"cbs"}"#;
        let (_, words) = classify(W, &tagged(400, "missing-element", rest));
        assert_eq!(words, "missing-element, at /a/b, element cbs, is missing");
        assert_eq!(classify(W, &answer(500, " \n")).1, "");
        assert_eq!(classify(W, &answer(500, "{}")).1, "");
        assert_eq!(classify(W, &answer(500, r#"[{"error":"gRPC"}]"#)).1, r#"[{"error":"gRPC"}]"#);
    }
}

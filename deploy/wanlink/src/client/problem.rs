//! The api's problems (RFC 9457) as sentences: what was refused, which field, and what to do, which stands in
//! `deploy/docs/errors.md` and nowhere else.

use crate::exit::{Exit, Failure};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/errors.md");

/// The failure that an answer with this status is.
pub fn failure(status: u16, body: &Value, location: Option<&str>) -> Failure {
    let code = body["code"].as_str().unwrap_or_default();
    let exit = match (status, code) {
        (404, _) => Exit::NotFound,
        (429 | 502..=504, _) => Exit::Unavailable,
        (400..=499, _) => Exit::Refused,
        _ => Exit::Failed,
    };
    let Some(detail) = body["detail"].as_str().filter(|_| !code.is_empty()) else {
        let message = format!("the api answered {status} without saying why: is this wanlink's address?");
        return Failure::new(exit, message);
    };
    let errors = body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    // The detail repeats the first of the errors, which all follow.
    let what = body["title"].as_str().filter(|_| !errors.is_empty()).unwrap_or(detail);
    let mut message = format!("{what} ({code})");
    for error in errors {
        let detail = error["detail"].as_str().unwrap_or_default();
        message.push_str(&format!("\n  {} {detail}", place(error)));
    }
    if let Some(at) = location {
        message.push_str(&format!("\nIt can be read at {at}."));
    }
    if let Some(advice) = advice(code) {
        message.push_str(&format!("\n{advice}"));
    }
    Failure::new(exit, message)
}

/// Where a fault is: a field of the body as people write it, a parameter, or a header.
fn place(error: &Value) -> String {
    if let Some(pointer) = error["pointer"].as_str() {
        return format!("{}:", field(pointer));
    }
    match (error["parameter"].as_str(), error["header"].as_str()) {
        (Some(parameter), _) => format!("parameter {parameter}:"),
        (None, Some(header)) => format!("header {header}:"),
        (None, None) => "the call:".to_owned(),
    }
}

/// `/endpoints/1/encapsulation/vlan` is `endpoints[1].encapsulation.vlan`.
fn field(pointer: &str) -> String {
    let mut field = String::new();
    for part in pointer.split('/').skip(1) {
        let part = part.replace("~1", "/").replace("~0", "~");
        match part.parse::<usize>() {
            Ok(place) => field.push_str(&format!("[{place}]")),
            Err(_) if field.is_empty() => field.push_str(&part),
            Err(_) => field.push_str(&format!(".{part}")),
        }
    }
    if field.is_empty() { "the body".to_owned() } else { field }
}

/// The paragraph "Do" of a code's section.
pub fn advice(code: &str) -> Option<String> {
    let heading = format!("\n### {code}\n");
    let section = PAGE.split_once(&heading)?.1;
    let section = section.split("\n#").next().unwrap_or(section);
    let advice = section.split_once("**Do.**")?.1;
    let paragraph = advice.split("\n\n").next().unwrap_or(advice);
    Some(paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use wanlink_domain::reason::Code;

    #[test]
    fn every_code_has_its_advice() {
        let without: Vec<&str> =
            Code::ALL.iter().map(|code| code.as_str()).filter(|code| advice(code).is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn a_problem_names_each_field_and_says_what_to_do() {
        let body = json!({"code": "invalid", "detail": "the call is not valid", "errors": [
            {"pointer": "/endpoints/1/encapsulation/vlan", "detail": "must be from 1 to 4094"},
            {"pointer": "", "detail": "must be an object"},
            {"parameter": "limit", "detail": "must be a number"},
        ]});
        let failure = failure(400, &body, None);
        assert_eq!(failure.exit, Exit::Refused);
        for part in [
            "\n  endpoints[1].encapsulation.vlan: must be from 1 to 4094\n",
            "\n  the body: must be an object\n",
            "\n  parameter limit: must be a number\n",
            "Mend the named fields",
        ] {
            assert!(failure.message.contains(part), "{failure}");
        }
    }

    #[test]
    fn the_exit_code_says_whether_to_try_again() {
        for (status, code, exit) in [
            (404, "not-found", Exit::NotFound),
            (409, "already-exists", Exit::Refused),
            (422, "key-conflict", Exit::Refused),
            (429, "overloaded", Exit::Unavailable),
            (503, "unavailable", Exit::Unavailable),
            (500, "internal", Exit::Failed),
        ] {
            assert_eq!(failure(status, &json!({"code": code, "detail": "x"}), None).exit, exit, "{code}");
        }
        assert!(failure(502, &Value::Null, None).message.contains("502"));
    }
}

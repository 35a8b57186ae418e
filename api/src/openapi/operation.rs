//! One row of the table as an operation of the document.

use super::content::Content;
use crate::problem::{Cause, HttpCause, ProblemBody};
use crate::routes::Route;
use std::collections::BTreeMap;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Components, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Required};
use wanlink_domain::reason::Code;

pub fn operation(route: &Route, components: &mut Components) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(id(route)))
        .tag(tag(route))
        .summary(Some(route.summary))
        .parameters(Some(parameters(route, components)));
    if let Content::Json(schema) = (route.body)(components) {
        let content = ContentBuilder::new().schema(Some(*schema)).build();
        let body = RequestBodyBuilder::new().content("application/json", content);
        operation = operation.request_body(Some(body.required(Some(Required::True)).build()));
    }
    for status in route.statuses {
        operation = operation.response(status.to_string(), answer(route, *status, components));
    }
    for (status, codes) in problems(route) {
        if !route.statuses.contains(&status) {
            operation = operation.response(status.to_string(), problem(&codes, components));
        }
    }
    operation.build()
}

/// The words of a path that are no parameters, without the version.
fn words(route: &Route) -> impl Iterator<Item = &'static str> {
    route.path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{') && *part != "v1")
}

fn tag(route: &Route) -> &'static str {
    if route.path.starts_with("/v1/") { words(route).next().unwrap_or("service") } else { "service" }
}

/// Such as `sites_show`, or `links_retry`.
fn id(route: &Route) -> String {
    let of_one = route.path.ends_with('}');
    let last = route.path.rsplit('/').next().and_then(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let verb = match (route.method.as_str(), of_one) {
        _ if !route.path.starts_with("/v1/") => last,
        ("GET", false) => Some("list"),
        ("GET", true) => Some("show"),
        ("POST", _) if route.path.contains('{') => None,
        ("POST", _) => Some("create"),
        ("PATCH", _) => Some("edit"),
        ("PUT", _) => Some("set"),
        ("DELETE", true) => Some("delete"),
        _ => Some("clear"),
    };
    let words: Vec<&str> = words(route).chain(verb).collect();
    words.join("_").replace(['-', '.'], "_")
}

fn parameters(route: &Route, components: &mut Components) -> Vec<Parameter> {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let mut all = Vec::new();
    for name in route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text()));
        all.push(parameter.build());
    }
    for it in route.query {
        let parameter = ParameterBuilder::new()
            .name(it.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(it.text))
            .schema(Some((it.schema)(components)));
        all.push(parameter.build());
    }
    let mut header = |name: &str, told: &str| {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(told))
            .schema(Some(text()));
        all.push(parameter.build());
    };
    if !route.method.is_safe() {
        header("Idempotency-Key", "The caller's name for this call: the same one again is done once.");
    }
    if matches!(route.method.as_str(), "PATCH" | "DELETE") {
        header("If-Match", "Only if the object is at this version, as in \"3\".");
    }
    all
}

fn answer(route: &Route, status: u16, components: &mut Components) -> Response {
    let told = match status {
        201 => "Made.",
        202 => "Accepted: it takes its time.",
        204 => "Done; there is nothing to say.",
        503 => "Not ready.",
        _ => "Done.",
    };
    let header = |text: &str| {
        let text = HeaderBuilder::new().description(Some(text));
        text.schema(Some(ObjectBuilder::new().schema_type(Type::String))).build()
    };
    let mut response = ResponseBuilder::new().description(told);
    if matches!(status, 201 | 202) {
        response = response.header("Location", header("Where what was made or accepted can be read."));
    }
    let (media, schema) = match (route.answer)(components) {
        _ if status == 204 => return response.build(),
        Content::None => return response.build(),
        Content::Json(schema) => ("application/json", Some(*schema)),
        Content::Text(media) => (media, Some(ObjectBuilder::new().schema_type(Type::String).into())),
    };
    response.content(media, ContentBuilder::new().schema(schema).build()).build()
}

/// What a call may be refused with, by status.
fn problems(route: &Route) -> BTreeMap<u16, Vec<&'static str>> {
    let reads = route.method.is_safe();
    let http = HttpCause::ALL.map(Cause::Http);
    let all = Code::ALL.iter().copied().map(Cause::Domain).chain(http);
    let mut by_status: BTreeMap<u16, Vec<&'static str>> = BTreeMap::new();
    for cause in all.filter(|cause| cause.refuses_a_call()) {
        let here = match cause {
            Cause::Http(HttpCause::NoRoute | HttpCause::MethodNotAllowed) => false,
            // Every call's body is read, also where none belongs.
            Cause::Http(_) | Cause::Domain(Code::Invalid | Code::Internal) => true,
            Cause::Domain(Code::Overloaded | Code::Unavailable) => true,
            Cause::Domain(Code::NotFound) => route.path.contains('{') || !route.query.is_empty() || !reads,
            Cause::Domain(_) => !reads,
        };
        if here {
            by_status.entry(cause.status().as_u16()).or_default().push(cause.as_str());
        }
    }
    by_status
}

fn problem(codes: &[&str], components: &mut Components) -> Response {
    let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
    let response = ResponseBuilder::new().description(codes.join(", "));
    let Content::Json(schema) = super::one::<ProblemBody>(components) else { return response.build() };
    let content = ContentBuilder::new().schema(Some(*schema)).build();
    response.content("application/problem+json", content).build()
}

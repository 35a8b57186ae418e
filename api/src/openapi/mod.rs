//! The OpenAPI 3.1 document: the table of routes, and the types that handlers read and answer with.
//!
//! Nothing is described a second time: paths, methods and parameters are the table's rows, bodies are described by the
//! derivation on the very types that are read and written, and what may be refused is the mapping of codes. The tests
//! hold every real answer against it. Deliberately absent: the pages on which it is looked at (`handlers/docs`).

mod content;
mod operation;
mod parameters;

pub use content::{Describe, any, either, html, list, metrics, none, one};
pub use parameters::*;

use crate::routes::ROUTES;
use std::sync::OnceLock;
use utoipa::openapi::path::{HttpMethod, PathItem};
use utoipa::openapi::{Components, Info, License, OpenApi, OpenApiBuilder, Paths};

const ABOUT: &str = "WAN links between sites, set up, watched and taken down through WAN controllers. \
    [The guide](docs/api) says what holds for all calls; [errors](docs/errors) has a section about each code.";

/// The document, put together when it is first asked for.
pub fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| build().to_pretty_json().unwrap_or_default())
}

fn build() -> OpenApi {
    let (mut paths, mut components) = (Paths::new(), Components::new());
    for route in ROUTES {
        let Some(method) = method(route.method.as_str()) else { continue };
        let item = PathItem::new(method, operation::operation(route, &mut components));
        match paths.paths.get_mut(route.path) {
            Some(known) => known.merge_operations(item),
            None => drop(paths.paths.insert(route.path.to_owned(), item)),
        }
    }
    let mut info = Info::new("wanlink", env!("CARGO_PKG_VERSION"));
    info.description = Some(ABOUT.to_owned());
    info.license = Some(License::new(env!("CARGO_PKG_LICENSE")));
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn method(name: &str) -> Option<HttpMethod> {
    match name {
        "GET" => Some(HttpMethod::Get),
        "PUT" => Some(HttpMethod::Put),
        "POST" => Some(HttpMethod::Post),
        "PATCH" => Some(HttpMethod::Patch),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

//! The handbook's pages as HTML, and the browser of the OpenAPI document: all of it out of this executable, nothing
//! from another host, so that it reads the same where there is no network.
//!
//! The pages are those of `deploy/docs`; a problem's `type` leads to a section of one of them.

mod archive;
mod page;

pub use page::{START, browser, render};

/// A file of the browser's, compressed as it is kept: its media type and the gzip stream.
pub fn asset(name: &str) -> Option<(&'static str, Vec<u8>)> {
    let media = match name {
        "swagger-ui.css" => "text/css; charset=utf-8",
        "swagger-ui-bundle.js" => "text/javascript; charset=utf-8",
        _ => return None,
    };
    let found = archive::gzipped(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED, &format!("/dist/{name}"))?;
    Some((media, found))
}

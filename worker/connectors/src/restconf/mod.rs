//! RESTCONF (RFC 8040) as its servers really speak it: the client, and what their errors mean.
//!
//! Deliberately absent: any data model (each connector's own), XML, notifications and entity tags.

mod client;
mod errors;

pub(crate) use client::{Deleted, Restconf, key, members, strip};

//! The api role: thin. It validates, plans, publishes each WAN-link action to the queue of its WIM account, and
//! answers; it reads through a connection that cannot write, and never calls a controller.
//!
//! A call passes four places: `routes` (the table, limits), `handlers` (a noun's rules), then `intake` (actions) or
//! `objects` and `commands` (the catalogue), and `word`, where the conductors' answers arrive. One that comes over
//! the message broker (`broker_clients`) passes the same places. Deliberately absent: authentication and permissions
//! (they will stand in `scope` and in the table), and any database write.

mod backpressure;
mod broker_clients;
mod call;
mod catalogue;
mod commands;
mod docs;
mod handlers;
mod holds;
mod intake;
mod lane;
mod listing;
mod objects;
mod observe;
mod openapi;
mod problem;
mod readiness;
mod routes;
mod scope;
mod secure;
mod server;
mod settings;
mod start;
mod state;
mod stopping;
mod view;
mod word;

pub use openapi::{Parameter, document as openapi};
pub use problem::{Cause, HttpCause};
pub use readiness::{Check, Readiness};
pub use routes::{ROUTES, Route};
pub use settings::ApiSettings;
pub use start::{Api, ApiDeps, ApiHandle};

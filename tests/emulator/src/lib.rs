//! An emulator of a WAN controller that speaks RFC 8466 (ietf-l2vpn-svc) over RESTCONF (RFC 8040).
//!
//! It exists so that a connector can be tried, and a whole installation be measured, against something that is not
//! the connector's own idea of a controller: its own process, real sockets, the answers that a Clixon server was
//! seen to give (409 for deleting what is absent, 404 for an empty list, 412 for an unknown identity), strict
//! bodies, a probe that holds links in `BUILD`, faults on demand, and a ledger that counts what really happened.
//!
//! | path | for |
//! |---|---|
//! | `/restconf/..` | the controller: [`Options::credentials`] guard it |
//! | `GET /probe/{vpn-id}` | the operational status of a link ([`ProbeView`]) |
//! | `GET /ledger`, `GET /ledger/calls?since=N` | counts ([`LedgerView`]) and calls ([`Call`]) |
//! | `GET`, `POST`, `DELETE /faults` | rules ([`Rule`]) with their counters |
//! | `POST /faults/vanish` `{"vpn-id"}` | remove a service behind everyone's back |
//! | `POST /faults/foreign` `{"vpn-id", "customer-name"?}` | a service of somebody else's |
//! | `POST /faults/status` `{"vpn-id", "status"}` | what the probe answers; `null` ends it |
//!
//! Deliberately absent: anything of wanlink (it must not share the errors it is to find), TLS, XML, NETCONF, entity
//! tags, operations, and a data plane.

mod app;
mod book;
mod cli;
mod clock;
mod control;
mod draft;
mod draw;
mod faults;
mod journal;
mod ledger;
mod options;
mod probe;
mod restconf;
mod server;
mod tree;
mod yang;

pub use cli::Arguments;
pub use faults::{Action, Answer, Match, Rule, RuleView};
pub use ledger::{Call, Counts, Effect, LedgerView, Object, ServiceEntry, Totals, Touch};
pub use options::{Credentials, Options, SiteOption};
pub use probe::ProbeView;
pub use server::{Emulator, Handle, serve};

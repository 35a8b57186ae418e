//! The worker: the stateless role that drives WAN controllers.
//!
//! A worker registers a session, is granted WIM accounts, and for each of them consumes the account's queue:
//! prompt -> claim -> execute -> report -> acknowledge. What it may do is bounded in time by a trust window
//! ([`trust`]) that only answered renewals extend. Deliberately absent: a database (what a worker knows, it was
//! told in a verdict), any decision about an action's state, and any memory that outlives the process.
//!
//! | file | what it does |
//! |---|---|
//! | `worker` | starts the parts, stops them in order |
//! | `session`, `roster` | registration and renewals; which account is held under which epoch |
//! | `trust` | until when a held account may be acted for |
//! | `account`, `intake`, `driver` | one account's session: its queue, its connector |
//! | `claims`, `reports`, `answers` | one batch over all accounts, to the conductors; what they have not answered |
//! | `prompt`, `look`, `settle` | the work on one delivery; what becomes of it then |
//! | `execute`, `calls` | one attempt; one connector call, isolated |
//! | `monitor`, `readiness` | is the WIM there; is the worker of use |
//! | `figures`, `spans` | what is counted and timed; what is traced |
//! | `post`, `desk`, `inbox` | messages out, open questions, answers in |

mod account;
mod answers;
mod calls;
mod claims;
mod context;
mod desk;
mod driver;
mod execute;
mod figures;
mod inbox;
mod intake;
mod listing;
mod look;
mod monitor;
mod post;
mod prompt;
mod readiness;
mod reports;
mod roster;
mod session;
mod settings;
mod settle;
mod spans;
pub mod trust;
mod worker;

pub use readiness::Readiness;
pub use settings::{Lease, WorkerSettings};
pub use worker::{Worker, WorkerDeps};

//! Kind `simulator`: a controller inside this process, with a ledger of every call and scripts of latency, failures
//! and answers. The instrument of tests, and of trying wanlink out without any controller.
//!
//! `wim_url` is `simulator:NAME` (or `http://simulator/NAME`, which the api takes); all accounts with one name share one [`Controller`], which lives as long as the
//! process. Deliberately absent: state over a restart, and anything like a network.

mod connector;
mod controller;
mod ledger;
mod script;

pub use connector::{DESCRIPTOR, SimulatorFactory};
pub use controller::Controller;
pub use ledger::{Call, Effect, Verb};
pub use script::{Fault, Rule};

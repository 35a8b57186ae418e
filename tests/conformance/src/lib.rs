//! Conformance suites: what a port promises, as cases that every engine behind it passes unchanged.
//!
//! Each suite is a table of cases over a harness, so that a new engine brings a harness and no case. Deliberately
//! absent: what only one engine can show; that stands in the engine's own tests.

pub mod answers;
pub mod broker;
pub mod store;

//! The engines behind the port, and the registry that finds one by its name.
//!
//! Adding an SQL engine is a folder here (statements, migrations, a way to run them) and a line in
//! [`Registry::built_in`]; any other is a crate elsewhere and a call of [`Registry::register`] in the executable.
//! Deliberately absent: any fallback. What cannot be opened is an error at start.

pub mod memory;
mod migrations;
pub mod postgres;
mod references;
mod registry;
mod relational;
mod rows;
pub mod sqlite;

pub use registry::{Engine, OpenError, RegisterError, Registry, Surroundings, own_keys};
pub use relational::Statements;

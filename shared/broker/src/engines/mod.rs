//! The engines behind the port, and the registry that finds one by its name.
//!
//! Adding an engine is a folder here and a line in [`Registry::built_in`], or a crate elsewhere and a call of
//! [`Registry::register`] in the executable: nothing inside the tree knows the list. Deliberately absent: any
//! fallback. What cannot be opened is an error at start.

pub mod amqp;
pub(crate) mod event_key;
pub mod memory;
mod registry;

pub use registry::{Engine, OpenError, RegisterError, Registry, Surroundings, own_keys};

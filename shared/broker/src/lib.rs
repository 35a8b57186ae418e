//! The message broker port and its engines.

pub mod port;

//! The database port and its engines.

pub mod port;

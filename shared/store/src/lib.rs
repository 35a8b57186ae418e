//! The database port and its engines.
//!
//! The roles see [`port`] alone; which engine stands behind it is decided once, at start, by
//! [`engines::Registry`]. Rows are the domain's own structs, carried as JSON in both directions. Deliberately absent:
//! decisions (`wanlink-domain`), and any operation that the port does not list.

pub mod engines;
pub mod port;

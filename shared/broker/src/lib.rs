//! The message broker port and its engines.
//!
//! The roles see [`port`] alone; which engine stands behind it is decided once, at start, by
//! [`engines::Registry`]. Deliberately absent: what the messages mean (`wanlink-wire`).

pub mod engines;
pub mod port;

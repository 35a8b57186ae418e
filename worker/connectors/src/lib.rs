//! Connectors: the adapters to each kind of WIM, behind one port.
//!
//! [`port`] says what a connector is, [`policy`] what its failures mean for an action, [`registry`] which kinds
//! there are. Each kind is a folder; what several kinds speak (RESTCONF) is a folder too, and all of them reach the
//! network through [`egress`] alone. Deliberately absent: when to call whom (the worker's), any state between calls,
//! and any knowledge of brokers or databases.

pub mod egress;
pub mod failing;
pub mod ietf_l2sm;
pub mod policy;
pub mod port;
pub mod registry;
mod restconf;
pub mod simulator;

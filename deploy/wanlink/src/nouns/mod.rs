//! The nouns of the api as commands: one file each, their verbs and their flags.
//!
//! Deliberately absent: rules. What is valid is the api's to say, all faults at once.

pub mod account;
pub mod action;
pub mod hold;
pub mod lease;
pub mod link;
pub mod network;
pub mod parked;
pub mod port_mapping;
pub mod request;
pub mod service;
pub mod site;
pub mod tenant;
pub mod wim;
pub mod workers;

//! The pure heart of wanlink: its objects, its rules and its decisions, with no clock, no entropy and no IO.
//!
//! Everything that a role decides is decided here by a function of its arguments, so that a table of cases or a
//! property test can hold it. Deliberately absent: tokio, databases, brokers, HTTP, randomness and the time.

pub mod accepted;
pub mod action;
pub mod budget;
pub mod canonical;
pub mod catalogue;
pub mod connector;
pub mod draft;
pub mod event;
pub mod hold;
pub mod ids;
pub mod lease;
pub mod link;
pub mod object;
pub mod observation;
pub mod plan;
pub mod port_mapping;
pub mod reason;
pub mod request;
pub mod retry;
pub mod service;
pub mod time;
pub mod topology;
pub mod trace;
pub mod validate;
pub mod wish;

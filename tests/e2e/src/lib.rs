//! The harness of the end-to-end tests: real processes, real sockets, real servers, real kills.
//!
//! A scenario is a function of a running [`System`]; what runs it gives it one of either [`Profile`], so that the
//! same expectations hold of one embedded process and of a cluster on RabbitMQ and PostgreSQL. Every scenario ends
//! with the controller's ledger compared to the database. Deliberately absent: anything that looks inside a role.
//! What a test may know is what an operator can see.

pub mod certificates;
pub mod client;
pub mod collector;
pub mod controller;
pub mod database;
pub mod estate;
pub mod figures;
pub mod ledger;
pub mod process;
pub mod profile;
pub mod scenarios;
pub mod services;
pub mod system;
pub mod wait;

pub use profile::{Profile, Setup};
pub use system::System;

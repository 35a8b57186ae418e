//! One file per noun: what a call of it reads, checks, plans and answers.

pub mod accounts;
pub mod actions;
pub mod docs;
pub mod health;
pub mod holds;
pub mod links;
pub mod networks;
pub mod parked;
pub mod plain;
pub mod port_mappings;
pub mod requests;
pub mod services;
pub mod workers;

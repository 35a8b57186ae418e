//! The rules of the domain held as a whole: the committed grid of the action's state machine, properties over random
//! histories of actions and leases, tables of link states, planning against brute force, and the pages of error codes.
//!
//! What a single function promises is tested beside it; here stands what only shows when they work together.

mod book;
mod book_properties;
mod error_pages;
mod event_properties;
mod grid;
mod lease_properties;
mod link_table;
mod planning;
mod planning_properties;
mod precedence_table;
mod samples;
mod service_planning;
mod world;

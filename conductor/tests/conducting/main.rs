//! What a conductor answers and records, seen from the outside: over a real database file and the in-process broker.
//! Numbers in brackets are rows of the list of races that this system must bear.

mod catalogue;
mod due;
mod fencing;
mod holds;
mod keeping;
mod listing;
mod order;
mod outcomes;
mod recording;
mod restored;
mod rows;
mod services;
mod stage;
mod wishes;

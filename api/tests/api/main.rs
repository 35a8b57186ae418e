//! The api from outside: real HTTP on loopback, the in-process broker, a record in memory and a scripted conductor.
//!
//! Every test starts its own world. What was published is seen at the publisher, before the answer is given, so
//! "nothing was published" needs no waiting.

mod acceptance;
mod bad_input;
mod broker_clients;
mod catalogue;
mod conductor;
mod https;
mod outages;
mod real_database;
mod record;
mod recorder;
mod routes;
mod world;

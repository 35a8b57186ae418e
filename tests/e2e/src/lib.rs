//! The harness of the end-to-end tests: real processes, real sockets, real servers, real kills.

pub mod services;

//! What a process needs around its role: clocks, entropy, tasks, configuration, telemetry and sealed secrets.
//!
//! Time, ids, randomness and spawning stand only in this crate (`clippy.toml` forbids them elsewhere), so that
//! the same role code runs in a simulator.

pub mod clock;
pub mod entropy;
pub mod tasks;

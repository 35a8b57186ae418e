//! What a process needs around its role: clocks, entropy, tasks, configuration, telemetry and sealed secrets.
//!
//! Time, ids, randomness and spawning stand only in this crate (`clippy.toml` forbids them elsewhere), so that
//! the same role code runs in a simulator. Deliberately absent: any knowledge of a role, a broker or a database
//! (their configuration is data here; their engines judge it).

pub mod clock;
pub mod config;
pub mod entropy;
pub mod metrics;
pub mod pulse;
pub mod seal;
pub mod shutdown;
pub mod tasks;
pub mod telemetry;
pub mod tls;
pub mod trace;

//! The engines behind the port.

pub mod amqp;
pub(crate) mod event_key;
pub mod memory;

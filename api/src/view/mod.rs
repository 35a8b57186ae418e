//! What callers see of the records: the domain's words, times as RFC 3339, secrets never.
//!
//! These types are written into answers and described in the OpenAPI document by one and the same derivation, so that
//! the two cannot differ. Deliberately absent: the bookkeeping of leases and events where it is nobody's business, and
//! a connector's own notes (`conn_info`), which only it understands.

mod catalogue;
mod holds;
mod services;
mod work;
mod workers;

pub use catalogue::{Account, Network, PortMapping, Site, Tenant, Wim, object};
pub use holds::{Freeze, Paused};
pub use services::Service;
pub use work::{Action, ActionWithAttempts, Link, Request, RequestWithActions};
pub use workers::{Lease, Worker};

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use wanlink_domain::time::Timestamp;

/// A time, RFC 3339 in UTC with microseconds.
#[derive(Clone, Copy, Debug, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-21T03:38:06.000000Z")]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

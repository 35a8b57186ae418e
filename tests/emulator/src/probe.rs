//! The operational probe: what a monitoring system beside the controller would say of a link.
//!
//! RFC 8466 has no operational state, so a connector has to ask elsewhere; this is that elsewhere. A link is in
//! `BUILD` for a time that its id and the seed draw, counted from when it became complete (its service and two
//! accesses), so that two runs with one seed build the same links equally long.

use crate::book::Book;
use crate::draw;
use crate::tree::Service;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The answer to `GET /probe/{vpn-id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeView {
    /// The link's `vpn-id`.
    #[serde(rename = "vpn-id")]
    pub vpn_id: String,
    /// `BUILD`, `ACTIVE`, `DOWN`, or whatever was forced.
    pub status: String,
    /// Accesses attached to it.
    pub accesses: usize,
}

/// The range from which building times are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Building {
    pub(crate) seed: u64,
    pub(crate) min_ms: u64,
    pub(crate) max_ms: u64,
}

impl Building {
    fn status(self, id: &str, service: &Service, now_ms: u64) -> &'static str {
        match service.complete_at_ms {
            Some(since) => {
                let takes = draw::between(self.seed, id, self.min_ms, self.max_ms);
                if now_ms.saturating_sub(since) < takes { "BUILD" } else { "ACTIVE" }
            }
            None if service.was_complete => "DOWN",
            None => "BUILD",
        }
    }
}

impl Book {
    /// The answer to `GET /probe`: every service that shows, by its id.
    pub(crate) fn probes(&self, now_ms: u64) -> BTreeMap<String, ProbeView> {
        let ids = self.tree.services().map(|(id, _)| id);
        ids.filter_map(|id| Some((id.clone(), self.probe(id, now_ms)?))).collect()
    }

    /// `None` where the service does not exist, or does not show yet.
    pub(crate) fn probe(&self, id: &str, now_ms: u64) -> Option<ProbeView> {
        let service = self.tree.service(id).filter(|_| !self.hides_service(id, now_ms))?;
        let status = match self.forced.get(id) {
            Some(forced) => forced.clone(),
            None => self.building.status(id, service, now_ms).to_owned(),
        };
        Some(ProbeView { vpn_id: id.to_owned(), status, accesses: self.tree.attached(id).count() })
    }
}

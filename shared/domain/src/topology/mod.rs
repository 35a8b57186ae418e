//! Topologies with traffic demands, as research networks publish them: sites, and a WAN link for each pair of them
//! that wants to talk.
//!
//! The format is NetworkX's node-link JSON with `pos` (longitude, latitude) on the nodes and `graph.demands`
//! (volume by source and target), as the files in `deploy/topologies` have it. The physical edges are not read:
//! how traffic travels is the controllers' business.

mod parse;
#[cfg(test)]
mod tests;
mod vlan;

pub use parse::{TopologyError, parse};
pub use vlan::{TooManyLinks, choose_vlans};

/// A topology that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Topology {
    pub name: String,
    /// In the order of the file.
    pub sites: Vec<TopologySite>,
    /// By first, then second site; each pair once, the smaller place first.
    pub links: Vec<TopologyLink>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TopologySite {
    /// Unique within the topology, and a name by wanlink's rules.
    pub name: String,
    /// Degrees north and degrees east.
    pub position: Option<(f64, f64)>,
}

/// A wanted link between two sites, given by their places in [`Topology::sites`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopologyLink {
    pub sites: [usize; 2],
    /// Both directions' demands together, rounded up; at least 1.
    pub bandwidth_kbps: u64,
}

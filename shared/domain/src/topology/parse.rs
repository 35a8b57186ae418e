//! Node-link JSON to a topology.

use super::{Topology, TopologyLink, TopologySite};
use crate::validate::{FieldError, read, rule};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Why a file is no topology that can be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// Not node-link JSON; where and why.
    #[error("not a topology in node-link JSON: {}{}{}", .0.field, if .0.field.is_empty() { "" } else { ": " }, .0.message)]
    Malformed(FieldError),
    #[error("node {node}: {message}")]
    Node { node: String, message: String },
    /// A demand names a node that there is none of.
    #[error("a demand names node {0}, which is not among the nodes")]
    UnknownNode(String),
    /// A volume that is negative, not finite or beyond what a link may have.
    #[error(
        "the demand between {source_node} and {target} is {volume}: must be from 0 to {} kbit/s",
        rule::BANDWIDTH_KBPS_MAX
    )]
    Volume { source_node: String, target: String, volume: String },
}

/// The part of the format that is read; everything else in the file is let be.
#[derive(Deserialize)]
struct NodeLink {
    graph: Graph,
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Graph {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    demands: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
struct Node {
    /// A number or a text; demands name it by its text.
    id: Value,
    #[serde(default)]
    name: Option<String>,
    /// Longitude, latitude.
    #[serde(default)]
    pos: Option<[f64; 2]>,
}

/// Reads a topology; `kbps_per_unit` says what one unit of the file's demands is worth.
pub fn parse(bytes: &[u8], kbps_per_unit: f64) -> Result<Topology, TopologyError> {
    let file: NodeLink = read(bytes).map_err(TopologyError::Malformed)?;
    let mut places = BTreeMap::new();
    let mut names = BTreeSet::new();
    let mut sites = Vec::with_capacity(file.nodes.len());
    for node in file.nodes {
        let id = node.id.as_str().map_or_else(|| node.id.to_string(), str::to_owned);
        let site = site(&id, node.name, node.pos)?;
        if !names.insert(site.name.clone()) {
            let message = format!("another node is named {:?} as well", site.name);
            return Err(TopologyError::Node { node: id, message });
        }
        if places.insert(id.clone(), sites.len()).is_some() {
            return Err(TopologyError::Node { node: id, message: "stands twice".to_owned() });
        }
        sites.push(site);
    }
    let links = links(&file.graph.demands, &places, kbps_per_unit)?;
    Ok(Topology { name: file.graph.name.unwrap_or_default(), sites, links })
}

fn site(id: &str, name: Option<String>, pos: Option<[f64; 2]>) -> Result<TopologySite, TopologyError> {
    let fault = |message: String| TopologyError::Node { node: id.to_owned(), message };
    let name = rule::name(name.unwrap_or_else(|| id.to_owned()))
        .map_err(|message| fault(format!("its name {message}")))?;
    let position = match pos {
        None => None,
        Some([longitude, latitude]) => {
            let latitude =
                rule::latitude(latitude).map_err(|message| fault(format!("its latitude {message}")))?;
            let longitude =
                rule::longitude(longitude).map_err(|message| fault(format!("its longitude {message}")))?;
            Some((latitude, longitude))
        }
    };
    Ok(TopologySite { name, position })
}

/// One link per unordered pair with any demand. What a node demands of itself needs no WAN.
fn links(
    demands: &BTreeMap<String, BTreeMap<String, f64>>,
    places: &BTreeMap<String, usize>,
    kbps_per_unit: f64,
) -> Result<Vec<TopologyLink>, TopologyError> {
    let place = |id: &String| places.get(id).copied().ok_or_else(|| TopologyError::UnknownNode(id.clone()));
    let mut volumes: BTreeMap<[usize; 2], f64> = BTreeMap::new();
    for (source, targets) in demands {
        let from = place(source)?;
        for (target, volume) in targets {
            let to = place(target)?;
            let kbps = volume * kbps_per_unit;
            let total = volumes.entry([from.min(to), from.max(to)]).or_default();
            *total += kbps;
            if !(kbps >= 0.0 && *total <= rule::BANDWIDTH_KBPS_MAX as f64) {
                let (source_node, target, volume) = (source.clone(), target.clone(), volume.to_string());
                return Err(TopologyError::Volume { source_node, target, volume });
            }
        }
    }
    let wanted = volumes.into_iter().filter(|([a, b], kbps)| a != b && *kbps > 0.0);
    Ok(wanted
        .map(|(sites, kbps)| TopologyLink { sites, bandwidth_kbps: (kbps.ceil() as u64).max(1) })
        .collect())
}

//! VLANs for links that share their sites' ports.

use super::Topology;
use crate::validate::rule::VLAN_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// A site's one port has no VLAN left.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "site {site} needs {wanted} VLANs on its port beside {taken} that are taken: a port has at most {VLAN_MAX}"
)]
pub struct TooManyLinks {
    pub site: String,
    pub wanted: usize,
    pub taken: usize,
}

/// A VLAN for either end of each link, in the links' order, no two alike on one site's port nor among those that
/// `taken` names for the site. Both ends get the smallest number that is free at both, so that no controller needs
/// to translate; where the ports have none in common any more, each end gets the smallest that is free there.
pub fn choose_vlans(
    topology: &Topology,
    taken: &BTreeMap<String, BTreeSet<u16>>,
) -> Result<Vec<[u16; 2]>, TooManyLinks> {
    // By site and VLAN; a row of flags, for thousands of links may share a port.
    let mut used = vec![[false; VLAN_MAX as usize + 1]; topology.sites.len()];
    for (flags, site) in used.iter_mut().zip(&topology.sites) {
        for vlan in taken.get(&site.name).into_iter().flatten() {
            if let Some(flag) = flags.get_mut(usize::from(*vlan)) {
                *flag = true;
            }
        }
    }
    let mut choose = |[a, b]: [usize; 2]| {
        let free = |place: usize, vlan: u16| !used[place][usize::from(vlan)];
        let pair = match (1..=VLAN_MAX).find(|vlan| free(a, *vlan) && free(b, *vlan)) {
            Some(common) => [common, common],
            None => {
                let alone = |place| (1..=VLAN_MAX).find(|vlan| free(place, *vlan));
                [alone(a)?, alone(b)?]
            }
        };
        used[a][usize::from(pair[0])] = true;
        used[b][usize::from(pair[1])] = true;
        Some(pair)
    };
    let chosen: Option<Vec<[u16; 2]>> = topology.links.iter().map(|link| choose(link.sites)).collect();
    chosen.ok_or_else(|| fullest(topology, taken))
}

/// The site that wants the most.
fn fullest(topology: &Topology, taken: &BTreeMap<String, BTreeSet<u16>>) -> TooManyLinks {
    let wanted = |place: usize| topology.links.iter().filter(|link| link.sites.contains(&place)).count();
    let needs = topology.sites.iter().enumerate().map(|(place, site)| TooManyLinks {
        site: site.name.clone(),
        wanted: wanted(place),
        taken: taken.get(&site.name).map_or(0, BTreeSet::len),
    });
    needs.max_by_key(|need| need.wanted + need.taken).unwrap_or(TooManyLinks {
        site: String::new(),
        wanted: 0,
        taken: 0,
    })
}

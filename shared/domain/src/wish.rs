//! What an edit changes of a link's wish: kept as a patch and laid over whatever stands when its turn comes.
//!
//! Of several edits that wait at once each says only what it changes. So one that is called off leaves nothing behind
//! in a later one, and one that is recorded late takes its place before a later one. Deliberately absent: which
//! actions stand (the conductor's `wishes`), and whether the result can be made (`plan`).

use crate::ids::NetworkId;
use crate::link::{Endpoint, ServiceType, Wish};
use serde::{Deserialize, Serialize};

/// A change of a wish; the default one changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WishPatch {
    /// Kbit/s; absent: as it is.
    pub bandwidth_kbps: Option<u64>,
    pub latency_ms: Option<u32>,
    /// Endpoints that are added; one of a network that is there already takes its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub join: Vec<Endpoint>,
    /// Networks whose endpoints are taken away, before others are added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<NetworkId>,
    /// The kind of service follows the number of endpoints: two are an ELINE, more an ELAN.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retype: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands in a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl WishPatch {
    /// The wish with this change made to it.
    pub fn over(&self, wish: &Wish) -> Wish {
        let mut wish = wish.clone();
        wish.bandwidth_kbps = self.bandwidth_kbps.or(wish.bandwidth_kbps);
        wish.latency_ms = self.latency_ms.or(wish.latency_ms);
        wish.endpoints.retain(|end| end.network_id.is_none_or(|id| !self.leave.contains(&id)));
        for end in &self.join {
            match wish.endpoints.iter_mut().find(|known| known.network_id == end.network_id) {
                Some(known) if end.network_id.is_some() => known.clone_from(end),
                _ => wish.endpoints.push(end.clone()),
            }
        }
        if self.retype && matches!(wish.service_type, ServiceType::Eline | ServiceType::Elan) {
            wish.service_type = ServiceType::joining(wish.endpoints.len());
        }
        wish
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SiteId;
    use crate::link::Encapsulation;
    use uuid::Uuid;

    fn end(network: u128) -> Endpoint {
        Endpoint {
            site_id: SiteId(Uuid::from_u128(network)),
            network_id: Some(NetworkId(Uuid::from_u128(network))),
            port: None,
            encapsulation: Encapsulation::None,
        }
    }

    fn wish(networks: &[u128]) -> Wish {
        Wish {
            service_type: ServiceType::joining(networks.len()),
            endpoints: networks.iter().map(|it| end(*it)).collect(),
            bandwidth_kbps: Some(10),
            latency_ms: None,
        }
    }

    fn patch(join: &[u128], leave: &[u128]) -> WishPatch {
        WishPatch {
            join: join.iter().map(|it| end(*it)).collect(),
            leave: leave.iter().map(|it| NetworkId(Uuid::from_u128(*it))).collect(),
            retype: true,
            ..WishPatch::default()
        }
    }

    #[test]
    fn sites_join_and_leave_and_the_kind_follows() {
        for (before, join, leave, after) in [
            (&[1, 2][..], &[3][..], &[][..], &[1, 2, 3][..]),
            (&[1, 2, 3], &[], &[2], &[1, 3]),
            (&[1, 2], &[3], &[1], &[2, 3]),
            (&[1, 2], &[2], &[], &[1, 2]),
            (&[1, 2], &[2], &[2], &[1, 2]),
            (&[1, 2], &[], &[9], &[1, 2]),
            (&[1, 2, 3], &[], &[2, 3], &[1]),
        ] {
            assert_eq!(patch(join, leave).over(&wish(before)), wish(after), "{before:?} {join:?} {leave:?}");
        }
    }

    #[test]
    fn what_is_not_said_stays() {
        let before = Wish { service_type: ServiceType::Etree, latency_ms: Some(4), ..wish(&[1, 2, 3]) };
        assert_eq!(WishPatch::default().over(&before), before);
        let edited = WishPatch { bandwidth_kbps: Some(7), ..patch(&[4], &[]) }.over(&before);
        assert_eq!(
            (edited.service_type, edited.bandwidth_kbps, edited.latency_ms, edited.endpoints.len()),
            (ServiceType::Etree, Some(7), Some(4), 4)
        );
        let kept = WishPatch { retype: false, ..patch(&[3], &[]) }.over(&wish(&[1, 2]));
        assert_eq!(kept.service_type, ServiceType::Eline);
    }
}

//! Service endpoint ids that are derived from where a mapping leads, for mappings that do not name one.

use crate::canonical;
use crate::validate::{Faults, below, config, rule};
use serde_json::{Map, Value};
use sha1::{Digest as _, Sha1};

/// The mapping type whose identity is a WAN switch's port and nothing else.
pub const DPID_PORT: &str = "dpid-port";

/// Room for `:` and 40 hexadecimal digits behind the mapping type.
const MAPPING_TYPE_MAX: usize = rule::NAME_MAX - 41;

/// Notes what of a mapping's info cannot be kept; answers its type. The ports of a WAN switch follow the rules of
/// a site's; further keys are the connector's own.
pub fn check_info(place: &str, info: &Map<String, Value>, faults: &mut Faults) -> Option<String> {
    config::check_shape(place, info, faults);
    if let Some(dpid) = info.get("wan_switch_dpid") {
        let text = dpid.as_str().ok_or_else(|| "must be a text".to_owned());
        faults.check(below(place, "wan_switch_dpid"), text.and_then(|text| rule::dpid(text.to_owned())));
    }
    if let Some(port) = info.get("wan_switch_port") {
        let kept = match (port.as_str(), port.as_u64()) {
            (Some(text), _) => rule::port_text(text.to_owned()),
            (None, number) => rule::port_number(number.unwrap_or(0)),
        };
        faults.check(below(place, "wan_switch_port"), kept);
    }
    let kind = info.get("mapping_type").and_then(Value::as_str);
    let kind = kind.ok_or_else(|| "is required: a text".to_owned()).and_then(|kind| {
        if kind.chars().count() > MAPPING_TYPE_MAX {
            return Err(format!("must have at most {MAPPING_TYPE_MAX} characters"));
        }
        rule::name(kind.to_owned())
    });
    faults.check(below(place, "mapping_type"), kind)
}

/// `<mapping_type>:<SHA-1 of the sorted JSON of the mapping info>`, the type itself left out of what is hashed, and
/// for `dpid-port` everything but the WAN switch and its port. Different places give different ids, however their
/// keys were ordered; SHA-1 is an identifier here and protects nothing. `None`: there is no mapping type.
pub fn derived_endpoint_id(info: &Map<String, Value>) -> Option<String> {
    let kind = info.get("mapping_type")?.as_str()?;
    let identity: Map<String, Value> = info
        .iter()
        .filter(|(key, _)| match kind {
            DPID_PORT => matches!(key.as_str(), "wan_switch_dpid" | "wan_switch_port"),
            _ => *key != "mapping_type",
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let digest = Sha1::digest(canonical::json(&Value::Object(identity)).as_bytes());
    Some(format!("{kind}:{}", canonical::hex(&digest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn id(info: Value) -> Option<String> {
        derived_endpoint_id(info.as_object().unwrap())
    }

    #[test]
    fn a_switch_port_is_known_by_switch_and_port_alone() {
        let plain = json!({"mapping_type": "dpid-port", "wan_switch_dpid": "00:01", "wan_switch_port": 7});
        // sha1 of {"wan_switch_dpid":"00:01","wan_switch_port":7}
        assert_eq!(id(plain.clone()).unwrap(), "dpid-port:29e7de789f49e6a0ed0333d6b40b347a7d23802c");
        let mut noted = plain.clone();
        noted["note"] = json!("x");
        assert_eq!(id(noted), id(plain.clone()));
        let mut elsewhere = plain.clone();
        elsewhere["wan_switch_port"] = json!(8);
        assert_ne!(id(elsewhere), id(plain));
    }

    #[test]
    fn any_other_type_is_known_by_all_of_its_info() {
        let one = json!({"mapping_type": "bearer", "pe": "a", "uni": {"x": 1, "y": 2}});
        let same = json!({"uni": {"y": 2, "x": 1}, "pe": "a", "mapping_type": "bearer"});
        assert_eq!(id(one.clone()), id(same));
        assert_ne!(id(one), id(json!({"mapping_type": "bearer", "pe": "a", "uni": {"x": 1, "y": 3}})));
        assert_eq!(id(json!({"pe": "a"})), None);
    }

    #[test]
    fn info_is_checked_field_by_field() {
        for (info, fields) in [
            (json!({"mapping_type": "dpid-port", "wan_switch_dpid": "a:b", "wan_switch_port": "x"}), vec![]),
            (json!({}), vec!["/info/mapping_type"]),
            (json!({"mapping_type": 5}), vec!["/info/mapping_type"]),
            (json!({"mapping_type": "x".repeat(215)}), vec!["/info/mapping_type"]),
            (
                json!({"mapping_type": "a", "wan_switch_dpid": "a::b", "wan_switch_port": 0}),
                vec!["/info/wan_switch_dpid", "/info/wan_switch_port"],
            ),
            (json!({"mapping_type": "a", "wan_switch_port": -1}), vec!["/info/wan_switch_port"]),
            (json!({"mapping_type": "a", "wan_switch_port": true}), vec!["/info/wan_switch_port"]),
        ] {
            let mut faults = Faults::default();
            let kind = check_info("/info", info.as_object().unwrap(), &mut faults);
            let found = faults.finish(kind).err().unwrap_or_default();
            assert_eq!(found.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), fields, "{info}");
        }
    }
}

//! One end of a link, written in one word: `site=vienna,switch=00:1b,port=7,vlan=100` or `network=web-vienna`.
//!
//! Deliberately absent: whether it makes sense. The api checks all of a link at once and names each fault.

use serde_json::{Map, Value, json};

const SHAPE: &str = "expected network=NAME, or site=NAME,switch=DPID,port=PORT, and behind it vlan=N, or \
                     vni=N[,peer=ADDRESS..], or untagged";

/// Reads one end as the body's object.
pub fn parse(text: &str) -> Result<Value, String> {
    let (mut end, mut port, mut tag, mut peers) = (Map::new(), Map::new(), Map::new(), Vec::new());
    for part in text.split(',') {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let number = || value.parse::<u64>().map_err(|_| format!("{key}: {value:?} is no number"));
        let twice = match key {
            "untagged" if value.is_empty() => tag.insert("type".to_owned(), json!("none")),
            _ if value.is_empty() => return Err(SHAPE.to_owned()),
            "network" | "site" => end.insert(key.to_owned(), json!(value)),
            "switch" | "port" => port.insert(key.to_owned(), json!(value)),
            "vlan" => {
                tag.insert("vlan".to_owned(), json!(number()?));
                tag.insert("type".to_owned(), json!("dot1q"))
            }
            "vni" => {
                tag.insert("vni".to_owned(), json!(number()?));
                tag.insert("type".to_owned(), json!("vxlan"))
            }
            "peer" => {
                peers.push(json!(value));
                None
            }
            _ => return Err(format!("{key:?} is unknown: {SHAPE}")),
        };
        if twice.is_some() {
            return Err(format!("{key} contradicts what stands before it: {SHAPE}"));
        }
    }
    if !peers.is_empty() {
        tag.insert("peers".to_owned(), Value::Array(peers));
    }
    for (field, value) in [("port", port), ("encapsulation", tag)] {
        if !value.is_empty() {
            end.insert(field.to_owned(), Value::Object(value));
        }
    }
    Ok(Value::Object(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_read() {
        for (text, end) in [
            ("network=web", json!({"network": "web"})),
            (
                "site=a,switch=00:1b,port=7,vlan=100",
                json!({"site": "a", "port": {"switch": "00:1b", "port": "7"},
                    "encapsulation": {"type": "dot1q", "vlan": 100}}),
            ),
            (
                "site=a,vni=5000,peer=192.0.2.1,peer=192.0.2.2",
                json!({"site": "a", "encapsulation":
                    {"type": "vxlan", "vni": 5000, "peers": ["192.0.2.1", "192.0.2.2"]}}),
            ),
            ("site=a,untagged", json!({"site": "a", "encapsulation": {"type": "none"}})),
            ("site=a,vlan=5000", json!({"site": "a", "encapsulation": {"type": "dot1q", "vlan": 5000}})),
        ] {
            assert_eq!(parse(text), Ok(end), "{text}");
        }
    }

    #[test]
    fn what_is_no_end_is_told() {
        for text in
            ["", "site", "site=", "site=a,vlan=x", "site=a,site=b", "site=a,vlan=1,vni=2", "colour=red"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

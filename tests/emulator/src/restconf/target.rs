//! Which resource a path names: the api-path of RFC 8040 section 3.5.3 for the few resources there are.
//!
//! Parsed from the raw path, percent-decoded segment by segment, for a key may hold an encoded slash. Query
//! parameters are not looked at: `depth` and `fields` may be asked for and are not honoured, as a client of this
//! model does not need them.

use super::problem::Problem;
use crate::yang::l2vpn_svc::MODULE;

/// A resource below `/restconf/data`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `/restconf/data`
    Datastore,
    /// `ietf-l2vpn-svc:l2vpn-svc`
    Tree,
    Services,
    Service(String),
    Sites,
    Site(String),
    Accesses(String),
    Access {
        site: String,
        id: String,
    },
    /// `site-network-access={id}/service`
    AccessService {
        site: String,
        id: String,
    },
    /// `ietf-yang-library:yang-library`
    Library,
}

impl Target {
    /// Parses what follows `/restconf/data`, which is empty or begins with a slash.
    pub(crate) fn parse(path: &str) -> Result<Self, Problem> {
        let mut segments = Vec::new();
        for raw in path.strip_prefix('/').unwrap_or(path).split('/').filter(|_| !path.is_empty()) {
            segments.push(Segment::parse(raw)?);
        }
        let names: Vec<(&str, Option<&str>)> =
            segments.iter().map(|segment| (segment.name.as_str(), segment.key.as_deref())).collect();
        let owned = str::to_owned;
        let Some(((root, None), below)) = names.split_first() else {
            return if names.is_empty() { Ok(Self::Datastore) } else { Err(unknown(names[0].0)) };
        };
        if *root == "ietf-yang-library:yang-library" && below.is_empty() {
            return Ok(Self::Library);
        }
        if *root != "ietf-l2vpn-svc:l2vpn-svc" {
            return Err(unknown(root));
        }
        let below: Vec<(&str, Option<&str>)> = below.iter().map(|(name, key)| (bare(name), *key)).collect();
        match below.as_slice() {
            [] => Ok(Self::Tree),
            [("vpn-services", None)] => Ok(Self::Services),
            [("vpn-services", None), ("vpn-service", Some(id))] => Ok(Self::Service(owned(id))),
            [("sites", None)] => Ok(Self::Sites),
            [("sites", None), ("site", Some(id))] => Ok(Self::Site(owned(id))),
            [("sites", None), ("site", Some(site)), ("site-network-accesses", None)] => {
                Ok(Self::Accesses(owned(site)))
            }
            [
                ("sites", None),
                ("site", Some(site)),
                ("site-network-accesses", None),
                ("site-network-access", Some(id)),
                rest @ ..,
            ] => {
                let (site, id) = (owned(site), owned(id));
                match rest {
                    [] => Ok(Self::Access { site, id }),
                    [("service", None)] => Ok(Self::AccessService { site, id }),
                    [(name, _), ..] => Err(unknown(name)),
                }
            }
            [.., ("vpn-service" | "site" | "site-network-access", None)] => Err(Problem::malformed(
                "malformed key: a list entry is named with its key (RFC 8040 section 3.5.3)",
            )),
            [.., (name, _)] => Err(unknown(name)),
        }
    }
}

fn unknown(name: &str) -> Problem {
    Problem::unknown_element("", name)
}

fn bare(name: &str) -> &str {
    name.strip_prefix(MODULE).and_then(|rest| rest.strip_prefix(':')).unwrap_or(name)
}

struct Segment {
    name: String,
    key: Option<String>,
}

impl Segment {
    fn parse(raw: &str) -> Result<Self, Problem> {
        let (name, key) = match raw.split_once('=') {
            Some((name, key)) => (name, Some(decode(key)?)),
            None => (raw, None),
        };
        Ok(Self { name: decode(name)?, key })
    }
}

/// Percent-decoding (RFC 3986 section 2.1).
fn decode(text: &str) -> Result<String, Problem> {
    let bad = || Problem::malformed("bad percent-encoding in the path");
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
            let (high, low) = (digit(bytes.next()), digit(bytes.next()));
            let value = high.zip(low).map(|(high, low)| high * 16 + low).ok_or_else(bad)?;
            decoded.push(u8::try_from(value).map_err(|_| bad())?);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "/ietf-l2vpn-svc:l2vpn-svc";

    fn parse(below: &str) -> Result<Target, Problem> {
        Target::parse(&format!("{ROOT}{below}"))
    }

    #[test]
    fn paths_name_resources() {
        let access = |site: &str, id: &str| Target::Access { site: site.to_owned(), id: id.to_owned() };
        let cases = [
            ("", Target::Tree),
            ("/vpn-services", Target::Services),
            ("/vpn-services/vpn-service=l1", Target::Service("l1".to_owned())),
            ("/vpn-services/ietf-l2vpn-svc:vpn-service=a%2Fb", Target::Service("a/b".to_owned())),
            ("/sites/site=x", Target::Site("x".to_owned())),
            ("/sites/site=x/site-network-accesses", Target::Accesses("x".to_owned())),
            ("/sites/site=x/site-network-accesses/site-network-access=l1-1", access("x", "l1-1")),
        ];
        for (path, want) in cases {
            assert_eq!(parse(path), Ok(want), "{path}");
        }
        assert_eq!(Target::parse(""), Ok(Target::Datastore));
    }

    #[test]
    fn bad_paths_say_what_is_wrong() {
        let cases = [
            ("/vpn-services/vpn-service", "malformed-message"),
            ("/sites/site", "malformed-message"),
            ("/vpn-services/vpn-service=%zz", "malformed-message"),
            ("/vpn-services/other=1", "unknown-element"),
            ("/sites/site=x/site-network-accesses/site-network-access=1/bearer2", "unknown-element"),
            ("/", "unknown-element"),
        ];
        for (path, tag) in cases {
            assert_eq!(parse(path).map_err(|problem| problem.tag), Err(tag.to_owned()), "{path}");
        }
        assert!(Target::parse("/ietf-l3vpn-svc:l3vpn-svc").is_err());
        assert!(Target::parse("/ietf-l2vpn-svc:l2vpn-svc=1").is_err());
    }
}

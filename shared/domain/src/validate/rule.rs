//! The rules of single values: each takes what came and gives what may be kept, or says what would be right.
//!
//! Lengths are in characters. No rule lets a NUL through, for PostgreSQL's text cannot hold one.

use std::net::IpAddr;

/// Longest name and endpoint id.
pub const NAME_MAX: usize = 255;
/// Longest user and password.
pub const CREDENTIAL_MAX: usize = 60;
pub const DESCRIPTION_MAX: usize = 1_000;
pub const URL_MAX: usize = 1_000;
/// 1 Pbit/s: far above any link, far below where sums overflow.
pub const BANDWIDTH_KBPS_MAX: u64 = 1_000_000_000_000;
/// IEEE 802.1Q: 0 and 4095 are reserved.
pub const VLAN_MAX: u16 = 4094;
/// RFC 7348: 24 bits.
pub const VNI_MAX: u32 = (1 << 24) - 1;
/// Most peers of one VXLAN endpoint.
pub const PEERS_MAX: usize = 64;
/// Most endpoints of one link.
pub const ENDPOINTS_MAX: usize = 256;
/// Networks of one network service.
pub const SERVICE_NETWORKS_MAX: usize = 1_000;

const FORBIDDEN_IN_NAMES: &[char] = &[',', ';', '(', ')', '\'', '"'];

fn length(text: &str, max: usize) -> Result<(), String> {
    match text.chars().count() {
        0 => Err("must not be empty".to_owned()),
        count if count > max => Err(format!("must have at most {max} characters, has {count}")),
        _ => Ok(()),
    }
}

fn no_control(text: &str, allowed: &[char]) -> Result<(), String> {
    match text.chars().find(|c| c.is_control() && !allowed.contains(c)) {
        Some(c) => Err(format!("must not contain control characters (found U+{:04X})", u32::from(c))),
        None => Ok(()),
    }
}

/// A name: 1 to 255 characters without `, ; ( ) ' "` and control characters.
pub fn name(text: String) -> Result<String, String> {
    length(&text, NAME_MAX)?;
    no_control(&text, &[])?;
    match text.chars().find(|c| FORBIDDEN_IN_NAMES.contains(c)) {
        Some(c) => Err(format!("must not contain any of , ; ( ) ' \" (found {c})")),
        None => Ok(text),
    }
}

/// A service endpoint's id, as the controller writes it.
pub fn endpoint_id(text: String) -> Result<String, String> {
    length(&text, NAME_MAX)?;
    no_control(&text, &[])?;
    Ok(text)
}

/// A user or a password: 1 to 60 characters. The message never repeats it.
pub fn credential(text: &str) -> Result<(), String> {
    length(text, CREDENTIAL_MAX)?;
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters".to_owned());
    }
    Ok(())
}

/// A text for people, in one or more lines.
pub fn description(text: String) -> Result<String, String> {
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(format!("must have at most {DESCRIPTION_MAX} characters"));
    }
    no_control(&text, &['\n', '\t'])?;
    Ok(text)
}

/// A switch's datapath id: words of letters and digits joined by single colons.
pub fn dpid(text: String) -> Result<String, String> {
    length(&text, NAME_MAX)?;
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    if text.split(':').all(word) {
        Ok(text)
    } else {
        Err("must be words of letters and digits joined by colons, such as 00:00:ac".to_owned())
    }
}

/// A switch port given as a text of 1 to 5 characters.
pub fn port_text(text: String) -> Result<String, String> {
    length(&text, 5)?;
    no_control(&text, &[])?;
    Ok(text)
}

/// A switch port given as a number.
pub fn port_number(number: u64) -> Result<String, String> {
    match number {
        1..=65_534 => Ok(number.to_string()),
        _ => Err("must be a number from 1 to 65534, or a text of 1 to 5 characters".to_owned()),
    }
}

/// An http or https URL with a host; trailing blanks and slashes are cut off. Credentials, a query or a fragment
/// are refused: the first would be a secret in a field that is shown, the others mean nothing to a base URL.
pub fn base_url(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || c == '/');
    length(text, URL_MAX)?;
    no_control(text, &[])?;
    let url = url::Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    let host = url.host_str().unwrap_or_default();
    // The parser mends what lacks slashes or has too many; what is kept is the text, so the text must be right.
    let authority = text.get(url.scheme().len()..).and_then(|rest| rest.strip_prefix("://"));
    let authority_given = authority.is_some_and(|rest| !rest.starts_with(['/', '\\']));
    if !matches!(url.scheme(), "http" | "https") {
        Err("must begin with http:// or https://".to_owned())
    } else if host.is_empty() || !authority_given {
        Err("must name a host: http://HOST or https://HOST".to_owned())
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("must not carry credentials: they belong to the account".to_owned())
    } else if url.query().is_some() || url.fragment().is_some() {
        Err("must not carry a query or a fragment".to_owned())
    } else if text.chars().any(char::is_whitespace) {
        Err("must not contain blanks".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// Degrees north.
pub fn latitude(degrees: f64) -> Result<f64, String> {
    within(degrees, 90.0)
}

/// Degrees east.
pub fn longitude(degrees: f64) -> Result<f64, String> {
    within(degrees, 180.0)
}

fn within(degrees: f64, limit: f64) -> Result<f64, String> {
    if degrees.is_finite() && degrees.abs() <= limit {
        Ok(degrees)
    } else {
        Err(format!("must be from -{limit} to {limit} degrees"))
    }
}

pub fn vlan(number: u64) -> Result<u16, String> {
    u16::try_from(number)
        .ok()
        .filter(|vlan| (1..=VLAN_MAX).contains(vlan))
        .ok_or_else(|| format!("must be from 1 to {VLAN_MAX}"))
}

pub fn vni(number: u64) -> Result<u32, String> {
    u32::try_from(number)
        .ok()
        .filter(|vni| *vni <= VNI_MAX)
        .ok_or_else(|| format!("must be from 0 to {VNI_MAX}"))
}

/// A tunnel endpoint's address.
pub fn peer(text: String) -> Result<String, String> {
    text.parse::<IpAddr>().map(|_| text).map_err(|_| "must be an IPv4 or IPv6 address".to_owned())
}

/// kbit/s.
pub fn bandwidth_kbps(kbps: u64) -> Result<u64, String> {
    if (1..=BANDWIDTH_KBPS_MAX).contains(&kbps) {
        Ok(kbps)
    } else {
        Err(format!("must be from 1 to {BANDWIDTH_KBPS_MAX} kbit/s"))
    }
}

pub fn latency_ms(ms: u64) -> Result<u32, String> {
    // What databases keep as a 32-bit number.
    u32::try_from(ms)
        .ok()
        .filter(|ms| (1..=i32::MAX as u32).contains(ms))
        .ok_or_else(|| "must be a whole number of milliseconds, at least 1".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: std::fmt::Debug>(rule: impl Fn(String) -> Result<T, String>, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(rule((*text).to_owned()).is_ok(), "{text:?} is refused");
        }
        for text in bad {
            assert!(rule((*text).to_owned()).is_err(), "{text:?} is taken");
        }
    }

    #[test]
    fn names() {
        let (longest, longer) = ("ü".repeat(255), "ü".repeat(256));
        check(
            name,
            &["a", "at1.at", "Zürich 1", "a/b", "x:y", "-", &longest],
            &["", "a,b", "a;b", "a(b", "a)b", "a'b", "a\"b", "a\0b", "a\nb", "a\u{85}b", &longer],
        );
    }

    #[test]
    fn credentials_are_bounded_and_never_repeated() {
        check(
            |text| credential(&text),
            &["p", "pa'ss \"word\"", &"x".repeat(60)],
            &["", &"x".repeat(61), "a\nb"],
        );
        assert!(!credential("secret\0").unwrap_err().contains("secret"));
    }

    #[test]
    fn datapath_ids() {
        check(
            dpid,
            &["1", "00:11:aa:FF", "of1:2", "a:b"],
            &["", ":", "a:", ":a", "a::b", "a b", "a-b", "ä", "a:b\n"],
        );
    }

    #[test]
    fn ports() {
        check(port_text, &["1", "uni1", "65535", "a b"], &["", "123456", "a\tb"]);
        assert_eq!(port_number(1).unwrap(), "1");
        assert_eq!(port_number(65_534).unwrap(), "65534");
        for number in [0, 65_535, u64::MAX] {
            assert!(port_number(number).is_err(), "{number}");
        }
    }

    #[test]
    fn urls() {
        check(
            |text| base_url(&text),
            &[
                "http://h",
                "https://controller.example:8443/restconf",
                "http://192.0.2.1",
                "http://[2001:db8::1]:80/x",
            ],
            &[
                "",
                "/",
                "h",
                "ftp://h",
                "http:",
                "http:h",
                "http://",
                "http:///",
                "http:///h",
                "http://u:p@h",
                "http://u@h",
                "http://h/?token=x",
                "http://h/#x",
                "http://h:99999",
                "http://h/a b",
                "javascript:alert(1)",
                "http://h\0",
                &format!("http://h/{}", "x".repeat(URL_MAX)),
            ],
        );
        for (given, kept) in
            [("http://h/ ", "http://h"), ("https://h/a//", "https://h/a"), ("http://h \t/", "http://h")]
        {
            assert_eq!(base_url(given).unwrap(), kept);
        }
    }

    #[test]
    fn numbers_stay_in_their_ranges() {
        for (vlan_id, fits) in
            [(0, false), (1, true), (4094, true), (4095, false), (5000, false), (65_537, false)]
        {
            assert_eq!(vlan(vlan_id).is_ok(), fits, "vlan {vlan_id}");
        }
        for (id, fits) in [(0, true), (16_777_215, true), (16_777_216, false), (1 << 40, false)] {
            assert_eq!(vni(id).is_ok(), fits, "vni {id}");
        }
        for (kbps, fits) in
            [(0, false), (1, true), (BANDWIDTH_KBPS_MAX, true), (BANDWIDTH_KBPS_MAX + 1, false)]
        {
            assert_eq!(bandwidth_kbps(kbps).is_ok(), fits, "{kbps} kbit/s");
        }
        for (ms, fits) in [(0, false), (1, true), (2_147_483_647, true), (2_147_483_648, false)] {
            assert_eq!(latency_ms(ms).is_ok(), fits, "{ms} ms");
        }
        for (degrees, fits) in
            [(90.0, true), (-90.0, true), (90.1, false), (f64::NAN, false), (f64::INFINITY, false)]
        {
            assert_eq!(latitude(degrees).is_ok(), fits, "{degrees}");
        }
        assert!(longitude(180.0).is_ok() && longitude(-180.1).is_err());
        assert!(peer("192.0.2.7".to_owned()).is_ok() && peer("host".to_owned()).is_err());
    }
}

//! The place of one piece of work in a trace: W3C Trace Context, level 1, header `traceparent`.
//!
//! It travels in every message and rests in the action's row, so that what is done hours later still belongs to the
//! call that asked for it. Deliberately absent: `tracestate`, which is other vendors' and would be as long as they like.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// One span of one trace, as a parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    /// Never 0.
    pub trace: u128,
    /// Never 0.
    pub span: u64,
    /// Whoever sent it records it; what is not recorded is not carried on.
    pub sampled: bool,
}

impl TraceParent {
    /// Reads the header's value. A later version is read as far as this one goes; anything else that is not as the
    /// standard says is none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().splitn(4, '-');
        let version = hex(parts.next()?, 2)?;
        let (trace, span) = (hex(parts.next()?, 32)?, hex(parts.next()?, 16)?);
        let rest = parts.next()?;
        let flags = match version {
            0 => hex(rest, 2)?,
            0xff => return None,
            _ => hex(rest.split('-').next()?, 2)?,
        };
        let span = u64::try_from(span).ok()?;
        (trace != 0 && span != 0).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

/// Exactly so many lower-case hexadecimal digits.
fn hex(text: &str, digits: usize) -> Option<u128> {
    let fits = text.len() == digits && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if fits { u128::from_str_radix(text, 16).ok() } else { None }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

impl Serialize for TraceParent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Reads an optional field. One that cannot be read is none: a trace is never a reason to refuse what it belongs to.
pub fn lenient<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<TraceParent>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    Ok(text.as_deref().and_then(TraceParent::parse))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_is_written_is_read() {
        let parent = TraceParent::parse(GOOD).unwrap();
        assert_eq!((parent.trace >> 96, parent.span & 0xffff, parent.sampled), (0x4bf9_2f35, 0x02b7, true));
        assert_eq!(parent.to_string(), GOOD);
        let unsampled = TraceParent { sampled: false, ..parent };
        assert_eq!(TraceParent::parse(&unsampled.to_string()), Some(unsampled));
    }

    #[test]
    fn what_the_standard_does_not_know_is_none() {
        let (ids, zero) = (&GOOD[2..52], "00-00000000000000000000000000000000-00f067aa0ba902b7-01");
        for (text, known) in [
            (format!("01{ids}-01-more"), true),
            (format!("01{ids}-01"), true),
            (format!("00{ids}-01-more"), false),
            (format!("ff{ids}-01"), false),
            (GOOD.to_uppercase(), false),
            (GOOD[..54].to_owned(), false),
            (zero.to_owned(), false),
            (GOOD.replace("00f067aa0ba902b7", "0000000000000000"), false),
            (String::new(), false),
            ("ä".repeat(55), false),
        ] {
            assert_eq!(TraceParent::parse(&text).is_some(), known, "{text}");
        }
    }

    #[test]
    fn a_field_that_cannot_be_read_is_none() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "lenient")]
            trace: Option<TraceParent>,
        }
        for (json, known) in [
            (format!("{{\"trace\":\"{GOOD}\"}}"), true),
            ("{\"trace\":\"junk\"}".to_owned(), false),
            ("{\"trace\":null}".to_owned(), false),
            ("{}".to_owned(), false),
        ] {
            assert_eq!(serde_json::from_str::<Row>(&json).unwrap().trace.is_some(), known, "{json}");
        }
    }
}

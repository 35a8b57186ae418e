//! The depth of a JSON text, judged before it is parsed: a parser's own limit names no field and is not ours.
//!
//! Deliberately absent: whether the text is JSON at all; the parser says that better.

use crate::problem::{Place, Problem};

/// Refuses arrays and objects within one another beyond `max`.
pub fn check_depth(text: &[u8], max: usize) -> Result<(), Problem> {
    if depth(text) <= max {
        return Ok(());
    }
    let detail = format!("more than {max} arrays and objects within one another");
    Err(Problem::at(Place::Body(String::new()), detail))
}

/// The deepest nesting of brackets outside strings.
fn depth(text: &[u8]) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_brackets_outside_strings_count() {
        for (text, expect) in [
            ("", 0),
            ("1", 0),
            ("{}", 1),
            (r#"[{"a": []}, {}]"#, 3),
            (r#""[[[[""#, 0),
            (r#"["\"[[", "\\"]"#, 1),
            ("]]][", 1),
        ] {
            assert_eq!(depth(text.as_bytes()), expect, "{text}");
        }
        assert!(check_depth(&b"[".repeat(33), 32).is_err());
        assert!(check_depth(&b"[".repeat(32), 32).is_ok());
    }
}

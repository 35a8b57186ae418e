//! Words of an event's address, `<tenant>.<subject>.<type>`, as every engine compares them.
//!
//! A word may hold no separator and no wildcard. The rendering is one to one, so that two tenants never share a
//! word. Deliberately absent: what tenants, subjects and types there are.

/// Longer words are cut: a routing key has 255 bytes (AMQP 0-9-1, section 4.2.5.3) and three words to hold.
/// Tenants are ids of 36 characters and are never cut.
const WORD_BYTES_MAX: usize = 80;

/// `text` as one word: letters, digits, `-` and `_` stay, every other byte becomes `%` and two hex digits; an
/// empty text becomes `%`.
pub(crate) fn word(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut word = String::with_capacity(text.len());
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let rendered = if plain { char::from(byte).to_string() } else { format!("%{byte:02X}") };
        if word.len() + rendered.len() > WORD_BYTES_MAX {
            break;
        }
        word.push_str(&rendered);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn every_text_becomes_one_word_of_its_own() {
        let cases = [
            ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"),
            ("link.status", "link%2Estatus"),
            ("#", "%23"),
            ("*", "%2A"),
            ("%23", "%2523"),
            ("", "%"),
            ("é", "%C3%A9"),
        ];
        for (text, expected) in cases {
            assert_eq!(word(text), expected);
        }
        assert_eq!(word(&".".repeat(300)).len(), 78);
        assert_eq!(word(&"a".repeat(300)).len(), 80);
    }
}

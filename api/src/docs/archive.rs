//! One file of a ZIP archive as a gzip stream. Both hold the same deflated bytes, so nothing is unpacked: only the
//! wrapping changes (APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16; RFC 1952, section 2.3).
//!
//! Deliberately absent: archives over 4 GiB, encryption, and files that are not deflated; the one archive that is read
//! is a dependency's, and a test reads it.

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const DEFLATED: usize = 8;
/// Magic, deflate, no flags, no time, no hint, no operating system.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// The file whose path ends so.
pub fn gzipped(archive: &[u8], path_end: &str) -> Option<Vec<u8>> {
    let end = archive.windows(END.len()).rposition(|window| window == END)?;
    let mut at = number(archive, end + 16, 4)?;
    while archive.get(at..at + ENTRY.len())? == ENTRY {
        let lengths =
            [number(archive, at + 28, 2)?, number(archive, at + 30, 2)?, number(archive, at + 32, 2)?];
        let name = archive.get(at + 46..at + 46 + lengths[0])?;
        if name.ends_with(path_end.as_bytes()) && number(archive, at + 10, 2)? == DEFLATED {
            return stream(archive, at);
        }
        at += 46 + lengths.iter().sum::<usize>();
    }
    None
}

fn stream(archive: &[u8], entry: usize) -> Option<Vec<u8>> {
    let (length, head) = (number(archive, entry + 20, 4)?, number(archive, entry + 42, 4)?);
    // The lengths of name and extra field may differ from those of the directory.
    let data = head + 30 + number(archive, head + 26, 2)? + number(archive, head + 28, 2)?;
    let (crc, size) = (archive.get(entry + 16..entry + 20)?, archive.get(entry + 24..entry + 28)?);
    Some([&GZIP, archive.get(data..data + length)?, crc, size].concat())
}

/// Little-endian, of `bytes` bytes.
fn number(archive: &[u8], at: usize, bytes: usize) -> Option<usize> {
    let bytes = archive.get(at..at + bytes)?;
    Some(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_archive_or_not_in_it_is_nothing() {
        for archive in
            [&b""[..], b"PK\x05\x06", b"PK\x05\x06 and then no directory at all to read", b"PK\x01\x02"]
        {
            assert_eq!(gzipped(archive, "x"), None);
        }
        assert_eq!(gzipped(utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED, "/no/such/file"), None);
    }
}

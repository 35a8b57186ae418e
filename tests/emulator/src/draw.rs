//! Draws that look random and are the same in every run: a pure function of a seed and a name.
//!
//! Nothing secret is drawn here, so a mixing function is enough and no generator has a state to keep.

/// Mixes `seed` and `name` into 64 evenly spread bits (FNV-1a over the bytes, finished as in SplitMix64).
pub(crate) fn bits(seed: u64, name: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let hash = name.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// A draw between `low` and `high`, both included; `low` where the range is empty.
pub(crate) fn between(seed: u64, name: &str, low: u64, high: u64) -> u64 {
    let width = high.saturating_sub(low);
    match width.checked_add(1) {
        Some(count) => low + bits(seed, name) % count,
        None => bits(seed, name),
    }
}

/// True in `probability` of all draws; `probability` is clamped to 0..=1.
pub(crate) fn chance(seed: u64, name: &str, probability: f64) -> bool {
    // 53 bits are what a float holds exactly, so 1.0 is always true and 0.0 never.
    let unit = (bits(seed, name) >> 11) as f64 / (1_u64 << 53) as f64;
    unit < probability.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_stays_in_its_range_and_repeats_itself() {
        let draws: Vec<u64> = (0..200).map(|n| between(7, &format!("link-{n}"), 200, 2_000)).collect();
        assert!(draws.iter().all(|draw| (200..=2_000).contains(draw)));
        assert_eq!(draws[3], between(7, "link-3", 200, 2_000));
        assert!(draws.iter().any(|draw| *draw < 800) && draws.iter().any(|draw| *draw > 1_400), "spread out");
        assert_eq!(between(7, "x", 5, 5), 5);
        assert_eq!(between(7, "x", 9, 5), 9);
    }

    #[test]
    fn chance_follows_its_probability() {
        let hits = (0..1_000).filter(|n| chance(1, &n.to_string(), 0.2)).count();
        assert!((120..280).contains(&hits), "{hits} of 1000");
        assert!(!chance(1, "x", 0.0));
        assert!(chance(1, "x", 1.0));
    }
}

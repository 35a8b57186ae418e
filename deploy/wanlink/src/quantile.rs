//! Quantiles of measured durations: always one that was really measured, never a value between two. Pure.

use std::time::Duration;

/// The smallest duration that at least `permille` of `sorted` do not exceed; `None` where there is none.
pub fn of(sorted: &[Duration], permille: usize) -> Option<Duration> {
    let rank = (sorted.len() * permille.min(1_000)).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_durations_that_were_really_measured() {
        let to = |last: u64| (1..=last).map(Duration::from_millis).collect::<Vec<_>>();
        for (count, permille, expect) in [
            (100, 500, Some(50)),
            (100, 990, Some(99)),
            (100, 999, Some(100)),
            (100, 1_000, Some(100)),
            (100, 0, Some(1)),
            (1_000, 999, Some(999)),
            (20_000, 999, Some(19_980)),
            (1, 500, Some(1)),
            (1, 999, Some(1)),
            (3, 500, Some(2)),
            (4, 500, Some(2)),
            (4, 990, Some(4)),
            (0, 500, None),
        ] {
            let found = of(&to(count), permille);
            assert_eq!(found, expect.map(Duration::from_millis), "{count} at {permille}");
        }
    }
}

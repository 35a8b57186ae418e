//! Accepted order: the hybrid logical time that orders the actions of one link (design 4, "Accepted order").

use crate::ids::ActionId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// When an action was accepted: microseconds that follow the api's wall clock but never stand still or go back
/// within one link. Compared only with others of the same link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AcceptedAt(pub i64);

impl AcceptedAt {
    /// The later of the clock and one above the newest that is known of the link, so that a clock that lags or
    /// jumps back cannot reorder calls of which one saw the other.
    pub fn next(wall: Timestamp, newest: Option<AcceptedAt>) -> Self {
        Self(newest.map_or(wall.0, |newest| wall.0.max(newest.0.saturating_add(1))))
    }
}

/// An action's place among the actions of its link: concurrent ones are told apart by their ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Order {
    pub at: AcceptedAt,
    pub action: ActionId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_is_above_the_newest_whatever_the_clock_says() {
        let newest = AcceptedAt(100);
        for (clock, expect) in [(50, 101), (100, 101), (101, 101), (500, 500)] {
            assert_eq!(AcceptedAt::next(Timestamp(clock), Some(newest)), AcceptedAt(expect));
        }
        assert_eq!(AcceptedAt::next(Timestamp(50), None), AcceptedAt(50));
    }
}

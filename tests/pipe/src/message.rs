//! A message: the row it is about and the state that the row must be in, then padding up to its size. Pure.

/// What an update is guarded by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) row: i64,
    /// How often the row was changed before.
    pub(crate) state: i32,
}

impl Change {
    /// The change that message `n` asks for.
    pub(crate) fn of(n: usize, rows: usize) -> Self {
        let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        Self { row: whole(n % rows), state: i32::try_from(n / rows).unwrap_or(i32::MAX) }
    }

    pub(crate) fn write(self, bytes: usize) -> Vec<u8> {
        let mut message = format!("{} {} ", self.row, self.state).into_bytes();
        message.resize(bytes.max(message.len()), b'.');
        message
    }

    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let mut words = message.split(|byte| *byte == b' ');
        let mut word = || std::str::from_utf8(words.next()?).ok();
        Some(Self { row: word()?.parse().ok()?, state: word()?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_its_row_and_state_in_so_many_bytes() {
        for (n, row, state) in [(0, 0, 0), (19_999, 19_999, 0), (20_000, 0, 1), (45_000, 5_000, 2)] {
            let change = Change::of(n, 20_000);
            assert_eq!(change, Change { row, state });
            let message = change.write(1_024);
            assert_eq!((message.len(), Change::read(&message)), (1_024, Some(change)));
        }
        assert_eq!(Change::read(&Change { row: 1, state: 2 }.write(0)), Some(Change { row: 1, state: 2 }));
        for foreign in ["", "x y z", "1", "1 x "] {
            assert_eq!(Change::read(foreign.as_bytes()), None, "{foreign:?}");
        }
    }
}

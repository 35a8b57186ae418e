//! Which publish ended how: the arithmetic of confirms and returned messages on one channel.
//!
//! The broker sends a returned message before that message's own confirm, but the confirms of others may come in
//! between, and the client library attaches the oldest waiting returned message to whichever confirm it completes
//! next. So the confirm of a stored message can carry another one's return, and the returned one's own confirm can
//! come bare. What is certain:
//!
//! - A bare confirm was completed when no returned message was waiting: if it was returned itself, an
//!   **earlier completed** confirm carries that. So bare confirms are judged only after everything completed so far
//!   has been read.
//! - A confirm that carries somebody else's return says nothing about its own message. There are never more
//!   returned messages waiting than publishes without a confirm, so when all that were under way at that moment
//!   have ended, all that waited then have been seen.
//!
//! Deliberately absent: time limits and what the verdicts lead to.

use super::wire::{Confirm, Confirmed, WireError};
use std::collections::{BTreeSet, VecDeque};
use std::task::{Context, Poll};

/// How a publish ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Stored,
    Returned,
    Refused,
    Unknown(String),
}

struct Entry<T> {
    id: u64,
    confirm: Confirm,
    outcome: Option<Result<Confirmed, WireError>>,
    /// Judged only when everything up to this id has ended.
    not_before: u64,
    ticket: T,
}

/// The publishes of one channel that have no verdict yet, oldest first. `T` is what the caller wants back.
pub(super) struct Outstanding<T> {
    entries: VecDeque<Entry<T>>,
    /// Ids of returned messages that have not met their own confirm yet.
    returned: BTreeSet<u64>,
    last_id: u64,
}

impl<T> Outstanding<T> {
    pub(super) fn new() -> Self {
        Self { entries: VecDeque::new(), returned: BTreeSet::new(), last_id: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The id for the next message: from 1 up, once each.
    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Takes a publish in; it is put on the wire by the next [`Outstanding::settled`], in the order of ids.
    pub(super) fn push(&mut self, id: u64, confirm: Confirm, ticket: T) {
        self.entries.push_back(Entry { id, confirm, outcome: None, not_before: 0, ticket });
    }

    /// Waits until at least one publish has its verdict. Never ends while there is none to wait for. Cancel-safe.
    pub(super) async fn settled(&mut self) -> Vec<(T, Verdict)> {
        std::future::poll_fn(|cx| self.poll_settled(cx)).await
    }

    fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Vec<(T, Verdict)>> {
        // Until a round finds nothing new: an outcome read late in one round may have been completed after one
        // that the same round had just passed by.
        while self.read_outcomes(cx) {}
        let verdicts = self.judge();
        if verdicts.is_empty() { Poll::Pending } else { Poll::Ready(verdicts) }
    }

    fn read_outcomes(&mut self, cx: &mut Context<'_>) -> bool {
        let mut found = false;
        for entry in self.entries.iter_mut().filter(|entry| entry.outcome.is_none()) {
            let Poll::Ready(outcome) = entry.confirm.as_mut().poll(cx) else { continue };
            found = true;
            if let Ok(Confirmed { returned: Some(id), .. }) = outcome {
                self.returned.insert(id);
                if id != entry.id {
                    entry.not_before = self.last_id;
                }
            }
            entry.outcome = Some(outcome);
        }
        found
    }

    fn judge(&mut self) -> Vec<(T, Verdict)> {
        let oldest_open = self.entries.iter().find(|entry| entry.outcome.is_none()).map(|entry| entry.id);
        let ended_up_to = oldest_open.map_or(u64::MAX, |id| id - 1);
        let mut verdicts = Vec::new();
        let mut open = VecDeque::with_capacity(self.entries.len());
        for mut entry in std::mem::take(&mut self.entries) {
            let is_returned = self.returned.contains(&entry.id);
            let is_ripe = is_returned || entry.not_before <= ended_up_to;
            match entry.outcome.take() {
                Some(outcome) if is_ripe => {
                    self.returned.remove(&entry.id);
                    verdicts.push((entry.ticket, verdict(outcome, is_returned)));
                }
                outcome => {
                    entry.outcome = outcome;
                    open.push_back(entry);
                }
            }
        }
        self.entries = open;
        verdicts
    }

    /// Gives up: what has no verdict by now will get none.
    pub(super) fn abandon(self, why: &str) -> Vec<(T, Verdict)> {
        let unknown = |entry: Entry<T>| (entry.ticket, Verdict::Unknown(why.to_owned()));
        self.entries.into_iter().map(unknown).collect()
    }
}

fn verdict(outcome: Result<Confirmed, WireError>, is_returned: bool) -> Verdict {
    match outcome {
        Ok(_) if is_returned => Verdict::Returned,
        Ok(Confirmed { accepted: true, .. }) => Verdict::Stored,
        Ok(Confirmed { accepted: false, .. }) => Verdict::Refused,
        Err(error) => Verdict::Unknown(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::channel::oneshot;

    /// Publishes `count` messages, completes confirms in the order given as (message, returned message attached;
    /// 0: bare), and answers the verdicts in the order in which they fall.
    fn run(count: u64, completions: &[(u64, u64)]) -> Vec<(u64, Verdict)> {
        let mut outstanding = Outstanding::new();
        let mut senders = Vec::new();
        for _ in 0..count {
            let (sender, receiver) = oneshot::channel::<Confirmed>();
            let id = outstanding.next_id();
            let confirm = receiver.map(|sent| sent.map_err(|_| WireError::Dead("cut".into())));
            outstanding.push(id, Box::pin(confirm), id);
            senders.push(Some(sender));
        }
        let mut fallen = Vec::new();
        for (id, returned) in completions {
            let sender = senders[usize::try_from(*id - 1).expect("small")].take().expect("completed once");
            let returned = (*returned != 0).then_some(*returned);
            sender.send(Confirmed { accepted: true, returned }).expect("awaited");
            fallen.extend(outstanding.settled().now_or_never().into_iter().flatten());
        }
        fallen
    }

    #[test]
    fn each_message_gets_its_own_verdict_wherever_its_return_is_attached() {
        use Verdict::{Returned, Stored};
        let check = |count, completions: &[(u64, u64)], expected: &[(u64, Verdict)]| {
            let mut found = run(count, completions);
            found.sort_by_key(|(id, _)| *id);
            assert_eq!(found, expected, "{completions:?}");
        };
        check(1, &[(1, 0)], &[(1, Stored)]);
        check(1, &[(1, 1)], &[(1, Returned)]);
        // The stored message's confirm came first and took the other's return with it.
        check(2, &[(1, 2), (2, 0)], &[(1, Stored), (2, Returned)]);
        // Two returned ones that carry each other's.
        check(2, &[(1, 2), (2, 1)], &[(1, Returned), (2, Returned)]);
        check(3, &[(3, 1), (1, 2), (2, 0)], &[(1, Returned), (2, Returned), (3, Stored)]);
        check(3, &[(1, 2), (3, 0), (2, 0)], &[(1, Stored), (2, Returned), (3, Stored)]);
    }

    #[test]
    fn a_confirm_with_a_foreign_return_waits_until_its_own_could_have_come() {
        // 1 carries the return of 2; its own could still be attached to 2 or 3.
        assert_eq!(run(3, &[(1, 2)]), []);
        assert_eq!(run(3, &[(1, 2), (2, 0)]), [(2, Verdict::Returned)]);
        assert_eq!(run(3, &[(1, 2), (3, 1)]), [(1, Verdict::Returned)]);
    }

    #[test]
    fn a_refused_message_is_refused_and_a_cut_one_unknown() {
        let mut outstanding = Outstanding::new();
        let refused = Ok(Confirmed { accepted: false, returned: None });
        let cut = Err(WireError::Dead("cut".into()));
        for outcome in [refused, cut] {
            let id = outstanding.next_id();
            outstanding.push(id, Box::pin(std::future::ready(outcome)), id);
        }
        let verdicts = outstanding.settled().now_or_never().expect("both ended");
        assert_eq!(verdicts, [(1, Verdict::Refused), (2, Verdict::Unknown("cut".into()))]);
        assert!(outstanding.is_empty());
    }
}

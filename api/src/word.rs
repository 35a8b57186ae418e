//! Answers from the broker, each brought to the calls that wait for it.
//!
//! One task reads the publisher's inbox; a call that waits holds a [`Waiting`], whose end takes it off the list.
//! What nobody waits for (any more) is dropped: it is a repeat, or it came too late and stands in the record.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use wanlink_broker::port::Publisher;
use wanlink_domain::ids::{CommandId, RequestId};
use wanlink_runtime::tasks::Tasks;
use wanlink_wire::conductor::CommandResult;
use wanlink_wire::journal::Verdict;
use wanlink_wire::{Message, decode};

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    Request(RequestId),
    Command(CommandId),
    Probe(u64),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    Journal(Verdict),
    Command(CommandResult),
    Probed,
}

#[derive(Default)]
struct Waiters {
    /// Several calls may wait for one answer: the same key sent twice at once.
    by_subject: BTreeMap<About, BTreeMap<u64, oneshot::Sender<Word>>>,
    next: u64,
}

/// The list of those who wait. As long as the calls in progress, which are bounded.
#[derive(Clone, Default)]
pub struct Inbox {
    waiters: Arc<Mutex<Waiters>>,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to wait. To be called before the question is sent.
    pub fn wait_for(&self, about: About) -> Waiting {
        let (sender, answer) = oneshot::channel();
        let mut waiters = self.lock();
        waiters.next += 1;
        let number = waiters.next;
        waiters.by_subject.entry(about).or_default().insert(number, sender);
        Waiting { inbox: self.clone(), about, number, answer }
    }

    fn deliver(&self, about: About, word: &Word) {
        let waiting = self.lock().by_subject.remove(&about).unwrap_or_default();
        for sender in waiting.into_values() {
            // A call that ended in between does not care.
            let _ = sender.send(word.clone());
        }
    }

    /// Reads the publisher's inbox until the process stops. `heard` is told of each word of the journal.
    pub async fn read(self, publisher: Arc<dyn Publisher>, tasks: Tasks, heard: impl Fn() + Send) {
        loop {
            let payload = tokio::select! {
                biased;
                () = tasks.stopped() => return,
                payload = publisher.next_reply() => payload,
            };
            let Some(payload) = payload else { return };
            match decode(&payload).map(|envelope| envelope.message) {
                Ok(Message::Journaled(journaled)) => {
                    heard();
                    for word in journaled.words {
                        self.deliver(About::Request(word.request_id), &Word::Journal(word.word));
                    }
                }
                Ok(Message::Answer(answer)) => {
                    self.deliver(About::Command(answer.id), &Word::Command(answer.result));
                }
                Ok(Message::Probed(probed)) => self.deliver(About::Probe(probed.nonce), &Word::Probed),
                Ok(other) => tracing::warn!(kind = other.kind(), "an answer of a kind that nobody asked for"),
                // Its asker repeats or answers without it; there is no queue to give it back to.
                Err(error) => tracing::warn!(%error, "an answer cannot be read"),
            }
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.lock().by_subject.len()
    }
}

/// One call's place in the list.
pub struct Waiting {
    inbox: Inbox,
    about: About,
    number: u64,
    answer: oneshot::Receiver<Word>,
}

impl Waiting {
    /// The answer, if it comes within this time. May be asked again until it came.
    pub async fn within(&mut self, time: Duration) -> Option<Word> {
        tokio::time::timeout(time, &mut self.answer).await.ok()?.ok()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut waiters = self.inbox.lock();
        if let Some(waiting) = waiters.by_subject.get_mut(&self.about) {
            waiting.remove(&self.number);
            if waiting.is_empty() {
                waiters.by_subject.remove(&self.about);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn everyone_who_waits_is_told_and_nobody_is_left_on_the_list() {
        let inbox = Inbox::default();
        let (mut first, mut second) = (inbox.wait_for(About::Probe(1)), inbox.wait_for(About::Probe(1)));
        let mut other = inbox.wait_for(About::Probe(2));
        inbox.deliver(About::Probe(1), &Word::Probed);
        assert_eq!(first.within(Duration::ZERO).await, Some(Word::Probed));
        assert_eq!(second.within(Duration::ZERO).await, Some(Word::Probed));
        assert_eq!(other.within(Duration::from_secs(1)).await, None);
        assert_eq!(inbox.len(), 1);
        drop(other);
        assert_eq!(inbox.len(), 0);
    }
}

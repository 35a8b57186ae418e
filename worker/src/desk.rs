//! Questions that are open: asked again until the inbox brings their answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use wanlink_domain::retry::Schedule;
use wanlink_runtime::entropy::Entropy;

/// Open questions of one kind by what their answer will name.
pub(crate) struct Desk<K, V> {
    open: Mutex<BTreeMap<K, oneshot::Sender<V>>>,
}

impl<K: Ord + Copy, V> Desk<K, V> {
    pub fn new() -> Self {
        Self { open: Mutex::new(BTreeMap::new()) }
    }

    /// Brings an answer to whoever asked. One that nobody waits for (any more) is dropped.
    pub fn answer(&self, key: &K, value: V) {
        let asker = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        if let Some(asker) = asker {
            drop(asker.send(value));
        }
    }

    fn put(&self, key: K) -> oneshot::Receiver<V> {
        let (asker, answer) = oneshot::channel();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(key, asker);
        answer
    }

    /// Asks by `send` again and again, with growing pauses, until the answer is there. Dropping the future ends it.
    pub async fn ask<F>(
        &self,
        key: K,
        repeat: Duration,
        entropy: &dyn Entropy,
        mut send: impl FnMut() -> F,
    ) -> V
    where
        F: Future<Output = ()>,
    {
        let schedule = Schedule { initial: repeat, max: repeat * 4, multiplier: 1.5, jitter: 0.2 };
        let _open = Open { desk: self, key };
        for tries in 0_u32.. {
            let answer = self.put(key);
            send().await;
            if let Ok(Ok(value)) =
                tokio::time::timeout(schedule.interval(tries, entropy.bits()), answer).await
            {
                return value;
            }
        }
        std::future::pending().await
    }
}

/// Takes the question off the desk when its asker has gone.
struct Open<'a, K: Ord + Copy, V> {
    desk: &'a Desk<K, V>,
    key: K,
}

impl<K: Ord + Copy, V> Drop for Open<'_, K, V> {
    fn drop(&mut self) {
        self.desk.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use wanlink_runtime::entropy::SeededEntropy;

    #[tokio::test(start_paused = true)]
    async fn a_question_is_repeated_until_it_is_answered_and_then_off_the_desk() {
        let (desk, asked) = (Desk::<u32, &str>::new(), AtomicU32::new(0));
        let entropy = SeededEntropy::new(1);
        let answer = desk.ask(7, Duration::from_secs(1), &entropy, || async {
            desk.answer(&8, "for somebody else");
            if asked.fetch_add(1, Ordering::Relaxed) == 2 {
                desk.answer(&7, "yes");
            }
        });
        assert_eq!(answer.await, "yes");
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert!(desk.open.lock().unwrap().is_empty());
    }
}

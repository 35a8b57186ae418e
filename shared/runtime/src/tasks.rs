//! Tasks of one process: spawned through one tracker, stopped by one token, awaited at the end.

use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A group of tasks with a common stop signal. Clones are the same group; [`Tasks::child`] makes a group whose
/// stop follows its parent's but not the other way.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn child(&self) -> Self {
        Self { tracker: TaskTracker::new(), stop: self.stop.child_token() }
    }

    /// Runs `task` in the background. Its panic is its own: the handle's `JoinError` tells.
    pub fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.tracker.spawn(task)
    }

    /// Ends when stopping was asked for.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The signal itself, for what takes a token.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks all tasks to stop and waits for them. `false`: some were still running after `within`.
    pub async fn stop(&self, within: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(within, self.tracker.wait()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stopping_reaches_every_task_and_waits_for_it() {
        let tasks = Tasks::new();
        let (clone, child) = (tasks.clone(), tasks.child());
        let handle = tasks.spawn(async move { clone.stopped().await });
        let below = child.clone();
        child.spawn(async move { below.stopped().await });
        assert!(tasks.stop(Duration::from_secs(5)).await);
        assert!(handle.is_finished() && child.is_stopping());
        assert!(child.stop(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn stopping_a_child_leaves_its_parent_alone() {
        let tasks = Tasks::new();
        assert!(tasks.child().stop(Duration::from_secs(5)).await);
        assert!(!tasks.is_stopping());
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_is_told_of() {
        let tasks = Tasks::new();
        tasks.spawn(std::future::pending::<()>());
        assert!(!tasks.stop(Duration::from_secs(5)).await);
    }

    #[tokio::test]
    async fn a_panic_stays_in_its_task() {
        let tasks = Tasks::new();
        let handle = tasks.spawn(async { panic!("expected by the test") });
        assert!(handle.await.is_err_and(|error| error.is_panic()));
        assert!(tasks.stop(Duration::from_secs(5)).await);
    }
}

//! The conductor's loops, watched: one that ends before it was asked to leaves its work undone for good, so the
//! process is not ready from then on and says which loop it was.
//!
//! Deliberately absent: starting a loop again. What made it end is not known, and a supervisor that restarts the
//! process begins from the record.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::watch;
use wanlink_runtime::tasks::Tasks;

/// All loops of one conductor.
#[derive(Clone, Debug)]
pub struct Loops {
    tasks: Tasks,
    broken: Arc<watch::Sender<Option<String>>>,
}

impl Loops {
    pub fn new(tasks: Tasks) -> Self {
        Self { tasks, broken: Arc::new(watch::Sender::new(None)) }
    }

    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Runs a loop that ends only when the tasks are stopped.
    pub fn run(&self, name: &str, work: impl Future<Output = ()> + Send + 'static) {
        use futures::FutureExt;
        let (all, name) = (self.clone(), name.to_owned());
        self.tasks.spawn(async move {
            let ended = AssertUnwindSafe(work).catch_unwind().await;
            let why = match ended {
                Ok(()) if all.tasks.is_stopping() => return,
                Ok(()) => format!("{name} has ended by itself: restart this process"),
                Err(panic) => format!("{name} has panicked ({}): restart this process", text(&*panic)),
            };
            tracing::error!(why, "not ready from now on");
            all.broken.send_if_modified(|broken| {
                let first = broken.is_none();
                broken.get_or_insert(why);
                first
            });
        });
    }

    /// The first loop that ended, and how; nothing while all of them run.
    pub fn broken(&self) -> watch::Receiver<Option<String>> {
        self.broken.subscribe()
    }
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("not a text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn a_loop_that_panics_or_returns_is_told_by_name() {
        for panics in [true, false] {
            let loops = Loops::new(Tasks::new());
            let mut broken = loops.broken();
            loops.run("counting sheep", async move { assert!(!panics, "expected by the test") });
            let why = broken.wait_for(Option::is_some).await.unwrap().clone().unwrap();
            assert!(why.starts_with("counting sheep"), "{why}");
            assert_eq!(why.contains("panicked (expected by the test)"), panics, "{why}");
        }
    }

    #[tokio::test]
    async fn a_loop_that_was_asked_to_stop_is_nothing_to_tell() {
        let tasks = Tasks::new();
        let loops = Loops::new(tasks.clone());
        let stopped = tasks.clone();
        loops.run("counting sheep", async move { stopped.stopped().await });
        assert!(tasks.stop(Duration::from_secs(5)).await);
        assert_eq!(*loops.broken().borrow(), None);
    }
}

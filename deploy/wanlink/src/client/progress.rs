//! How far a request is, on standard error: a bar where somebody watches, a few lines where not.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal as _;

/// Quarters of the work that are told where nobody watches.
const STEPS: u64 = 4;

/// The progress of one request.
#[derive(Debug)]
pub struct Progress {
    what: String,
    bar: Option<ProgressBar>,
    told: Option<u64>,
}

impl Progress {
    /// `what` is done, in the plural: `links`.
    pub fn new(what: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            // Nothing of nothing would be drawn as a full bar.
            let bar = ProgressBar::hidden();
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}, {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(what.to_owned());
            bar
        });
        Self { what: what.to_owned(), bar, told: None }
    }

    pub fn set(&mut self, done: u64, total: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            if self.told.replace(done).is_none() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            return;
        }
        let step = (done * STEPS).checked_div(total).unwrap_or(STEPS);
        if self.told.is_none_or(|told| told < step) {
            self.told = Some(step);
            eprintln!("{done} of {total} {}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            // What is printed next begins on a line of its own.
            bar.finish_and_clear();
        }
    }
}

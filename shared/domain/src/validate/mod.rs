//! Validation: what a field may hold, and all faults of an input told at once with their places.
//!
//! `rule` holds the rules of single values, `config` those of free-form settings, `read` turns bytes into typed
//! drafts with the place of the first thing that does not fit. Deliberately absent: anything about whether what an
//! input refers to exists (`plan`), and how faults are shown to a client.

pub mod config;
mod read;
pub mod rule;

pub use read::{read, read_value, without_value};

use crate::reason::{Code, Reason};
use serde::{Deserialize, Serialize};

/// One fault of an input.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FieldError {
    /// Where: a JSON pointer (RFC 6901) into the body, such as `/endpoints/1/encapsulation/vlan`; empty: the body.
    pub field: String,
    /// What is wrong and what would be right. Never repeats a value that may be secret.
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// More faults than this are not told: an input that is wrong all over is as well described by the first ones.
pub const FAULTS_MAX: usize = 100;

/// Collects the faults of one input.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    errors: Vec<FieldError>,
}

impl Faults {
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.errors.len() < FAULTS_MAX {
            self.errors.push(FieldError::new(field, message));
        }
    }

    /// Keeps a rule's value, or notes its fault at `field`.
    pub fn check<T>(&mut self, field: impl Into<String>, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|message| self.add(field, message)).ok()
    }

    /// The same for a value that may be absent: `None` where it is absent or faulty.
    pub fn check_some<V, T>(
        &mut self,
        field: impl Into<String>,
        value: Option<V>,
        rule: impl FnOnce(V) -> Result<T, String>,
    ) -> Option<T> {
        value.and_then(|value| self.check(field, rule(value)))
    }

    /// Takes over faults of a part of the input that stands at `place`.
    pub fn nest(&mut self, place: &str, errors: Vec<FieldError>) {
        for error in errors {
            self.add(format!("{place}{}", error.field), error.message);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The value, if nothing was wrong. `value` is `None` only where a fault was noted.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => {
                debug_assert!(!self.errors.is_empty(), "a value is missing without a fault");
                Err(self.errors)
            }
        }
    }
}

/// One sentence for all faults, for where a list of them has no place.
pub fn summary(errors: &[FieldError]) -> Reason {
    let told: Vec<String> =
        errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    Reason::new(Code::Invalid, told.join("; "))
}

/// A JSON pointer to `key` below `place`, the key escaped as RFC 6901, section 3, wants it.
pub fn below(place: &str, key: &str) -> String {
    format!("{place}/{}", key.replace('~', "~0").replace('/', "~1"))
}

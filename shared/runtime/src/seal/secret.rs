//! A text that must never be seen: masked wherever it could be printed, erased when dropped.
//!
//! Deliberately absent: `Serialize` and `Display`, so that putting a secret into a message or a log line does not
//! compile.

use serde::Deserialize;
use std::fmt;
use zeroize::{Zeroize, Zeroizing};

/// A password, a token or a key in clear.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Every call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn from_utf8(bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        std::str::from_utf8(&bytes).ok().map(Self::new)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

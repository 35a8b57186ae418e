//! How a command ends badly: a sentence for people and an exit code for scripts (`deploy/docs/cli.md`).
//!
//! Deliberately absent: chains of causes. Whoever makes a failure has the words; below `main` nobody knows more.

use std::fmt;
use std::process::ExitCode;

/// What the exit code says. The numbers never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for did not come to be, or a role ended by itself.
    Failed = 1,
    /// The command line is wrong. The parser's own number, too.
    Usage = 2,
    /// Nothing was started: the configuration, a key, an address or the schema does not fit.
    Configuration = 3,
    /// No object of that id or name.
    NotFound = 4,
    /// The api refuses the call as it is; the same call will be refused again.
    Refused = 5,
    /// A service is away or overloaded: the same call may succeed later.
    Unavailable = 6,
    /// `--wait` gave up; the work itself goes on.
    TimedOut = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command failed. Holds no secret: it goes to the terminal and into logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub exit: Exit,
    /// What failed and what to do, in one or more lines.
    pub message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(Exit::Configuration, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

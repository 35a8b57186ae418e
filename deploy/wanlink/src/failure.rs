//! How the executable fails: a sentence on stderr and an exit code that a script can tell apart.

use std::fmt;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
}

/// The exit codes; `deploy/docs/cli.md` documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 1: it was tried and did not succeed.
    Failed = 1,
    /// 2: the command line or the configuration is wrong; nothing was tried. (clap uses 2 as well.)
    Configuration = 2,
    /// 3: a service that it needs is away.
    Unavailable = 3,
    /// 4: the call was refused; the problem names the field.
    Refused = 4,
    /// 5: what was waited for did not happen in time.
    TimedOut = 5,
}

impl Failure {
    pub fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string() }
    }

    pub fn configuration(message: impl fmt::Display) -> Self {
        Self::new(Kind::Configuration, message)
    }

    pub fn internal(message: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, message)
    }

    pub fn unavailable(message: impl fmt::Display) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

//! What this engine's errors mean for the port. Texts name tables and constraints, never rows or addresses.

use super::super::relational::Fault;
use crate::port::StoreError;
use sqlx::Error;
use sqlx::error::{DatabaseError, ErrorKind};
use std::time::Duration;

/// The primary result codes (sqlite.org/rescode.html); an extended code has its primary one in the lowest byte.
mod code {
    pub const ERROR: i32 = 1;
    pub const BUSY: i32 = 5;
    pub const LOCKED: i32 = 6;
    pub const READONLY: i32 = 8;
    pub const IOERR: i32 = 10;
    pub const TOOBIG: i32 = 18;
    pub const CONSTRAINT: i32 = 19;
    pub const MISMATCH: i32 = 20;
    pub const MISUSE: i32 = 21;
    pub const RANGE: i32 = 25;
}

fn primary(error: &dyn DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse::<i32>().ok()).map_or(0, |code| code & 0xff)
}

pub(super) fn fault(error: Error) -> Fault {
    let Error::Database(error) = error else { return Fault::Store(outside(&error)) };
    let text = error.message().to_owned();
    match error.kind() {
        ErrorKind::UniqueViolation => return Fault::Unique(text),
        ErrorKind::ForeignKeyViolation => return Fault::Foreign(text),
        _ => {}
    }
    Fault::Store(match primary(error.as_ref()) {
        code::BUSY | code::LOCKED => StoreError::Conflict(text),
        code::READONLY => StoreError::ReadOnly(text),
        code::ERROR | code::TOOBIG | code::CONSTRAINT | code::MISMATCH | code::MISUSE | code::RANGE => {
            StoreError::Invalid(text)
        }
        // Disk full, file missing or broken, no memory: nothing that the row could be blamed for.
        _ => StoreError::Unavailable(text),
    })
}

/// Errors that are not an answer of the database.
fn outside(error: &Error) -> StoreError {
    match error {
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::Encode(_) | Error::RowNotFound => {
            StoreError::Invalid(error.to_string())
        }
        Error::PoolTimedOut => StoreError::Unavailable("another transaction holds the database".to_owned()),
        other => StoreError::Unavailable(other.to_string()),
    }
}

pub(super) fn store_error(error: Error) -> StoreError {
    fault(error).into()
}

/// An error inside COMMIT: where the disk failed, nobody knows what it has.
pub(super) fn commit_error(error: Error) -> StoreError {
    match &error {
        Error::Database(answer) if primary(answer.as_ref()) == code::IOERR => {
            StoreError::CommitUnknown(answer.message().to_owned())
        }
        Error::Database(_) => store_error(error),
        other => StoreError::CommitUnknown(other.to_string()),
    }
}

pub(super) fn late(limit: Duration) -> Fault {
    Fault::Store(StoreError::Unavailable(format!("a statement took longer than {limit:?}")))
}

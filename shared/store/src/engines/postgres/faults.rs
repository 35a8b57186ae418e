//! What this engine's errors mean for the port, by SQLSTATE (PostgreSQL documentation, appendix A). Texts are the
//! server's primary messages: they name tables and constraints, never rows or addresses.

use super::super::relational::Fault;
use crate::port::StoreError;
use sqlx::Error;
use std::time::Duration;
use wanlink_runtime::tls;

pub(super) fn fault(error: Error) -> Fault {
    let Error::Database(answer) = error else { return Fault::Store(outside(&error)) };
    let state = answer.code().unwrap_or_default().into_owned();
    by_state(&state, format!("{} ({state})", answer.message()))
}

fn by_state(state: &str, text: String) -> Fault {
    match state {
        "23505" => return Fault::Unique(text),
        "23503" => return Fault::Foreign(text),
        _ => {}
    }
    let class = state.get(..2).unwrap_or_default();
    Fault::Store(match (class, state) {
        // Read-only transaction, missing privilege.
        (_, "25006" | "42501") => StoreError::ReadOnly(text),
        // Serialization, deadlock; a lock that did not come in time.
        ("40", _) | (_, "55P03") => StoreError::Conflict(text),
        // A statement that can never succeed as it stands: data, constraint, syntax or name.
        ("21" | "22" | "23" | "42" | "44" | "54", _) => StoreError::Invalid(text),
        // Whatever else ails the server (resources, shutdown, disk, its own faults), no row is to blame for it.
        _ => StoreError::Unavailable(text),
    })
}

/// Errors that are not an answer of the database.
fn outside(error: &Error) -> StoreError {
    match error {
        Error::ColumnDecode { .. } | Error::Decode(_) | Error::Encode(_) | Error::RowNotFound => {
            StoreError::Invalid(error.to_string())
        }
        // Its text may quote what was configured.
        Error::Configuration(_) => {
            StoreError::Unavailable("the endpoint cannot be used as configured".to_owned())
        }
        other => {
            let explained = tls::explain(other, &tls::DATABASE);
            StoreError::Unavailable(explained.unwrap_or_else(|| other.to_string()))
        }
    }
}

pub(super) fn store_error(error: Error) -> StoreError {
    fault(error).into()
}

/// A fault inside COMMIT. What the server says of the transaction holds; where it says only that it ends, or nothing,
/// the commit may have happened.
pub(super) fn unsaid(fault: Fault) -> StoreError {
    match fault.into() {
        StoreError::Unavailable(text) => StoreError::CommitUnknown(text),
        other => other,
    }
}

pub(super) fn late(limit: Duration) -> Fault {
    Fault::Store(StoreError::Unavailable(format!("no answer within {limit:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_mean_what_the_port_says() {
        use StoreError as E;
        type Make = fn(String) -> StoreError;
        let cases: [(&str, Make); 17] = [
            ("40001", E::Conflict),
            ("40P01", E::Conflict),
            ("55P03", E::Conflict),
            ("25006", E::ReadOnly),
            ("42501", E::ReadOnly),
            ("23505", E::Invalid),
            ("23503", E::Invalid),
            ("23514", E::Invalid),
            ("22P05", E::Invalid),
            ("42P01", E::Invalid),
            ("57P01", E::Unavailable),
            ("57P03", E::Unavailable),
            ("57014", E::Unavailable),
            ("53300", E::Unavailable),
            ("08006", E::Unavailable),
            ("28P01", E::Unavailable),
            ("XX001", E::Unavailable),
        ];
        for (state, make) in cases {
            let text = "text".to_owned();
            assert_eq!(StoreError::from(by_state(state, text.clone())), make(text), "{state}");
        }
    }

    #[test]
    fn a_configuration_error_does_not_quote_the_address() {
        let error = Error::Configuration("postgres://w:hunter2@db".into());
        assert!(!store_error(error).to_string().contains("hunter2"));
    }
}

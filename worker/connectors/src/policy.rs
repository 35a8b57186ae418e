//! What a connector's answer means for an action and for an account: the one place that decides it (specification 6,
//! section C).
//!
//! Deliberately absent: delays and counts of retries (the domain's schedule and budgets), and any knowledge of one
//! kind of controller.

use crate::port::{Class, Failure, Removal};
use std::time::Duration;
use wanlink_domain::action::{Found, Outcome};
use wanlink_domain::catalogue::AccountStatus;
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::reason::{Code, Reason};

/// The failure as people and programs read it.
pub fn reason(failure: &Failure) -> Reason {
    let code = match failure.class {
        Class::Unreachable => Code::Unreachable,
        Class::OutcomeUnknown => Code::OutcomeUnknown,
        Class::Busy => Code::Busy,
        Class::Auth => Code::Auth,
        Class::Invalid => Code::Rejected,
        Class::Conflict => Code::Conflict,
        Class::DependencyMissing => Code::DependencyMissing,
        Class::StillReferenced => Code::ControllerReferenced,
        Class::Capacity => Code::Capacity,
        Class::NotFound => Code::Vanished,
        Class::Internal => Code::ControllerInternal,
    };
    Reason::new(code, failure.detail.clone())
}

/// How an attempt ended that failed this way.
pub fn outcome_of_failure(failure: &Failure) -> Outcome {
    let reason = reason(failure);
    let after_ms = failure.retry_after.map(milliseconds);
    match failure.class {
        // Refused credentials pause the account; what was claimed before that is tried again.
        Class::Unreachable | Class::Busy | Class::Auth | Class::StillReferenced | Class::Internal => {
            Outcome::Retry { reason, after_ms }
        }
        // Gone under our hands: the next attempt makes it anew.
        Class::NotFound => Outcome::Retry { reason, after_ms },
        Class::OutcomeUnknown => Outcome::Unknown { reason },
        Class::Invalid | Class::Conflict | Class::DependencyMissing | Class::Capacity => {
            Outcome::Refused { reason }
        }
    }
}

/// How a CREATE, EDIT, FIND or a poll of one ended.
pub fn outcome_of_found(answer: Result<Found, Failure>) -> Outcome {
    let found = match answer {
        Ok(found) => found,
        Err(failure) => return outcome_of_failure(&failure),
    };
    match found.status {
        Some(LinkStatus::Build) => Outcome::Building { found },
        // A part of it is missing: making it anew mends that.
        Some(LinkStatus::Error) if is_vanished(&found) => {
            Outcome::Retry { reason: found.reason.unwrap_or_else(vanished), after_ms: None }
        }
        Some(_) => Outcome::Done { found: Some(found) },
        None => Outcome::Retry { reason: vanished(), after_ms: None },
    }
}

/// How a DELETE ended that removed, or tried to.
pub fn outcome_of_removal(answer: Result<Removal, Failure>) -> Outcome {
    match answer {
        Ok(Removal::Gone) => Outcome::Done { found: None },
        Err(failure) if failure.class == Class::NotFound => Outcome::Done { found: None },
        Ok(Removal::Pending) => Outcome::Building { found: going() },
        Err(failure) => outcome_of_failure(&failure),
    }
}

/// How the poll of a DELETE ended that looked whether it is gone.
pub fn outcome_of_going(answer: Result<Found, Failure>) -> Outcome {
    match answer {
        Ok(Found { status: None, .. }) => Outcome::Done { found: None },
        Ok(found) => Outcome::Building { found },
        Err(failure) if failure.class == Class::NotFound => Outcome::Done { found: None },
        Err(failure) => outcome_of_failure(&failure),
    }
}

/// The action of an account whose connector cannot be built: its owner can mend that, so it waits.
pub fn outcome_of_unbuilt(reason: Reason) -> Outcome {
    Outcome::Retry { reason, after_ms: None }
}

/// What a check says of the account.
pub fn account_status(check: &Result<(), Failure>) -> (AccountStatus, Option<Reason>) {
    let failure = match check {
        Ok(()) => return (AccountStatus::Reachable, None),
        Err(failure) => failure,
    };
    let status = match failure.class {
        Class::Unreachable | Class::OutcomeUnknown => AccountStatus::Unreachable,
        // It answers, and works for others.
        Class::Busy => AccountStatus::Reachable,
        Class::Auth
        | Class::Invalid
        | Class::Conflict
        | Class::DependencyMissing
        | Class::StillReferenced
        | Class::Capacity
        | Class::NotFound
        | Class::Internal => AccountStatus::Error,
    };
    (status, Some(reason(failure)))
}

fn is_vanished(found: &Found) -> bool {
    found.reason.as_ref().is_some_and(|reason| reason.code == Code::Vanished)
}

fn vanished() -> Reason {
    Reason::new(Code::Vanished, "the service is not at the controller")
}

fn going() -> Found {
    Found {
        status: Some(LinkStatus::Build),
        status_source: StatusSource::Configured,
        service_id: None,
        conn_info: None,
        reason: None,
    }
}

fn milliseconds(pause: Duration) -> u64 {
    u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(class: Class) -> Failure {
        Failure { class, detail: "detail".to_owned(), retry_after: Some(Duration::from_secs(2)) }
    }

    fn found(status: Option<LinkStatus>, code: Option<Code>) -> Found {
        Found {
            status,
            status_source: StatusSource::Probe,
            service_id: None,
            conn_info: None,
            reason: code.map(|code| Reason::new(code, "why")),
        }
    }

    #[test]
    fn every_class_has_its_outcome_and_account_status() {
        use AccountStatus::{Error, Reachable, Unreachable};
        for (class, kind, code, account) in [
            (Class::Unreachable, "retry", Code::Unreachable, Unreachable),
            (Class::OutcomeUnknown, "unknown", Code::OutcomeUnknown, Unreachable),
            (Class::Busy, "retry", Code::Busy, Reachable),
            (Class::Auth, "retry", Code::Auth, Error),
            (Class::Invalid, "refused", Code::Rejected, Error),
            (Class::Conflict, "refused", Code::Conflict, Error),
            (Class::DependencyMissing, "refused", Code::DependencyMissing, Error),
            (Class::StillReferenced, "retry", Code::ControllerReferenced, Error),
            (Class::Capacity, "refused", Code::Capacity, Error),
            (Class::NotFound, "retry", Code::Vanished, Error),
            (Class::Internal, "retry", Code::ControllerInternal, Error),
        ] {
            let (is, reason) = match outcome_of_failure(&failure(class)) {
                Outcome::Retry { reason, after_ms } => {
                    assert_eq!(after_ms, Some(2_000));
                    ("retry", reason)
                }
                Outcome::Refused { reason } => ("refused", reason),
                Outcome::Unknown { reason } => ("unknown", reason),
                other => panic!("{class:?}: {other:?}"),
            };
            assert_eq!((is, reason.code, reason.detail.as_str()), (kind, code, "detail"), "{class:?}");
            assert_eq!(account_status(&Err(failure(class))).0, account, "{class:?}");
        }
        assert_eq!(account_status(&Ok(())), (AccountStatus::Reachable, None));
    }

    #[test]
    fn what_was_found_decides_whether_it_is_done() {
        let kind = |status, code| match outcome_of_found(Ok(found(status, code))) {
            Outcome::Done { found: Some(_) } => "done",
            Outcome::Building { .. } => "building",
            Outcome::Retry { reason, .. } if reason.code == Code::Vanished => "vanished",
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(Some(LinkStatus::Active), None), "done");
        assert_eq!(kind(Some(LinkStatus::Down), Some(Code::LinkDown)), "done");
        assert_eq!(kind(Some(LinkStatus::Inactive), None), "done");
        assert_eq!(kind(Some(LinkStatus::Build), None), "building");
        assert_eq!(kind(Some(LinkStatus::Error), Some(Code::ControllerInternal)), "done");
        assert_eq!(kind(Some(LinkStatus::Error), Some(Code::Vanished)), "vanished");
        assert_eq!(kind(None, None), "vanished");
    }

    #[test]
    fn a_removal_of_what_is_gone_is_done() {
        assert_eq!(outcome_of_removal(Ok(Removal::Gone)), Outcome::Done { found: None });
        assert_eq!(outcome_of_removal(Err(failure(Class::NotFound))), Outcome::Done { found: None });
        assert!(matches!(outcome_of_removal(Ok(Removal::Pending)), Outcome::Building { .. }));
        assert!(matches!(outcome_of_removal(Err(failure(Class::Busy))), Outcome::Retry { .. }));
        assert_eq!(outcome_of_going(Ok(found(None, None))), Outcome::Done { found: None });
        assert!(matches!(
            outcome_of_going(Ok(found(Some(LinkStatus::Active), None))),
            Outcome::Building { .. }
        ));
        assert!(matches!(outcome_of_going(Err(failure(Class::Unreachable))), Outcome::Retry { .. }));
    }
}

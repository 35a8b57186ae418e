//! What workers report and conductors answer, in short.

use crate::rows::fresh;
use wanlink_domain::action::{Found, Outcome};
use wanlink_domain::ids::LinkId;
use wanlink_domain::link::{LinkStatus, StatusSource};
use wanlink_domain::reason::Code;
use wanlink_wire::conductor::CommandResult;

pub fn link() -> LinkId {
    LinkId(fresh())
}

pub fn found(status: LinkStatus) -> Found {
    Found {
        status: Some(status),
        status_source: StatusSource::Probe,
        service_id: Some("svc".into()),
        conn_info: None,
        reason: None,
    }
}

pub fn done() -> Outcome {
    Outcome::Done { found: Some(found(LinkStatus::Active)) }
}

pub fn refused_code(result: &CommandResult) -> Option<Code> {
    match result {
        CommandResult::Refused { problem, .. } => Some(problem.code),
        CommandResult::Applied { .. } | CommandResult::Conflict => None,
    }
}

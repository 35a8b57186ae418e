//! Looks at settled links: what one shows to users, and whether it tells anything new.
//!
//! Both sides judge by this: the conductors before they write, and the workers, which have whole lists to compare,
//! before they report. Deliberately absent: polls of what is being built (the action's state machine decides those).

use crate::action::Found;
use crate::ids::LinkId;
use crate::link::{Link, LinkStatus, StatusSource};
use crate::reason::{Code, Reason};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a link is known to be, as far as a look can tell something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    pub status: LinkStatus,
    pub reason: Option<Reason>,
    /// The last state that the controller showed.
    pub observed_status: Option<LinkStatus>,
    pub status_source: Option<StatusSource>,
    /// It is wanted gone: only its observed state follows what is seen.
    pub deleting: bool,
}

impl Known {
    pub fn of(link: &Link) -> Self {
        Self {
            status: link.status,
            reason: link.status_reason.clone(),
            observed_status: link.observed_status,
            status_source: link.status_source,
            deleting: link.deletion.is_some(),
        }
    }

    /// Whether a look that found this says nothing that is not known.
    pub fn confirmed_by(
        &self,
        link: LinkId,
        found: &Found,
        service_id: Option<&String>,
        conn_info: Option<&Value>,
    ) -> bool {
        let (status, reason) = shown(link, found);
        (self.deleting || (self.status == status && self.reason == reason))
            && self.observed_status == found.status
            && self.status_source == Some(found.status_source)
            && (found.service_id.is_none() || found.service_id.as_ref() == service_id)
            && (found.conn_info.is_none() || found.conn_info.as_ref() == conn_info)
    }

    /// Whether that the controller cannot be asked is known already.
    pub fn is_unreachable(&self) -> bool {
        self.deleting || self.status == LinkStatus::WimError
    }
}

/// What a link that was found so shows to users.
pub fn shown(link: LinkId, found: &Found) -> (LinkStatus, Option<Reason>) {
    match found.status {
        Some(status) => (status, found.reason.clone()),
        None => (LinkStatus::Error, Some(vanished(link))),
    }
}

fn vanished(link: LinkId) -> Reason {
    let detail =
        format!("the service of link {link} is not at the controller any more; retry the link to rebuild it");
    Reason::new(Code::Vanished, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    const LINK: LinkId = LinkId(Uuid::from_u128(7));

    fn active() -> Found {
        Found {
            status: Some(LinkStatus::Active),
            status_source: StatusSource::Probe,
            service_id: Some("s".to_owned()),
            conn_info: Some(json!({"v": 1})),
            reason: None,
        }
    }

    fn known() -> Known {
        Known {
            status: LinkStatus::Active,
            reason: None,
            observed_status: Some(LinkStatus::Active),
            status_source: Some(StatusSource::Probe),
            deleting: false,
        }
    }

    fn confirmed(known: &Known, found: &Found) -> bool {
        known.confirmed_by(LINK, found, Some(&"s".to_owned()), Some(&json!({"v": 1})))
    }

    #[test]
    fn what_differs_in_anything_is_news() {
        assert!(confirmed(&known(), &active()));
        assert!(confirmed(&known(), &Found { service_id: None, conn_info: None, ..active() }));
        let drift = Some(Reason::new(Code::ControllerInternal, "differs"));
        for (what, found) in [
            ("down", Found { status: Some(LinkStatus::Down), ..active() }),
            ("gone", Found { status: None, service_id: None, conn_info: None, ..active() }),
            ("drift", Found { reason: drift, ..active() }),
            ("source", Found { status_source: StatusSource::Configured, ..active() }),
            ("service", Found { service_id: Some("t".to_owned()), ..active() }),
            ("notes", Found { conn_info: Some(json!({"v": 2})), ..active() }),
        ] {
            assert!(!confirmed(&known(), &found), "{what}");
        }
        let recovered = Known { status: LinkStatus::WimError, ..known() };
        assert!(recovered.is_unreachable() && !confirmed(&recovered, &active()));
    }

    #[test]
    fn what_vanished_vanishes_once() {
        let gone = Found { status: None, service_id: None, conn_info: None, ..active() };
        let (status, reason) = shown(LINK, &gone);
        let known = Known { status, reason, observed_status: None, ..known() };
        assert!(confirmed(&known, &gone));
        assert!(!confirmed(&known, &active()));
    }

    #[test]
    fn of_a_link_that_is_wanted_gone_only_the_observed_state_counts() {
        let going = Known { status: LinkStatus::Error, deleting: true, ..known() };
        assert!(confirmed(&going, &active()) && going.is_unreachable());
        assert!(!confirmed(&going, &Found { status: Some(LinkStatus::Down), ..active() }));
    }
}

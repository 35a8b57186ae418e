//! The connector that stands in for one that cannot be built: it fails every call with the reason why.
//!
//! So an account with unusable settings is leased, monitored and shown like any other, instead of being a special
//! case in the worker. Whoever holds the reason itself uses [`crate::policy::outcome_of_unbuilt`].

use crate::port::{Class, Connector, Desired, Failure, Listing, Remote, Removal};
use async_trait::async_trait;
use wanlink_domain::action::Found;
use wanlink_domain::reason::Reason;

/// Fails every call with one reason.
#[derive(Clone, Debug)]
pub struct Failing {
    reason: Reason,
}

impl Failing {
    pub fn new(reason: Reason) -> Self {
        Self { reason }
    }

    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// `Internal`: tried again a bounded number of times, and the account shows ERROR.
    fn failure(&self) -> Failure {
        Failure { class: Class::Internal, detail: self.reason.to_string(), retry_after: None }
    }
}

#[async_trait]
impl Connector for Failing {
    async fn check(&self) -> Result<(), Failure> {
        Err(self.failure())
    }

    async fn ensure(&self, _: &Desired, _: &Remote) -> Result<Found, Failure> {
        Err(self.failure())
    }

    async fn observe(&self, _: &Remote) -> Result<Found, Failure> {
        Err(self.failure())
    }

    async fn remove(&self, _: &Remote) -> Result<Removal, Failure> {
        Err(self.failure())
    }

    async fn list(&self) -> Result<Box<dyn Listing>, Failure> {
        Err(self.failure())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{account_status, outcome_of_failure};
    use uuid::Uuid;
    use wanlink_domain::action::Outcome;
    use wanlink_domain::catalogue::AccountStatus;
    use wanlink_domain::ids::LinkId;
    use wanlink_domain::reason::Code;

    #[tokio::test]
    async fn every_call_fails_with_the_reason_and_is_tried_again() {
        let failing = Failing::new(Reason::new(Code::ConnectorInvalid, "no probe_url"));
        let remote =
            Remote { link: LinkId(Uuid::from_u128(1)), service_id: None, conn_info: None, wish: None };
        let checked = failing.check().await;
        assert_eq!(account_status(&checked).0, AccountStatus::Error);
        for failure in [
            checked.unwrap_err(),
            failing.observe(&remote).await.unwrap_err(),
            failing.remove(&remote).await.unwrap_err(),
            failing.list().await.err().unwrap(),
        ] {
            assert_eq!(failure.detail, "connector-invalid: no probe_url");
            assert!(matches!(outcome_of_failure(&failure), Outcome::Retry { .. }));
        }
    }
}

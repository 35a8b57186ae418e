//! Taking a link away: its accesses first, then the service that they refer to (RFC 8466's leafref forbids the other
//! order).

use super::body::{access_names, access_path, service_path};
use super::connector::{L2sm, Service, service_id};
use super::names::{AccessName, noted, vpn_id};
use crate::port::{Class, Failure, Remote, Removal};
use crate::restconf::Deleted;
use std::collections::BTreeSet;

/// How often the controller is asked anew what is still attached.
const ROUNDS_MAX: usize = 5;

impl L2sm {
    pub(super) async fn unmake(&self, remote: &Remote) -> Result<Removal, Failure> {
        let vpn = service_id(remote);
        let service = self.service(&vpn).await?;
        for name in self.known_accesses(remote) {
            self.restconf.delete(&access_path(&name)).await?;
        }
        match service {
            // What stands under our id now is another's; of ours nothing is left.
            Service::Foreign(_) => Ok(Removal::Gone),
            // Not seen is not gone: only the removal itself is believed.
            Service::Absent | Service::Ours(_) => self.unmake_service(&vpn).await,
        }
    }

    /// From the notes and from the wish: either may be older than the other.
    fn known_accesses(&self, remote: &Remote) -> BTreeSet<AccessName> {
        let ours = format!("{}-", vpn_id(remote.link));
        let noted = noted(remote.conn_info.as_ref()).unwrap_or_default();
        let wished = remote.wish.as_ref().map(|wish| access_names(remote.link, wish, &self.account.shape));
        noted
            .into_iter()
            .chain(wished.unwrap_or_default())
            .filter(|name| name.id.starts_with(&ours))
            .collect()
    }

    async fn unmake_service(&self, vpn: &str) -> Result<Removal, Failure> {
        let path = service_path(vpn);
        let mut rounds = 0;
        loop {
            match self.restconf.delete(&path).await {
                Ok(Deleted::Absent) => return Ok(Removal::Gone),
                Ok(Deleted::Pending) => return Ok(Removal::Pending),
                Ok(Deleted::Done) => break,
                Err(failure) if failure.class == Class::StillReferenced && rounds < ROUNDS_MAX => rounds += 1,
                Err(failure) => return Err(failure),
            }
            for name in self.attached(vpn).await? {
                self.restconf.delete(&access_path(&name)).await?;
            }
        }
        // Taken is not gone.
        match self.service(vpn).await {
            Ok(Service::Ours(_)) => Ok(Removal::Pending),
            Ok(Service::Absent | Service::Foreign(_)) => Ok(Removal::Gone),
            Err(failure) if matches!(failure.class, Class::Unreachable | Class::Busy) => Ok(Removal::Pending),
            Err(failure) => Err(failure),
        }
    }
}

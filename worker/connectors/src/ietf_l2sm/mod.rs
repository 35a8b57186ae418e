//! L2SM (RFC 8466, module ietf-l2vpn-svc@2018-10-09) over RESTCONF (RFC 8040): dialect `rfc8040`.
//!
//! A link is one `vpn-service` and one `site-network-access` per endpoint, under ids that follow from the link, so
//! that making it twice is making it once. Sites are the operator's: they are referred to and never written. The
//! model has no operational state; where ACTIVE comes from is the account's `status_source`. Deliberately absent:
//! servers that stage and commit (another dialect), one patch for the whole tree, hub-and-spoke.

mod body;
mod compare;
mod connector;
mod descriptor;
mod listing;
mod names;
mod probe;
mod removal;
mod settings;
#[cfg(test)]
mod tests;

pub use descriptor::DESCRIPTOR;

use crate::egress::{Egress, Limits};
use crate::port::{Connector, ConnectorFactory, Settings};
use crate::restconf::Restconf;
use connector::L2sm;
use settings::{Account, invalid};
use wanlink_domain::connector::ConnectorDescriptor;
use wanlink_domain::reason::Reason;

/// Makes connectors of kind `ietf_l2sm`.
#[derive(Clone, Debug)]
pub struct L2smFactory {
    limits: Limits,
}

impl L2smFactory {
    /// `limits` hold where an account's settings say nothing.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }
}

impl ConnectorFactory for L2smFactory {
    fn descriptor(&self) -> &'static ConnectorDescriptor {
        &DESCRIPTOR
    }

    fn build(&self, settings: Settings) -> Result<Box<dyn Connector>, Reason> {
        let account = Account::read(&settings, self.limits)?;
        let tls = account.root.is_tls() || account.probe.as_ref().is_some_and(|probe| probe.is_tls());
        let egress =
            Egress::new(account.limits, &account.trust, tls).map_err(|fault| invalid(&settings, &fault))?;
        let restconf = Restconf::new(egress, &account.root, account.login.clone());
        Ok(Box::new(L2sm::new(restconf, account)))
    }
}

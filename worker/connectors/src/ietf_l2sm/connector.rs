//! Making, changing and looking at one link.
//!
//! What is there is read first, so that nobody else's service is ever written over and what is as wished is not
//! written again; what was written is read back, for a 2xx proves nothing.

use super::body::{Plan, access_path, entry, service_patch, service_path};
use super::compare::{self, difference};
use super::names::{AccessName, conflict, conn_info, noted, vpn_id};
use super::settings::Account;
use crate::policy;
use crate::port::{Class, Connector, Desired, Failure, Listing, Remote, Removal};
use crate::restconf::{Restconf, members};
use async_trait::async_trait;
use serde_json::Value;
use std::collections::BTreeSet;
use std::future::Future;
use wanlink_domain::action::Found;
use wanlink_domain::link::LinkStatus;
use wanlink_domain::reason::{Code, Reason};

/// One account's way to an L2SM controller.
#[derive(Clone, Debug)]
pub(super) struct L2sm {
    pub(super) restconf: Restconf,
    pub(super) account: Account,
}

/// A `vpn-service` as it stands at the controller.
pub(super) enum Service {
    Absent,
    Ours(Value),
    /// Another's, with the name it bears.
    Foreign(String),
}

/// How what is at the controller compares with what was wished.
pub(super) enum Look {
    Absent,
    Foreign(String),
    Missing(AccessName),
    Differs(String),
    AsWished,
}

impl L2sm {
    pub(super) fn new(restconf: Restconf, account: Account) -> Self {
        Self { restconf, account }
    }

    /// Bounds all requests of one operation. `writing`: what was sent may have taken effect.
    pub(super) async fn within<T>(
        &self,
        writing: bool,
        operation: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let limit = self.account.operation_timeout;
        tokio::time::timeout(limit, operation).await.unwrap_or_else(|_| {
            Err(Failure {
                class: if writing { Class::OutcomeUnknown } else { Class::Unreachable },
                detail: format!(
                    "the operation took longer than operation_timeout_ms ({})",
                    limit.as_millis()
                ),
                retry_after: None,
            })
        })
    }

    pub(super) async fn service(&self, vpn: &str) -> Result<Service, Failure> {
        let Some(answer) = self.restconf.get(&service_path(vpn)).await? else { return Ok(Service::Absent) };
        let service = compare::entry(&answer, "vpn-service").ok_or_else(|| unreadable("vpn-service", vpn))?;
        let customer = members(service, "customer-name").and_then(Value::as_str).unwrap_or_default();
        match self.account.mark.owns(customer) {
            true => Ok(Service::Ours(service.clone())),
            false => Ok(Service::Foreign(customer.to_owned())),
        }
    }

    async fn access(&self, name: &AccessName) -> Result<Option<Value>, Failure> {
        let Some(answer) = self.restconf.get(&access_path(name)).await? else { return Ok(None) };
        let access = compare::entry(&answer, "site-network-access");
        access.cloned().map(Some).ok_or_else(|| unreadable("site-network-access", &name.id))
    }

    async fn make(&self, desired: &Desired, known: &Remote) -> Result<Found, Failure> {
        let (mark, shape) = (self.account.mark.as_str(), &self.account.shape);
        let plan = Plan::new(&service_id(known), desired.link, &desired.wish, mark, shape)?;
        let existed = match self.service(&plan.vpn).await? {
            Service::Foreign(customer) => return Err(conflict(&plan.vpn, &customer)),
            Service::Absent => {
                self.put_service(&plan).await?;
                false
            }
            Service::Ours(held) => {
                // First out, then in, and the kind in between: a point-to-point service never has three ends.
                self.drop_unwished(&plan, known).await?;
                if difference(&plan.service, &held).is_some() {
                    self.put_service(&plan).await?;
                }
                true
            }
        };
        for (name, wish) in &plan.accesses {
            self.make_access(name, wish, existed).await?;
        }
        self.written(&plan).await
    }

    async fn put_service(&self, plan: &Plan) -> Result<(), Failure> {
        self.restconf.put(&service_path(&plan.vpn), &entry("vpn-service", &plan.service)).await
    }

    /// Removes endpoints that an earlier wish had. Notes that name just what is wished are believed; otherwise an
    /// attempt that was lost may have attached what no note tells of, so the controller is asked.
    async fn drop_unwished(&self, plan: &Plan, known: &Remote) -> Result<(), Failure> {
        let wished: BTreeSet<&AccessName> = plan.names().collect();
        if noted(known.conn_info.as_ref())
            .is_some_and(|noted| noted.iter().collect::<BTreeSet<_>>() == wished)
        {
            return Ok(());
        }
        let attached = self.attached(&plan.vpn).await?;
        let ours = format!("{}-", vpn_id(known.link));
        for name in attached {
            if name.id.starts_with(&ours) && !wished.contains(&name) {
                self.restconf.delete(&access_path(&name)).await?;
            }
        }
        Ok(())
    }

    /// Writes as little as makes it right: nothing, its bandwidth, or all of it.
    async fn make_access(&self, name: &AccessName, wish: &Value, look_first: bool) -> Result<(), Failure> {
        let held = if look_first { self.access(name).await? } else { None };
        let path = access_path(name);
        let differs = match &held {
            None => String::new(),
            Some(held) => match difference(wish, held) {
                None => return Ok(()),
                Some(differs) => differs,
            },
        };
        if differs.starts_with("service/svc-bandwidth")
            && members(&wish["service"], "svc-bandwidth").is_some()
        {
            match self.restconf.patch(&format!("{path}/service"), &service_patch(wish)).await {
                // It vanished in between, or this server does not patch: say all of it.
                Err(failure) if matches!(failure.class, Class::NotFound | Class::Invalid) => {}
                patched => return patched,
            }
        }
        self.restconf.put(&path, &entry("site-network-access", wish)).await
    }

    /// The state right after writing. Everything was taken, so a look that fails or comes too early is no reason to
    /// write again: the link is being built, and the next poll looks.
    async fn written(&self, plan: &Plan) -> Result<Found, Failure> {
        let early = |reason: Reason| {
            let reason = Reason::new(reason.code, format!("written, but not seen yet: {}", reason.detail));
            self.found(&plan.vpn, Some(LinkStatus::Build), plan.names(), Some(reason))
        };
        let hidden = |what: String| early(Reason::new(Code::Vanished, what));
        let passing = |class| {
            matches!(
                class,
                Class::Unreachable | Class::OutcomeUnknown | Class::Busy | Class::Internal | Class::NotFound
            )
        };
        match self.look(plan).await {
            Ok(Look::AsWished) => match self.status(plan).await {
                Err(failure) if passing(failure.class) => Ok(early(policy::reason(&failure))),
                status => status,
            },
            Ok(Look::Absent) => Ok(hidden("the service does not show".to_owned())),
            Ok(Look::Missing(name)) => Ok(hidden(format!("access {} does not show", name.id))),
            Ok(Look::Foreign(customer)) => Err(conflict(&plan.vpn, &customer)),
            Ok(Look::Differs(what)) => Err(Failure {
                class: Class::Internal,
                detail: format!("the controller took the link, but keeps it differently at {what}"),
                retry_after: None,
            }),
            Err(failure) if passing(failure.class) => Ok(early(policy::reason(&failure))),
            Err(failure) => Err(failure),
        }
    }

    async fn look(&self, plan: &Plan) -> Result<Look, Failure> {
        match self.service(&plan.vpn).await? {
            Service::Absent => return Ok(Look::Absent),
            Service::Foreign(customer) => return Ok(Look::Foreign(customer)),
            Service::Ours(held) => {
                if let Some(what) = difference(&plan.service, &held) {
                    return Ok(Look::Differs(format!("vpn-service/{what}")));
                }
            }
        }
        for (name, wish) in &plan.accesses {
            let Some(held) = self.access(name).await? else { return Ok(Look::Missing(name.clone())) };
            if let Some(what) = difference(wish, &held) {
                return Ok(Look::Differs(format!("site {}, access {}, {what}", name.site, name.id)));
            }
        }
        Ok(Look::AsWished)
    }

    async fn seen(&self, remote: &Remote) -> Result<Found, Failure> {
        let vpn = service_id(remote);
        let Some(plan) = self.plan_of(&vpn, remote)? else {
            return self.seen_without_wish(&vpn, remote).await;
        };
        let look = self.look(&plan).await?;
        match self.otherwise(&plan, look) {
            Some(found) => Ok(found),
            None => self.status(&plan).await,
        }
    }

    /// What is found where it is not as wished.
    pub(super) fn otherwise(&self, plan: &Plan, look: Look) -> Option<Found> {
        let (status, reason) = match look {
            Look::AsWished => return None,
            Look::Absent => (None, None),
            Look::Foreign(customer) => {
                (None, Some(Reason::new(Code::Conflict, conflict(&plan.vpn, &customer).detail)))
            }
            Look::Missing(name) => (
                Some(LinkStatus::Error),
                Some(Reason::new(
                    Code::Vanished,
                    format!("access {} at site {} is missing", name.id, name.site),
                )),
            ),
            Look::Differs(what) => (
                Some(LinkStatus::Error),
                Some(Reason::new(
                    Code::ControllerInternal,
                    format!("the controller differs from the wish at {what}"),
                )),
            ),
        };
        Some(self.found(&plan.vpn, status, plan.names(), reason))
    }

    pub(super) fn plan_of(&self, vpn: &str, remote: &Remote) -> Result<Option<Plan>, Failure> {
        let (mark, shape) = (self.account.mark.as_str(), &self.account.shape);
        remote.wish.as_ref().map(|wish| Plan::new(vpn, remote.link, wish, mark, shape)).transpose()
    }

    /// There is nothing to compare with: that its noted parts are there is all that can be said.
    async fn seen_without_wish(&self, vpn: &str, remote: &Remote) -> Result<Found, Failure> {
        let names = noted(remote.conn_info.as_ref()).unwrap_or_default();
        match self.service(vpn).await? {
            Service::Absent => return Ok(self.found(vpn, None, &names, None)),
            Service::Foreign(customer) => {
                let reason = Reason::new(Code::Conflict, conflict(vpn, &customer).detail);
                return Ok(self.found(vpn, None, &names, Some(reason)));
            }
            Service::Ours(_) => {}
        }
        for name in &names {
            if self.access(name).await?.is_none() {
                return Ok(self.incomplete(vpn, &names, name));
            }
        }
        let (status, reason) = self.operational(vpn).await?;
        Ok(self.found(vpn, Some(status), &names, reason))
    }

    pub(super) fn incomplete(&self, vpn: &str, names: &[AccessName], missing: &AccessName) -> Found {
        let reason = Reason::new(Code::Vanished, format!("access {} is missing", missing.id));
        self.found(vpn, Some(LinkStatus::Error), names, Some(reason))
    }

    async fn status(&self, plan: &Plan) -> Result<Found, Failure> {
        let (status, reason) = self.operational(&plan.vpn).await?;
        Ok(self.found(&plan.vpn, Some(status), plan.names(), reason))
    }

    /// The status of a service that is configured as wished.
    pub(super) async fn operational(&self, vpn: &str) -> Result<(LinkStatus, Option<Reason>), Failure> {
        match &self.account.probe {
            None => Ok((LinkStatus::Active, None)),
            Some(probe) => Ok(probed(probe.ask(&self.restconf, vpn).await?)),
        }
    }

    pub(super) fn found<'a>(
        &self,
        vpn: &str,
        status: Option<LinkStatus>,
        names: impl IntoIterator<Item = &'a AccessName>,
        reason: Option<Reason>,
    ) -> Found {
        Found {
            status,
            status_source: self.account.status_source(),
            service_id: status.map(|_| vpn.to_owned()),
            conn_info: status.map(|_| conn_info(names)),
            reason,
        }
    }
}

/// What the probe's word means; `None`: it does not know the link.
pub(super) fn probed(word: Option<LinkStatus>) -> (LinkStatus, Option<Reason>) {
    match word {
        Some(status @ (LinkStatus::Down | LinkStatus::Inactive | LinkStatus::Error)) => {
            let detail = format!("the probe says {}", status_word(status));
            (status, Some(Reason::new(Code::LinkDown, detail)))
        }
        Some(status) => (status, None),
        None => {
            (LinkStatus::Build, Some(Reason::new(Code::LinkDown, "the probe does not know the link yet")))
        }
    }
}

/// The id that it was given, or would be.
pub(super) fn service_id(remote: &Remote) -> String {
    remote.service_id.clone().unwrap_or_else(|| vpn_id(remote.link))
}

fn status_word(status: LinkStatus) -> &'static str {
    match status {
        LinkStatus::Down => "DOWN",
        LinkStatus::Inactive => "INACTIVE",
        _ => "ERROR",
    }
}

fn unreadable(list: &str, id: &str) -> Failure {
    Failure {
        class: Class::Internal,
        detail: format!("the controller answered a GET of {list} {id} without its entry"),
        retry_after: None,
    }
}

#[async_trait]
impl Connector for L2sm {
    async fn check(&self) -> Result<(), Failure> {
        self.within(false, self.reach()).await
    }

    async fn ensure(&self, desired: &Desired, known: &Remote) -> Result<Found, Failure> {
        self.within(true, self.make(desired, known)).await
    }

    async fn observe(&self, remote: &Remote) -> Result<Found, Failure> {
        self.within(false, self.seen(remote)).await
    }

    async fn remove(&self, remote: &Remote) -> Result<Removal, Failure> {
        self.within(true, self.unmake(remote)).await
    }

    async fn list(&self) -> Result<Box<dyn Listing>, Failure> {
        let listed = self.within(false, self.all_of_ours()).await?;
        Ok(Box::new(listed))
    }
}

//! The connector port: how wanlink speaks to one kind of WIM.
//!
//! A connector is stateless: everything it needs stands in its account's settings and in the arguments, so that
//! any worker can go on where another ended. Every call may be made twice. What a failure means for an action is
//! decided in one place ([`crate::policy`]), not by each connector.

use async_trait::async_trait;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Duration;
use wanlink_domain::action::Found;
use wanlink_domain::connector::ConnectorDescriptor;
use wanlink_domain::ids::{AccountId, InstallationId, LinkId};
use wanlink_domain::link::ResolvedWish;
use wanlink_domain::reason::Reason;
use wanlink_runtime::seal::Secret;

/// An account's settings with its credentials opened. Lives in a worker's memory only.
#[derive(Debug)]
pub struct Settings {
    pub account: AccountId,
    /// Marks at the controller carry it, so that two deployments never take each other's services for their own.
    pub installation: InstallationId,
    pub account_name: String,
    pub wim_url: String,
    pub user: Option<String>,
    /// WIM and account configuration merged, valid against the descriptor's schema, without secrets.
    pub config: Map<String, Value>,
    /// By field: `password` and the schema's secret keys.
    pub secrets: BTreeMap<String, Secret>,
}

/// The link that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Desired {
    pub link: LinkId,
    pub name: String,
    pub wish: ResolvedWish,
}

/// A connectivity service as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Remote {
    pub link: LinkId,
    /// Absent where no answer ever told it: then the id that this link would have been given.
    pub service_id: Option<String>,
    pub conn_info: Option<Value>,
    /// What should be there, where it can still be resolved; observing compares with it.
    pub wish: Option<ResolvedWish>,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Nothing of it is left.
    Gone,
    /// The controller has taken it and works on it.
    Pending,
}

/// The classes of failure (specification 6, section C).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Unreachable,
    OutcomeUnknown,
    Busy,
    Auth,
    Invalid,
    Conflict,
    DependencyMissing,
    StillReferenced,
    Capacity,
    NotFound,
    Internal,
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub class: Class,
    /// What failed, where, with the controller's own words (bounded); never a credential.
    pub detail: String,
    /// The controller's own wish for a pause.
    pub retry_after: Option<Duration>,
}

/// One account's way to its controller.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Reach, credentials, and whether the controller speaks what is needed.
    async fn check(&self) -> Result<(), Failure>;

    /// Makes the service as wished, or changes it until it is; twice is once.
    async fn ensure(&self, desired: &Desired, known: &Remote) -> Result<Found, Failure>;

    /// Looks. An absent service is `Found { status: None, .. }`, not a failure.
    async fn observe(&self, remote: &Remote) -> Result<Found, Failure>;

    /// Removes it with all its parts; what is gone already is [`Removal::Gone`].
    async fn remove(&self, remote: &Remote) -> Result<Removal, Failure>;

    /// All services that carry this installation's mark for this account, at once.
    async fn list(&self) -> Result<Box<dyn Listing>, Failure>;
}

/// What a list showed, to be compared with what is known of each link.
#[async_trait]
pub trait Listing: Send + Sync {
    /// The links of the services that were shown, in id order.
    fn links(&self) -> &[LinkId];

    /// One link: what [`Connector::observe`] would have answered at the time of the list.
    async fn found(&self, remote: &Remote) -> Result<Found, Failure>;
}

/// Makes connectors of one kind.
pub trait ConnectorFactory: Send + Sync {
    /// What this kind is called, needs and can do; the api plans and validates by it.
    fn descriptor(&self) -> &'static ConnectorDescriptor;

    /// Fails with a reason that the user can act on; the worker then answers every action of the account with it
    /// and tries again with growing delay.
    fn build(&self, settings: Settings) -> Result<Box<dyn Connector>, Reason>;
}

//! Stable codes for why something failed, waits or was refused, with a text for people beside each.

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// A machine-readable cause and its sentence. The code never changes between releases; the text may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    pub code: Code,
    /// What failed, where, and what to do; never holds a secret.
    pub detail: String,
}

impl Reason {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.detail)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// Every cause that wanlink gives; each has a page under `deploy/docs/errors.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl Code {
            /// All codes, for the documentation test.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)+ }
            }
        }
    };
}

// By hand: the derivation does not see names that a macro gives.
impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        let words = Self::ALL.iter().map(|code| code.as_str());
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for Code {}

codes! {
    // Requests that cannot be accepted.
    /// The body or a parameter is malformed; the field is named.
    Invalid = "invalid",
    /// No object of that id or name.
    NotFound = "not-found",
    /// Another object has that name, or that pair is already joined.
    AlreadyExists = "already-exists",
    /// The object changed since it was read.
    VersionMismatch = "version-mismatch",
    /// Other objects still refer to it.
    StillReferenced = "still-referenced",
    /// The Idempotency-Key stands for another body.
    KeyConflict = "key-conflict",
    /// No WIM has port mappings at all the sites and an account of the tenant.
    NoCommonWim = "no-common-wim",
    /// The connector of the chosen WIM cannot do what the link asks.
    Unsupported = "unsupported",
    /// The account is not ready, or is being deleted.
    AccountNotReady = "account-not-ready",
    /// The link is being deleted or is gone.
    LinkDeleted = "link-deleted",
    /// The network service is being deleted.
    ServiceDeleted = "service-deleted",
    /// Nothing of this link failed: there is nothing to try again.
    NothingToRetry = "nothing-to-retry",
    /// Too much work is waiting; come back later.
    Overloaded = "overloaded",
    /// An operator froze everything: nothing new is taken, and nothing is started.
    Frozen = "frozen",
    /// Nothing was sent: the broker or the database is away.
    Unavailable = "unavailable",
    /// Sent, but without a word of what became of it.
    OutcomeUnknown = "outcome-unknown",
    /// An error of wanlink's own.
    Internal = "internal",

    // Why an action ended or waits.
    /// A network of the link is in a state from which it does not come up.
    NetworkFailed = "network-failed",
    /// A network of the link is not up yet.
    NetworksBuilding = "networks-building",
    /// An operator paused its WIM account or its WIM.
    Paused = "paused",
    /// An earlier action of the same link is unfinished.
    EarlierUnfinished = "earlier-unfinished",
    /// No external port for a network of the link: no rule matches and none is given.
    NoExternalPort = "no-external-port",
    /// No port mapping leads from the site's port to the WIM.
    NoPortMapping = "no-port-mapping",
    /// A later action made this one unnecessary.
    Superseded = "superseded",
    /// A user cancelled it.
    Cancelled = "cancelled",
    /// It was recorded after a later action of the link had begun.
    OutOfOrder = "out-of-order",
    /// Claimed again and again without a report: it may be what kills its workers.
    Poisonous = "poisonous",
    /// The time that this kind of wait may take is used up.
    BudgetSpent = "budget-spent",
    /// The attempt ended without a report: its worker crashed, hung or lost its lease.
    AttemptLost = "attempt-lost",

    // What a connector reports (specification 6, section C).
    /// The controller cannot be reached.
    Unreachable = "controller-unreachable",
    /// The controller is busy or asks to come back later.
    Busy = "controller-busy",
    /// The controller refuses the credentials, or its certificate is not trusted.
    Auth = "controller-auth",
    /// The controller says that the request is wrong.
    Rejected = "controller-rejected",
    /// A foreign object stands under our id.
    Conflict = "controller-conflict",
    /// Something that the operator owns is missing at the controller (a site, a bearer).
    DependencyMissing = "controller-dependency-missing",
    /// Something at the controller still refers to what should be removed.
    ControllerReferenced = "controller-still-referenced",
    /// The controller has no capacity left for it.
    Capacity = "controller-capacity",
    /// The service is not at the controller although it should be.
    Vanished = "controller-vanished",
    /// The controller failed or answered what cannot be understood.
    ControllerInternal = "controller-internal",
    /// The connector cannot be built from the account's configuration.
    ConnectorInvalid = "connector-invalid",
    /// The connector panicked.
    ConnectorPanicked = "connector-panicked",
    /// The call took longer than its time limit.
    Timeout = "controller-timeout",
    /// The controller says that the link is not working.
    LinkDown = "link-down",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back_as_themselves() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} stands twice", code.as_str());
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{}\"", code.as_str()));
            assert_eq!(serde_json::from_str::<Code>(&json).unwrap(), *code);
        }
    }
}

//! WIM accounts as they come in, and how their secrets are parted from the rest on the way.
//!
//! A draft holds secrets in clear. Its check gives two things: the account without them, and the secrets to be
//! sealed. The account is made only from the sealed ones, so none can be stored in clear.

use super::{Edit, commit};
use crate::catalogue::{Account, AccountPhase, AccountStatus, Sealed, Tenant, Wim};
use crate::connector::{ConfigPart, ConnectorCatalogue};
use crate::ids::{AccountId, TenantId, WimId};
use crate::time::Timestamp;
use crate::validate::config::{self, Plaintext, TakenSecrets};
use crate::validate::{Faults, FieldError, rule};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The key of `secrets` under which the account's password stands; no connector names a secret setting so.
pub const PASSWORD: &str = "password";

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountDraft {
    /// Id or name, where the call itself does not say it.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Id or name.
    pub wim: String,
    /// Absent: the tenant's name.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default)]
    pub password: Option<Plaintext>,
    /// Connector settings, secret ones in clear; null is as good as absent.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl std::fmt::Debug for AccountDraft {
    /// Without `config`: until it is split, any key of it may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountDraft")
            .field("tenant", &self.tenant)
            .field("wim", &self.wim)
            .field("name", &self.name)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A draft that passed, without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedAccount {
    tenant_id: TenantId,
    wim_id: WimId,
    name: String,
    user: Option<String>,
    config: Map<String, Value>,
}

impl AccountDraft {
    /// Checks the draft against the rules and the connector's schema, the WIM's own settings counted in. The second
    /// value is what must be sealed, by field: `password` and the secret settings by dotted key.
    pub fn check(
        mut self,
        tenant: &Tenant,
        wim: &Wim,
        connectors: &ConnectorCatalogue,
    ) -> Result<(CheckedAccount, BTreeMap<String, Plaintext>), Vec<FieldError>> {
        let mut faults = Faults::default();
        let name = faults.check("/name", rule::name(self.name.unwrap_or_else(|| tenant.name.clone())));
        let user = faults.check_some("/user", self.user, |user| rule::credential(&user).map(|()| user));
        faults
            .check_some("/password", self.password.as_ref(), |password| rule::credential(password.expose()));
        let mut taken = take_secrets(wim, connectors, &mut self.config, &mut faults);
        let mut config = Map::new();
        config::merge(&mut config, self.config);
        check_whole(wim, connectors, &config, |key| taken.given.contains_key(key), &mut faults);
        if let Some(password) = self.password {
            taken.given.insert(PASSWORD.to_owned(), password);
        }
        let checked =
            name.map(|name| CheckedAccount { tenant_id: tenant.id, wim_id: wim.id, name, user, config });
        faults.finish(checked.map(|checked| (checked, taken.given)))
    }
}

impl CheckedAccount {
    /// The account's row, its queue still to be made. `secrets`: what the check gave out, sealed for this id.
    pub fn create(self, id: AccountId, secrets: BTreeMap<String, Sealed>, now: Timestamp) -> Account {
        Account {
            id,
            tenant_id: self.tenant_id,
            wim_id: self.wim_id,
            name: self.name,
            user: self.user,
            config: self.config,
            secrets,
            phase: AccountPhase::Creating,
            status: AccountStatus::Pending,
            status_reason: None,
            status_since: now,
            checked_at: None,
            epoch: 0,
            session_id: None,
            former_session_id: None,
            former_until: None,
            refresh_due_at: None,
            listed_at: None,
            unknown_services: 0,
            event_seq: 0,
            version: 1,
            created_at: now,
            modified_at: now,
        }
    }
}

#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountPatch {
    #[serde(default)]
    pub name: Edit<String>,
    #[serde(default)]
    pub user: Edit<String>,
    #[serde(default)]
    pub password: Edit<Plaintext>,
    /// Merged key by key; null removes a key, a secret one as well.
    #[serde(default)]
    pub config: Map<String, Value>,
}

impl std::fmt::Debug for AccountPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccountPatch")
            .field("name", &self.name)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// A patch that passed, without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedAccountPatch {
    name: String,
    user: Option<String>,
    config: Map<String, Value>,
    /// Fields of `secrets` that go.
    removed: Vec<String>,
}

impl AccountPatch {
    /// Like [`AccountDraft::check`], for an account as it stands.
    pub fn check(
        mut self,
        account: &Account,
        wim: &Wim,
        connectors: &ConnectorCatalogue,
    ) -> Result<(CheckedAccountPatch, BTreeMap<String, Plaintext>), Vec<FieldError>> {
        let mut faults = Faults::default();
        let (mut name, mut user) = (account.name.clone(), account.user.clone());
        self.name.required("/name", &mut name, rule::name, &mut faults);
        let checked_user = |user: String| rule::credential(&user).map(|()| user);
        self.user.optional("/user", &mut user, checked_user, &mut faults);
        let mut taken = take_secrets(wim, connectors, &mut self.config, &mut faults);
        match self.password {
            Edit::Keep => {}
            Edit::Clear => taken.removed.push(PASSWORD.to_owned()),
            Edit::Set(password) => {
                faults.check("/password", rule::credential(password.expose()));
                taken.given.insert(PASSWORD.to_owned(), password);
            }
        }
        let mut config = account.config.clone();
        config::merge(&mut config, self.config);
        let has_secret = |key: &str| {
            let stays =
                account.secrets.contains_key(key) && !taken.removed.iter().any(|removed| removed == key);
            stays || taken.given.contains_key(key)
        };
        check_whole(wim, connectors, &config, has_secret, &mut faults);
        let TakenSecrets { given, removed } = taken;
        faults.finish(Some((CheckedAccountPatch { name, user, config, removed }, given)))
    }
}

impl CheckedAccountPatch {
    /// Whether anything changed; a secret that is given anew counts, for nobody can tell whether it is the same.
    pub fn edit(self, account: &mut Account, secrets: BTreeMap<String, Sealed>) -> bool {
        let mut edited = account.clone();
        edited.name = self.name;
        edited.user = self.user;
        edited.config = self.config;
        edited.secrets.retain(|field, _| !self.removed.contains(field));
        edited.secrets.extend(secrets);
        commit(account, edited, Faults::default()).unwrap_or(false)
    }
}

fn take_secrets(
    wim: &Wim,
    connectors: &ConnectorCatalogue,
    config: &mut Map<String, Value>,
    faults: &mut Faults,
) -> TakenSecrets {
    let Some(connector) = connectors.get(&wim.kind) else {
        let message = format!("cannot be checked: connector kind {} is not in this build", wim.kind);
        faults.add("/config", message);
        return TakenSecrets::default();
    };
    let (taken, errors) = config::split_secrets(config, &connector.secret_keys(), "/config");
    faults.nest("", errors);
    taken
}

/// The account's own half is looked at for its shape, both halves together for the schema.
fn check_whole(
    wim: &Wim,
    connectors: &ConnectorCatalogue,
    config: &Map<String, Value>,
    has_secret: impl Fn(&str) -> bool,
    faults: &mut Faults,
) {
    if let Some(connector) = connectors.get(&wim.kind) {
        let whole = config::merged(&wim.config, config);
        connector.check_config("/config", &whole, ConfigPart::Whole, has_secret, faults);
    }
}

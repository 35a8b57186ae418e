//! An account's connector: built from its opened settings, and built again with growing pauses where that failed.
//!
//! Until it is built, everybody is told why ([`Driver::current`]). Secrets stay sealed between two tries.

use crate::context::Context;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::watch;
use wanlink_connectors::port::{Connector, Settings};
use wanlink_domain::ids::AccountId;
use wanlink_domain::reason::{Code, Reason};
use wanlink_runtime::seal::Secret;
use wanlink_wire::conductor::AccountSettings;

/// A connector, or why there is none.
pub(crate) type Built = Result<Arc<dyn Connector>, Reason>;

pub(crate) struct Driver {
    cx: Arc<Context>,
    account: AccountId,
    settings: AccountSettings,
    current: watch::Sender<Built>,
}

impl Driver {
    pub fn new(cx: Arc<Context>, account: AccountId, settings: AccountSettings) -> Self {
        let current = build(&cx, account, &settings);
        Self { cx, account, settings, current: watch::Sender::new(current) }
    }

    pub fn current(&self) -> Built {
        self.current.borrow().clone()
    }

    /// Follows the connector: it changes when one is built at last.
    pub fn follow(&self) -> watch::Receiver<Built> {
        self.current.subscribe()
    }

    /// Tries until a connector is built.
    pub async fn mend(&self) {
        for tries in 0_u32.. {
            let Err(reason) = self.current() else { return };
            tracing::warn!(account = %self.account, wim = %self.settings.wim_name, %reason, "connector not built");
            let pause = self.cx.settings.mend.interval(tries, self.cx.entropy.bits());
            tokio::time::sleep(pause).await;
            let built = build(&self.cx, self.account, &self.settings);
            self.current.send_modify(|current| *current = built);
        }
    }
}

fn build(cx: &Context, account: AccountId, settings: &AccountSettings) -> Built {
    let opened = Settings {
        account,
        installation: settings.installation,
        account_name: settings.account_name.clone(),
        wim_url: settings.wim_url.clone(),
        user: settings.user.clone(),
        config: settings.config.clone(),
        secrets: open(cx, account, settings)?,
    };
    // A build that panics is one that failed: the account's session must live to say so.
    let built =
        std::panic::catch_unwind(AssertUnwindSafe(|| cx.connectors.build(&settings.wim_kind, opened)));
    match built {
        Ok(built) => built.map(Arc::from),
        Err(_) => {
            let detail = "the connector panicked while it was built; its worker's log says where";
            Err(Reason::new(Code::ConnectorPanicked, detail))
        }
    }
}

fn open(
    cx: &Context,
    account: AccountId,
    settings: &AccountSettings,
) -> Result<BTreeMap<String, Secret>, Reason> {
    let mut opened = BTreeMap::new();
    for (field, sealed) in &settings.secrets {
        let secret = cx.opener.open(account, field, sealed).map_err(|error| {
            Reason::new(Code::ConnectorInvalid, format!("the secret {field} cannot be opened: {error}"))
        })?;
        opened.insert(field.clone(), secret);
    }
    Ok(opened)
}

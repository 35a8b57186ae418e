//! Who works, and who may act for which account.

use super::Time;
use serde::Serialize;
use utoipa::ToSchema;
use wanlink_domain::catalogue::Account;
use wanlink_domain::ids::{AccountId, SessionId, TenantId, WimId};
use wanlink_domain::lease::Session;

/// One start of one worker process.
#[derive(Debug, Serialize, ToSchema)]
pub struct Worker {
    /// Of the session: a worker that starts anew has a new one.
    id: SessionId,
    /// The worker's name.
    name: String,
    /// Connector kinds that it can build.
    connectors: Vec<String>,
    /// How many accounts it is willing to hold.
    capacity: i32,
    /// How many it holds.
    accounts: usize,
    /// Of those, how many had nothing in their queues at the last renewal.
    idle: usize,
    /// It takes no new accounts and gives back what it has.
    draining: bool,
    /// Until when it may act unless it renews, by the database's clock.
    lease_until: Time,
    registered_at: Time,
}

impl Worker {
    pub fn new(it: &Session, accounts: usize) -> Self {
        Self {
            id: it.id,
            name: it.worker.clone(),
            connectors: it.connectors.clone(),
            capacity: it.capacity,
            accounts,
            idle: it.idle.len(),
            draining: it.draining,
            lease_until: it.lease_until.into(),
            registered_at: it.registered_at.into(),
        }
    }
}

/// Who may act for an account, and since which grant.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lease {
    account_id: AccountId,
    tenant_id: TenantId,
    wim_id: WimId,
    /// Grows with each grant and each end; what carries an older one is stale.
    epoch: i64,
    /// The worker's session; absent: nobody may act.
    session_id: Option<SessionId>,
    /// Its worker's name.
    worker: Option<String>,
    /// Until when unless it is renewed, by the database's clock.
    lease_until: Option<Time>,
    /// The session before, which has not said that it no longer acts.
    former_session_id: Option<SessionId>,
    /// When its lease ends even without that word; nothing is begun until then.
    former_until: Option<Time>,
}

impl Lease {
    pub fn new(account: &Account, holder: Option<&Session>) -> Self {
        Self {
            account_id: account.id,
            tenant_id: account.tenant_id,
            wim_id: account.wim_id,
            epoch: account.epoch,
            session_id: account.session_id,
            worker: holder.map(|it| it.worker.clone()),
            lease_until: holder.map(|it| it.lease_until.into()),
            former_session_id: account.former_session_id,
            former_until: account.former_until.map(Time),
        }
    }
}

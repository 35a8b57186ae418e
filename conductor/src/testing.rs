//! Rows for this crate's own tests.

use uuid::Uuid;
use wanlink_domain::catalogue::{Account, AccountPhase, AccountStatus};
use wanlink_domain::ids::{AccountId, SessionId, TenantId, WimId};
use wanlink_domain::time::Timestamp;

/// A ready account under an epoch, held by a session or by nobody.
pub fn account(id: u128, epoch: i64, session: Option<u128>) -> Account {
    Account {
        id: AccountId(Uuid::from_u128(id)),
        tenant_id: TenantId(Uuid::from_u128(1)),
        wim_id: WimId(Uuid::from_u128(1)),
        name: format!("account-{id}"),
        user: None,
        config: serde_json::Map::new(),
        secrets: std::collections::BTreeMap::new(),
        phase: AccountPhase::Ready,
        status: AccountStatus::Pending,
        status_reason: None,
        status_since: Timestamp(0),
        checked_at: None,
        epoch,
        session_id: session.map(|id| SessionId(Uuid::from_u128(id))),
        former_session_id: None,
        former_until: None,
        refresh_due_at: None,
        listed_at: None,
        unknown_services: 0,
        event_seq: 0,
        version: 1,
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
    }
}

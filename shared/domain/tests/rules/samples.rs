//! Rows with nothing special about them, for tests to change what they are about.

use uuid::Uuid;
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::{Action, ActionKind, ActionState, Found};
use wanlink_domain::catalogue::{Account, AccountPhase, AccountStatus};
use wanlink_domain::ids::{AccountId, ActionId, LinkId, RequestId, SessionId, SiteId, TenantId, WimId};
use wanlink_domain::link::{Encapsulation, Endpoint, Link, LinkStatus, ServiceType, StatusSource, Wish};
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::time::Timestamp;

pub const START: Timestamp = Timestamp(1_000_000_000);

pub fn id<T: From<Uuid>>(number: u128) -> T {
    T::from(Uuid::from_u128(number))
}

pub fn wish() -> Wish {
    let endpoint = |n| Endpoint {
        site_id: SiteId(Uuid::from_u128(n)),
        network_id: None,
        port: None,
        encapsulation: Encapsulation::None,
    };
    Wish {
        service_type: ServiceType::Eline,
        endpoints: vec![endpoint(1), endpoint(2)],
        bandwidth_kbps: None,
        latency_ms: None,
    }
}

pub fn action(number: u128, kind: ActionKind, at: i64) -> Action {
    Action {
        id: id::<ActionId>(number),
        request_id: id::<RequestId>(1),
        link_id: id::<LinkId>(1),
        account_id: id::<AccountId>(1),
        tenant_id: id::<TenantId>(1),
        kind,
        state: ActionState::Scheduled,
        accepted_at: AcceptedAt(at),
        wish: wish(),
        patch: None,
        due_at: Some(START),
        dispatches: 0,
        claims: 0,
        attempt: 0,
        epoch: None,
        session_id: None,
        started_at: None,
        observe_first: false,
        retries: 0,
        failures: 0,
        failing_since: None,
        reason: None,
        waiting_since: START,
        created_at: START,
        finished_at: None,
        trace: None,
    }
}

pub fn link() -> Link {
    Link {
        id: id::<LinkId>(1),
        tenant_id: id::<TenantId>(1),
        wim_id: id::<WimId>(1),
        account_id: id::<AccountId>(1),
        name: "a - b".to_owned(),
        network_service_id: None,
        virtual_link: None,
        wish: wish(),
        status: LinkStatus::ScheduledCreation,
        status_reason: None,
        status_since: START,
        status_source: None,
        observed_status: None,
        service_id: None,
        conn_info: None,
        touched: false,
        newest_at: AcceptedAt(0),
        begun: None,
        deletion: None,
        lost_at: None,
        effective: None,
        last_seen_at: None,
        refresh_due_at: None,
        event_seq: 0,
        version: 1,
        created_at: START,
        modified_at: START,
        deleted_at: None,
    }
}

pub fn account() -> Account {
    Account {
        id: id::<AccountId>(1),
        tenant_id: id::<TenantId>(1),
        wim_id: id::<WimId>(1),
        name: "acme".to_owned(),
        user: None,
        config: serde_json::Map::new(),
        secrets: std::collections::BTreeMap::new(),
        phase: AccountPhase::Ready,
        status: AccountStatus::Reachable,
        status_reason: None,
        status_since: START,
        checked_at: None,
        epoch: 0,
        session_id: None::<SessionId>,
        former_session_id: None,
        former_until: None,
        refresh_due_at: None,
        listed_at: None,
        unknown_services: 0,
        event_seq: 0,
        version: 1,
        created_at: START,
        modified_at: START,
    }
}

pub fn found(status: Option<LinkStatus>) -> Found {
    Found { status, status_source: StatusSource::Probe, service_id: None, conn_info: None, reason: None }
}

pub fn reason(code: Code) -> Reason {
    Reason::new(code, "because")
}

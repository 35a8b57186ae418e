//! Rows and messages for the stage: two sites, a WIM between them, one tenant's account.

use serde_json::Map;
use std::collections::BTreeMap;
use uuid::Uuid;
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::ActionKind;
use wanlink_domain::catalogue::{
    Account, AccountPhase, AccountStatus, Network, NetworkStatus, PortMapping, Site, SwitchPort, Tenant, Wim,
};
use wanlink_domain::ids::{
    AccountId, ActionId, LinkId, MessageId, NetworkId, PortMappingId, RequestId, SessionId, SiteId, TenantId,
    WimId,
};
use wanlink_domain::link::{Encapsulation, Endpoint, ServiceType, Wish};
use wanlink_domain::object::Object;
use wanlink_domain::time::Timestamp;
use wanlink_runtime::clock::{Clock, SystemClock};
use wanlink_wire::journal::{self, Change, NewAction};
use wanlink_wire::lease::{Holding, Renew};
use wanlink_wire::{Envelope, Message, encode};

pub const TENANT: TenantId = TenantId(Uuid::from_u128(0x10));
pub const WIM: WimId = WimId(Uuid::from_u128(0x20));
pub const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0x30));
pub const PARIS: SiteId = SiteId(Uuid::from_u128(0x41));
pub const GENEVA: SiteId = SiteId(Uuid::from_u128(0x42));
pub const SESSION: SessionId = SessionId(Uuid::from_u128(0x50));
pub const OTHER_SESSION: SessionId = SessionId(Uuid::from_u128(0x51));

/// A message in an envelope of its own.
pub fn sealed(message: Message) -> Vec<u8> {
    encode(&Envelope { id: MessageId(fresh()), at: SystemClock.wall(), trace: None, message })
}

/// An id that nothing else has.
pub fn fresh() -> Uuid {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u128(0xF000_0000 + u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

pub fn renewal(session: SessionId, holdings: &[i64]) -> Renew {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SEQUENCE: AtomicU64 = AtomicU64::new(1);
    Renew {
        session,
        sequence: SEQUENCE.fetch_add(1, Ordering::Relaxed),
        holdings: holdings.iter().map(|epoch| Holding { account: ACCOUNT, epoch: *epoch }).collect(),
        idle: vec![],
        released: vec![],
        draining: false,
    }
}

/// A request of these actions.
pub fn request(actions: Vec<NewAction>) -> journal::Request {
    journal::Request {
        id: RequestId(fresh()),
        tenant_id: TENANT,
        digest: "digest".into(),
        accepted_at: SystemClock.wall(),
        not_after: None,
        service: None,
        actions,
    }
}

/// One action on a link, accepted now.
pub fn action(link: LinkId, kind: ActionKind, change: Change) -> NewAction {
    use std::sync::atomic::{AtomicI64, Ordering};
    static LATEST: AtomicI64 = AtomicI64::new(0);
    let at = LATEST.fetch_add(1, Ordering::Relaxed) + SystemClock.wall().0;
    NewAction {
        id: ActionId(fresh()),
        link_id: link,
        account_id: ACCOUNT,
        kind,
        accepted_at: AcceptedAt(at),
        change,
    }
}

pub fn creation(link: LinkId, wish: Wish) -> NewAction {
    action(
        link,
        ActionKind::Create,
        Change::New { wim_id: WIM, name: "paris to geneva".into(), virtual_link: None, wish },
    )
}

pub fn deletion(link: LinkId) -> NewAction {
    action(link, ActionKind::Delete, Change::Keep)
}

pub fn wish() -> Wish {
    wish_over(None)
}

/// A wish between the two sites, gated by a network where one is given.
pub fn wish_over(network: Option<NetworkId>) -> Wish {
    let end = |site_id, network_id| Endpoint {
        site_id,
        network_id,
        port: Some(port()),
        encapsulation: Encapsulation::Dot1q { vlan: 300 },
    };
    Wish {
        service_type: ServiceType::Eline,
        endpoints: vec![end(PARIS, network), end(GENEVA, None)],
        bandwidth_kbps: Some(1000),
        latency_ms: None,
    }
}

fn port() -> SwitchPort {
    SwitchPort { switch: "00:01".into(), port: "1".into() }
}

const EPOCH: Timestamp = Timestamp(0);

pub fn tenant() -> Object {
    Object::Tenant(Tenant {
        id: TENANT,
        name: "acme".into(),
        description: None,
        version: 0,
        created_at: EPOCH,
        modified_at: EPOCH,
    })
}

pub fn site(id: SiteId, name: &str) -> Object {
    Object::Site(Site {
        id,
        name: name.into(),
        description: None,
        latitude: None,
        longitude: None,
        external_connections: vec![],
        version: 0,
        created_at: EPOCH,
        modified_at: EPOCH,
    })
}

pub fn wim() -> Object {
    Object::Wim(Wim {
        id: WIM,
        name: "core".into(),
        description: None,
        kind: "simulator".into(),
        wim_url: "simulator:core".into(),
        config: Map::new(),
        version: 0,
        created_at: EPOCH,
        modified_at: EPOCH,
    })
}

pub fn account() -> Object {
    Object::Account(Account {
        id: ACCOUNT,
        tenant_id: TENANT,
        wim_id: WIM,
        name: "acme".into(),
        user: None,
        config: Map::new(),
        secrets: BTreeMap::new(),
        phase: AccountPhase::Ready,
        status: AccountStatus::Reachable,
        status_reason: None,
        status_since: EPOCH,
        checked_at: None,
        epoch: 99,
        session_id: None,
        former_session_id: None,
        former_until: None,
        refresh_due_at: None,
        listed_at: None,
        unknown_services: 0,
        event_seq: 0,
        version: 0,
        created_at: EPOCH,
        modified_at: EPOCH,
    })
}

pub fn mapping(n: u128, site_id: SiteId) -> PortMapping {
    PortMapping {
        id: PortMappingId(Uuid::from_u128(0x60 + n)),
        wim_id: WIM,
        site_id,
        pop_switch_dpid: port().switch,
        pop_switch_port: port().port,
        wan_service_endpoint_id: format!("pe{n}:uni1"),
        wan_service_mapping_info: None,
        version: 0,
        created_at: EPOCH,
        modified_at: EPOCH,
    }
}

pub fn network(id: NetworkId, status: NetworkStatus) -> Object {
    Object::Network(Network {
        id,
        tenant_id: TENANT,
        site_id: PARIS,
        name: format!("network-{id}"),
        service: None,
        virtual_link: None,
        status,
        status_detail: None,
        vim_info: Map::new(),
        external_port: None,
        encapsulation: Encapsulation::None,
        network_service_id: None,
        leaving: false,
        version: 0,
        created_at: EPOCH,
        modified_at: EPOCH,
    })
}

//! Rows to work with: small, valid, told apart by a number.

use serde_json::{Map, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use wanlink_domain::accepted::{AcceptedAt, Order};
use wanlink_domain::action::{Action, ActionKind, ActionState, Attempt};
use wanlink_domain::catalogue::{
    Account, AccountPhase, AccountStatus, ExternalConnection, Network, NetworkStatus, PortMapping, Sealed,
    Site, SwitchPort, Tenant, Wim,
};
use wanlink_domain::event::{OutboxEvent, Parked};
use wanlink_domain::ids::{
    AccountId, ActionId, EventId, LinkId, NetworkId, ParkedId, PortMappingId, RequestId, ServiceId,
    SessionId, SiteId, TenantId, WimId,
};
use wanlink_domain::lease::Session;
use wanlink_domain::link::{Encapsulation, Endpoint, Link, LinkStatus, ServiceType, StatusSource, Wish};
use wanlink_domain::object::Object;
use wanlink_domain::plan::Strategy;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::request::Request;
use wanlink_domain::service::{Service, ServicePhase};
use wanlink_domain::time::Timestamp;

/// An id by kind and number; kinds never meet.
fn id(kind: u128, number: u32) -> Uuid {
    Uuid::from_u128((kind << 64) + u128::from(number))
}

macro_rules! numbered {
    ($($name:ident: $kind:ident = $number:literal),+ $(,)?) => {
        $(pub fn $name(number: u32) -> $kind { $kind(id($number, number)) })+
    };
}

numbered! {
    tenant_id: TenantId = 1, site_id: SiteId = 2, wim_id: WimId = 3, account_id: AccountId = 4,
    mapping_id: PortMappingId = 5, network_id: NetworkId = 6, link_id: LinkId = 7, request_id: RequestId = 8,
    action_id: ActionId = 9, session_id: SessionId = 10, event_id: EventId = 11, parked_id: ParkedId = 12,
    service_id: ServiceId = 13,
}

/// A point in time, in microseconds after some day of 2023.
pub fn at(micros: i64) -> Timestamp {
    Timestamp(1_700_000_000_000_000 + micros)
}

pub fn tenant(number: u32) -> Tenant {
    Tenant {
        id: tenant_id(number),
        name: format!("tenant-{number}"),
        description: None,
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

pub fn site(number: u32) -> Site {
    Site {
        id: site_id(number),
        name: format!("site-{number}"),
        description: Some("a site".to_owned()),
        latitude: Some(48.137),
        longitude: Some(-11.5),
        external_connections: vec![ExternalConnection {
            condition: BTreeMap::from([("provider:physical".to_owned(), json!("physnet"))]),
            vim_external_port: port("0a:01", "1/1"),
        }],
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

pub fn port(switch: &str, port: &str) -> SwitchPort {
    SwitchPort { switch: switch.to_owned(), port: port.to_owned() }
}

pub fn wim(number: u32) -> Wim {
    Wim {
        id: wim_id(number),
        name: format!("wim-{number}"),
        description: None,
        kind: "ietf_l2sm".to_owned(),
        wim_url: "https://wim.example/restconf".to_owned(),
        config: Map::new(),
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

/// Ready and held by nobody.
pub fn account(number: u32, tenant: u32, wim: u32) -> Account {
    Account {
        id: account_id(number),
        tenant_id: tenant_id(tenant),
        wim_id: wim_id(wim),
        name: format!("account-{number}"),
        user: Some("operator".to_owned()),
        config: Map::from_iter([("mtu".to_owned(), json!(9000))]),
        secrets: BTreeMap::from([("password".to_owned(), Sealed("sealed".to_owned()))]),
        phase: AccountPhase::Ready,
        status: AccountStatus::Pending,
        status_reason: None,
        status_since: at(0),
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
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

pub fn mapping(number: u32, wim: u32, site: u32) -> PortMapping {
    PortMapping {
        id: mapping_id(number),
        wim_id: wim_id(wim),
        site_id: site_id(site),
        pop_switch_dpid: "0a:01".to_owned(),
        pop_switch_port: format!("1/{number}"),
        wan_service_endpoint_id: format!("endpoint-{number}"),
        wan_service_mapping_info: Some(json!({ "bearer": number })),
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

pub fn network(number: u32, tenant: u32, site: u32) -> Network {
    Network {
        id: network_id(number),
        tenant_id: tenant_id(tenant),
        site_id: site_id(site),
        name: format!("network-{number}"),
        service: Some("service".to_owned()),
        virtual_link: None,
        status: NetworkStatus::Active,
        status_detail: None,
        vim_info: Map::new(),
        external_port: Some(port("0a:01", "1/1")),
        encapsulation: Encapsulation::Dot1q { vlan: 100 },
        network_service_id: None,
        leaving: false,
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

/// Two sites, a WIM that reaches them, a tenant with an account there and a network at each site: all numbered from 1.
pub fn world() -> Vec<Object> {
    vec![
        Object::Tenant(tenant(1)),
        Object::Site(site(1)),
        Object::Site(site(2)),
        Object::Wim(wim(1)),
        Object::Account(account(1, 1, 1)),
        Object::PortMapping(mapping(1, 1, 1)),
        Object::PortMapping(mapping(2, 1, 2)),
        Object::Network(network(1, 1, 1)),
        Object::Network(network(2, 1, 2)),
    ]
}

pub fn session(number: u32) -> Session {
    Session {
        id: session_id(number),
        worker: format!("worker-{number}"),
        connectors: vec!["ietf_l2sm".to_owned(), "simulator".to_owned()],
        capacity: 10,
        draining: false,
        lease_until: at(20_000_000),
        idle: vec![account_id(1)],
        registered_at: at(0),
    }
}

/// With nothing said that need not be.
pub fn service(number: u32) -> Service {
    Service {
        id: service_id(number),
        tenant_id: tenant_id(1),
        name: format!("service-{number}"),
        service_type: None,
        bandwidth_kbps: None,
        latency_ms: None,
        wim_id: None,
        strategy: Strategy::First,
        phase: ServicePhase::Live,
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
    }
}

/// Between the world's sites, with these networks at its ends.
pub fn wish(networks: [Option<NetworkId>; 2]) -> Wish {
    let [a, b] = networks;
    let endpoint = |site, network_id| Endpoint {
        site_id: site_id(site),
        network_id,
        port: None,
        encapsulation: Encapsulation::Dot1q { vlan: 7 },
    };
    Wish {
        service_type: ServiceType::Eline,
        endpoints: vec![endpoint(1, a), endpoint(2, b)],
        bandwidth_kbps: Some(500_000),
        latency_ms: None,
    }
}

/// Fresh: nothing optional is known of it.
pub fn link(number: u32) -> Link {
    Link {
        id: link_id(number),
        tenant_id: tenant_id(1),
        wim_id: wim_id(1),
        account_id: account_id(1),
        name: format!("link-{number}"),
        network_service_id: None,
        virtual_link: None,
        wish: wish([None, None]),
        status: LinkStatus::ScheduledCreation,
        status_reason: None,
        status_since: at(0),
        status_source: None,
        observed_status: None,
        service_id: None,
        conn_info: None,
        touched: false,
        newest_at: AcceptedAt(at(0).0),
        begun: None,
        deletion: None,
        lost_at: None,
        effective: None,
        last_seen_at: None,
        refresh_due_at: None,
        event_seq: 0,
        version: 1,
        created_at: at(i64::from(number)),
        modified_at: at(i64::from(number)),
        deleted_at: None,
    }
}

/// Everything that can be known of a link is known, and differs from what [`link`] says.
pub fn settled_link(number: u32) -> Link {
    let order = Order { at: AcceptedAt(77), action: action_id(5) };
    Link {
        name: "renamed".to_owned(),
        network_service_id: Some(service_id(1)),
        virtual_link: Some("data".to_owned()),
        wish: Wish { bandwidth_kbps: None, latency_ms: Some(5), ..wish([Some(network_id(1)), None]) },
        status: LinkStatus::Down,
        status_reason: Some(Reason::new(Code::LinkDown, "the controller says down")),
        status_since: at(11),
        status_source: Some(StatusSource::Probe),
        observed_status: Some(LinkStatus::Active),
        service_id: Some("vpn-7".to_owned()),
        conn_info: Some(json!({ "vpn": "vpn-7", "legs": [1, 2, null], "deep": { "": true } })),
        touched: true,
        newest_at: AcceptedAt(at(12).0),
        begun: Some(order),
        deletion: Some(Order { at: AcceptedAt(78), ..order }),
        lost_at: Some(at(79)),
        effective: Some(link(number).wish),
        last_seen_at: Some(at(13)),
        refresh_due_at: Some(at(14)),
        event_seq: 15,
        version: 16,
        modified_at: at(17),
        deleted_at: Some(at(18)),
        ..link(number)
    }
}

/// A tombstone.
pub fn deleted_link(number: u32) -> Link {
    Link { status: LinkStatus::Deleted, deleted_at: Some(at(9)), ..link(number) }
}

/// Open, with nothing counted.
pub fn request(number: u32, total: i32) -> Request {
    Request {
        id: request_id(number),
        tenant_id: tenant_id(1),
        digest: "d1".to_owned(),
        accepted_at: at(0),
        refused: None,
        total,
        done: 0,
        failed: 0,
        superseded: 0,
        cancelled: 0,
        event_seq: 0,
        created_at: at(i64::from(number)),
        finished_at: None,
    }
}

/// A CREATE of request 1 for a link: scheduled, never tried, due at `at(0)`.
pub fn action(number: u32, link: u32) -> Action {
    Action {
        id: action_id(number),
        request_id: request_id(1),
        link_id: link_id(link),
        account_id: account_id(1),
        tenant_id: tenant_id(1),
        kind: ActionKind::Create,
        state: ActionState::Scheduled,
        accepted_at: AcceptedAt(at(0).0),
        wish: wish([None, None]),
        patch: None,
        due_at: Some(at(0)),
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
        waiting_since: at(0),
        created_at: at(i64::from(number)),
        finished_at: None,
        trace: None,
    }
}

/// The same action in another state, as the state demands.
pub fn action_in(state: ActionState, number: u32, link: u32) -> Action {
    let finished = state.is_finished();
    Action {
        state,
        due_at: (!finished).then_some(at(0)),
        finished_at: finished.then_some(at(5)),
        attempt: 1,
        epoch: Some(1),
        ..action(number, link)
    }
}

pub fn attempt(action: u32, number: i32) -> Attempt {
    Attempt {
        action_id: action_id(action),
        attempt: number,
        epoch: 3,
        session_id: session_id(1),
        started_at: at(1),
        ended_at: at(2),
        reason: Some(Reason::new(Code::AttemptLost, "no report")),
    }
}

pub fn event(number: u32) -> OutboxEvent {
    OutboxEvent {
        id: event_id(number),
        tenant_id: tenant_id(1),
        subject: format!("link/{}", link_id(1)),
        sequence: i64::from(number),
        kind: "link.status".to_owned(),
        at: at(i64::from(number)),
        data: json!({ "status": "ACTIVE" }),
    }
}

pub fn parked(number: u32) -> Parked {
    Parked {
        id: parked_id(number),
        origin: "wan.journal".to_owned(),
        reason: "unknown kind".to_owned(),
        count: 1,
        payload: "e30=".to_owned(),
        parked_at: at(i64::from(number)),
        replayed_at: None,
    }
}

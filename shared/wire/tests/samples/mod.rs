//! One message of every kind, and of every variant that looks different on the wire.

use serde_json::{Map, json};
use std::collections::BTreeMap;
use uuid::Uuid;
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::{ActionKind, Found, Outcome};
use wanlink_domain::catalogue::{
    AccountStatus, Network, NetworkStatus, PortMapping, Sealed, SwitchPort, Tenant,
};
use wanlink_domain::hold::{Hold, HoldKind};
use wanlink_domain::ids::{
    AccountId, ActionId, CommandId, InstallationId, LinkId, MessageId, NetworkId, ParkedId, PortMappingId,
    RequestId, ServiceId, SessionId, SiteId, TenantId, WimId,
};
use wanlink_domain::link::{
    ConnectionPoint, Encapsulation, Endpoint, LinkStatus, ResolvedWish, ServiceType, StatusSource, Wish,
};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::observation::Known;
use wanlink_domain::plan::Strategy;
use wanlink_domain::reason::{Code, Reason};
use wanlink_domain::service::{Service, ServicePhase};
use wanlink_domain::time::Timestamp;
use wanlink_domain::trace::TraceParent;
use wanlink_domain::wish::WishPatch;
use wanlink_wire::Message;
use wanlink_wire::account::{Observe, ObserveLink, Poll, Prompt, Task};
use wanlink_wire::call::{Call, Called};
use wanlink_wire::conductor::{
    AccountSettings, Answer, Claim, ClaimItem, Command, CommandResult, Links, LinksAnswer, LinksPage,
    Operation, Settings, SettingsAnswer, SettledLink, Verdict, VerdictItem, Verdicts,
};
use wanlink_wire::journal::{self, Change, Journaled, NewAction, Word};
use wanlink_wire::lease::{
    Holding, Lease, LeaseAnswer, Probe, Probed, Register, Renew, Renewed, UpdateWim, WimUpdated,
};
use wanlink_wire::report::{
    Fate, Listed, Observed, ObservedItem, Parked, Report, ReportItem, Reported, ReportedItem, Sight,
};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

const ACCOUNT: AccountId = AccountId(Uuid::from_u128(0xA));
const TRACE: TraceParent = TraceParent { trace: 0x4bf9, span: 0xa1, sampled: true };
const ACTION: ActionId = ActionId(Uuid::from_u128(0xAC));
const LINK: LinkId = LinkId(Uuid::from_u128(0x1));
const REQUEST: RequestId = RequestId(Uuid::from_u128(0x4E));
const SESSION: SessionId = SessionId(Uuid::from_u128(0x5E));
const AT: AcceptedAt = AcceptedAt(1_795_232_286_000_000);

fn reason(code: Code) -> Reason {
    Reason::new(code, "why, in words")
}

fn wish() -> Wish {
    let end = |site: u128, network: Option<NetworkId>, port: Option<SwitchPort>, encapsulation| Endpoint {
        site_id: SiteId(id(site)),
        network_id: network,
        port,
        encapsulation,
    };
    Wish {
        service_type: ServiceType::Elan,
        endpoints: vec![
            end(1, Some(NetworkId(id(7))), None, Encapsulation::None),
            end(
                2,
                None,
                Some(SwitchPort { switch: "00:01".into(), port: "3".into() }),
                Encapsulation::Dot1q { vlan: 300 },
            ),
            end(3, None, None, Encapsulation::Vxlan { vni: 5000, peers: vec!["192.0.2.1".into()] }),
        ],
        bandwidth_kbps: Some(500_000),
        latency_ms: Some(20),
    }
}

fn task() -> Task {
    Task {
        link: LINK,
        name: "paris to geneva".into(),
        wish: Some(ResolvedWish {
            service_type: ServiceType::Eline,
            connection_points: vec![ConnectionPoint {
                site: "paris".into(),
                service_endpoint_id: "pe1:uni1".into(),
                service_endpoint_encapsulation: Encapsulation::Dot1q { vlan: 300 },
                service_mapping_info: Some(json!({"mapping_type": "dpid-port"})),
            }],
            bandwidth_kbps: Some(500_000),
            latency_ms: None,
        }),
        service_id: Some("l1".into()),
        conn_info: Some(json!({"accesses": ["l1-a"]})),
    }
}

fn found(status: Option<LinkStatus>) -> Found {
    Found {
        status,
        status_source: StatusSource::Probe,
        service_id: Some("l1".into()),
        conn_info: None,
        reason: None,
    }
}

pub fn probe() -> Message {
    Probe { nonce: 42 }.into()
}

/// Fixture names and messages.
pub fn all() -> Vec<(String, Message)> {
    [journal(), account(), claims(), commands(), reports(), leases(), calls()].concat()
}

fn named<const N: usize>(messages: [(&str, Message); N]) -> Vec<(String, Message)> {
    messages.into_iter().map(|(name, message)| (name.to_owned(), message)).collect()
}

fn journal() -> Vec<(String, Message)> {
    let action = |n: u128, kind, change| NewAction {
        id: ActionId(id(n)),
        link_id: LINK,
        account_id: ACCOUNT,
        kind,
        accepted_at: AT,
        change,
    };
    let new = Change::New {
        wim_id: WimId(id(9)),
        name: "paris to geneva".into(),
        virtual_link: None,
        wish: wish(),
    };
    let request = journal::Request {
        id: REQUEST,
        tenant_id: TenantId(id(3)),
        digest: "00ff".into(),
        accepted_at: Timestamp(AT.0),
        not_after: Some(Timestamp(AT.0 + 2_000_000)),
        service: None,
        actions: vec![
            action(1, ActionKind::Create, new),
            action(
                2,
                ActionKind::Edit,
                Change::Edit(WishPatch { bandwidth_kbps: Some(1), ..WishPatch::default() }),
            ),
            action(3, ActionKind::Delete, Change::Keep),
        ],
    };
    let word = |word| Word { request_id: REQUEST, word };
    let journaled = Journaled {
        words: vec![
            word(journal::Verdict::Journaled),
            word(journal::Verdict::Refused { problem: reason(Code::AccountNotReady) }),
            word(journal::Verdict::Conflict),
        ],
    };
    let alone = |trace: Option<&str>| journal::Traced {
        trace: trace.and_then(TraceParent::parse),
        request: journal::Request { not_after: None, actions: Vec::new(), ..request.clone() },
    };
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let requests = journal::Requests { requests: vec![alone(Some(trace)), alone(None)] };
    let of_service = journal::Request {
        service: Some(Box::new(service_change())),
        actions: vec![
            action(
                1,
                ActionKind::Create,
                Change::New {
                    wim_id: WimId(id(9)),
                    name: "backbone data".into(),
                    virtual_link: Some("data".into()),
                    wish: wish(),
                },
            ),
            action(
                2,
                ActionKind::Edit,
                Change::Edit(WishPatch {
                    join: wish().endpoints,
                    leave: vec![NetworkId(id(31))],
                    retype: true,
                    ..WishPatch::default()
                }),
            ),
        ],
        not_after: None,
        ..request.clone()
    };
    named([
        ("request", request.into()),
        ("requests", requests.into()),
        ("request_of_service", of_service.into()),
        ("journaled", journaled.into()),
    ])
}

fn account() -> Vec<(String, Message)> {
    let prompt =
        Prompt { request: REQUEST, action: ACTION, link: LINK, kind: ActionKind::Create, accepted_at: AT };
    let poll = Poll {
        account: ACCOUNT,
        epoch: 7,
        action: ACTION,
        kind: ActionKind::Create,
        attempt: 2,
        task: task(),
    };
    let bare = Task { wish: None, service_id: None, conn_info: None, ..task() };
    let observe = Observe {
        account: ACCOUNT,
        epoch: 7,
        links: vec![ObserveLink { version: 4, task: task() }, ObserveLink { version: 1, task: bare }],
        list: None,
    };
    let list = Observe { account: ACCOUNT, epoch: 7, links: vec![], list: Some(Timestamp(AT.0)) };
    named([
        ("prompt", prompt.into()),
        ("poll", poll.into()),
        ("observe", observe.into()),
        ("observe_list", list.into()),
    ])
}

fn claims() -> Vec<(String, Message)> {
    let item = ClaimItem {
        account: ACCOUNT,
        epoch: 7,
        request: REQUEST,
        action: ACTION,
        link: LINK,
        trace: Some(TRACE),
    };
    let verdict = |verdict| VerdictItem { account: ACCOUNT, epoch: 7, action: ACTION, verdict };
    let verdicts = Verdicts {
        session: SESSION,
        items: vec![
            verdict(Verdict::Run { attempt: 1, kind: ActionKind::Create, observe_first: true, task: task() }),
            verdict(Verdict::Wait { reason: reason(Code::EarlierUnfinished) }),
            verdict(Verdict::Again { after_ms: 100, reason: reason(Code::AccountNotReady) }),
            verdict(Verdict::Skip { reason: reason(Code::Superseded) }),
            verdict(Verdict::Stale),
        ],
    };
    let settings = AccountSettings {
        installation: InstallationId(id(1)),
        account_name: "operator".into(),
        wim_name: "core".into(),
        wim_kind: "ietf_l2sm".into(),
        wim_url: "https://wim.example.net".into(),
        user: Some("operator".into()),
        config: Map::from_iter([("status_source".to_owned(), json!("probe"))]),
        secrets: BTreeMap::from([("password".to_owned(), Sealed("hpke1.k.e.c".into()))]),
    };
    let known = Known {
        status: LinkStatus::Down,
        reason: Some(reason(Code::LinkDown)),
        observed_status: Some(LinkStatus::Down),
        status_source: Some(StatusSource::Probe),
        deleting: false,
    };
    let page = LinksPage { links: vec![SettledLink { version: 4, known, task: task() }], more: true };
    let links = |page| LinksAnswer { account: ACCOUNT, epoch: 7, after: Some(LINK), page };
    let answer = |settings| SettingsAnswer { account: ACCOUNT, epoch: 7, settings };
    named([
        ("claim", Claim { session: SESSION, items: vec![item] }.into()),
        ("verdicts", verdicts.into()),
        ("settings", Settings { session: SESSION, account: ACCOUNT, epoch: 7 }.into()),
        ("settings_answer", answer(Some(settings)).into()),
        ("settings_answer_stale", answer(None).into()),
        ("links", Links { session: SESSION, account: ACCOUNT, epoch: 7, after: None }.into()),
        ("links_answer", links(Some(page)).into()),
        ("links_answer_stale", links(None).into()),
    ])
}

fn tenant() -> Object {
    Object::Tenant(Tenant {
        id: TenantId(id(3)),
        name: "acme".into(),
        description: None,
        version: 1,
        created_at: Timestamp(1),
        modified_at: Timestamp(2),
    })
}

fn commands() -> Vec<(String, Message)> {
    let mapping = PortMapping {
        id: PortMappingId(id(5)),
        wim_id: WimId(id(9)),
        site_id: SiteId(id(2)),
        pop_switch_dpid: "00:01".into(),
        pop_switch_port: "3".into(),
        wan_service_endpoint_id: "pe1:uni1".into(),
        wan_service_mapping_info: None,
        version: 1,
        created_at: Timestamp(1),
        modified_at: Timestamp(1),
    };
    let command = |operation| -> Message {
        Command { id: CommandId(id(0xC0)), digest: "00ff".into(), operation }.into()
    };
    let answer = |result| -> Message { Answer { id: CommandId(id(0xC0)), result }.into() };
    let refused = CommandResult::Refused { problem: reason(Code::VersionMismatch), current: Some(3) };
    let words = Some("maintenance".to_owned());
    let hold = Hold { kind: HoldKind::Account, id: id(3), reason: words, since: Timestamp(3) };
    named([
        ("command_create", command(Operation::Create { object: tenant() })),
        ("command_update", command(Operation::Update { object: tenant(), expected: 1 })),
        ("command_delete", command(Operation::Delete { kind: Kind::Site, id: id(2), expected: None })),
        (
            "command_port_mappings",
            command(Operation::SetPortMappings { wim: WimId(id(9)), mappings: vec![mapping.clone()] }),
        ),
        ("command_cancel", command(Operation::Cancel { request: REQUEST })),
        ("command_replay", command(Operation::Replay { parked: ParkedId(id(8)) })),
        ("command_hold", command(Operation::Hold { hold })),
        ("command_lift", command(Operation::Lift { kind: HoldKind::All, id: Uuid::nil() })),
        (
            "answer_applied",
            answer(CommandResult::Applied { object: Some(Box::new(tenant())), mappings: None }),
        ),
        ("answer_mappings", answer(CommandResult::Applied { object: None, mappings: Some(vec![mapping]) })),
        ("answer_refused", answer(refused)),
        ("answer_conflict", answer(CommandResult::Conflict)),
    ])
}

fn reports() -> Vec<(String, Message)> {
    let report = |outcome| {
        let (account, action, link, trace) = (ACCOUNT, ACTION, LINK, Some(TRACE));
        ReportItem { account, epoch: 7, action, link, attempt: 2, outcome, trace }
    };
    let outcomes = [
        Outcome::Done { found: Some(found(Some(LinkStatus::Active))) },
        Outcome::Done { found: None },
        Outcome::Building { found: found(Some(LinkStatus::Build)) },
        Outcome::Retry { reason: reason(Code::Busy), after_ms: Some(500) },
        Outcome::Refused { reason: reason(Code::Rejected) },
        Outcome::Unknown { reason: reason(Code::Timeout) },
    ];
    let sight = |sight| ObservedItem { account: ACCOUNT, epoch: 7, link: LINK, version: 4, sight };
    let sights = vec![
        sight(Sight::Seen { found: found(None) }),
        sight(Sight::Failed { reason: reason(Code::Unreachable) }),
    ];
    let listed = Listed {
        session: SESSION,
        account: ACCOUNT,
        epoch: 7,
        asked_at: Timestamp(AT.0),
        unmatched: vec![LINK],
    };
    let fate = |fate| ReportedItem { account: ACCOUNT, epoch: 7, action: ACTION, attempt: 2, fate };
    let fates = [Fate::Applied, Fate::Duplicate, Fate::Stale, Fate::Gone].map(fate).to_vec();
    named([
        ("report", Report { session: SESSION, items: outcomes.map(report).to_vec() }.into()),
        ("observed", Observed { session: SESSION, items: sights }.into()),
        ("listed", listed.into()),
        ("reported", Reported { session: SESSION, items: fates }.into()),
        (
            "parked",
            Parked {
                origin: "journal".into(),
                reason: "unknown message kind".into(),
                payload: "e30=".into(),
            }
            .into(),
        ),
    ])
}

fn leases() -> Vec<(String, Message)> {
    let holding = Holding { account: ACCOUNT, epoch: 7 };
    let register = Register {
        session: SESSION,
        worker: "worker-1".into(),
        connectors: vec!["ietf_l2sm".into(), "simulator".into()],
        capacity: 100,
    };
    let renew = Renew {
        session: SESSION,
        sequence: 12,
        holdings: vec![holding],
        idle: vec![ACCOUNT],
        released: vec![Holding { epoch: 5, ..holding }],
        draining: false,
    };
    let answer = |answer| LeaseAnswer { account: ACCOUNT, epoch: 7, answer };
    let renewed = Renewed {
        session: SESSION,
        sequence: 12,
        unknown: false,
        answers: [Lease::Ok, Lease::BadAction, Lease::Granted].map(answer).to_vec(),
        more: true,
    };
    let update = UpdateWim {
        session: SESSION,
        account: ACCOUNT,
        epoch: 7,
        status: AccountStatus::Unreachable,
        reason: Some(reason(Code::Unreachable)),
    };
    let updated = |status| WimUpdated { account: ACCOUNT, epoch: 7, status };
    named([
        ("register", register.into()),
        ("renew", renew.into()),
        ("renewed", renewed.into()),
        ("update_wim", update.into()),
        ("wim_updated", updated(Some(AccountStatus::Unreachable)).into()),
        ("wim_updated_bad_action", updated(None).into()),
        ("probe", probe()),
        ("probed", Probed { nonce: 42 }.into()),
    ])
}

fn calls() -> Vec<(String, Message)> {
    let call = Call {
        method: "POST".into(),
        path: "/v1/links?tenant=acme".into(),
        idempotency_key: Some("order-17".into()),
        body: json!({"name": "paris to geneva"}),
    };
    let bare =
        Call { method: "GET".into(), path: "/v1/links".into(), idempotency_key: None, body: json!(null) };
    let called = Called {
        call: MessageId(id(0xABC)),
        status: 202,
        location: Some("/v1/requests/00000000-0000-0000-0000-00000000004e".into()),
        retry_after_s: None,
        body: json!({"journaled": true}),
    };
    let refused = Called {
        status: 503,
        location: None,
        retry_after_s: Some(1),
        body: json!({"code": "unavailable"}),
        ..called.clone()
    };
    named([
        ("call", call.into()),
        ("call_without_body", bare.into()),
        ("called", called.into()),
        ("called_problem", refused.into()),
    ])
}

fn service_change() -> journal::ServiceChange {
    let service = Service {
        id: ServiceId(id(30)),
        tenant_id: TenantId(id(3)),
        name: "backbone".into(),
        service_type: Some(ServiceType::Elan),
        bandwidth_kbps: Some(10_000),
        latency_ms: None,
        wim_id: None,
        strategy: Strategy::LeastLoaded,
        phase: ServicePhase::Live,
        version: 2,
        created_at: Timestamp(AT.0),
        modified_at: Timestamp(AT.0),
    };
    let network = |n: u128, leaving| Network {
        id: NetworkId(id(n)),
        tenant_id: service.tenant_id,
        site_id: SiteId(id(4)),
        name: format!("net-{n}"),
        service: Some(service.name.clone()),
        virtual_link: Some("data".into()),
        status: NetworkStatus::Build,
        status_detail: None,
        vim_info: serde_json::Map::new(),
        external_port: None,
        encapsulation: Encapsulation::None,
        network_service_id: Some(service.id),
        leaving,
        version: 1,
        created_at: Timestamp(AT.0),
        modified_at: Timestamp(AT.0),
    };
    journal::ServiceChange {
        expected: Some(2),
        join: vec![network(32, false)],
        change: vec![network(31, true)],
        service: service.clone(),
    }
}

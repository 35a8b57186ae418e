//! Network services as they are recorded, and how their records close.

use crate::outcomes::{done, link};
use crate::rows::{PARIS, SESSION, TENANT, WIM, action, deletion, fresh, network, request, wish_over};
use crate::stage::{Stage, settings};
use wanlink_domain::action::{ActionKind, Outcome};
use wanlink_domain::catalogue::{Network, NetworkStatus};
use wanlink_domain::ids::{LinkId, NetworkId, ServiceId};
use wanlink_domain::link::LinkStatus;
use wanlink_domain::object::Object;
use wanlink_domain::plan::Strategy;
use wanlink_domain::reason::Code;
use wanlink_domain::service::{Service, ServicePhase};
use wanlink_domain::time::Timestamp;
use wanlink_domain::wish::WishPatch;
use wanlink_wire::conductor::{CommandResult, Operation};
use wanlink_wire::journal::{Change, NewAction, Request, ServiceChange, Verdict};

fn service(id: ServiceId, name: &str) -> Service {
    Service {
        id,
        tenant_id: TENANT,
        name: name.to_owned(),
        service_type: None,
        bandwidth_kbps: None,
        latency_ms: None,
        wim_id: None,
        strategy: Strategy::First,
        phase: ServicePhase::Live,
        version: 0,
        created_at: Timestamp(0),
        modified_at: Timestamp(0),
    }
}

fn member(of: &Service) -> Network {
    let id = NetworkId(fresh());
    let Object::Network(row) = network(id, NetworkStatus::Active) else { panic!("a network") };
    Network { network_service_id: Some(of.id), site_id: PARIS, virtual_link: Some("data".to_owned()), ..row }
}

fn making(link: LinkId, network: &Network) -> NewAction {
    let change = Change::New {
        wim_id: WIM,
        name: "data".to_owned(),
        virtual_link: Some("data".to_owned()),
        wish: wish_over(Some(network.id)),
    };
    action(link, ActionKind::Create, change)
}

fn change(service: Service, expected: Option<i64>, join: Vec<Network>, actions: Vec<NewAction>) -> Request {
    let change = ServiceChange { service, expected, join, change: Vec::new() };
    Request { service: Some(Box::new(change)), ..request(actions) }
}

async fn refusal(stage: &Stage, request: Request) -> Code {
    match stage.journal(request).await {
        Verdict::Refused { problem } => problem.code,
        other => panic!("not refused: {other:?}"),
    }
}

async fn on_record(stage: &Stage, id: ServiceId) -> Option<Service> {
    let mut tx = stage.store.begin().await.unwrap();
    tx.lock_services(&[id]).await.unwrap().pop()
}

async fn networks(stage: &Stage, ids: &[NetworkId]) -> usize {
    let mut tx = stage.store.begin().await.unwrap();
    tx.networks(ids).await.unwrap().len()
}

#[tokio::test]
async fn a_service_is_recorded_whole_or_refused_whole() {
    let stage = Stage::furnished(settings()).await;
    let (first, second) = (service(ServiceId(fresh()), "one"), service(ServiceId(fresh()), "two"));
    let (own, id) = (member(&first), link());
    let made = change(first.clone(), None, vec![own.clone()], vec![making(id, &own)]);
    assert_eq!(stage.journal(made.clone()).await, Verdict::Journaled);
    assert_eq!(stage.journal(made).await, Verdict::Journaled, "recorded once");
    let row = on_record(&stage, first.id).await.expect("a service");
    assert_eq!((row.version, stage.link(id).await.network_service_id), (1, Some(first.id)));

    let elsewhere = member(&second);
    let taken = Network { name: own.name.clone(), ..member(&second) };
    let stranger = Network { network_service_id: None, ..member(&second) };
    let unknown = NetworkId(fresh());
    let lost = Network { id: unknown, ..elsewhere.clone() };
    let namesake = Service { name: first.name.clone(), ..second.clone() };
    for (request, code) in [
        (change(namesake, None, vec![], vec![]), Code::AlreadyExists),
        (change(first.clone(), None, vec![], vec![]), Code::AlreadyExists),
        (change(second.clone(), None, vec![elsewhere.clone(), taken], vec![]), Code::AlreadyExists),
        (change(second.clone(), None, vec![stranger], vec![]), Code::Invalid),
        (change(second.clone(), None, vec![elsewhere], vec![making(link(), &lost)]), Code::NotFound),
        (change(second.clone(), Some(1), vec![], vec![]), Code::NotFound),
        (change(first.clone(), Some(7), vec![], vec![]), Code::VersionMismatch),
    ] {
        assert_eq!(refusal(&stage, request).await, code);
    }
    assert_eq!(on_record(&stage, second.id).await, None);
    // Of two plans for one version, one is recorded.
    let wider = |kbps| Service { bandwidth_kbps: Some(kbps), ..first.clone() };
    assert_eq!(stage.journal(change(wider(5), Some(1), vec![], vec![])).await, Verdict::Journaled);
    assert_eq!(refusal(&stage, change(wider(6), Some(1), vec![], vec![])).await, Code::VersionMismatch);
    assert_eq!(on_record(&stage, first.id).await.and_then(|row| row.bandwidth_kbps), Some(5));
    stage.stop().await;
}

#[tokio::test]
async fn a_record_closes_with_its_last_link() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let first = service(ServiceId(fresh()), "one");
    let (own, id) = (member(&first), link());
    let made = change(first.clone(), None, vec![own.clone()], vec![making(id, &own)]);
    stage.journal(made.clone()).await;
    let (attempt, _) = stage.run(SESSION, epoch, &made).await;
    stage.report(SESSION, epoch, &made, attempt, done()).await;

    let ended = Service { phase: ServicePhase::Deleting, ..first.clone() };
    let delete = change(ended.clone(), Some(1), vec![], vec![deletion(id)]);
    assert_eq!(stage.journal(delete.clone()).await, Verdict::Journaled);
    let row = on_record(&stage, first.id).await.map(|row| row.phase);
    assert_eq!((row, networks(&stage, &[own.id]).await), (Some(ServicePhase::Deleting), 1));
    let late = change(first.clone(), Some(2), vec![], vec![]);
    assert_eq!(refusal(&stage, late).await, Code::ServiceDeleted);

    let (attempt, _) = stage.run(SESSION, epoch, &delete).await;
    stage.report(SESSION, epoch, &delete, attempt, Outcome::Done { found: None }).await;
    assert_eq!(on_record(&stage, first.id).await, None);
    assert_eq!(networks(&stage, &[own.id]).await, 0);
    assert_eq!(stage.link(id).await.status, LinkStatus::Deleted);
    stage.stop().await;
}

#[tokio::test]
async fn a_service_without_links_ends_at_once() {
    let stage = Stage::furnished(settings()).await;
    let first = service(ServiceId(fresh()), "one");
    let own = member(&first);
    let made = change(first.clone(), None, vec![own.clone()], vec![]);
    assert_eq!(stage.journal(made.clone()).await, Verdict::Journaled);
    assert!(stage.request(made.id).await.finished_at.is_some());
    let refused = stage.command(Operation::Delete {
        kind: wanlink_domain::object::Kind::Network,
        id: own.id.0,
        expected: None,
    });
    let refused = refused.await;
    assert!(
        matches!(&refused, CommandResult::Refused { problem, .. } if problem.code == Code::StillReferenced),
        "{refused:?}"
    );
    let ended = Service { phase: ServicePhase::Deleting, ..first.clone() };
    assert_eq!(stage.journal(change(ended, Some(1), vec![], vec![])).await, Verdict::Journaled);
    assert_eq!((on_record(&stage, first.id).await, networks(&stage, &[own.id]).await), (None, 0));
    stage.stop().await;
}

#[tokio::test]
async fn an_edit_that_leaves_fewer_than_two_ends_fails() {
    let (stage, epoch) = Stage::leased(settings()).await;
    let first = service(ServiceId(fresh()), "one");
    let (own, id) = (member(&first), link());
    let made = change(first.clone(), None, vec![own.clone()], vec![making(id, &own)]);
    stage.journal(made.clone()).await;
    let (attempt, _) = stage.run(SESSION, epoch, &made).await;
    stage.report(SESSION, epoch, &made, attempt, done()).await;
    let patch = WishPatch { leave: vec![own.id], ..WishPatch::default() };
    let edit = stage.record(action(id, ActionKind::Edit, Change::Edit(patch))).await;
    stage.claim(SESSION, epoch, &edit).await;
    let reason = stage.action(edit.actions[0].id).await.reason.expect("a reason");
    assert_eq!(reason.code, Code::Invalid);
    assert!(reason.detail.contains("joins two"), "{reason:?}");
    stage.stop().await;
}

//! Network services, what is theirs, and how they end.

use super::rows::{self, service, service_id};
use super::{Bench, Opened, Outcome, equal};
use wanlink_domain::action::{Action, ActionKind, ActionState};
use wanlink_domain::catalogue::Network;
use wanlink_domain::link::{Link, LinkStatus, ServiceType};
use wanlink_domain::object::Kind;
use wanlink_domain::plan::Strategy;
use wanlink_domain::service::{Service, ServicePhase};
use wanlink_store::port::{Deleted, Page, ServiceFilter};

const ALL: Page = Page { after: None, limit: 10 };

/// A network of a service, at site 1.
fn member(number: u32, of: u32) -> Network {
    Network {
        network_service_id: Some(service_id(of)),
        virtual_link: Some("data".to_owned()),
        ..rows::network(number, 1, 1)
    }
}

/// A link of a service between two of its networks.
fn link_of(number: u32, of: u32, networks: [u32; 2]) -> Link {
    Link {
        network_service_id: Some(service_id(of)),
        virtual_link: Some("data".to_owned()),
        wish: rows::wish(networks.map(|it| Some(rows::network_id(it)))),
        ..rows::link(number)
    }
}

fn deleting(number: u32) -> Service {
    Service { phase: ServicePhase::Deleting, ..service(number) }
}

/// Service 1 with networks 11 and 12 and link 1 between them.
async fn served(bench: &Bench) -> Result<Opened, super::Failure> {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_services(&[service(1)]).await?;
    tx.insert_networks(&[member(11, 1), member(12, 1)]).await?;
    tx.insert_links(&[link_of(1, 1, [11, 12])]).await?;
    tx.commit().await?;
    Ok(opened)
}

pub async fn a_service_is_read_as_it_was_written(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let full = Service {
        service_type: Some(ServiceType::Etree),
        bandwidth_kbps: Some(10_000),
        latency_ms: Some(7),
        wim_id: Some(rows::wim_id(1)),
        strategy: Strategy::LeastLoaded,
        phase: ServicePhase::Deleting,
        version: 9,
        ..service(2)
    };
    let mut tx = opened.begin().await?;
    let inserted = tx.insert_services(&[service(1), full.clone()]).await?;
    equal("inserted", inserted, vec![service_id(1), service_id(2)])?;
    equal("again", tx.insert_services(&[service(1)]).await?, vec![])?;
    equal("same name", tx.insert_services(&[Service { id: service_id(3), ..service(1) }]).await?, vec![])?;
    let edited = Service { id: service_id(1), name: "renamed".to_owned(), ..full.clone() };
    tx.update_services(std::slice::from_ref(&edited)).await?;
    let unknown = [service_id(2), service_id(1), service_id(9)];
    equal("locked", tx.lock_services(&unknown).await?, vec![edited.clone(), full.clone()])?;
    let names = [(rows::tenant_id(1), "renamed".to_owned()), (rows::tenant_id(1), "RENAMED".to_owned())];
    equal("named", tx.services_named(&names).await?, vec![edited.clone()])?;
    tx.commit().await?;
    equal("one", opened.read.service(service_id(2)).await?, Some(full.clone()))?;
    equal("none", opened.read.service(service_id(9)).await?, None)?;
    let listed = opened.read.services(&ServiceFilter::default(), ALL).await?.rows;
    equal("all", listed.len(), 2)?;
    let named = ServiceFilter { tenant: Some(rows::tenant_id(1)), name: Some("renamed".to_owned()) };
    equal("by name", opened.read.services(&named, ALL).await?.rows, vec![edited])?;
    let other = ServiceFilter { tenant: Some(rows::tenant_id(2)), name: None };
    equal("by tenant", opened.read.services(&other, ALL).await?.rows, vec![])
}

pub async fn what_is_a_service_s_is_read_with_it(bench: Bench) -> Outcome {
    let opened = served(&bench).await?;
    let mut tx = opened.begin().await?;
    tx.insert_services(&[service(2)]).await?;
    let tombstone = Link { status: LinkStatus::Deleted, ..link_of(2, 1, [11, 12]) };
    tx.insert_links(&[tombstone, rows::link(3)]).await?;
    let inserted = tx.insert_networks(&[member(13, 2), member(11, 1)]).await?;
    equal("inserted", inserted, vec![rows::network_id(13)])?;
    // Its status is its site's to tell, and another service's row is left alone.
    let status = wanlink_domain::catalogue::NetworkStatus::Error;
    let changed = Network { virtual_link: None, leaving: true, status, ..member(12, 1) };
    tx.update_networks(&[changed.clone(), Network { leaving: true, ..member(13, 1) }]).await?;
    let names = [(rows::tenant_id(1), member(12, 1).name), (rows::tenant_id(2), member(11, 1).name)];
    let before = member(12, 1);
    let expected = Network {
        status: before.status,
        version: before.version + 1,
        modified_at: changed.modified_at,
        ..changed
    };
    equal("named", tx.networks_named(&names).await?, vec![expected.clone()])?;
    tx.commit().await?;
    let found = opened.read.networks_of_services(&[service_id(1)]).await?;
    equal("networks", found, vec![member(11, 1), expected])?;
    let found = opened.read.networks_of_services(&[service_id(2)]).await?;
    equal("others", found, vec![member(13, 2)])?;
    let found = opened.read.links_of_services(&[service_id(1), service_id(2)]).await?;
    equal("links", found, vec![link_of(1, 1, [11, 12])])
}

pub async fn a_service_keeps_its_networks_and_its_tenant(bench: Bench) -> Outcome {
    let opened = served(&bench).await?;
    let mut tx = opened.begin().await?;
    tx.update_links(&[Link { status: LinkStatus::Deleted, ..link_of(1, 1, [11, 12]) }]).await?;
    let found = tx.delete_object(Kind::Network, rows::network_id(11).0).await?;
    equal("a network", found, Deleted::Referenced { by: "service", count: 1 })
}

pub async fn a_deleted_service_goes_with_its_last_link(bench: Bench) -> Outcome {
    let opened = served(&bench).await?;
    let mut tx = opened.begin().await?;
    equal("live", tx.settle_services(&[service_id(1), service_id(7)]).await?, vec![])?;
    tx.update_services(&[deleting(1)]).await?;
    equal("with a link", tx.settle_services(&[service_id(1)]).await?, vec![])?;
    let tombstone = Link { status: LinkStatus::Deleted, ..link_of(1, 1, [11, 12]) };
    tx.update_links(std::slice::from_ref(&tombstone)).await?;
    equal("ended", tx.settle_services(&[service_id(1)]).await?, vec![service_id(1)])?;
    equal("again", tx.settle_services(&[service_id(1)]).await?, vec![])?;
    tx.commit().await?;
    equal("service", opened.read.service(service_id(1)).await?, None)?;
    let networks = [rows::network_id(11), rows::network_id(12)];
    equal("networks", opened.read.networks_by_id(&networks).await?, vec![])?;
    // The tombstone outlives it.
    equal("link", opened.read.link(tombstone.id).await?, Some(tombstone))
}

pub async fn a_network_that_another_link_needs_outlives_its_service(bench: Bench) -> Outcome {
    let opened = served(&bench).await?;
    let mut tx = opened.begin().await?;
    let own = Link { wish: rows::wish([Some(rows::network_id(11)), None]), ..rows::link(2) };
    tx.insert_links(&[own]).await?;
    tx.update_services(&[deleting(1)]).await?;
    tx.update_links(&[Link { status: LinkStatus::Deleted, ..link_of(1, 1, [11, 12]) }]).await?;
    equal("ended", tx.settle_services(&[service_id(1)]).await?, vec![service_id(1)])?;
    tx.commit().await?;
    let networks = [rows::network_id(11), rows::network_id(12)];
    let left = opened.read.networks_by_id(&networks).await?;
    let left: Vec<_> = left.into_iter().map(|it| (it.id, it.network_service_id)).collect();
    equal("networks", left, vec![(rows::network_id(11), None)])
}

pub async fn a_network_that_left_goes_when_nothing_can_bring_it_back(bench: Bench) -> Outcome {
    let opened = served(&bench).await?;
    let mut tx = opened.begin().await?;
    tx.insert_requests(&[rows::request(1, 1)]).await?;
    let edit = Action { kind: ActionKind::Edit, ..rows::action(1, 1) };
    tx.insert_actions(std::slice::from_ref(&edit)).await?;
    tx.update_networks(&[Network { leaving: true, ..member(12, 1) }]).await?;
    let there = async |tx: &mut Box<dyn wanlink_store::port::Transaction>| {
        tx.settle_services(&[service_id(1)]).await?;
        let found = tx.networks(&[rows::network_id(11), rows::network_id(12)]).await?;
        Ok::<usize, super::Failure>(found.len())
    };
    equal("needed", there(&mut tx).await?, 2)?;
    tx.update_links(&[link_of(1, 1, [11, 11])]).await?;
    equal("an edit may be called off", there(&mut tx).await?, 2)?;
    let done = Action { kind: ActionKind::Edit, ..rows::action_in(ActionState::Done, 1, 1) };
    tx.update_actions(&[done]).await?;
    equal("left", there(&mut tx).await?, 1)?;
    equal("the service stays", tx.lock_services(&[service_id(1)]).await?.len(), 1)
}

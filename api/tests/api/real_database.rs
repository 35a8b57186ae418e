//! The same record read through a real engine, over a connection that cannot write: every answer is the same.

use crate::world::{World, link};
use serde_json::json;
use std::sync::Arc;
use wanlink_domain::event::Parked;
use wanlink_domain::ids::ParkedId;
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::time::Timestamp;
use wanlink_runtime::config::Database;
use wanlink_store::engines::{Registry, Surroundings};
use wanlink_store::port::{ReadStore, Store};

/// Writes what stands in a world's record into the database.
async fn copy(world: &World, store: &dyn Store) {
    let (objects, links, requests, actions, parked) = {
        let tables = world.record.tables();
        let objects: Vec<Object> = tables.objects.values().cloned().collect();
        let links: Vec<_> = tables.links.values().cloned().collect();
        let requests: Vec<_> = tables.requests.values().cloned().collect();
        let actions: Vec<_> = tables.actions.values().cloned().collect();
        let parked: Vec<_> = tables.parked.values().cloned().collect();
        (objects, links, requests, actions, parked)
    };
    let mut tx = store.begin().await.unwrap();
    for kind in [Kind::Tenant, Kind::Site, Kind::Wim, Kind::Account, Kind::Network] {
        for object in objects.iter().filter(|it| it.kind() == kind) {
            tx.insert_object(object).await.unwrap();
        }
    }
    let mappings: Vec<_> = objects
        .into_iter()
        .filter_map(|it| if let Object::PortMapping(it) = it { Some(it) } else { None })
        .collect();
    tx.replace_port_mappings(mappings[0].wim_id, &mappings).await.unwrap();
    tx.insert_links(&links).await.unwrap();
    tx.insert_requests(&requests).await.unwrap();
    tx.insert_actions(&actions).await.unwrap();
    tx.insert_parked(&parked).await.unwrap();
    tx.bump_catalogue().await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_real_engine_gives_the_same_answers_as_the_record_in_memory() {
    let world = World::start().await;
    world.furnish().await;
    for _ in 0..3 {
        world.post("/v1/links", &link()).await.is(202);
    }
    let parked = ParkedId(uuid::Uuid::from_u128(9));
    world.record.tables().parked.insert(
        parked,
        Parked {
            id: parked,
            origin: "journal".to_owned(),
            reason: "unknown kind".to_owned(),
            count: 1,
            payload: "eyJ2IjoxfQ==".to_owned(),
            parked_at: Timestamp(1),
            replayed_at: None,
        },
    );

    let folder = tempfile::tempdir().unwrap();
    let (engines, section) = (Registry::built_in(), Database::default());
    let with = Surroundings {
        clock: Arc::new(wanlink_runtime::clock::SystemClock),
        entropy: Arc::new(wanlink_runtime::entropy::SystemEntropy),
        data_dir: folder.path().to_owned(),
    };
    let store: Arc<dyn Store> = engines.open(&section, &with).unwrap();
    store.migrate().await.unwrap();
    copy(&world, store.as_ref()).await;
    let reads: Arc<dyn ReadStore> = engines.open_read(&section, &with).unwrap();
    let real = World::start_over(Some(reads.clone()), |_| {}).await;

    let first = |path: String| {
        let world = &world;
        async move { world.get(&path).await.body["items"][0]["id"].as_str().unwrap().to_owned() }
    };
    let (link_id, request) = (first("/v1/links".to_owned()).await, first("/v1/requests".to_owned()).await);
    let action = first("/v1/actions".to_owned()).await;
    for path in [
        "/v1/tenants".to_owned(),
        "/v1/tenants/acme".to_owned(),
        "/v1/sites?limit=2".to_owned(),
        "/v1/sites?name=b".to_owned(),
        "/v1/sites/nope".to_owned(),
        "/v1/wims/core".to_owned(),
        "/v1/wims/core/port-mappings".to_owned(),
        "/v1/port-mappings?site=a&wim=core".to_owned(),
        "/v1/accounts?tenant=acme&wim=core".to_owned(),
        "/v1/accounts/acme-core?tenant=acme".to_owned(),
        "/v1/networks?tenant=acme&site=a&name=acme-a".to_owned(),
        "/v1/networks/acme-a".to_owned(),
        "/v1/links?tenant=acme&account=acme-core&name=ab&status=SCHEDULED_CREATION".to_owned(),
        "/v1/links?status=ACTIVE".to_owned(),
        "/v1/links?limit=2&deleted=true".to_owned(),
        format!("/v1/links/{link_id}"),
        "/v1/requests?tenant=acme&limit=1".to_owned(),
        format!("/v1/requests/{request}"),
        format!("/v1/actions?request={request}&link={link_id}&account=acme-core&state=SCHEDULED&tenant=acme"),
        format!("/v1/actions/{action}"),
        "/v1/parked".to_owned(),
        format!("/v1/parked/{parked}"),
    ] {
        let (expect, found) = (world.get(&path).await, real.get(&path).await);
        assert_eq!((found.status, &found.body), (expect.status, &expect.body), "{path}");
    }
    let page = real.get("/v1/links?limit=2").await.is(200);
    let next = page.body["next"].as_str().unwrap();
    let rest = real.get(&format!("/v1/links?limit=2&cursor={next}")).await.is(200);
    assert_eq!((rest.body["items"].as_array().unwrap().len(), &rest.body["next"]), (1, &json!(null)));
    let readiness = real.get("/readyz").await.is(200);
    assert_eq!(readiness.body["database"]["engine"], "sqlite");

    world.stop().await;
    real.stop().await;
    reads.close().await;
    store.close().await;
}

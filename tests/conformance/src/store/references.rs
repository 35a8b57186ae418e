//! Deleting catalogue objects, and what keeps them.

use super::rows;
use super::{Bench, Outcome, equal};
use wanlink_domain::object::{Kind, Object};
use wanlink_store::port::{Deleted, Inserted};

pub async fn a_deletion_is_refused_while_others_refer(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut link = rows::link(1);
    link.wish = rows::wish([Some(rows::network_id(1)), None]);
    let mut tx = opened.begin().await?;
    tx.insert_links(&[link]).await?;
    for (kind, id, by, count) in [
        (Kind::Tenant, rows::tenant_id(1).0, "account", 1),
        (Kind::Site, rows::site_id(1).0, "network", 1),
        (Kind::Wim, rows::wim_id(1).0, "account", 1),
        (Kind::Account, rows::account_id(1).0, "link", 1),
        (Kind::Network, rows::network_id(1).0, "link", 1),
    ] {
        equal("delete_object", tx.delete_object(kind, id).await?, Deleted::Referenced { by, count })?;
    }
    tx.commit().await?;
    for object in rows::world() {
        equal("read", opened.read.object(object.kind(), object.id()).await?, Some(object))?;
    }
    Ok(())
}

pub async fn a_site_is_kept_by_mappings_and_by_ends_of_links(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_links(&[rows::link(1), rows::deleted_link(2)]).await?;
    tx.delete_object(Kind::Network, rows::network_id(2).0).await?;
    let site = rows::site_id(2).0;
    let found = tx.delete_object(Kind::Site, site).await?;
    equal("by a mapping", found, Deleted::Referenced { by: "port mapping", count: 1 })?;
    tx.delete_object(Kind::PortMapping, rows::mapping_id(2).0).await?;
    let found = tx.delete_object(Kind::Site, site).await?;
    equal("by a link", found, Deleted::Referenced { by: "link", count: 1 })?;
    tx.update_links(&[rows::deleted_link(1)]).await?;
    equal("by tombstones", tx.delete_object(Kind::Site, site).await?, Deleted::Applied)
}

pub async fn what_nothing_refers_to_is_deleted(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let mut last_first = rows::world();
    last_first.reverse();
    for object in &last_first {
        equal("delete_object", tx.delete_object(object.kind(), object.id()).await?, Deleted::Applied)?;
        equal("again", tx.delete_object(object.kind(), object.id()).await?, Deleted::Gone)?;
    }
    tx.commit().await?;
    for object in rows::world() {
        equal("read", opened.read.object(object.kind(), object.id()).await?, None)?;
    }
    Ok(())
}

pub async fn deleting_a_wim_takes_its_port_mappings_along(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    equal("wim", tx.insert_object(&Object::Wim(rows::wim(2))).await?, Inserted::Applied)?;
    equal(
        "mapping",
        tx.insert_object(&Object::PortMapping(rows::mapping(9, 2, 1))).await?,
        Inserted::Applied,
    )?;
    equal("delete_object", tx.delete_object(Kind::Wim, rows::wim_id(2).0).await?, Deleted::Applied)?;
    tx.commit().await?;
    equal("mapping", opened.read.object(Kind::PortMapping, rows::mapping_id(9).0).await?, None)?;
    equal("others", opened.read.catalogue().await?.port_mappings.len(), 2)
}

pub async fn tombstones_keep_neither_network_nor_account(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut live = rows::link(1);
    live.wish = rows::wish([Some(rows::network_id(1)), Some(rows::network_id(2))]);
    let mut tombstone = rows::deleted_link(1);
    tombstone.wish = live.wish.clone();
    let mut tx = opened.begin().await?;
    tx.insert_links(&[live]).await?;
    tx.update_links(&[tombstone.clone()]).await?;
    for (kind, id) in [
        (Kind::Network, rows::network_id(1).0),
        (Kind::Network, rows::network_id(2).0),
        (Kind::Account, rows::account_id(1).0),
    ] {
        equal("delete_object", tx.delete_object(kind, id).await?, Deleted::Applied)?;
    }
    tx.commit().await?;
    // It explains why nothing is at the controller, and outlives what it referred to.
    equal("tombstone", opened.read.link(tombstone.id).await?, Some(tombstone))
}

pub async fn a_link_moved_to_another_network_keeps_that_one(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut link = rows::link(1);
    link.wish = rows::wish([Some(rows::network_id(1)), None]);
    let mut tx = opened.begin().await?;
    tx.insert_links(&[link.clone()]).await?;
    link.wish = rows::wish([None, Some(rows::network_id(2))]);
    tx.update_links(&[link]).await?;
    let kept = Deleted::Referenced { by: "link", count: 1 };
    equal("the new one", tx.delete_object(Kind::Network, rows::network_id(2).0).await?, kept)?;
    equal("the old one", tx.delete_object(Kind::Network, rows::network_id(1).0).await?, Deleted::Applied)
}

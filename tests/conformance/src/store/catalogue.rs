//! Port mappings in bulk, and the catalogue as planners read it.

use super::rows;
use super::{Bench, Failure, Outcome, ensure, equal};
use wanlink_domain::catalogue::PortMapping;
use wanlink_domain::ids::{SiteId, WimId};
use wanlink_domain::object::{Kind, Object};
use wanlink_store::port::{Catalogue, Inserted};

pub async fn replaced_port_mappings_are_exactly_the_new_ones(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    // Ports and endpoints of the old ones are free again.
    let new = [rows::mapping(2, 1, 2), PortMapping { id: rows::mapping_id(7), ..rows::mapping(1, 1, 1) }];
    equal("replaced", tx.replace_port_mappings(rows::wim_id(1), &new).await?, Inserted::Applied)?;
    tx.commit().await?;
    equal("mappings", opened.read.catalogue().await?.port_mappings, new.to_vec())?;
    let mut tx = opened.begin().await?;
    equal("none", tx.replace_port_mappings(rows::wim_id(1), &[]).await?, Inserted::Applied)?;
    tx.commit().await?;
    equal("mappings", opened.read.catalogue().await?.port_mappings, vec![])
}

pub async fn port_mappings_that_meet_are_refused_and_the_old_ones_stay(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let mut same_port = rows::mapping(4, 1, 1);
    same_port.pop_switch_port = "1/3".into();
    let mut same_endpoint = rows::mapping(4, 1, 2);
    same_endpoint.wan_service_endpoint_id = "endpoint-3".into();
    for second in [same_port, same_endpoint] {
        let found = tx.replace_port_mappings(rows::wim_id(1), &[rows::mapping(3, 1, 1), second]).await?;
        equal("replaced", found, Inserted::Duplicate { existing: rows::mapping_id(4).0 })?;
    }
    let missing = Inserted::MissingReference { kind: Kind::Site, id: rows::site_id(9).0 };
    let found = tx.replace_port_mappings(rows::wim_id(1), &[rows::mapping(3, 1, 9)]).await?;
    equal("an unknown site", found, missing)?;
    let missing = Inserted::MissingReference { kind: Kind::Wim, id: rows::wim_id(9).0 };
    equal("an unknown wim", tx.replace_port_mappings(rows::wim_id(9), &[]).await?, missing)?;
    tx.commit().await?;
    equal("mappings", opened.read.catalogue().await?.port_mappings.len(), 2)
}

pub async fn replacing_the_mappings_of_one_wim_leaves_the_others(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_object(&Object::Wim(rows::wim(2))).await?;
    // Ports and endpoints are unique within a WIM only.
    let other = PortMapping { id: rows::mapping_id(5), ..rows::mapping(1, 2, 1) };
    equal("other", tx.insert_object(&Object::PortMapping(other.clone())).await?, Inserted::Applied)?;
    tx.replace_port_mappings(rows::wim_id(1), &[]).await?;
    tx.commit().await?;
    equal("mappings", opened.read.catalogue().await?.port_mappings, vec![other])
}

pub async fn port_mappings_are_found_by_pairs_of_wim_and_site(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_object(&Object::Wim(rows::wim(2))).await?;
    tx.insert_object(&Object::PortMapping(rows::mapping(3, 1, 1))).await?;
    tx.insert_object(&Object::PortMapping(rows::mapping(4, 2, 2))).await?;
    let pair = |wim, site| (rows::wim_id(wim), rows::site_id(site));
    for (pairs, numbers) in [
        (vec![pair(1, 1)], vec![1, 3]),
        (vec![pair(2, 2), pair(1, 2)], vec![2, 4]),
        (vec![pair(2, 1), (WimId(rows::site_id(1).0), SiteId(rows::wim_id(1).0))], vec![]),
        (vec![], vec![]),
    ] {
        let found: Vec<_> = tx.port_mappings(&pairs).await?.into_iter().map(|mapping| mapping.id).collect();
        equal("port_mappings", found, numbers.into_iter().map(rows::mapping_id).collect())?;
    }
    Ok(())
}

pub async fn the_catalogue_is_read_whole_in_id_order(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let expected = Catalogue {
        version: opened.read.catalogue_version().await?,
        tenants: vec![rows::tenant(1)],
        sites: vec![rows::site(1), rows::site(2)],
        wims: vec![rows::wim(1)],
        accounts: vec![rows::account(1, 1, 1)],
        port_mappings: vec![rows::mapping(1, 1, 1), rows::mapping(2, 1, 2)],
        holds: vec![],
    };
    equal("catalogue", opened.read.catalogue().await?, expected)
}

pub async fn an_empty_catalogue_is_read_as_empty(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    equal("catalogue", opened.read.catalogue().await?, Catalogue::default())
}

pub async fn rows_by_id_come_in_id_order_without_unknown_ones(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let sites = tx.sites(&[rows::site_id(2), rows::site_id(9), rows::site_id(1)]).await?;
    equal("sites", sites, vec![rows::site(1), rows::site(2)])?;
    let ids = [rows::network_id(2), rows::network_id(9), rows::network_id(1)];
    let networks = vec![rows::network(1, 1, 1), rows::network(2, 1, 2)];
    equal("networks", tx.networks(&ids).await?, networks.clone())?;
    equal("read networks", opened.read.networks_by_id(&ids).await?, networks)?;
    let accounts = [rows::account_id(9), rows::account_id(1)];
    equal("accounts", tx.accounts(&accounts).await?.len(), 1)?;
    equal("none", tx.sites(&[]).await?, vec![])
}

pub async fn the_installation_has_one_id_for_ever(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let first = opened.begin().await?.installation().await?;
    ensure(!first.0.is_nil(), || "the installation's id is nil".to_owned())?;
    let again = bench.open().await?;
    equal("installation", again.begin().await?.installation().await?, first)
}

pub async fn the_clock_goes_on_within_a_transaction(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    let start = tx.now().await?;
    let later = super::ends("the clock", async {
        loop {
            let now = tx.now().await?;
            if now > start {
                return Ok::<_, Failure>(now);
            }
        }
    })
    .await??;
    ensure(start > rows::at(0) && later.0 < 10_000_000_000_000_000, || format!("no clock of ours: {later}"))
}

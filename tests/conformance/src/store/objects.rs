//! Guarded writes of catalogue objects: inserting and updating, and what they find.

use super::rows::{self, at};
use super::{Bench, Failure, Outcome, equal, fails};
use serde_json::json;
use uuid::Uuid;
use wanlink_domain::catalogue::{
    AccountPhase, AccountStatus, ExternalConnection, NetworkStatus, Sealed, Tenant,
};
use wanlink_domain::ids::{CommandId, TenantId};
use wanlink_domain::link::Encapsulation;
use wanlink_domain::object::{Kind, Object};
use wanlink_store::port::{Guarded, Inserted, StoreError, Transaction};

async fn applied(tx: &mut Box<dyn Transaction>, object: Object) -> Outcome {
    equal("insert_object", tx.insert_object(&object).await?, Inserted::Applied)
}

async fn duplicate(tx: &mut Box<dyn Transaction>, object: Object, existing: impl Into<Uuid>) -> Outcome {
    let found = tx.insert_object(&object).await?;
    equal("insert_object", found, Inserted::Duplicate { existing: existing.into() })
}

pub async fn an_object_of_every_kind_is_read_as_it_was_written(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    for object in rows::world() {
        equal("locked", tx.lock_object(object.kind(), object.id()).await?, Some(object.clone()))?;
        equal("read", opened.read.object(object.kind(), object.id()).await?, Some(object.clone()))?;
    }
    equal("absent", tx.lock_object(Kind::Tenant, Uuid::from_u128(1)).await?, None)
}

pub async fn a_taken_name_is_told_with_its_owner(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    duplicate(
        &mut tx,
        Object::Tenant(Tenant { name: "tenant-1".into(), ..rows::tenant(9) }),
        rows::tenant_id(1).0,
    )
    .await?;
    let mut site = rows::site(9);
    site.name = "site-2".into();
    duplicate(&mut tx, Object::Site(site), rows::site_id(2).0).await?;
    let mut wim = rows::wim(9);
    wim.name = "wim-1".into();
    duplicate(&mut tx, Object::Wim(wim), rows::wim_id(1).0).await?;
    let mut network = rows::network(9, 1, 2);
    network.name = "network-1".into();
    duplicate(&mut tx, Object::Network(network), rows::network_id(1).0).await?;
    applied(&mut tx, Object::Tenant(rows::tenant(9))).await?;
    tx.commit().await?;
    equal("others", opened.read.object(Kind::Site, rows::site_id(9).0).await?, None)
}

pub async fn a_taken_pair_is_told_with_its_owner(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    duplicate(&mut tx, Object::Account(rows::account(9, 1, 1)), rows::account_id(1).0).await?;
    let mut same_port = rows::mapping(9, 1, 1);
    same_port.pop_switch_port = "1/1".into();
    duplicate(&mut tx, Object::PortMapping(same_port.clone()), rows::mapping_id(1).0).await?;
    same_port.site_id = rows::site_id(2);
    applied(&mut tx, Object::PortMapping(same_port)).await?;
    let mut same_endpoint = rows::mapping(8, 1, 2);
    same_endpoint.wan_service_endpoint_id = "endpoint-1".into();
    duplicate(&mut tx, Object::PortMapping(same_endpoint), rows::mapping_id(1).0).await
}

pub async fn names_differ_by_case(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    applied(&mut tx, Object::Tenant(Tenant { name: "Tenant-1".into(), ..rows::tenant(2) })).await?;
    let mut site = rows::site(3);
    site.name = "SITE-1".into();
    applied(&mut tx, Object::Site(site)).await?;
    let mut wim = rows::wim(2);
    wim.name = "Wim-1".into();
    applied(&mut tx, Object::Wim(wim)).await?;
    let mut network = rows::network(3, 1, 1);
    network.name = "NETWORK-1".into();
    applied(&mut tx, Object::Network(network)).await?;
    tx.commit().await?;
    let found = opened.read.objects_named(Kind::Tenant, "Tenant-1").await?;
    equal("named", found.iter().map(Object::id).collect(), vec![rows::tenant_id(2).0])
}

pub async fn names_of_networks_are_unique_within_their_tenant_only(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    applied(&mut tx, Object::Tenant(rows::tenant(2))).await?;
    let mut network = rows::network(9, 2, 1);
    network.name = "network-1".into();
    applied(&mut tx, Object::Network(network)).await?;
    tx.commit().await?;
    let found = opened.read.objects_named(Kind::Network, "network-1").await?;
    equal("named", found.iter().map(Object::id).collect(), vec![rows::network_id(1).0, rows::network_id(9).0])
}

pub async fn inserting_an_object_again_finds_itself(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    for object in rows::world() {
        let id = object.id();
        duplicate(&mut tx, object, id).await?;
    }
    Ok(())
}

pub async fn a_missing_reference_is_named(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let (tenant, site, wim) = (rows::tenant_id(9).0, rows::site_id(9).0, rows::wim_id(9).0);
    for (object, kind, id) in [
        (Object::Account(rows::account(9, 9, 1)), Kind::Tenant, tenant),
        (Object::Account(rows::account(9, 1, 9)), Kind::Wim, wim),
        (Object::PortMapping(rows::mapping(9, 9, 1)), Kind::Wim, wim),
        (Object::PortMapping(rows::mapping(9, 1, 9)), Kind::Site, site),
        (Object::Network(rows::network(9, 9, 1)), Kind::Tenant, tenant),
        (Object::Network(rows::network(9, 1, 9)), Kind::Site, site),
    ] {
        let found = tx.insert_object(&object).await?;
        equal("insert_object", found, Inserted::MissingReference { kind, id })?;
    }
    // The transaction lives on.
    applied(&mut tx, Object::Tenant(rows::tenant(9))).await
}

/// The world's objects with everything changed that an edit may change.
fn edited() -> Vec<Object> {
    rows::world().into_iter().map(edit).collect()
}

fn edit(object: Object) -> Object {
    match object {
        Object::Tenant(mut row) => {
            (row.name, row.description) = ("other".into(), Some("text".into()));
            (row.version, row.modified_at) = (2, at(99));
            Object::Tenant(row)
        }
        Object::Site(mut row) => {
            (row.name, row.description) = (format!("other-{}", row.name), None);
            (row.latitude, row.longitude) = (None, Some(0.1));
            row.external_connections = vec![ExternalConnection {
                condition: Default::default(),
                vim_external_port: rows::port("b", "2"),
            }];
            (row.version, row.modified_at) = (2, at(99));
            Object::Site(row)
        }
        Object::Wim(mut row) => {
            (row.name, row.description) = ("other".into(), Some("text".into()));
            (row.kind, row.wim_url) = ("simulator".into(), "http://other".into());
            row.config.insert("dialect".into(), json!("rfc8040"));
            (row.version, row.modified_at) = (2, at(99));
            Object::Wim(row)
        }
        Object::Account(mut row) => {
            (row.name, row.user, row.phase) = ("other".into(), None, AccountPhase::Deleting);
            row.config.clear();
            row.secrets.insert("token".into(), Sealed("sealed too".into()));
            (row.version, row.modified_at) = (2, at(99));
            Object::Account(row)
        }
        Object::PortMapping(mut row) => {
            (row.pop_switch_dpid, row.pop_switch_port) = ("c".into(), format!("9{}", row.pop_switch_port));
            row.wan_service_endpoint_id.push('x');
            row.wan_service_mapping_info = None;
            (row.version, row.modified_at) = (2, at(99));
            Object::PortMapping(row)
        }
        Object::Network(mut row) => {
            row.name.push('x');
            (row.service, row.virtual_link) = (None, Some("vl".into()));
            (row.status, row.status_detail) = (NetworkStatus::VimError, Some("why".into()));
            row.vim_info.insert("type".into(), json!(["a", 1]));
            (row.external_port, row.encapsulation) = (None, Encapsulation::None);
            (row.version, row.modified_at) = (2, at(99));
            Object::Network(row)
        }
    }
}

pub async fn an_update_of_the_expected_version_writes_every_column(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    for object in edited() {
        equal("update_object", tx.update_object(&object, 1).await?, Guarded::Applied)?;
    }
    tx.commit().await?;
    for object in edited() {
        equal("read", opened.read.object(object.kind(), object.id()).await?, Some(object))?;
    }
    Ok(())
}

pub async fn an_update_of_another_version_changes_nothing(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    for object in edited() {
        equal("update_object", tx.update_object(&object, 7).await?, Guarded::Stale { current: 1 })?;
    }
    tx.commit().await?;
    for object in rows::world() {
        equal("read", opened.read.object(object.kind(), object.id()).await?, Some(object))?;
    }
    Ok(())
}

pub async fn an_update_of_an_absent_object_finds_it_gone(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    for object in edited() {
        equal("update_object", tx.update_object(&object, 1).await?, Guarded::Gone)?;
    }
    Ok(())
}

pub async fn an_update_to_a_taken_name_finds_its_owner(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let mut site = rows::site(2);
    (site.name, site.version) = ("site-1".into(), 2);
    let found = tx.update_object(&Object::Site(site), 1).await?;
    equal("a site", found, Guarded::Duplicate { existing: rows::site_id(1).0 })?;
    let mut mapping = rows::mapping(2, 1, 2);
    (mapping.wan_service_endpoint_id, mapping.version) = ("endpoint-1".into(), 2);
    let found = tx.update_object(&Object::PortMapping(mapping), 1).await?;
    equal("a mapping", found, Guarded::Duplicate { existing: rows::mapping_id(1).0 })?;
    // Its own name is not taken.
    let mut site = rows::site(2);
    site.version = 2;
    equal("own name", tx.update_object(&Object::Site(site), 1).await?, Guarded::Applied)
}

pub async fn an_edit_of_an_account_leaves_lease_status_and_events_alone(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    let mut leased = rows::account(1, 1, 1);
    (leased.epoch, leased.session_id) = (5, Some(rows::session_id(1)));
    (leased.status, leased.status_since, leased.checked_at) = (AccountStatus::Reachable, at(4), Some(at(5)));
    leased.event_seq = 3;
    (leased.refresh_due_at, leased.listed_at, leased.unknown_services) = (Some(at(6)), Some(at(7)), 2);
    tx.update_accounts(&[leased.clone()]).await?;
    let mut edited = rows::account(1, 1, 1);
    (edited.name, edited.version) = ("edited".into(), 2);
    equal("update_object", tx.update_object(&Object::Account(edited), 1).await?, Guarded::Applied)?;
    (leased.name, leased.version) = ("edited".into(), 2);
    equal("accounts", tx.accounts(&[leased.id]).await?, vec![leased])
}

pub async fn each_bump_is_a_new_version_of_the_catalogue(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let before = opened.read.catalogue_version().await?;
    let mut tx = opened.begin().await?;
    equal("first", tx.bump_catalogue().await?, before + 1)?;
    equal("second", tx.bump_catalogue().await?, before + 2)?;
    equal("uncommitted", opened.read.catalogue_version().await?, before)?;
    tx.commit().await?;
    equal("committed", opened.read.catalogue_version().await?, before + 2)?;
    equal("in the catalogue", opened.read.catalogue().await?.version, before + 2)
}

fn command(number: u128) -> CommandId {
    CommandId(Uuid::from_u128(number))
}

pub async fn a_command_is_kept_with_its_answer(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let answers = [json!(null), json!({ "problem": null, "id": "x" }), json!("text"), json!([1.5, true])];
    let mut tx = opened.begin().await?;
    for (number, answer) in (1..).zip(&answers) {
        tx.record_command(command(number), "digest", answer).await?;
    }
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    for (number, answer) in (1..).zip(answers) {
        equal("command", tx.command(command(number)).await?, Some(("digest".into(), answer)))?;
    }
    equal("unknown", tx.command(command(99)).await?, None)
}

pub async fn a_command_recorded_twice_is_a_conflict(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.record_command(command(1), "first", &json!(1)).await?;
    tx.commit().await?;
    let mut tx = opened.begin().await?;
    let again = tx.record_command(command(1), "second", &json!(2)).await;
    fails("again", again, |error| matches!(error, StoreError::Conflict(_)))?;
    fails("its commit", tx.commit().await, |error| matches!(error, StoreError::Conflict(_)))?;
    let mut tx = opened.begin().await?;
    equal("command", tx.command(command(1)).await?, Some(("first".into(), json!(1))))
}

pub async fn two_that_take_the_same_name_at_once_do_not_both_get_it(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let take = async |number: u32| -> Result<Inserted, Failure> {
        loop {
            let mut tx = opened.begin().await?;
            let tenant = Tenant { name: "wanted".into(), ..rows::tenant(number) };
            match tx.insert_object(&Object::Tenant(tenant)).await {
                Ok(found) => {
                    tx.commit().await?;
                    return Ok(found);
                }
                Err(StoreError::Conflict(_)) => drop(tx),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (first, second) = futures::join!(take(1), take(2));
    let owners = opened.read.objects_named(Kind::Tenant, "wanted").await?;
    let [owner] = owners.as_slice() else { return Err(Failure(format!("owners: {owners:?}"))) };
    let loser = Inserted::Duplicate { existing: owner.id() };
    let found = [first?, second?];
    equal("the winner", found.contains(&Inserted::Applied), true)?;
    equal("the loser", found.contains(&loser), true)?;
    equal("the owner", [1, 2].map(rows::tenant_id).contains(&TenantId(owner.id())), true)
}

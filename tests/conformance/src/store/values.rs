//! Values at the edges: what goes in comes out, whatever it is.

use super::rows;
use super::{Bench, Outcome, equal, fails};
use serde_json::{Map, Value, json};
use wanlink_domain::accepted::AcceptedAt;
use wanlink_domain::action::Action;
use wanlink_domain::catalogue::{Site, Tenant};
use wanlink_domain::event::Parked;
use wanlink_domain::link::{Encapsulation, Link};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::time::Timestamp;
use wanlink_store::port::{Inserted, StoreError};

const FAR: i64 = i64::MAX / 4;

const TEXTS: [&str; 8] = [
    "",
    " leading and trailing ",
    "quotes ' \" ` and \\ backslash",
    "'); drop table links; --",
    "Zürich, Łódź, 東京, 🛰️, عمان",
    "e\u{301} is not \u{e9}",
    "line\nfeed\ttab\r\u{1}\u{7f}",
    "null",
];

/// Writes and reads one tenant of this name.
async fn name_survives(bench: &Bench, names: &[String]) -> Outcome {
    let opened = bench.open().await?;
    let tenants: Vec<Tenant> = (1..)
        .zip(names)
        .map(|(number, name)| Tenant { name: name.clone(), ..rows::tenant(number) })
        .collect();
    let mut tx = opened.begin().await?;
    for tenant in &tenants {
        let inserted = tx.insert_object(&Object::Tenant(tenant.clone())).await?;
        equal(&tenant.name, inserted, Inserted::Applied)?;
    }
    tx.commit().await?;
    for tenant in tenants {
        let found = opened.read.objects_named(Kind::Tenant, &tenant.name).await?;
        equal("tenant", found, vec![Object::Tenant(tenant)])?;
    }
    Ok(())
}

pub async fn any_text_survives(bench: Bench) -> Outcome {
    name_survives(&bench, &TEXTS.map(str::to_owned)).await
}

pub async fn texts_that_look_like_other_values_stay_texts(bench: Bench) -> Outcome {
    let names = ["1", "1.0", "01", "true", "false", "{}", "[1]", "\"x\"", "1e5", "0x10", "-0", "NULL"];
    name_survives(&bench, &names.map(str::to_owned)).await
}

pub async fn the_character_nul_is_refused(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let name = Link { name: "a\0b".into(), ..rows::link(2) };
    let notes = Link { conn_info: Some(json!({ "deep": ["\0"] })), ..rows::link(2) };
    for link in [name, notes] {
        let mut tx = opened.begin().await?;
        tx.insert_parked(&[rows::parked(1)]).await?;
        let inserted = tx.insert_links(&[link]).await;
        fails("insert_links", inserted, |error| matches!(error, StoreError::Invalid(_)))?;
        fails("its commit", tx.commit().await, |error| matches!(error, StoreError::Invalid(_)))?;
    }
    Ok(())
}

pub async fn far_times_and_large_numbers_survive(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let link = Link {
        status_since: Timestamp(-FAR),
        newest_at: AcceptedAt(FAR),
        last_seen_at: Some(Timestamp(FAR)),
        refresh_due_at: Some(Timestamp(FAR)),
        version: FAR,
        event_seq: FAR,
        ..rows::link(1)
    };
    let mut action = Action {
        accepted_at: AcceptedAt(FAR),
        due_at: Some(Timestamp(FAR)),
        dispatches: i32::MAX,
        attempt: i32::MAX,
        epoch: Some(FAR),
        ..rows::action(1, 1)
    };
    action.wish.bandwidth_kbps = Some(u64::try_from(FAR)?);
    action.wish.latency_ms = Some(u32::MAX);
    action.wish.endpoints[0].encapsulation =
        Encapsulation::Vxlan { vni: (1 << 24) - 1, peers: vec!["192.0.2.1".into(), "2001:db8::1".into()] };
    let mut tx = opened.begin().await?;
    tx.update_links(std::slice::from_ref(&link)).await?;
    tx.update_actions(std::slice::from_ref(&action)).await?;
    tx.commit().await?;
    equal("link", opened.read.link(link.id).await?, Some(link))?;
    equal("action", opened.read.action(action.id).await?, Some(action))?;
    let mut tx = opened.begin().await?;
    equal("next_due", tx.next_due().await?, Some(Timestamp(FAR)))?;
    equal("due", tx.due_actions(Timestamp(FAR), 5).await?.len(), 1)
}

pub async fn places_survive_to_the_last_bit(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let degrees = [0.1, -0.0, 90.0, 1.0 / 3.0, 47.376_886_300_000_01, 1e-9, -89.999_999_999_999_99, 5e-324];
    let mut tx = opened.begin().await?;
    for (number, degree) in (1..).zip(degrees) {
        let site = Site { latitude: Some(degree), longitude: Some(degree * 1.9), ..rows::site(number) };
        tx.insert_object(&Object::Site(site)).await?;
    }
    tx.commit().await?;
    for (number, degree) in (1..).zip(degrees) {
        let site = Site { latitude: Some(degree), longitude: Some(degree * 1.9), ..rows::site(number) };
        let found = opened.read.object(Kind::Site, site.id.0).await?;
        equal("site", found, Some(Object::Site(site)))?;
    }
    Ok(())
}

pub async fn a_megabyte_of_json_survives(bench: Bench) -> Outcome {
    let opened = bench.with_links(1).await?;
    let entry =
        |number: u32| (format!("key-{number}"), json!({ "text": "x\"é".repeat(40), "list": [number] }));
    let notes: Map<String, Value> = (0..6_000).map(entry).collect();
    let link = Link { conn_info: Some(Value::Object(notes)), ..rows::link(1) };
    let size = serde_json::to_string(&link.conn_info)?.len();
    super::ensure(size > 1 << 20, || format!("only {size} bytes"))?;
    let parked = Parked { payload: "eA==".repeat(1 << 18), ..rows::parked(1) };
    let mut tx = opened.begin().await?;
    tx.update_links(std::slice::from_ref(&link)).await?;
    tx.insert_parked(std::slice::from_ref(&parked)).await?;
    tx.commit().await?;
    equal("link", opened.read.link(link.id).await? == Some(link), true)?;
    equal("parked", opened.read.parked_message(parked.id).await? == Some(parked), true)
}

pub async fn what_is_absent_is_not_json_null(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let notes = [None, Some(json!({ "a": null })), Some(json!([null])), Some(json!("null")), Some(json!(""))];
    let links: Vec<Link> =
        (1..).zip(notes).map(|(n, conn_info)| Link { conn_info, ..rows::link(n) }).collect();
    let mut tx = opened.begin().await?;
    tx.insert_links(&links).await?;
    tx.commit().await?;
    for link in links {
        equal("link", opened.read.link(link.id).await?, Some(link))?;
    }
    Ok(())
}

pub async fn a_batch_of_many_rows_is_written_whole(bench: Bench) -> Outcome {
    let opened = bench.with_links(1_000).await?;
    let mut tx = opened.begin().await?;
    let ids: Vec<_> = (1..=1_000).map(rows::link_id).collect();
    equal("links", tx.lock_links(&ids).await?.len(), 1_000)?;
    equal("actions", tx.unfinished_actions(&ids).await?.len(), 1_000)?;
    equal("due", tx.due_actions(rows::at(0), 256).await?.len(), 256)
}

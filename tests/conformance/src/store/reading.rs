//! Lists, pages and filters of the read side.

use super::rows::{self, at};
use super::{Bench, Failure, Outcome, equal};
use uuid::Uuid;
use wanlink_domain::action::ActionState;
use wanlink_domain::catalogue::{Account, Tenant};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::{Kind, Object};
use wanlink_domain::request::Request;
use wanlink_store::port::{ActionFilter, LinkFilter, NetworkFilter, Page};

fn page(limit: u32) -> Page {
    Page { after: None, limit }
}

/// The ids of all links that pass, read in pages of two.
async fn links(opened: &super::Opened, filter: &LinkFilter) -> Result<Vec<Uuid>, Failure> {
    let mut found = Vec::new();
    let mut page = page(2);
    loop {
        let slice = opened.read.links(filter, page).await?;
        found.extend(slice.rows.iter().map(|link| link.id.0));
        match slice.rows.last() {
            Some(last) if slice.more => page.after = Some((last.created_at, last.id.0)),
            _ => return Ok(found),
        }
    }
}

fn ids(numbers: &[u32]) -> Vec<Uuid> {
    numbers.iter().map(|number| rows::link_id(*number).0).collect()
}

pub async fn pages_join_without_gap_or_repeat(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let made_at = |number, micros| Link { created_at: at(micros), ..rows::link(number) };
    let mut tx = opened.begin().await?;
    // Several of the same time, and times against the order of ids.
    tx.insert_links(&[made_at(1, 9), made_at(2, 5), made_at(3, 5), made_at(4, 5), made_at(5, 1)]).await?;
    tx.commit().await?;
    equal("links", links(&opened, &LinkFilter::default()).await?, ids(&[5, 2, 3, 4, 1]))
}

pub async fn a_page_is_not_moved_by_what_comes_before_it(bench: Bench) -> Outcome {
    let opened = bench.with_links(4).await?;
    let first = opened.read.links(&LinkFilter::default(), page(2)).await?;
    equal("first", (first.rows.len(), first.more), (2, true))?;
    let mut tx = opened.begin().await?;
    tx.insert_links(&[Link { created_at: at(0), ..rows::link(9) }]).await?;
    tx.update_links(&[rows::deleted_link(1)]).await?;
    tx.commit().await?;
    let after = first.rows.last().map(|last| (last.created_at, last.id.0));
    let second = opened.read.links(&LinkFilter::default(), Page { after, limit: 2 }).await?;
    equal("second", (second.rows, second.more), (vec![rows::link(3), rows::link(4)], false))
}

pub async fn a_full_last_page_has_no_more(bench: Bench) -> Outcome {
    let opened = bench.with_links(2).await?;
    for (limit, len, more) in [(1, 1, true), (2, 2, false), (3, 2, false), (0, 1, true), (u32::MAX, 2, false)]
    {
        let slice = opened.read.links(&LinkFilter::default(), page(limit)).await?;
        equal(&format!("limit {limit}"), (slice.rows.len(), slice.more), (len, more))?;
    }
    Ok(())
}

pub async fn links_are_filtered(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_object(&Object::Tenant(rows::tenant(2))).await?;
    tx.insert_object(&Object::Account(rows::account(2, 2, 1))).await?;
    let other = Link { tenant_id: rows::tenant_id(2), account_id: rows::account_id(2), ..rows::link(1) };
    let active = Link { status: LinkStatus::Active, name: "wanted".into(), ..rows::link(2) };
    tx.insert_links(&[other, active, rows::link(3), rows::deleted_link(4)]).await?;
    tx.commit().await?;
    let none = LinkFilter::default;
    for (filter, expected) in [
        (none(), vec![1, 2, 3]),
        (LinkFilter { deleted: true, ..none() }, vec![1, 2, 3, 4]),
        (LinkFilter { tenant: Some(rows::tenant_id(2)), ..none() }, vec![1]),
        (LinkFilter { account: Some(rows::account_id(1)), ..none() }, vec![2, 3]),
        (LinkFilter { name: Some("wanted".into()), ..none() }, vec![2]),
        (LinkFilter { name: Some("Wanted".into()), ..none() }, vec![]),
        (LinkFilter { status: Some(LinkStatus::Active), ..none() }, vec![2]),
        (LinkFilter { status: Some(LinkStatus::Deleted), ..none() }, vec![]),
        (LinkFilter { status: Some(LinkStatus::Deleted), deleted: true, ..none() }, vec![4]),
        (LinkFilter { tenant: Some(rows::tenant_id(1)), name: Some("link-3".into()), ..none() }, vec![3]),
        (LinkFilter { tenant: Some(rows::tenant_id(9)), ..none() }, vec![]),
    ] {
        equal(&format!("{filter:?}"), links(&opened, &filter).await?, ids(&expected))?;
    }
    Ok(())
}

pub async fn actions_are_filtered(bench: Bench) -> Outcome {
    let opened = bench.with_links(2).await?;
    let mut tx = opened.begin().await?;
    tx.insert_requests(&[rows::request(2, 1)]).await?;
    let mut done = rows::action_in(ActionState::Done, 3, 1);
    done.request_id = rows::request_id(2);
    tx.insert_actions(&[done]).await?;
    tx.commit().await?;
    let none = ActionFilter::default;
    for (filter, expected) in [
        (none(), vec![1, 2, 3]),
        (ActionFilter { request: Some(rows::request_id(2)), ..none() }, vec![3]),
        (ActionFilter { link: Some(rows::link_id(1)), ..none() }, vec![1, 3]),
        (ActionFilter { account: Some(rows::account_id(1)), ..none() }, vec![1, 2, 3]),
        (ActionFilter { account: Some(rows::account_id(2)), ..none() }, vec![]),
        (ActionFilter { tenant: Some(rows::tenant_id(2)), ..none() }, vec![]),
        (ActionFilter { state: Some(ActionState::Done), ..none() }, vec![3]),
        (
            ActionFilter { link: Some(rows::link_id(1)), state: Some(ActionState::Scheduled), ..none() },
            vec![1],
        ),
    ] {
        let slice = opened.read.actions(&filter, page(10)).await?;
        let found: Vec<_> = slice.rows.into_iter().map(|action| action.id).collect();
        equal(&format!("{filter:?}"), found, expected.into_iter().map(rows::action_id).collect())?;
    }
    Ok(())
}

pub async fn networks_are_filtered(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_object(&Object::Tenant(rows::tenant(2))).await?;
    tx.insert_object(&Object::Network(rows::network(3, 2, 1))).await?;
    tx.commit().await?;
    let none = NetworkFilter::default;
    for (filter, expected) in [
        (none(), vec![1, 2, 3]),
        (NetworkFilter { tenant: Some(rows::tenant_id(1)), ..none() }, vec![1, 2]),
        (NetworkFilter { site: Some(rows::site_id(1)), ..none() }, vec![1, 3]),
        (NetworkFilter { name: Some("network-3".into()), ..none() }, vec![3]),
    ] {
        let slice = opened.read.networks(&filter, page(10)).await?;
        let found: Vec<_> = slice.rows.into_iter().map(|network| network.id).collect();
        equal(&format!("{filter:?}"), found, expected.into_iter().map(rows::network_id).collect())?;
    }
    Ok(())
}

pub async fn requests_are_filtered_by_tenant(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    let other = Request { tenant_id: rows::tenant_id(2), ..rows::request(2, 1) };
    tx.insert_requests(&[rows::request(3, 1), other.clone(), rows::request(1, 1)]).await?;
    tx.commit().await?;
    let all = opened.read.requests(None, page(2)).await?;
    equal("all", (all.rows, all.more), (vec![rows::request(1, 1), other.clone()], true))?;
    equal("one's", opened.read.requests(Some(rows::tenant_id(2)), page(2)).await?.rows, vec![other])
}

pub async fn objects_of_each_kind_are_listed_in_pages(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    for kind in Kind::ALL {
        let expected: Vec<Object> =
            rows::world().into_iter().filter(|object| object.kind() == kind).collect();
        equal("whole", opened.read.objects(kind, page(10)).await?.rows, expected.clone())?;
        let first = opened.read.objects(kind, page(1)).await?;
        equal("first", (first.rows.as_slice(), first.more), (&expected[..1], expected.len() > 1))?;
        let after = Some((at(1), expected[0].id()));
        let rest = opened.read.objects(kind, Page { after, limit: 10 }).await?;
        equal("rest", rest.rows.as_slice(), &expected[1..])?;
    }
    Ok(())
}

pub async fn accounts_are_found_by_a_name_that_several_have(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    tx.insert_object(&Object::Tenant(Tenant { name: "account-1".into(), ..rows::tenant(2) })).await?;
    tx.insert_object(&Object::Account(Account { name: "account-1".into(), ..rows::account(2, 2, 1) }))
        .await?;
    tx.commit().await?;
    let found = opened.read.objects_named(Kind::Account, "account-1").await?;
    equal(
        "accounts",
        found.iter().map(Object::id).collect(),
        vec![rows::account_id(1).0, rows::account_id(2).0],
    )?;
    equal("unknown", opened.read.objects_named(Kind::Wim, "account-1").await?, vec![])
}

pub async fn parked_messages_are_listed_in_pages(bench: Bench) -> Outcome {
    let opened = bench.open().await?;
    let mut tx = opened.begin().await?;
    tx.insert_parked(&[3, 1, 2].map(rows::parked)).await?;
    tx.commit().await?;
    let first = opened.read.parked(page(2)).await?;
    equal("first", (first.rows, first.more), ([1, 2].map(rows::parked).to_vec(), true))?;
    let after = Some((at(2), rows::parked_id(2).0));
    let second = opened.read.parked(Page { after, limit: 2 }).await?;
    equal("second", (second.rows, second.more), (vec![rows::parked(3)], false))
}

pub async fn what_is_unknown_is_none(bench: Bench) -> Outcome {
    let opened = bench.world().await?;
    equal("link", opened.read.link(rows::link_id(9)).await?, None)?;
    equal("action", opened.read.action(rows::action_id(9)).await?, None)?;
    equal("request", opened.read.request(rows::request_id(9)).await?, None)?;
    equal("parked", opened.read.parked_message(rows::parked_id(9)).await?, None)?;
    equal("attempts", opened.read.attempts(rows::action_id(9)).await?, vec![])?;
    // The id of another kind.
    equal("object", opened.read.object(Kind::Site, rows::tenant_id(1).0).await?, None)
}

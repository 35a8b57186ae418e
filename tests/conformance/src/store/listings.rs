//! Accounts whose links are observed all at once.

use super::rows::{self, at};
use super::{Bench, Failure, Opened, Outcome, equal};
use wanlink_domain::action::{Action, ActionState};
use wanlink_domain::catalogue::{Account, AccountPhase};
use wanlink_domain::link::{Link, LinkStatus};
use wanlink_domain::object::Object;
use wanlink_domain::time::Timestamp;

fn listed(number: u32, due: Option<i64>) -> Account {
    Account {
        session_id: Some(rows::session_id(1)),
        refresh_due_at: due.map(at),
        ..rows::account(number, number, 1)
    }
}

/// Accounts 1 to 4 of tenants 1 to 4, all held.
async fn accounts(bench: &Bench, due: [Option<i64>; 4]) -> Result<Opened, Failure> {
    let opened = bench.world().await?;
    let mut tx = opened.begin().await?;
    for number in 2..=4 {
        tx.insert_object(&Object::Tenant(rows::tenant(number))).await?;
        tx.insert_object(&Object::Account(rows::account(number, number, 1))).await?;
    }
    let all: Vec<Account> = (1..=4).zip(due).map(|(number, due)| listed(number, due)).collect();
    tx.update_accounts(&all).await?;
    tx.commit().await?;
    Ok(opened)
}

pub async fn due_listings_are_of_held_ready_accounts(bench: Bench) -> Outcome {
    let opened = accounts(&bench, [Some(30), Some(10), None, Some(31)]).await?;
    let mut tx = opened.begin().await?;
    let found = tx.due_listings(at(30), 10).await?;
    equal("the longest due first", found, vec![listed(2, Some(10)), listed(1, Some(30))])?;
    equal("limited", tx.due_listings(at(99), 1).await?, vec![listed(2, Some(10))])?;
    let free = Account { session_id: None, ..listed(1, Some(30)) };
    let going = Account { phase: AccountPhase::Deleting, ..listed(2, Some(10)) };
    tx.update_accounts(&[free, going]).await?;
    equal("neither held nor ready", tx.due_listings(at(30), 10).await?, vec![])
}

pub async fn two_conductors_never_take_the_same_due_listing(bench: Bench) -> Outcome {
    let opened = accounts(&bench, [Some(1), Some(2), Some(3), Some(4)]).await?;
    let other = bench.open().await?;
    let take = async |opened: &Opened| -> Result<Vec<_>, Failure> {
        let mut tx = opened.begin().await?;
        let taken = tx.due_listings(at(50), 3).await?;
        let moved: Vec<Account> =
            taken.into_iter().map(|row| Account { refresh_due_at: Some(at(99)), ..row }).collect();
        tx.update_accounts(&moved).await?;
        tx.commit().await?;
        Ok(moved.into_iter().map(|row| row.id).collect())
    };
    let (first, second) = futures::join!(take(&opened), take(&other));
    let (first, second) = (first?, second?);
    let rest = take(&opened).await?;
    let mut all = [first, second, rest].concat();
    all.sort_unstable();
    equal("each once", all, [1, 2, 3, 4].map(rows::account_id).to_vec())
}

/// Links 1 to 5: 1, 2 and 4 rest, 3 has work, for 5 nothing was ever begun.
async fn five_links(opened: &Opened) -> Outcome {
    let mut tx = opened.begin().await?;
    tx.update_actions(&[1, 2, 4, 5].map(|n| rows::action_in(ActionState::Done, n, n))).await?;
    tx.update_links(&[1, 2, 3, 4, 5].map(resting)).await?;
    tx.commit().await?;
    Ok(())
}

fn resting(number: u32) -> Link {
    Link { touched: number != 5, modified_at: at(20), ..rows::link(number) }
}

pub async fn settled_links_of_an_account_come_in_pages_without_those_at_work(bench: Bench) -> Outcome {
    let opened = bench.with_links(5).await?;
    five_links(&opened).await?;
    let mut tx = opened.begin().await?;
    let account = rows::account_id(1);
    equal("all", tx.settled_links(account, None, 10).await?, [1, 2, 4].map(resting).to_vec())?;
    equal("first", tx.settled_links(account, None, 2).await?, [1, 2].map(resting).to_vec())?;
    let behind = Some(rows::link_id(2));
    equal("behind", tx.settled_links(account, behind, 2).await?, vec![resting(4)])?;
    equal("another's", tx.settled_links(rows::account_id(9), None, 10).await?, vec![])?;
    let gone = Link { status: LinkStatus::Deleted, deleted_at: Some(at(1)), ..resting(1) };
    tx.update_links(&[gone]).await?;
    equal("without tombstones", tx.settled_links(account, None, 1).await?, vec![resting(2)])
}

pub async fn a_link_that_rested_was_seen_when_its_account_was_listed(bench: Bench) -> Outcome {
    let opened = bench.with_links(5).await?;
    five_links(&opened).await?;
    let seen = async |number| -> Result<Option<Timestamp>, Failure> {
        let link = opened.read.link(rows::link_id(number)).await?;
        Ok(link.and_then(|link| link.last_seen_at))
    };
    let list = async |micros| -> Outcome {
        let mut tx = opened.begin().await?;
        tx.update_accounts(&[Account { listed_at: Some(at(micros)), ..rows::account(1, 1, 1) }]).await?;
        tx.commit().await?;
        Ok(())
    };
    equal("never listed", seen(1).await?, None)?;
    list(19).await?;
    equal("changed since", seen(1).await?, None)?;
    list(21).await?;
    equal("rested", seen(1).await?, Some(at(21)))?;
    equal("at work", seen(3).await?, None)?;
    equal("nothing begun", seen(5).await?, None)?;
    let page = wanlink_store::port::Page { after: None, limit: 10 };
    let listed = opened.read.links(&Default::default(), page).await?.rows;
    let times: Vec<_> = listed.iter().map(|link| link.last_seen_at).collect();
    let by_list = Some(at(21));
    equal("in pages", times, vec![by_list, by_list, None, by_list, None])?;
    let mut tx = opened.begin().await?;
    tx.update_links(&[Link { last_seen_at: Some(at(40)), ..resting(2) }]).await?;
    tx.update_actions(&[Action { due_at: Some(at(1)), ..rows::action(4, 4) }]).await?;
    tx.commit().await?;
    equal("seen itself, later", seen(2).await?, Some(at(40)))?;
    equal("at work again", seen(4).await?, None)
}

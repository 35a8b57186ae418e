//! Commands, and account queues that follow their records.

use crate::outcomes::{link, refused_code};
use crate::rows::{ACCOUNT, creation, deletion, fresh, tenant, wish};
use crate::stage::{Stage, settings};
use wanlink_broker::port::{Broker, Queue};
use wanlink_domain::ids::CommandId;
use wanlink_domain::object::Kind;
use wanlink_domain::reason::Code;
use wanlink_wire::conductor::{CommandResult, Operation};

#[tokio::test]
async fn a_command_is_done_once_and_answered_always() {
    let stage = Stage::empty(settings()).await;
    let id = CommandId(fresh());
    let first = stage.command_as(id, "a", Operation::Create { object: tenant() }).await;
    assert!(matches!(first, CommandResult::Applied { .. }), "{first:?}");
    assert_eq!(stage.command_as(id, "a", Operation::Create { object: tenant() }).await, first);
    let other = stage.command_as(id, "b", Operation::Create { object: tenant() }).await;
    assert_eq!(other, CommandResult::Conflict);
    let again = stage.command(Operation::Create { object: tenant() }).await;
    assert_eq!(refused_code(&again), Some(Code::AlreadyExists));
    let stale = stage.command(Operation::Update { object: tenant(), expected: 7 }).await;
    assert_eq!(refused_code(&stale), Some(Code::VersionMismatch));
    stage.stop().await;
}

#[tokio::test]
async fn an_account_queue_follows_its_record() {
    let stage = Stage::furnished(settings()).await;
    assert!(stage.broker.inspect(Queue::Account(ACCOUNT)).await.unwrap().is_some());
    let id = link();
    stage.record(creation(id, wish())).await;
    let delete = Operation::Delete { kind: Kind::Account, id: ACCOUNT.0, expected: None };
    assert_eq!(refused_code(&stage.command(delete.clone()).await), Some(Code::StillReferenced));
    stage.record(deletion(id)).await;
    let deleted = stage.command(delete).await;
    assert!(matches!(deleted, CommandResult::Applied { .. }), "{deleted:?}");
    assert_eq!(stage.broker.inspect(Queue::Account(ACCOUNT)).await.unwrap(), None);
    let mut tx = stage.store.begin().await.unwrap();
    assert!(tx.accounts(&[ACCOUNT]).await.unwrap().is_empty());
    drop(tx);
    stage.stop().await;
}

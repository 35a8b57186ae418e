//! What the api's connection may do, and the settings of every connection.

use super::{migrated, options, start};
use sqlx::{AssertSqlSafe, Executor as _};
use wanlink_conformance::store::Harness as _;
use wanlink_conformance::store::postgres::PostgresHarness;
use wanlink_runtime::config::{Database, Endpoint};
use wanlink_store::engines::postgres::{PostgresReadStore, PostgresStore};
use wanlink_store::port::{ReadStore as _, Store as _, StoreError};

/// Every table and view of the schema.
async fn relations(harness: &PostgresHarness) -> Vec<String> {
    let mut connection = harness.connect().await.expect("a connection");
    let found = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v')",
    );
    found.fetch_all(&mut connection).await.expect("the relations")
}

#[tokio::test]
async fn the_apis_role_can_read_everything_and_write_nothing() {
    let harness = start().await;
    let role = format!("{}_reader", harness.name());
    harness.on_server(&format!("create role {role} login password 'hunter2'")).await.expect("a role");
    // What the role was granted before goes.
    let section =
        Database { options: options(serde_json::json!({ "read_role": role })), ..harness.section() };
    let store = PostgresStore::open(&section).expect("a right section");
    store.migrate().await.expect("a schema");
    let mut owner = harness.connect().await.expect("a connection");
    owner.execute(AssertSqlSafe(format!("grant insert, delete on links to {role}"))).await.expect("a grant");
    store.migrate().await.expect("a schema, again");
    // A table of a later migration is readable, too.
    owner.execute("create table later (x int)").await.expect("a table");

    let read_only =
        PostgresReadStore::open(&harness.section_as(Some((&role, "hunter2")))).expect("a right section");
    assert_eq!(read_only.check_schema().await, Ok(()));
    let relations = relations(&harness).await;
    assert!(relations.len() > 15, "{relations:?}");
    let read_only_pool = &read_only.pool();
    let mut refused = vec!["create table mine (x int)".to_owned(), "drop view objects".to_owned()];
    for relation in &relations {
        read_only_pool
            .execute(AssertSqlSafe(format!("select * from {relation}")))
            .await
            .unwrap_or_else(|error| panic!("{relation}: {error}"));
        refused.push(format!("delete from {relation}"));
        refused.push(format!("insert into {relation} default values"));
        refused.push(format!("truncate {relation}"));
        refused.push(format!("drop table {relation}"));
        refused.push(format!("alter table {relation} add column mine int"));
        refused.push(format!("select 1 from {relation} for update"));
    }
    refused.push("update links set name = name".to_owned());
    refused.push("select setval('outbox_position_seq', 1)".to_owned());
    // The role alone holds, also where the connection's read-only mode was switched off.
    let mut connection = read_only.pool().acquire().await.expect("a connection");
    connection.execute("set default_transaction_read_only = off").await.expect("a setting");
    for sql in &refused {
        let error = connection.execute(AssertSqlSafe(sql.clone())).await.expect_err(sql);
        let state = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        // insufficient_privilege, or the wrong kind of relation for it.
        assert!(matches!(state.as_deref(), Some("42501" | "42809" | "55000")), "{sql}: {error}");
    }
    drop(connection);
    read_only.close().await;
    store.close().await;
    drop(owner);
    harness.clean().await;
    harness.on_server(&format!("drop role {role}")).await.expect("no role any more");
}

#[tokio::test]
async fn without_a_role_of_its_own_the_apis_connection_is_read_only_by_default() {
    let (harness, store) = migrated().await;
    let read = harness.open_read();
    for relation in relations(&harness).await {
        let sql = format!("delete from {relation}");
        let error = (&read.pool()).execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
        let state = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert!(matches!(state.as_deref(), Some("25006" | "55000")), "{sql}: {error}");
    }
    // A writer that was led there is told what is wrong.
    let mut writer = harness.section();
    let url = writer.endpoints[0].expose();
    let joint = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{joint}options=-c%20default_transaction_read_only=on");
    writer.endpoints = vec![Endpoint::new(url)];
    let mut tx = PostgresStore::open(&writer).expect("a right section").begin().await.expect("a transaction");
    assert!(matches!(tx.bump_catalogue().await, Err(StoreError::ReadOnly(_))));
    drop(tx);
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn an_unknown_read_role_is_told_by_name() {
    let harness = start().await;
    let section = Database {
        options: options(serde_json::json!({ "read_role": "no_such_reader" })),
        ..harness.section()
    };
    let migrated = PostgresStore::open(&section).expect("a right section").migrate().await;
    let told = matches!(&migrated, Err(StoreError::Invalid(text)) if text.contains("no_such_reader"));
    assert!(told, "{migrated:?}");
    harness.clean().await;
}

#[tokio::test]
async fn settings_of_every_connection_are_limited() {
    let (harness, _store) = migrated().await;
    let read = harness.open_read();
    for (name, value) in [
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("transaction_isolation", "read committed"),
        ("transaction_read_only", "on"),
        ("application_name", "wanlink"),
    ] {
        let found: String = sqlx::query_scalar("select current_setting($1)")
            .bind(name)
            .fetch_one(&read.pool())
            .await
            .expect("a setting");
        assert_eq!(found, value, "{name}");
    }
    read.close().await;
    harness.clean().await;
}

//! The store suite on PostgreSQL, on the server that `WANLINK_TEST_DATABASE_URL` names, and what only PostgreSQL can
//! show: the api's role, the plans of hot queries, what a lock's or a statement's time limit comes to.

use sqlx::{AssertSqlSafe, Executor as _, Row as _, SqlSafeStr as _};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use wanlink_conformance::store::postgres::PostgresHarness;
use wanlink_conformance::store::{Bench, Harness as _, case, rows};
use wanlink_domain::object::Kind;
use wanlink_runtime::config::{Database, Endpoint};
use wanlink_store::engines::postgres::{PostgresReadStore, PostgresStore, STATEMENTS};
use wanlink_store::port::{ReadStore as _, Store, StoreError};

async fn start() -> PostgresHarness {
    PostgresHarness::start().await.unwrap_or_else(|why| panic!("{why}"))
}

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(start().await)).run(case).await {
        panic!("{name}: {}", why.0);
    }
}

wanlink_conformance::store_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

/// A database with its schema.
async fn migrated() -> (PostgresHarness, PostgresStore) {
    let harness = start().await;
    let store = harness.open_store();
    store.migrate().await.expect("a schema");
    (harness, store)
}

fn options(text: serde_json::Value) -> wanlink_runtime::config::Options {
    serde_json::from_value(text).expect("a table")
}

#[tokio::test]
async fn every_file_can_be_prepared() {
    let (harness, _store) = migrated().await;
    let mut connection = harness.connect().await.expect("a connection");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/store/src/engines/postgres/sql");
    let mut prepared = 0;
    for entry in std::fs::read_dir(folder).expect("the statements' folder") {
        let path = entry.expect("an entry").path();
        let sql = std::fs::read_to_string(&path).expect("text");
        let result = (&mut connection).prepare(AssertSqlSafe(sql).into_sql_str()).await;
        assert!(result.is_ok(), "{}: {:?}", path.display(), result.err());
        prepared += 1;
    }
    assert_eq!(prepared, STATEMENTS.all().len() + 2);
    harness.clean().await;
}

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
    let mut refused = vec!["create table mine (x int)".to_owned(), "drop view objects".to_owned()];
    for relation in &relations {
        read_only
            .pool()
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
        let error = read.pool().execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql);
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

/// The rows of a filled database: 20,000 links with an unfinished action each, of which the half is due, and 40,000 that
/// ended.
const FILL: &str = "
insert into tenants values (gen_random_uuid(), 't', null, 1, 0, 0);
insert into wims select gen_random_uuid(), 'w', null, 'k', 'u', '{}', 1, 0, 0;
insert into accounts
select gen_random_uuid(), t.id, w.id, 'a', null, '{}', '{}', 'READY', 'PENDING', null, 0, null, 0, null, null, null, 0, 1, 0, 0
from tenants t, wims w;
insert into requests select gen_random_uuid(), t.id, 'd', 0, null, 60000, 0, 0, 0, 0, 0, 0, null from tenants t;
insert into links (
    id, tenant_id, wim_id, account_id, name, wish, status, status_since, touched, newest_at, event_seq, version,
    created_at, modified_at, refresh_due_at)
select gen_random_uuid(), a.tenant_id, a.wim_id, a.id, 'l', '{\"endpoints\": []}', 'ACTIVE', 0, true, 0, 0, 1, n, n, n
from accounts a, generate_series(1, 20000) n;
insert into actions (
    id, request_id, link_id, account_id, tenant_id, kind, state, accepted_at, wish, due_at, dispatches, claims,
    attempt, observe_first, retries, waiting_since, created_at, finished_at)
select gen_random_uuid(), r.id, l.id, l.account_id, l.tenant_id, 'CREATE',
    case when n = 1 then 'SCHEDULED' else 'DONE' end, 0, '{}',
    l.created_at, 0, 0, 0, false, 0, 0, n, case when n = 1 then null else 9 end
from requests r, links l, generate_series(1, 3) n;
insert into outbox (id, tenant_id, subject, sequence, type, at, data, published_at)
select gen_random_uuid(), t.id, 's', n, 'x', n, '{}', case when n % 300 = 0 then null else 1 end
from tenants t, generate_series(1, 30000) n;
analyze;
";

/// The plan of a statement as the engine runs it, its parameters as literals.
async fn plan(harness: &PostgresHarness, sql: &str, parameters: &[&str]) -> String {
    let mut text = format!("explain {sql}");
    for (place, parameter) in parameters.iter().enumerate().rev() {
        text = text.replace(&format!("${}", place + 1), parameter);
    }
    let mut connection = harness.connect().await.expect("a connection");
    // As on any disk without moving parts.
    connection.execute("set random_page_cost = 1.1").await.expect("a setting");
    let lines = connection.fetch_all(AssertSqlSafe(text)).await.expect("a plan");
    lines.iter().map(|line| line.get::<String, _>(0) + "\n").collect()
}

#[tokio::test]
async fn hot_queries_use_their_indexes() {
    let (harness, _store) = migrated().await;
    let mut connection = harness.connect().await.expect("a connection");
    connection.execute(FILL).await.expect("a filled database");
    let ids: Vec<String> = sqlx::query_scalar("select id::text from links limit 256")
        .fetch_all(&mut connection)
        .await
        .expect("links");
    let ids = format!("'{}'", serde_json::to_string(&ids).expect("JSON"));
    let statements = STATEMENTS.all();
    for (name, parameters, index) in [
        ("due_actions", vec!["10000", "256"], "actions_due"),
        ("unfinished_actions", vec![ids.as_str()], "actions_unfinished_by_link"),
        ("unpublished_events", vec!["256"], "outbox_unpublished"),
        ("links_lock", vec![ids.as_str()], "links_pkey"),
        ("last_failed", vec![ids.as_str()], "actions_by_link"),
        ("due_refreshes", vec!["10000", "256"], "links_by_refresh"),
        ("next_due", vec![], "actions_due"),
        ("links_page", vec!["null", "null", "null", "null", "0", "null", "null", "101"], "links_by_created"),
    ] {
        let sql = statements.iter().find(|(known, _)| *known == name).expect("a statement").1;
        let plan = plan(&harness, sql, &parameters).await;
        assert!(plan.contains(index), "{name} without {index}:\n{plan}");
        for table in ["actions", "links", "outbox"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{name} reads all of {table}:\n{plan}");
        }
    }
    drop(connection);
    harness.clean().await;
}

#[tokio::test]
async fn an_event_that_is_committed_late_is_not_skipped() {
    let (harness, store) = migrated().await;
    let mut late = store.begin().await.expect("a transaction");
    late.insert_events(&[rows::event(1)]).await.expect("an event");
    let mut early = store.begin().await.expect("a transaction");
    early.insert_events(&[rows::event(2)]).await.expect("an event");
    early.commit().await.expect("a commit");
    let relay = async || {
        let mut tx = store.begin().await.expect("a transaction");
        let events = tx.unpublished_events(10).await.expect("events");
        let ids: Vec<_> = events.iter().map(|event| event.id).collect();
        tx.mark_published(&ids, rows::at(1)).await.expect("published");
        tx.commit().await.expect("a commit");
        ids
    };
    assert_eq!(relay().await, [rows::event_id(2)]);
    late.commit().await.expect("a commit");
    assert_eq!(relay().await, [rows::event_id(1)]);
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn held_due_actions_are_skipped_not_waited_for() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    for object in rows::world() {
        tx.insert_object(&object).await.expect("an object");
    }
    tx.insert_requests(&[rows::request(1, 2)]).await.expect("a request");
    tx.insert_links(&[rows::link(1), rows::link(2)]).await.expect("links");
    tx.insert_actions(&[rows::action(1, 1), rows::action(2, 2)]).await.expect("actions");
    tx.insert_events(&[rows::event(1), rows::event(2)]).await.expect("events");
    tx.commit().await.expect("a commit");
    let mut first = store.begin().await.expect("a transaction");
    assert_eq!(first.due_actions(rows::at(5), 1).await.expect("due").len(), 1);
    assert_eq!(first.unpublished_events(1).await.expect("events").len(), 1);
    let mut second = store.begin().await.expect("a transaction");
    let due = second.due_actions(rows::at(5), 10).await.expect("due");
    assert_eq!(due.iter().map(|due| due.action.id).collect::<Vec<_>>(), [rows::action_id(2)]);
    let events = second.unpublished_events(10).await.expect("events");
    assert_eq!(events, [rows::event(2)]);
    drop((first, second));
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn a_lock_that_does_not_come_in_time_is_a_conflict() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    tx.insert_object(&rows::world()[0]).await.expect("a tenant");
    tx.commit().await.expect("a commit");
    let mut holder = store.begin().await.expect("a transaction");
    holder.lock_object(Kind::Tenant, rows::tenant_id(1).0).await.expect("a lock");
    let hurried =
        Database { options: options(serde_json::json!({ "lock_timeout": "50ms" })), ..harness.section() };
    let hurried = PostgresStore::open(&hurried).expect("a right section");
    let mut waiter = hurried.begin().await.expect("a transaction");
    let waited = waiter.lock_object(Kind::Tenant, rows::tenant_id(1).0).await;
    assert!(matches!(waited, Err(StoreError::Conflict(_))), "{waited:?}");
    drop((holder, waiter));
    hurried.close().await;
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn two_that_wait_in_a_circle_are_a_conflict_for_one() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    for object in &rows::world()[..3] {
        tx.insert_object(object).await.expect("an object");
    }
    tx.commit().await.expect("a commit");
    let (mut one, mut other) = (store.begin().await.expect("one"), store.begin().await.expect("the other"));
    let (first, second) = (rows::site_id(1).0, rows::site_id(2).0);
    one.lock_object(Kind::Site, first).await.expect("a lock");
    other.lock_object(Kind::Site, second).await.expect("a lock");
    let crosswise = async {
        futures::join!(one.lock_object(Kind::Site, second), async {
            let locked = other.lock_object(Kind::Site, first).await;
            drop(other);
            locked
        })
    };
    let (a, b) = tokio::time::timeout(Duration::from_secs(20), crosswise).await.expect("an end");
    let conflicts = [&a, &b].iter().filter(|found| matches!(found, Err(StoreError::Conflict(_)))).count();
    assert_eq!(conflicts, 1, "{a:?} {b:?}");
    drop(one);
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn a_connection_cut_before_its_commit_is_told_as_unknown() {
    let (harness, store) = migrated().await;
    let mut tx = store.begin().await.expect("a transaction");
    tx.bump_catalogue().await.expect("a write");
    let mut admin = harness.connect().await.expect("a connection");
    admin
        .execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await
        .expect("termination");
    let committed = tx.commit().await;
    assert!(matches!(committed, Err(StoreError::CommitUnknown(_))), "{committed:?}");
    // The pool finds the dead connection by itself.
    let version = store.begin().await.expect("a transaction").bump_catalogue().await;
    assert_eq!(version, Ok(1));
    store.close().await;
    drop(admin);
    harness.clean().await;
}

#[tokio::test]
async fn the_first_endpoint_that_serves_is_taken() {
    let (harness, store) = migrated().await;
    let mut section = harness.section();
    // Nobody listens there: port 1 of loopback.
    section.endpoints.insert(0, Endpoint::new("postgres://w:hunter2@127.0.0.1:1/w"));
    section.connect_timeout = Duration::from_millis(300);
    let failing_over = PostgresStore::open(&section).expect("a right section");
    assert_eq!(failing_over.check_schema().await, Ok(()));
    failing_over.migrate().await.expect("a schema");
    let read = PostgresReadStore::open(&section).expect("a right section");
    assert_eq!(read.catalogue_version().await, Ok(0));

    section.endpoints.truncate(1);
    let nobody = PostgresStore::open(&section).expect("a right section").check_schema().await;
    let told = matches!(&nobody, Err(StoreError::Unavailable(text)) if !text.contains("hunter2"));
    assert!(told, "{nobody:?}");
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn a_wrong_password_is_unavailable_and_never_told() {
    let (harness, store) = migrated().await;
    let role = "wanlink_no_such_role";
    let section = harness.section_as(Some((role, "hunter2")));
    let refused = PostgresStore::open(&section).expect("a right section").begin().await.map(drop);
    let told = matches!(&refused, Err(StoreError::Unavailable(text)) if !text.contains("hunter2"));
    assert!(told, "{refused:?}");
    store.close().await;
    harness.clean().await;
}

#[tokio::test]
async fn settings_of_every_connection_are_limited() {
    let (harness, _store) = migrated().await;
    let read = harness.open_read();
    let mut seen = BTreeSet::new();
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
            .fetch_one(read.pool())
            .await
            .expect("a setting");
        assert_eq!(found, value, "{name}");
        seen.insert(name);
    }
    assert_eq!(seen.len(), 6);
    read.close().await;
    harness.clean().await;
}

//! The store suite on SQLite, and what only SQLite can show.

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wanlink_conformance::store::sqlite::SqliteHarness;
use wanlink_conformance::store::{Bench, Harness as _, case};
use wanlink_runtime::config::{Database, Endpoint};
use wanlink_store::engines::sqlite::{STATEMENTS, SqliteReadStore, SqliteStore};
use wanlink_store::port::{ReadStore as _, Store as _, StoreError};

fn harness() -> SqliteHarness {
    SqliteHarness::start().expect("a temporary folder")
}

async fn run(name: &str) {
    let case = case(name).expect("a case of the table");
    if let Err(why) = Bench::new(Arc::new(harness())).run(case).await {
        panic!("{name}: {}", why.0);
    }
}

wanlink_conformance::store_case_tests!(run, tokio::test(flavor = "multi_thread", worker_threads = 2));

/// Where an engine's statements are.
fn folder(engine: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/store/src/engines").join(engine).join("sql")
}

fn files(engine: &str) -> BTreeSet<String> {
    let names = std::fs::read_dir(folder(engine))
        .expect("the statements' folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    names.collect()
}

#[test]
fn every_file_has_a_name_and_both_engines_have_the_same() {
    let named: BTreeSet<String> = STATEMENTS.all().iter().map(|(name, _)| format!("{name}.sql")).collect();
    assert_eq!(files("sqlite"), named);
    // What only PostgreSQL needs: a role for the api.
    let beyond: BTreeSet<String> = files("postgres").difference(&named).cloned().collect();
    assert_eq!(beyond, ["grant_read_only.sql", "read_role.sql"].map(String::from).into());
    assert!(named.is_subset(&files("postgres")));
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    let harness = harness();
    harness.open_store().migrate().await.expect("a schema");
    let read = harness.open_read();
    for (name, sql) in STATEMENTS.all() {
        let prepared = read.pool().acquire().await.expect("a connection").prepare(sql.into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {:?}", prepared.err());
    }
}

#[tokio::test]
async fn the_apis_connection_cannot_write() {
    let harness = harness();
    harness.open_store().migrate().await.expect("a schema");
    let read = harness.open_read();
    let tables: Vec<(String, String)> = sqlx::query_as(
        "select t.name, (select c.name from pragma_table_info(t.name) c limit 1) from sqlite_master t
         where t.type = 'table' and t.name not like 'sqlite_%'",
    )
    .fetch_all(read.pool())
    .await
    .expect("the tables");
    assert!(tables.len() > 15, "{tables:?}");
    let mut refused =
        ["create table mine (x)", "drop view objects", "pragma user_version = 7"].map(str::to_owned).to_vec();
    for (table, column) in tables {
        refused.push(format!("delete from {table}"));
        refused.push(format!("insert into {table} default values"));
        refused.push(format!("update {table} set {column} = {column}"));
        refused.push(format!("drop table {table}"));
        refused.push(format!("alter table {table} add column mine"));
    }
    for sql in refused {
        let error = read.pool().execute(AssertSqlSafe(sql.clone())).await.expect_err(&sql).to_string();
        assert!(error.contains("readonly"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn reading_before_there_is_a_file_is_unavailable_and_then_works() {
    let harness = harness();
    let read = harness.open_read();
    assert!(matches!(read.check_schema().await, Err(StoreError::Unavailable(_))));
    harness.store().migrate().await.expect("a schema");
    assert_eq!(read.check_schema().await, Ok(()));
}

#[tokio::test]
async fn the_file_is_where_the_endpoint_says() {
    let folder = tempfile::TempDir::new().expect("a folder");
    for (number, prefix) in ["", "sqlite:", "sqlite://"].into_iter().enumerate() {
        let file = folder.path().join(format!("{number}.db"));
        let endpoints = vec![Endpoint::new(format!("{prefix}{}", file.display()))];
        let section = Database { endpoints, ..Database::default() };
        let store = SqliteStore::open(&section, Path::new("elsewhere")).expect("a right section");
        store.migrate().await.expect("a schema");
        assert!(file.exists(), "{prefix}");
        let read = SqliteReadStore::open(&section, Path::new("elsewhere")).expect("a right section");
        assert_eq!(read.check_schema().await, Ok(()));
    }
}

//! Hot queries find their rows by an index.

use super::migrated;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};
use wanlink_conformance::store::Harness as _;
use wanlink_conformance::store::postgres::PostgresHarness;
use wanlink_store::engines::postgres::STATEMENTS;

/// The rows of a filled database: 20,000 links with an unfinished action each, of which the half is due, and 40,000 that
/// ended; the links are spread over 21 accounts.
const FILL: &str = "
insert into tenants values (gen_random_uuid(), 't', null, 1, 0, 0);
insert into wims select gen_random_uuid(), 'w', null, 'k', 'u', '{}', 1, 0, 0;
insert into accounts
select gen_random_uuid(), t.id, w.id, 'a', null, '{}', '{}', 'READY', 'PENDING', null, 0, null, 0, null, null, null, 5000, null, 0, 0, 1, 0, 0
from tenants t, wims w;
insert into requests select gen_random_uuid(), t.id, 'd', 0, null, 60000, 0, 0, 0, 0, 0, 0, null from tenants t;
insert into links (
    id, tenant_id, wim_id, account_id, name, wish, status, status_since, touched, newest_at, event_seq, version,
    created_at, modified_at, refresh_due_at)
select gen_random_uuid(), a.tenant_id, a.wim_id, a.id, 'l', '{\"endpoints\": []}', 'ACTIVE', 0, true, 0, 0, 1, n, n, n
from accounts a, generate_series(1, 20000) n;
insert into actions (
    id, request_id, link_id, account_id, tenant_id, kind, state, accepted_at, wish, due_at, dispatches, claims,
    attempt, observe_first, retries, failures, waiting_since, created_at, finished_at)
select gen_random_uuid(), r.id, l.id, l.account_id, l.tenant_id, 'CREATE',
    case when n = 1 then 'SCHEDULED' else 'DONE' end, 0, '{}',
    l.created_at, 0, 0, 0, false, 0, 0, 0, n, case when n = 1 then null else 9 end
from requests r, links l, generate_series(1, 3) n;
insert into outbox (id, tenant_id, subject, sequence, type, at, data, published_at)
select gen_random_uuid(), t.id, 's', n, 'x', n, '{}', case when n % 300 = 0 then null else 1 end
from tenants t, generate_series(1, 30000) n;
insert into wims (id, name, type, wim_url, config, version, created_at, modified_at)
select gen_random_uuid(), 'w' || n, 'k', 'u', '{}', 1, 0, 0 from generate_series(1, 20) n;
insert into accounts (
    id, tenant_id, wim_id, name, config, secrets, phase, status, status_since, epoch, unknown_services, event_seq,
    version, created_at, modified_at)
select gen_random_uuid(), t.id, w.id, 'a', '{}', '{}', 'READY', 'PENDING', 0, 0, 0, 0, 1, 0, 0
from tenants t, wims w where w.name <> 'w';
update links l set account_id = a.id
from (select id, row_number() over (order by id) as n from accounts) a where a.n = 1 + l.created_at % 21;
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
    let account: String = sqlx::query_scalar("select quote_literal(id) from accounts limit 1")
        .fetch_one(&mut connection)
        .await
        .expect("an account");
    let statements = STATEMENTS.all();
    for (name, parameters, index) in [
        ("due_actions", vec!["10000", "256"], "actions_due"),
        ("unfinished_actions", vec![ids.as_str()], "actions_unfinished_by_link"),
        ("unpublished_events", vec!["256"], "outbox_unpublished"),
        ("links_lock", vec![ids.as_str()], "links_pkey"),
        ("last_failed", vec![ids.as_str()], "actions_by_link"),
        ("due_refreshes", vec!["10000", "256"], "links_by_refresh"),
        ("settled_links", vec![account.as_str(), "null", "128"], "links_live_by_account"),
        ("next_due", vec![], "actions_due"),
        ("census", vec![], "outbox_unpublished"),
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

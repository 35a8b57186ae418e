//! The table: rows as wide as a small action's, one index beside the primary key.

use crate::Fault;
use crate::message::Change;
use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Executor as _};

const DROP: &str = "drop table if exists wanlink_bench_pipe";
const CREATE: &str = "create table wanlink_bench_pipe (
    id bigint primary key, account integer not null, state integer not null, wish text not null)";
const FILL: &str = "insert into wanlink_bench_pipe (id, account, state, wish)
    select id, id % $2, 0, repeat('.', 300) from generate_series(0, $1 - 1) as id";
const INDEX: &str = "create index on wanlink_bench_pipe (account)";
/// The updates must not pay for statistics that are not there yet.
const ANALYZE: &str = "vacuum analyze wanlink_bench_pipe";
/// Guarded: a row that is in another state is not changed, and that is seen.
const UPDATE: &str = "update wanlink_bench_pipe as t set state = t.state + 1
    from unnest($1::bigint[], $2::integer[]) as r (id, state)
    where t.id = r.id and t.state = r.state";

pub(crate) struct Rows {
    connection: PgConnection,
}

impl Rows {
    pub(crate) async fn make(url: &str, rows: usize, accounts: usize) -> Result<Self, Fault> {
        let mut connection = PgConnection::connect(url).await?;
        for statement in [DROP, CREATE] {
            connection.execute(statement).await?;
        }
        let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
        sqlx::query(FILL).bind(whole(rows)).bind(whole(accounts)).execute(&mut connection).await?;
        for statement in [INDEX, ANALYZE] {
            connection.execute(statement).await?;
        }
        Ok(Self { connection })
    }

    /// `synchronous_commit` and `fsync`.
    pub(crate) async fn durability(&mut self) -> Result<(String, String), Fault> {
        let settings = "select current_setting('synchronous_commit'), current_setting('fsync')";
        Ok(sqlx::query_as(settings).fetch_one(&mut self.connection).await?)
    }

    /// One statement that is a transaction of its own: it returns when it is committed.
    pub(crate) async fn update(&mut self, changes: &[Change]) -> Result<(), Fault> {
        let rows: Vec<i64> = changes.iter().map(|it| it.row).collect();
        let states: Vec<i32> = changes.iter().map(|it| it.state).collect();
        let done = sqlx::query(UPDATE).bind(rows).bind(states).execute(&mut self.connection).await?;
        let changed = done.rows_affected();
        if usize::try_from(changed).ok() == Some(changes.len()) {
            return Ok(());
        }
        Err(Fault::Guard { changed, expected: changes.len() })
    }

    pub(crate) async fn remove(mut self) -> Result<(), Fault> {
        self.connection.execute(DROP).await?;
        Ok(self.connection.close().await?)
    }
}

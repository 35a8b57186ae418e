-- Up to $2 ready accounts that somebody holds and whose links are due to be observed at $1 all at once, the longest due
-- first.
select to_json(t)::text from accounts t
where t.refresh_due_at <= $1::bigint and t.phase = 'READY' and t.session_id is not null
order by t.refresh_due_at, t.id
limit $2::bigint
for no key update skip locked
